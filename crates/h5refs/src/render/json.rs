//! The references as a document.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Layout, ZMETADATA};
use crate::kerchunk::Reference;

/// `{"version":1,"refs":{...}}`, keys in order, one reference a line: sidecars can be compared line by line.
///
/// Inlined bytes are always base64. kerchunk writes text where it can, and what looks like JSON, or
/// begins with `base64:`, is then read back as something else.
///
/// # Errors
/// A file's name that readers of templates would take for one.
pub(super) fn document(
    entries: &[(String, Reference)],
    url: &str,
    layout: Layout,
) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(entries.len() * 64);
    out.extend_from_slice(b"{\"version\":1,");
    let names = match layout.templates {
        true => Names::templates(entries, url, &mut out)?,
        false => Names::plain(url),
    };
    out.extend_from_slice(b"\"refs\":{");
    let mut consolidated = layout.consolidated.then(|| consolidated(entries));
    let mut separator = "\n";
    let mut key = |out: &mut Vec<u8>, key: &str| {
        out.extend_from_slice(separator.as_bytes());
        separator = ",\n";
        string(out, key);
        out.push(b':');
    };
    for (name, reference) in entries {
        if let Some(metadata) = consolidated.take_if(|_| name.as_str() > ZMETADATA) {
            key(&mut out, ZMETADATA);
            string(&mut out, &metadata);
        }
        key(&mut out, name);
        match reference {
            Reference::Document(document) => string(&mut out, document),
            Reference::Inline(bytes) => {
                string(&mut out, &format!("base64:{}", STANDARD.encode(bytes)));
            }
            reference => match reference.place() {
                Some((file, range)) => names.reference(&mut out, file.unwrap_or(url), range),
                // Looked up, decoded or taken out before this: a null is an empty chunk to no reader.
                None => out.extend_from_slice(b"null"),
            },
        }
    }
    if let Some(metadata) = consolidated {
        key(&mut out, ZMETADATA);
        string(&mut out, &metadata);
    }
    out.extend_from_slice(b"\n}}\n");
    Ok(out)
}

/// All metadata in one document, as Zarr has it.
///
/// zarr-python takes the groups of a reference file system below its root for empty, and without a word:
/// `group=` finds no variables, and a tree has only its first level. What it finds in here it need not list.
fn consolidated(entries: &[(String, Reference)]) -> String {
    let mut out = b"{\"metadata\":{".to_vec();
    let documents = entries.iter().filter_map(|(key, reference)| match reference {
        Reference::Document(text) => Some((key, text)),
        _ => None,
    });
    let mut separator = "";
    for (key, text) in documents {
        out.extend_from_slice(separator.as_bytes());
        separator = ",";
        string(&mut out, key);
        out.push(b':');
        out.extend_from_slice(text.as_bytes());
    }
    out.extend_from_slice(b"},\"zarr_consolidated_format\":1}");
    String::from_utf8(out).unwrap_or_default()
}

/// How references call their files, in quotes.
struct Names<'a> {
    quoted: BTreeMap<&'a str, String>,
    own: (&'a str, String),
}

impl<'a> Names<'a> {
    fn plain(url: &'a str) -> Self {
        Self { quoted: BTreeMap::new(), own: (url, quoted(url)) }
    }

    /// Writes a template for each file: `u`, `u1`, `u2`.
    fn templates(
        entries: &'a [(String, Reference)],
        url: &'a str,
        out: &mut Vec<u8>,
    ) -> Result<Self, String> {
        let others = entries.iter().filter_map(|(_, reference)| match reference {
            Reference::Elsewhere { file, .. } => Some(&**file),
            _ => None,
        });
        let mut files: Vec<&str> = others.collect();
        files.sort_unstable();
        files.dedup();
        let mut names = Self { quoted: BTreeMap::new(), own: (url, quoted("{{u}}")) };
        let mut templates = serde_json::Map::new();
        let numbered = files.into_iter().filter(|file| *file != url).zip(1_u64..);
        let numbered = numbered.map(|(file, n)| (file, format!("u{n}")));
        for (file, name) in std::iter::once((url, "u".to_owned())).chain(numbered) {
            // Readers execute what is in braces, and nothing that a file's name says shall be.
            if file.contains("{{") || file.contains("{%") || file.contains("{#") {
                return Err(format!("{file}: readers would take what is in braces for a template"));
            }
            names.quoted.insert(file, quoted(&format!("{{{{{name}}}}}")));
            templates.insert(name, file.into());
        }
        _ = write!(out, "\"templates\":{},", serde_json::Value::from(templates));
        Ok(names)
    }

    fn reference(&self, out: &mut Vec<u8>, file: &str, range: &Range<u64>) {
        let length = range.end - range.start;
        let start = range.start;
        // Nothing that writes to memory fails.
        _ = match self.quoted.get(file) {
            _ if file == self.own.0 => write!(out, "[{},{start},{length}]", self.own.1),
            Some(name) => write!(out, "[{name},{start},{length}]"),
            None => write!(out, "[{},{start},{length}]", quoted(file)),
        };
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn string(out: &mut Vec<u8>, text: &str) {
    // Text has a form in JSON, and nothing that writes to memory fails.
    _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn templates_say_each_name_once() {
        let other = Reference::Elsewhere { file: Arc::from("b.h5"), range: 7..9, inline: false };
        let entries = [
            ("a/0".to_owned(), Reference::Range(10..30)),
            ("a/1".to_owned(), other),
            ("a/2".to_owned(), Reference::Inline(Bytes::from_static(b"[1,  2]"))),
        ];
        let parsed = |templates| -> Value {
            let layout = Layout { templates, consolidated: false, ..Layout::default() };
            serde_json::from_slice(&document(&entries, "a.h5", layout).unwrap()).unwrap()
        };
        let refs =
            |a, b| json!({ "a/0": [a, 10, 20], "a/1": [b, 7, 2], "a/2": "base64:WzEsICAyXQ==" });
        assert_eq!(parsed(false), json!({ "version": 1, "refs": refs("a.h5", "b.h5") }));
        let templates = json!({ "u": "a.h5", "u1": "b.h5" });
        let refs = refs("{{u}}", "{{u1}}");
        assert_eq!(parsed(true), json!({ "version": 1, "templates": templates, "refs": refs }));
    }

    #[test]
    fn a_name_that_readers_would_execute_is_none_for_templates() {
        let entries = [("a/0".to_owned(), Reference::Range(0..1))];
        let layout = |templates| Layout { templates, ..Layout::default() };
        assert!(document(&entries, "{{7*7}}.h5", layout(true)).is_err());
        assert!(document(&entries, "{{7*7}}.h5", layout(false)).is_ok());
    }

    #[test]
    fn metadata_is_there_once_more_in_one_document() {
        let text = |text: &str| Reference::Document(text.into());
        let mut entries = vec![
            (".zattrs".to_owned(), text(r#"{"a":"é\"/"}"#)),
            (".zgroup".to_owned(), text(r#"{"zarr_format":2}"#)),
        ];
        for _ in 0..2 {
            let document = document(&entries, "a.h5", Layout::default()).unwrap();
            let document: Value = serde_json::from_slice(&document).unwrap();
            let refs = document["refs"].as_object().unwrap();
            assert_eq!(refs.len(), entries.len() + 1);
            let all: Value = serde_json::from_str(refs[ZMETADATA].as_str().unwrap()).unwrap();
            assert_eq!(all["metadata"][".zattrs"], json!({ "a": "é\"/" }));
            assert_eq!(all["metadata"].as_object().unwrap().len(), 2);
            entries.push(("a/0".to_owned(), Reference::Range(0..1)));
        }
    }
}
