//! Paths that Zarr readers would take for something else.

/// What Zarr calls its own documents, of either version.
const DOCUMENTS: [&str; 5] = [".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json"];

/// Why an object cannot be in a sidecar under this path, if it cannot.
pub(crate) fn unsayable(path: &str) -> Option<&'static str> {
    if path.contains('\\') {
        return Some("a backslash in its path, which Zarr readers take for a slash");
    }
    let is_document = path.split('/').any(|name| DOCUMENTS.contains(&name));
    is_document.then_some("a name in its path that Zarr has for its own documents")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_documents_are_not_those_of_objects() {
        for path in ["/.zarray", "/a/.zgroup/b", "/a/.zattrs", "/zarr.json", "/a\\b", ".zmetadata"]
        {
            assert!(unsayable(path).is_some(), "{path}");
        }
        for path in
            ["/", "/a", "/.zarray2", "/a/..", "/a/zarray", "/0.0", "/.z", "/a\0b", "/\u{2028}"]
        {
            assert_eq!(unsayable(path), None, "{path}");
        }
    }
}
