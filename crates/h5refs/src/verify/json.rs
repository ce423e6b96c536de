//! Kerchunk reference JSON.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Number;

use super::Fault;
use super::budget::Budget;
use super::compact::{Compact, compact};
use super::entries::{self, Each, Entries, Under};
use super::read::{Chunk, Files, NODE, Sidecar, Stored};
use crate::render::ZMETADATA;

/// Reads kerchunk reference JSON.
pub(super) fn document(json: &[u8], budget: Budget, max_files: u64) -> Result<Sidecar, String> {
    let mut head = Head::new(budget);
    entries::read(json, &mut head)
        .map_err(|error| format!("no kerchunk reference JSON of version 1: {error}"))?;
    let Head { version, templates: (templates, mut budget), generators, references } = head;
    let (Some(version), Some(references)) = (version, references) else {
        return Err("no kerchunk reference JSON of version 1: no version, or no refs".into());
    };
    if version.as_u64() != Some(1) {
        return Err(format!("kerchunk reference JSON of version {version}, not 1"));
    }
    let mut sidecar = Sidecar::default();
    if generators.is_some_and(|generators| !generators.is_empty()) {
        sidecar.faults.push(Fault::new("", "references that are to be generated are not verified"));
    }
    // As many as there are: what grows as they come would be held twice and more.
    budget.charge(references.saturating_mul(size_of::<Chunk>()))?;
    sidecar.chunks.reserve_exact(references);
    let files = Files::new(templates, max_files);
    let mut references = References { sidecar, files, budget, consolidated: None };
    entries::read(json, &mut Under { name: "refs", entries: &mut references })
        .map_err(|error| error.to_string())?;
    let References { mut sidecar, budget, consolidated, .. } = references;
    sidecar.order();
    if let Some(consolidated) = consolidated {
        sidecar.compare(&consolidated, &budget);
    }
    Ok(sidecar)
}

/// What there is besides references, and how many these are.
struct Head {
    version: Option<Number>,
    templates: (BTreeMap<String, String>, Budget),
    /// Of no size, whatever they are.
    generators: Option<Vec<IgnoredAny>>,
    references: Option<usize>,
}

impl Head {
    fn new(budget: Budget) -> Self {
        let templates = (BTreeMap::new(), budget);
        Self { version: None, templates, generators: None, references: None }
    }
}

impl Entries for Head {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: String, map: &mut A) -> Result<(), A::Error> {
        let is_second = match &*name {
            "version" => self.version.replace(map.next_value()?).is_some(),
            "templates" => {
                let is_second = !self.templates.0.is_empty();
                map.next_value_seed(Each(&mut self.templates))?;
                is_second
            }
            "gen" => self.generators.replace(map.next_value()?).is_some(),
            "refs" => {
                let mut count = 0_usize;
                map.next_value_seed(Each(&mut count))?;
                self.references.replace(count).is_some()
            }
            _ => map.next_value::<IgnoredAny>().map(|_| false)?,
        };
        match is_second {
            true => Err(A::Error::custom(format!("{name} is there twice"))),
            false => Ok(()),
        }
    }
}

/// References, as they are read.
struct References {
    sidecar: Sidecar,
    files: Files,
    budget: Budget,
    consolidated: Option<Box<str>>,
}

impl Entries for References {
    fn entry<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error> {
        let is_document = key.rsplit('/').next().is_some_and(|last| last.starts_with(".z"));
        let most = self.budget.text();
        let found = map.next_value_seed(Reference { references: self, is_document, most })?;
        let added = match found {
            Ok(Found::Stored(stored)) => self.chunk(key, stored),
            Ok(Found::Document(text)) => self.document(key, text),
            Err(why) => {
                self.sidecar.faults.push(Fault::new(key, why));
                Ok(())
            }
        };
        added.map_err(A::Error::custom)
    }
}

/// What a reference is.
enum Found {
    Stored(Stored),
    Document(Box<str>),
}

impl References {
    fn chunk(&mut self, key: String, stored: Stored) -> Result<(), String> {
        self.budget.charge(key.len())?;
        let key = key.into_boxed_str();
        self.sidecar.chunks.push(Chunk { key, array: usize::MAX, stored });
        Ok(())
    }

    fn document(&mut self, key: String, text: Box<str>) -> Result<(), String> {
        self.budget.charge(held(&key, &text))?;
        if key != ZMETADATA {
            self.sidecar.document(key, text);
        } else if self.consolidated.replace(text).is_some() {
            self.sidecar.faults.push(Fault::new(key, "it is there twice"));
        }
        Ok(())
    }
}

/// What a document takes, with what is made of it.
pub(super) fn held(key: &str, text: &str) -> usize {
    let array = match key.ends_with(".zarray") {
        // Each object in it may be a codec.
        true => text.bytes().filter(|byte| *byte == b'{').count().saturating_mul(100) + 500,
        false => 0,
    };
    NODE.saturating_add(key.len()).saturating_add(text.len()).saturating_add(array)
}

/// Reads a reference: what it is, or why it is none.
struct Reference<'a> {
    references: &'a mut References,
    is_document: bool,
    most: usize,
}

impl<'de> DeserializeSeed<'de> for Reference<'_> {
    type Value = Result<Found, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reference<'_> {
    type Value = Result<Found, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reference")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if self.is_document {
            let text = compact(text, self.most).map_err(|error| error.to_string());
            return Ok(text.map(Found::Document));
        }
        self.references.budget.charge(text.len()).map_err(E::custom)?;
        Ok(inline(text).map(Stored::Inline).map(Found::Stored))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let map = serde::de::value::MapAccessDeserializer::new(map);
        match self.is_document {
            true => Compact { most: self.most }.deserialize(map).map(Found::Document).map(Ok),
            false => {
                serde::Deserialize::deserialize(map).map(|IgnoredAny| ())?;
                Ok(Err("a document in place of a chunk".into()))
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let none = || A::Error::custom("a reference that is neither a file nor a range of one");
        let file: String = list.next_element()?.ok_or_else(none)?;
        let range = match list.next_element::<u64>()? {
            Some(at) => Some((at, list.next_element::<u64>()?.ok_or_else(none)?)),
            None => None,
        };
        if self.is_document || list.next_element::<IgnoredAny>()?.is_some() {
            return Err(none());
        }
        let range = match range {
            Some((at, size)) => match at.checked_add(size) {
                Some(end) => Some(at..end),
                None => return Ok(Err(format!("bytes {at} + {size}"))),
            },
            None => None,
        };
        let References { files, budget, .. } = self.references;
        let file = files.get(&file, budget).map_err(A::Error::custom)?;
        Ok(Ok(Found::Stored(Stored::Range { file, range })))
    }
}

/// Inlined bytes: base64, or text as it is.
fn inline(text: &str) -> Result<Bytes, String> {
    match text.strip_prefix("base64:") {
        Some(encoded) => {
            let bytes = STANDARD.decode(encoded).map_err(|error| format!("base64: {error}"))?;
            Ok(bytes.into())
        }
        None => Ok(Bytes::copy_from_slice(text.as_bytes())),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::verify) fn read(json: &str) -> Result<Sidecar, String> {
        document(json.as_bytes(), Budget::of_json(0, 0), 1000)
    }

    #[test]
    fn references_of_every_kind_are_read() {
        let sidecar = read(
            r#"{"version":1,"templates":{"u":"a.h5"},"refs":{
                ".zgroup":{"zarr_format":2}, "a/.zarray":"{\"shape\":[]}",
                "a/0":["{{u}}",3,4], "a/1":["b.h5"], "a/2":"text", "a/3":"base64:AQI="}}"#,
        );
        let sidecar = sidecar.unwrap();
        assert_eq!(sidecar.faults.clone().finish(), []);
        assert_eq!(sidecar.documents.len(), 2);
        let chunks: Vec<&Stored> = sidecar.chunks.iter().map(|chunk| &chunk.stored).collect();
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
                "a/2":["b",1,2],"a/2":["b",1,3],".zmetadata":"{}",
                ".zmetadata":"{\"metadata\":{\"x\":1}}"}}"#,
        );
        let faults = sidecar.unwrap().faults.finish();
        let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, [".zmetadata", "a/.zarray", "a/0", "a/1", "a/2", "x"]);
        for none in [
            "{}",
            "[1]",
            r#"{"version":0,"refs":{}}"#,
            r#"{"version":1,"refs":{},"refs":{}}"#,
            r#"{"version":1,"refs":{"a":[]}}"#,
            r#"{"version":1,"refs":{"a":["b",1]}}"#,
            r#"{"version":1,"refs":{"a":["b",1,2,3]}}"#,
            r#"{"version":1,"refs":{"a":null}}"#,
            r#"{"version":1,"refs":{}} {}"#,
        ] {
            assert!(read(none).is_err(), "{none}");
        }
    }

    #[test]
    fn metadata_in_one_document_is_that_of_the_single_ones() {
        let faults = |all: &str| {
            let sidecar = read(&format!(
                r#"{{"version":1,"refs":{{".zmetadata":{{"metadata":{all}}},".zattrs":"{{\"a\":1,\"b\":[]}}",
                    ".zgroup":{{"zarr_format":2}}}}}}"#
            ));
            sidecar.unwrap().faults.finish().into_iter().map(|it| it.key).collect::<Vec<_>>()
        };
        let same = r#"{".zgroup":{"zarr_format":2},".zattrs":{"b": [],"a": 1}}"#;
        assert!(faults(same).is_empty());
        assert_eq!(faults(&same.replace('1', "2")), [".zattrs"]);
        assert_eq!(faults(r#"{".zattrs":{"a":1,"b":[]}}"#), [".zgroup"]);
        assert_eq!(faults("[]"), [".zattrs", ".zgroup", ".zmetadata"]);
    }
}
