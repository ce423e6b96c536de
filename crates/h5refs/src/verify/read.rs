//! Reading a sidecar: kerchunk reference JSON of version 1, plain or compressed, or kerchunk's tables.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{Error as _, MapAccess};

use super::budget::Budget;
use super::compact::{Compact, is_same};
use super::entries::{self, Entries, Under};
use super::faults::Faults;
use super::json::document;
use super::tables::tables;
use super::{Fault, Options};
use crate::error::{Error, Result};
use crate::render::{Format, ZMETADATA, unpacked};
use crate::source::{Opener, Source, local_path};

/// What a sidecar holds.
#[derive(Debug, Default)]
pub(super) struct Sidecar {
    pub(super) documents: BTreeMap<Box<str>, Document>,
    /// In the order of their keys. Which arrays they are of is not known yet.
    pub(super) chunks: Vec<Chunk>,
    pub(super) faults: Faults,
}

/// A document of Zarr's.
#[derive(Debug)]
pub(super) struct Document {
    /// In short.
    pub(super) text: Box<str>,
    /// Whether it was found in the document of all metadata.
    is_consolidated: bool,
}

/// A chunk of an array.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) key: Box<str>,
    pub(super) array: usize,
    pub(super) stored: Stored,
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
    packed(&bytes, options).map_err(|reason| Error::no_sidecar(location, reason))
}

/// Reads a sidecar of one of the formats that are one file.
pub(super) fn packed(bytes: &Bytes, options: &Options) -> std::result::Result<Sidecar, String> {
    let json = unpacked(bytes, options.max_sidecar)?;
    document(&json, Budget::of_json(bytes.len(), json.len()), options.max_files)
}

pub(super) async fn whole(location: &str, opener: &Opener, options: &Options) -> Result<Bytes> {
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

impl Sidecar {
    /// Adds a document, which has been charged.
    pub(super) fn document(&mut self, key: String, text: Box<str>) {
        let document = Document { text, is_consolidated: false };
        if self.documents.insert(key.as_str().into(), document).is_some() {
            self.faults.push(Fault::new(key, "it is there twice"));
        }
    }

    /// Puts the chunks in order, and says which are there twice.
    pub(super) fn order(&mut self) {
        self.chunks.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let Self { chunks, faults, .. } = self;
        let twice = chunks.windows(2).filter(|pair| pair[0].key == pair[1].key);
        faults.extend(twice.map(|pair| Fault::new(pair[0].key.clone(), "it is there twice")));
    }

    /// Says where the metadata in one document is not that of the single ones.
    pub(super) fn compare(&mut self, consolidated: &str, budget: &Budget) {
        let Self { documents, faults, .. } = self;
        let mut compared = Compared { documents, faults, most: budget.text() };
        if let Err(error) = each_document(consolidated.as_bytes(), &mut compared) {
            self.faults.push(Fault::new(ZMETADATA, error.to_string()));
        }
        let Self { documents, faults, .. } = self;
        let others = documents.iter().filter(|(_, document)| !document.is_consolidated);
        faults.extend(others.map(|(key, _)| Fault::new(key.clone(), DIFFERS)));
    }
}

const DIFFERS: &str = "it is something else in .zmetadata";

/// Reads the documents of one that has all metadata.
pub(super) fn each_document(json: &[u8], each: &mut impl Entries) -> serde_json::Result<()> {
    entries::read(json, &mut Under { name: "metadata", entries: each })
}

/// The single documents, as they are compared.
struct Compared<'a> {
    documents: &'a mut BTreeMap<Box<str>, Document>,
    faults: &'a mut Faults,
    most: usize,
}

impl Entries for Compared<'_> {
    fn entry<'de, A: MapAccess<'de>>(
        &mut self,
        key: String,
        map: &mut A,
    ) -> std::result::Result<(), A::Error> {
        let text = map.next_value_seed(Compact { most: self.most })?;
        let single = self.documents.get_mut(key.as_str());
        let is_that = single.is_some_and(|single| {
            single.is_consolidated = true;
            is_same(&single.text, &text)
        });
        if !is_that {
            self.faults.push(Fault::new(key, DIFFERS));
        }
        Ok(())
    }
}

/// The names of files, each kept once.
#[derive(Debug)]
pub(super) struct Files {
    templates: BTreeMap<String, String>,
    known: BTreeMap<String, Arc<str>>,
    most: u64,
}

/// Bytes of the name of a file, with its templates filled in.
const LONGEST_NAME: usize = 1 << 16;

/// What an entry of a map takes beside its texts, about.
pub(super) const NODE: usize = 150;

impl Files {
    /// Names of `most` files at most.
    pub(super) fn new(templates: BTreeMap<String, String>, most: u64) -> Self {
        Self { templates, known: BTreeMap::new(), most }
    }

    /// The name that a reference means by its own.
    ///
    /// # Errors
    /// More names than may be, or longer ones.
    pub(super) fn get(
        &mut self,
        name: &str,
        budget: &mut Budget,
    ) -> std::result::Result<Arc<str>, String> {
        if let Some(known) = self.known.get(name) {
            return Ok(Arc::clone(known));
        }
        if self.known.len() as u64 >= self.most {
            return Err(format!("more than {} files", self.most));
        }
        let filled: Arc<str> = self.filled(name).as_deref().unwrap_or(name).into();
        budget.charge(NODE.saturating_add(name.len()).saturating_add(filled.len()))?;
        self.known.insert(name.to_owned(), Arc::clone(&filled));
        Ok(filled)
    }

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
}

/// Templates: what stands for what.
impl Entries for (BTreeMap<String, String>, Budget) {
    fn entry<'de, A: MapAccess<'de>>(
        &mut self,
        name: String,
        map: &mut A,
    ) -> std::result::Result<(), A::Error> {
        let (templates, budget) = self;
        let value: String = map.next_value()?;
        let size = NODE.saturating_add(name.len()).saturating_add(value.len());
        budget.charge(size).map_err(A::Error::custom)?;
        templates.insert(name, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_in_once() {
        let templates = [("u", "a.h5"), ("v", "{{w}}{{w}}"), ("w", "b"), ("z", &"z".repeat(9999))];
        let templates = templates.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let (mut files, mut budget) = (Files::new(templates, 100), Budget::of_json(0, 0));
        let mut get = |name: &str| files.get(name, &mut budget).unwrap().to_string();
        assert_eq!(get("s3://{{w}}/{{u}}?"), "s3://b/a.h5?");
        assert_eq!(get("{{v}}"), "{{w}}{{w}}");
        assert_eq!(get("{{x}}{{u"), "{{x}}{{u");
        let long = "{{z}}".repeat(9);
        assert_eq!(get(&long), long);
    }

    #[test]
    fn names_are_charged_and_counted() {
        let templates = BTreeMap::from([("u".to_owned(), "x".repeat(60_000))]);
        let mut budget = Budget::of_json(0, 0);
        let mut files = Files::new(templates, 10_000);
        let mut names = (0..10_000).map(|n| files.get(&format!("{{{{u}}}}{n}"), &mut budget));
        assert!(names.find_map(std::result::Result::err).unwrap().contains("of its size"));
        let (mut files, mut budget) = (Files::new(BTreeMap::new(), 2), Budget::of_json(0, 0));
        for (name, is_one) in [("a", true), ("b", true), ("c", false), ("a", true)] {
            assert_eq!(files.get(name, &mut budget).is_ok(), is_one, "{name}");
        }
    }
}
