//! Reading a sidecar: kerchunk reference JSON of version 1, plain or compressed, or kerchunk's tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::array::Array;
use super::faults::Faults;
use super::{Fault, Options};
use crate::error::{Error, Result};
use crate::render::{Format, Recorded, ZMETADATA, read_table, unpacked};
use crate::sink::is_below;
use crate::source::{Opener, Source, local_path};

/// Tables that are looked for at once, and in all.
const AT_ONCE: usize = 16;
const MOST_TABLES: u64 = 1_000_000;

/// What a sidecar holds.
#[derive(Debug, Default)]
pub(super) struct Sidecar {
    pub(super) documents: BTreeMap<String, Value>,
    /// In the order of their keys.
    pub(super) chunks: Vec<(String, Stored)>,
    pub(super) faults: Faults,
}

/// Where a chunk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Inline(Bytes),
    /// Bytes of a file; without a range, all of it.
    Range {
        file: Arc<str>,
        range: Option<Range<u64>>,
    },
}

impl Stored {
    /// The file that it is in, if it is not in the sidecar.
    pub(super) fn file(&self) -> Option<&str> {
        match self {
            Self::Inline(_) => None,
            Self::Range { file, .. } => Some(file),
        }
    }
}

/// Reads a sidecar of any format.
pub(super) async fn read(location: &str, opener: &Opener, options: &Options) -> Result<Sidecar> {
    let is_directory = match local_path(location) {
        Ok(Some(path)) => path.is_dir(),
        _ => Format::of_name(location) == Some(Format::Parquet),
    };
    if is_directory {
        return tables(location.trim_end_matches('/'), opener, options).await;
    }
    let bytes = whole(location, opener, options).await?;
    unpacked(&bytes, options.max_sidecar)
        .and_then(|json| document(&json))
        .map_err(|reason| Error::no_sidecar(location, reason))
}

async fn whole(location: &str, opener: &Opener, options: &Options) -> Result<Bytes> {
    let source = opener.open(location).await?;
    let bytes = match source.whole() {
        Some(bytes) => bytes,
        None => all(&*source, options.max_sidecar.saturating_add(1)).await?,
    };
    match bytes.len() as u64 > options.max_sidecar {
        true => {
            let reason = format!("more than {} bytes", options.max_sidecar);
            Err(Error::no_sidecar(location, reason))
        }
        false => Ok(bytes),
    }
}

/// The bytes of a file, in one read if its server gives as many as it is asked for.
async fn all(source: &dyn Source, most: u64) -> Result<Bytes> {
    let mut bytes = source.read(0..most).await?.bytes;
    loop {
        let at = bytes.len() as u64;
        let more = if at < most { source.read(at..most).await?.bytes } else { Bytes::new() };
        if more.is_empty() {
            return Ok(bytes);
        }
        bytes = [bytes, more].concat().into();
    }
}

/// A document as it is written: keys may come twice, which a map would not show.
#[derive(Deserialize)]
struct Document {
    version: Value,
    #[serde(default)]
    templates: BTreeMap<String, String>,
    #[serde(default, rename = "gen")]
    generators: Vec<Value>,
    refs: Entries,
}

struct Entries(Vec<(String, Entry)>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Text(String),
    Range(String, u64, u64),
    Whole((String,)),
    Document(serde_json::Map<String, Value>),
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("references by key")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// Kerchunk reference JSON.
pub(super) fn document(json: &[u8]) -> std::result::Result<Sidecar, String> {
    let document: Document = serde_json::from_slice(json)
        .map_err(|error| format!("no kerchunk reference JSON of version 1: {error}"))?;
    if document.version != 1 {
        return Err(format!("kerchunk reference JSON of version {}, not 1", document.version));
    }
    let mut sidecar = Sidecar::default();
    if !document.generators.is_empty() {
        sidecar.faults.push(Fault::new("", "references that are to be generated are not verified"));
    }
    let mut files = Files { templates: document.templates, known: BTreeSet::new() };
    let mut consolidated = None;
    for (key, entry) in document.refs.0 {
        let is_document = key.rsplit('/').next().is_some_and(|last| last.starts_with(".z"));
        let stored = match entry {
            Entry::Document(document) if is_document => {
                sidecar.document(key, Value::Object(document), &mut consolidated);
                continue;
            }
            Entry::Text(text) if is_document => {
                match serde_json::from_str(&text) {
                    Ok(document) => sidecar.document(key, document, &mut consolidated),
                    Err(error) => sidecar.faults.push(Fault::new(key, error.to_string())),
                }
                continue;
            }
            Entry::Text(text) => match inline(&text) {
                Ok(bytes) => Stored::Inline(bytes),
                Err(why) => {
                    sidecar.faults.push(Fault::new(key, why));
                    continue;
                }
            },
            Entry::Range(file, at, size) => match at.checked_add(size) {
                Some(end) => Stored::Range { file: files.get(file), range: Some(at..end) },
                None => {
                    sidecar.faults.push(Fault::new(key, format!("bytes {at} + {size}")));
                    continue;
                }
            },
            Entry::Whole((file,)) => Stored::Range { file: files.get(file), range: None },
            Entry::Document(_) => {
                sidecar.faults.push(Fault::new(key, "a document in place of a chunk"));
                continue;
            }
        };
        sidecar.chunks.push((key, stored));
    }
    sidecar.order();
    if let Some(consolidated) = consolidated {
        sidecar.compare(&consolidated);
    }
    Ok(sidecar)
}

/// Inlined bytes: base64, or text as it is.
fn inline(text: &str) -> std::result::Result<Bytes, String> {
    match text.strip_prefix("base64:") {
        Some(encoded) => {
            let bytes = STANDARD.decode(encoded).map_err(|error| format!("base64: {error}"))?;
            Ok(bytes.into())
        }
        None => Ok(Bytes::copy_from_slice(text.as_bytes())),
    }
}

/// The names of files, each kept once.
struct Files {
    templates: BTreeMap<String, String>,
    known: BTreeSet<Arc<str>>,
}

/// Bytes of the name of a file, with its templates filled in.
const LONGEST_NAME: usize = 1 << 16;

impl Files {
    /// A name with its templates filled in, if there are any and it does not get too long. What they are
    /// filled with is not looked at again: each could have the next one twice.
    fn filled(&self, name: &str) -> Option<String> {
        let mut parts = name.split("{{");
        let mut filled = parts.next()?.to_owned();
        if filled.len() == name.len() {
            return None;
        }
        for part in parts {
            let value = part
                .split_once("}}")
                .and_then(|(template, rest)| Some((self.templates.get(template)?.as_str(), rest)));
            let (value, rest) = value.unwrap_or(("{{", part));
            if filled.len().saturating_add(value.len()).saturating_add(rest.len()) > LONGEST_NAME {
                return None;
            }
            filled.push_str(value);
            filled.push_str(rest);
        }
        Some(filled)
    }

    fn get(&mut self, name: String) -> Arc<str> {
        let name = self.filled(&name).unwrap_or(name);
        if let Some(known) = self.known.get(&*name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.known.insert(Arc::clone(&name));
        name
    }
}

impl Sidecar {
    fn document(&mut self, key: String, document: Value, consolidated: &mut Option<Value>) {
        let before = match key == ZMETADATA {
            true => consolidated.replace(document),
            false => self.documents.insert(key.clone(), document),
        };
        if before.is_some() {
            self.faults.push(Fault::new(key, "it is there twice"));
        }
    }

    /// Puts the chunks in order, and says which are there twice.
    fn order(&mut self) {
        self.chunks.sort_by(|(a, _), (b, _)| a.cmp(b));
        let Self { chunks, faults, .. } = self;
        let twice = chunks.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        faults.extend(twice.map(|pair| Fault::new(pair[0].0.clone(), "it is there twice")));
    }

    /// Says where the metadata in one document is not that of the single ones.
    fn compare(&mut self, consolidated: &Value) {
        let empty = serde_json::Map::new();
        let all = consolidated["metadata"].as_object().unwrap_or(&empty);
        let Self { documents, faults, .. } = self;
        let keys: BTreeSet<&String> = documents.keys().chain(all.keys()).collect();
        let differ = keys.into_iter().filter(|key| documents.get(*key) != all.get(*key));
        let why = format!("it is something else in {ZMETADATA}");
        faults.extend(differ.map(|key| Fault::new(key.clone(), why.clone())));
    }
}

/// Kerchunk's tables.
async fn tables(location: &str, opener: &Opener, options: &Options) -> Result<Sidecar> {
    #[derive(Deserialize)]
    struct Metadata {
        metadata: BTreeMap<String, Value>,
        record_size: u64,
    }
    let place = format!("{location}/{ZMETADATA}");
    let none = |reason: String| Error::no_sidecar(location, reason);
    let bytes = whole(&place, opener, options).await?;
    let Metadata { metadata, record_size } = serde_json::from_slice(&bytes)
        .map_err(|error| none(format!("no kerchunk tables: {ZMETADATA}: {error}")))?;
    if record_size == 0 {
        return Err(none("tables of no references".into()));
    }
    let mut sidecar = Sidecar { documents: metadata, ..Sidecar::default() };
    let is_web = local_path(location).is_err();
    let mut lost = Faults::default();
    let mut wanted: Vec<(Arc<str>, Arc<[u64]>, u64)> = Vec::new();
    for (key, document) in &sidecar.documents {
        let Some(path) = key.strip_suffix("/.zarray") else { continue };
        // On the web some characters are none of a path, and two dots can be written in several ways.
        if !is_below(path) || is_web && path.contains(['?', '#', '%']) {
            lost.push(Fault::new(key, "its path leads out of the tables"));
            continue;
        }
        // What is wrong with it is found later.
        let Ok(array) = Array::new(path, document) else { continue };
        let count = array.chunks().unwrap_or(u64::MAX).div_ceil(record_size);
        if count > MOST_TABLES.saturating_sub(wanted.len() as u64) {
            return Err(none(format!("more than {MOST_TABLES} tables to look for")));
        }
        let (path, grid): (Arc<str>, Arc<[u64]>) = (path.into(), array.grid().into());
        wanted.extend((0..count).map(|n| (Arc::clone(&path), Arc::clone(&grid), n)));
    }
    sidecar.faults = lost;
    let read = wanted.into_iter().map(|(path, grid, number)| async move {
        let place = format!("{location}/{path}/refs.{number}.parq");
        let bytes = match whole(&place, opener, options).await {
            Ok(bytes) => bytes,
            // None of its chunks was ever written.
            Err(error) if error.is_missing() => return Ok((path, grid, number, Ok(vec![]))),
            Err(error) => return Err(error),
        };
        // The reader of tables was not made for those of strangers: should it panic, that is a fault too.
        let rows = tokio::task::spawn_blocking(move || read_table(bytes, record_size)).await;
        let rows = rows.unwrap_or_else(|_| Err("a table that is broken".into()));
        Ok((path, grid, number, rows))
    });
    let read: Vec<_> = futures::stream::iter(read).buffered(AT_ONCE).try_collect().await?;
    let mut files = Files { templates: BTreeMap::new(), known: BTreeSet::new() };
    for (path, grid, number, rows) in read {
        match rows {
            Ok(rows) => {
                let first = number.saturating_mul(record_size);
                for (row, entry) in rows {
                    let key = format!("{path}/{}", key(first.saturating_add(row), &grid));
                    match stored(entry, &mut files) {
                        Some(stored) => sidecar.chunks.push((key, stored)),
                        None => sidecar.faults.push(Fault::new(key, "more bytes than there are")),
                    }
                }
            }
            Err(why) => {
                let name = format!("{path}/refs.{number}.parq");
                sidecar.faults.push(Fault::new(name, why));
            }
        }
    }
    sidecar.order();
    Ok(sidecar)
}

fn stored(entry: Recorded, files: &mut Files) -> Option<Stored> {
    Some(match entry {
        Recorded::Inline(bytes) => Stored::Inline(bytes),
        Recorded::Stored(file, 0, 0) => Stored::Range { file: files.get(file), range: None },
        Recorded::Stored(file, at, size) => {
            Stored::Range { file: files.get(file), range: Some(at..at.checked_add(size)?) }
        }
    })
}

/// The key of a chunk by its number, the last dimension counting fastest.
fn key(number: u64, grid: &[u64]) -> String {
    let mut rest = number;
    let mut parts: Vec<String> = Vec::with_capacity(grid.len());
    for (n, along) in grid.iter().enumerate().rev() {
        // What is past the end shows in the first part.
        let part = if n == 0 { rest } else { rest % (*along).max(1) };
        rest /= (*along).max(1);
        parts.push(part.to_string());
    }
    parts.reverse();
    if parts.is_empty() { number.to_string() } else { parts.join(".") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Sidecar {
        document(json.as_bytes()).unwrap()
    }

    #[test]
    fn references_of_every_kind_are_read() {
        let sidecar = read(
            r#"{"version":1,"templates":{"u":"a.h5"},"refs":{
                ".zgroup":{"zarr_format":2}, "a/.zarray":"{\"shape\":[]}",
                "a/0":["{{u}}",3,4], "a/1":["b.h5"], "a/2":"text", "a/3":"base64:AQI="}}"#,
        );
        assert_eq!(sidecar.faults.clone().finish(), []);
        assert_eq!(sidecar.documents.len(), 2);
        let chunks: Vec<&Stored> = sidecar.chunks.iter().map(|(_, stored)| stored).collect();
        let range = |file: &str, range| Stored::Range { file: file.into(), range };
        assert_eq!(*chunks[0], range("a.h5", Some(3..7)));
        assert_eq!(*chunks[1], range("b.h5", None));
        assert_eq!(*chunks[2], Stored::Inline(Bytes::from_static(b"text")));
        assert_eq!(*chunks[3], Stored::Inline(Bytes::from_static(&[1, 2])));
    }

    #[test]
    fn what_is_no_reference_is_a_fault() {
        let sidecar = read(
            r#"{"version":1,"refs":{"a/.zarray":"{","a/0":"base64:?","a/1":["b",1,18446744073709551615],
                "a/2":["b",1,2],"a/2":["b",1,3],".zmetadata":"{}",".zmetadata":"{\"metadata\":{\"x\":1}}"}}"#,
        );
        let faults = sidecar.faults.finish();
        let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, [".zmetadata", "a/.zarray", "a/0", "a/1", "a/2", "x"]);
        for none in [&b"{}"[..], b"[1]", b"\x89HDF", br#"{"version":0,"refs":{}}"#] {
            assert!(document(none).is_err());
        }
    }

    #[test]
    fn templates_are_filled_in_once() {
        let templates = [("u", "a.h5"), ("v", "{{w}}{{w}}"), ("w", "b"), ("z", &"z".repeat(9999))];
        let templates = templates.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut files = Files { templates, known: BTreeSet::new() };
        let mut get = |name: &str| files.get(name.to_owned()).to_string();
        assert_eq!(get("s3://{{w}}/{{u}}?"), "s3://b/a.h5?");
        assert_eq!(get("{{v}}"), "{{w}}{{w}}");
        assert_eq!(get("{{x}}{{u"), "{{x}}{{u");
        let long = "{{z}}".repeat(9);
        assert_eq!(get(&long), long);
    }

    #[test]
    fn numbers_are_keys() {
        assert_eq!(key(0, &[]), "0");
        assert_eq!(key(7, &[3, 4]), "1.3");
        assert_eq!(key(12, &[3, 4]), "3.0");
    }
}
