//! Datasets whose data is in other files, when these are not followed: which files, and what to do.

use h5meta::heap::virtual_dataset::Mapping;
use h5meta::model::ExternalFile;

use crate::document::text as text_of;

/// Names before the rest is only counted.
const MOST: usize = 3;

/// Why a dataset of external files is not in the sidecar.
pub(super) fn external(files: &[ExternalFile]) -> String {
    not_followed("external", files.iter().map(|file| &file.name[..]))
}

/// Why a virtual dataset is not in the sidecar.
pub(super) fn virtual_dataset(mappings: &Option<Vec<Mapping>>) -> String {
    let mappings = mappings.as_deref().unwrap_or_default();
    not_followed("virtual", mappings.iter().map(|mapping| &mapping.source_file[..]))
}

fn not_followed<'a>(what: &str, names: impl Iterator<Item = &'a [u8]>) -> String {
    let names = match first_names(names) {
        names if names.is_empty() => "nowhere".into(),
        names => names,
    };
    format!("its data is elsewhere ({what}): {names}; --follow-external follows it")
}

/// The first few of these names, each once, in order; how many more there are.
#[must_use]
pub fn first_names<'a>(names: impl Iterator<Item = &'a [u8]>) -> String {
    let mut seen = std::collections::HashSet::new();
    let mut shown: Vec<String> = Vec::new();
    for name in names {
        if seen.insert(name) && seen.len() <= MOST {
            shown.push(match name {
                b"." => "this file".into(),
                name => text_of(name),
            });
        }
    }
    if seen.len() > MOST {
        shown.push(format!("{} more", seen.len() - MOST));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_said_once_and_not_all() {
        let names = |names: &[&'static str]| first_names(names.iter().map(|name| name.as_bytes()));
        assert_eq!(names(&[]), "");
        assert_eq!(names(&["a", ".", "a"]), "a, this file");
        assert_eq!(names(&["a", "b", "c", "d", "a", "e"]), "a, b, c, 2 more");
    }
}
