//! The references as a document.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Layout, ZMETADATA};
use crate::kerchunk::{Entry, Key, Reference, prefix};
use crate::plain::write_json;

/// Writes `{"version":1,"refs":{...}}`, keys in order, one reference a line: sidecars can be compared line
/// by line.
///
/// Inlined bytes are always base64. kerchunk writes text where it can, and what looks like JSON, or
/// begins with `base64:`, is then read back as something else.
///
/// # Errors
/// Those of `out`.
pub(super) fn write(
    entries: &[Entry],
    url: &str,
    layout: Layout,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(b"{\"version\":1,")?;
    let names = match layout.templates {
        true => Names::templates(entries, url, out)?,
        false => Names::plain(url),
    };
    out.write_all(b"\"refs\":{")?;
    let mut lines = Lines::default();
    let mut consolidated = layout.consolidated.then(|| consolidated(entries));
    let zmetadata = Key::new(&prefix(""), ZMETADATA);
    for (key, reference) in entries {
        if let Some(metadata) = consolidated.take_if(|_| *key > zmetadata) {
            lines.key(out, &zmetadata)?;
            string(out, &metadata)?;
        }
        lines.key(out, key)?;
        match reference {
            Reference::Document(document) => string(out, document)?,
            Reference::Inline(bytes) => lines.base64(out, bytes)?,
            reference => match reference.place() {
                Some((file, range)) => names.reference(out, file.unwrap_or(url), range)?,
                // Looked up, decoded or taken out before this: a null is an empty chunk to no reader.
                None => out.write_all(b"null")?,
            },
        }
    }
    if let Some(metadata) = consolidated {
        lines.key(out, &zmetadata)?;
        string(out, &metadata)?;
    }
    out.write_all(b"\n}}\n")
}

/// What is the same from one line to the next.
#[derive(Default)]
struct Lines {
    /// The object of the line before, in JSON, without the quote at its end.
    object: Option<(Arc<str>, String)>,
    base64: String,
}

impl Lines {
    fn key(&mut self, out: &mut dyn Write, key: &Key) -> io::Result<()> {
        let separator: &[u8] = if self.object.is_some() { b",\n" } else { b"\n" };
        out.write_all(separator)?;
        let object = match &mut self.object {
            Some((object, quoted)) if Arc::ptr_eq(object, &key.object) => quoted,
            object => {
                let mut quoted = quoted(&key.object);
                quoted.pop();
                &mut object.insert((Arc::clone(&key.object), quoted)).1
            }
        };
        out.write_all(object.as_bytes())?;
        // A name of ours: there is nothing in it to escape.
        out.write_all(key.rest.as_bytes())?;
        out.write_all(b"\":")
    }

    fn base64(&mut self, out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
        self.base64.clear();
        STANDARD.encode_string(bytes, &mut self.base64);
        out.write_all(b"\"base64:")?;
        out.write_all(self.base64.as_bytes())?;
        out.write_all(b"\"")
    }
}

/// All metadata in one document, as Zarr has it.
///
/// zarr-python takes the groups of a reference file system below its root for empty, and without a word:
/// `group=` finds no variables, and a tree has only its first level. What it finds in here it need not list.
fn consolidated(entries: &[Entry]) -> String {
    let mut out = "{\"metadata\":{".to_owned();
    let mut separator = "";
    for (key, reference) in entries {
        if let Reference::Document(document) = reference {
            out.extend([separator, &quoted(&key.to_string()), ":", document]);
            separator = ",";
        }
    }
    out.push_str("},\"zarr_consolidated_format\":1}");
    out
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
    fn templates(entries: &'a [Entry], url: &'a str, out: &mut dyn Write) -> io::Result<Self> {
        let mut names = Self { quoted: BTreeMap::new(), own: (url, quoted("{{u}}")) };
        let mut templates = BTreeMap::new();
        let others = others(entries).into_iter().filter(|file| *file != url).zip(1_u64..);
        let others = others.map(|(file, n)| (file, format!("u{n}")));
        for (file, name) in std::iter::once((url, "u".to_owned())).chain(others) {
            names.quoted.insert(file, quoted(&format!("{{{{{name}}}}}")));
            templates.insert(name, file);
        }
        out.write_all(b"\"templates\":")?;
        write_json(&mut *out, &templates)?;
        out.write_all(b",")?;
        Ok(names)
    }

    fn reference(&self, out: &mut dyn Write, file: &str, range: &Range<u64>) -> io::Result<()> {
        let other;
        let name = match self.quoted.get(file) {
            _ if file == self.own.0 => &self.own.1,
            Some(name) => name,
            None => {
                other = quoted(file);
                &other
            }
        };
        let (mut start, mut length) = (itoa::Buffer::new(), itoa::Buffer::new());
        out.write_all(b"[")?;
        out.write_all(name.as_bytes())?;
        out.write_all(b",")?;
        out.write_all(start.format(range.start).as_bytes())?;
        out.write_all(b",")?;
        out.write_all(length.format(range.end - range.start).as_bytes())?;
        out.write_all(b"]")
    }
}

/// The other files that references are to.
fn others(entries: &[Entry]) -> BTreeSet<&str> {
    entries.iter().filter_map(|(_, reference)| reference.place()?.0).collect()
}

/// Whether templates can say the names of all files.
///
/// # Errors
/// A file's name that readers would take for a template.
pub(super) fn check_templates(entries: &[Entry], url: &str) -> Result<(), String> {
    // Readers execute what is in braces, and nothing that a file's name says shall be.
    let executed = |file: &&str| ["{{", "{%", "{#"].iter().any(|braces| file.contains(braces));
    match others(entries).into_iter().chain([url]).find(executed) {
        Some(file) => Err(format!("{file}: readers would take what is in braces for a template")),
        None => Ok(()),
    }
}

fn quoted(text: &str) -> String {
    let mut bytes = Vec::new();
    // Nothing that writes a string to memory fails.
    _ = string(&mut bytes, text);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn string(out: &mut dyn Write, text: &str) -> io::Result<()> {
    write_json(out, text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kerchunk::Elsewhere;
    use crate::plain::is_plain;

    fn document(entries: &[Entry], layout: Layout) -> Value {
        let mut out = Vec::new();
        write(entries, "a.h5", layout, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn keys_are_in_order_a_line_each() {
        let entries = [
            ("a\"b/.zarray".into(), Reference::Document("{}".into())),
            ("a\"b/0".into(), Reference::Range(1..4)),
            ("c/0".into(), Reference::Range(7..9)),
        ];
        let mut out = Vec::new();
        let layout = Layout { consolidated: false, ..Layout::default() };
        write(&entries, "u", layout, &mut out).unwrap();
        let expected = concat!(
            "{\"version\":1,\"refs\":{\n",
            "\"a\\\"b/.zarray\":\"{}\",\n",
            "\"a\\\"b/0\":[\"u\",1,3],\n",
            "\"c/0\":[\"u\",7,2]\n}}\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    /// In keys, in names of files, in templates, in documents and in the one with all metadata.
    #[test]
    fn nothing_is_obeyed_by_a_terminal_and_all_is_read_back() {
        let hostile = "\u{7f}\u{85}\u{9b}2J\u{202e}\u{2028}\u{1b}";
        let text = json!({ hostile: hostile }).to_string();
        let key = format!("{hostile}/.zattrs");
        let other = Elsewhere { file: Arc::from(hostile), range: 7..9, inline: false };
        let entries = [
            (&*key, Reference::Document((&*text).into())),
            ("a/0", Reference::Elsewhere(other.into())),
        ]
        .map(|(key, reference)| (key.into(), reference));
        for templates in [false, true] {
            let mut out = Vec::new();
            write(&entries, hostile, Layout { templates, ..Layout::default() }, &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            assert_eq!(out.find(|c| c != '\n' && !is_plain(c)), None, "{out:?}");
            let document: Value = serde_json::from_str(&out).unwrap();
            assert_eq!(document["refs"][&key], text);
            let metadata = document["refs"][ZMETADATA].as_str().unwrap();
            let metadata: Value = serde_json::from_str(metadata).unwrap();
            assert_eq!(metadata["metadata"][&key][hostile], hostile);
            match templates {
                true => assert_eq!(document["templates"]["u"], hostile),
                false => assert_eq!(document["refs"]["a/0"][0], hostile),
            }
        }
    }

    #[test]
    fn templates_say_each_name_once() {
        let other = Elsewhere { file: Arc::from("b.h5"), range: 7..9, inline: false };
        let entries = [
            ("a/0".into(), Reference::Range(10..30)),
            ("a/1".into(), Reference::Elsewhere(other.into())),
            ("a/2".into(), Reference::Inline(b"[1,  2]".as_slice().into())),
        ];
        let parsed = |templates| -> Value {
            let layout = Layout { templates, consolidated: false, ..Layout::default() };
            document(&entries, layout)
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
        let other = Elsewhere { file: Arc::from("{% x %}"), range: 7..9, inline: false };
        let entries = [("a/0".into(), Reference::Elsewhere(other.into()))];
        assert!(check_templates(&entries[..0], "{{7*7}}.h5").is_err());
        assert!(check_templates(&entries[..0], "a.h5").is_ok());
        assert!(check_templates(&entries, "a.h5").unwrap_err().contains("{% x %}"));
    }

    #[test]
    fn metadata_is_there_once_more_in_one_document() {
        let text = |text: &str| Reference::Document(text.into());
        let mut entries = vec![
            (".zattrs".into(), text(r#"{"a":"é\"/"}"#)),
            (".zgroup".into(), text(r#"{"zarr_format":2}"#)),
        ];
        for _ in 0..2 {
            let document = document(&entries, Layout::default());
            let refs = document["refs"].as_object().unwrap();
            assert_eq!(refs.len(), entries.len() + 1);
            let all: Value = serde_json::from_str(refs[ZMETADATA].as_str().unwrap()).unwrap();
            assert_eq!(all["metadata"][".zattrs"], json!({ "a": "é\"/" }));
            assert_eq!(all["metadata"].as_object().unwrap().len(), 2);
            entries.push(("a/0".into(), Reference::Range(0..1)));
        }
    }
}
