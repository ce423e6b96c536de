//! An index as kerchunk references: Zarr version 2 metadata, and a byte range for every chunk.
//!
//! | file | what |
//! |---|---|
//! | `array` | a dataset as a Zarr array, or why it cannot be one |
//! | `dtype` | HDF5 datatypes as Zarr data types |
//! | `codec` | HDF5 filters as Zarr codecs |
//! | `fill_value` | what elements that were never written read as |
//! | `attrs` | attributes as JSON |
//! | `dims` | `_ARRAY_DIMENSIONS` |
//! | `json` | the references as a document |
//!
//! Nothing here does I/O: small chunks that are to be inlined are named, and put in place by whoever
//! fetched them.

mod array;
mod attrs;
mod codec;
mod dims;
mod dtype;
mod fill_value;
mod json;

use std::ops::Range;

use bytes::Bytes;
use h5meta::model::{Dataset, Index, Object, ObjectKind, Problem};
use serde_json::json;

pub use self::codec::name as filter_name;

use self::array::Array;
use self::dims::Dimensions;

/// How references are made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Chunks of fewer stored bytes than this go into the sidecar itself. Default 500, as kerchunk's.
    pub inline_threshold: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { inline_threshold: 500 }
    }
}

/// What a key of the sidecar refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// A JSON document.
    Document(String),
    /// The bytes themselves.
    Inline(Bytes),
    /// Bytes of the file.
    Range(Range<u64>),
}

/// A dataset that is not in the sidecar, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NotReferenced {
    /// The dataset.
    pub path: String,
    /// Why it is not in the sidecar.
    pub reason: String,
    /// Whether data is lost with it: a dimension without a variable, or a dataset without elements,
    /// has none.
    pub lost: bool,
}

/// How much of a file is referenced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Groups in the sidecar.
    pub groups: u64,
    /// Datasets of the file, in the sidecar or not.
    pub datasets: u64,
    /// Of them, those in the sidecar.
    pub arrays: u64,
    /// Chunks that are byte ranges of the file.
    pub referenced_chunks: u64,
    /// Chunks that are in the sidecar itself.
    pub inlined_chunks: u64,
}

/// The references of one file.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// By key, once sorted.
    entries: Vec<(String, Reference)>,
    /// Those of `entries` that are to be inlined.
    to_inline: Vec<usize>,
    /// What is not in the sidecar.
    pub not_referenced: Vec<NotReferenced>,
    /// How much is.
    pub counts: Counts,
}

impl References {
    /// The references of an index.
    #[must_use]
    pub fn new(index: &Index, problems: &[Problem], options: &Options) -> Self {
        let mut references = Self::default();
        let dimensions = Dimensions::of(index);
        for object in &index.objects {
            match &object.kind {
                ObjectKind::Group(_) => references.group(object, index),
                ObjectKind::Dataset(dataset) => {
                    references.counts.datasets += 1;
                    let array = Array::new(object, dataset, &dimensions, index, problems);
                    match array {
                        Ok(array) => references.array(object, dataset, &array, options),
                        Err(why) => references.not_referenced.push(why),
                    }
                }
                _ => {}
            }
        }
        references.sort();
        references
    }

    /// The byte ranges of the chunks that are to be inlined.
    #[must_use]
    pub fn to_inline(&self) -> Vec<Range<u64>> {
        let range = |&n: &usize| match &self.entries.get(n)?.1 {
            Reference::Range(range) => Some(range.clone()),
            _ => None,
        };
        self.to_inline.iter().filter_map(range).collect()
    }

    /// Puts chunks in place, in the order of [`References::to_inline`].
    pub fn inline(&mut self, chunks: Vec<Bytes>) {
        for (n, bytes) in std::mem::take(&mut self.to_inline).into_iter().zip(chunks) {
            if let Some((_, reference)) = self.entries.get_mut(n) {
                *reference = Reference::Inline(bytes);
            }
        }
    }

    /// The document: `{"version":1,"refs":{...}}`, keys in order, the same bytes on every run.
    #[must_use]
    pub fn to_json(&self, url: &str) -> Vec<u8> {
        json::document(&self.entries, url)
    }

    fn group(&mut self, group: &Object, index: &Index) {
        self.counts.groups += 1;
        let prefix = prefix(&group.path);
        self.document(format!("{prefix}.zgroup"), &json!({ "zarr_format": 2 }));
        let attrs = attrs::attributes(group, index, &[]);
        self.document(format!("{prefix}.zattrs"), &attrs.into());
    }

    fn array(&mut self, object: &Object, dataset: &Dataset, array: &Array, options: &Options) {
        self.counts.arrays += 1;
        let prefix = prefix(&object.path);
        self.document(format!("{prefix}.zarray"), &array.metadata);
        self.document(format!("{prefix}.zattrs"), &array.attributes);
        array.chunks(dataset, |key, chunk| {
            let key = format!("{prefix}{key}");
            let small = match &chunk {
                Reference::Range(range) => range.end - range.start < options.inline_threshold,
                _ => true,
            };
            match small {
                true => self.counts.inlined_chunks += 1,
                false => self.counts.referenced_chunks += 1,
            }
            if small && matches!(chunk, Reference::Range(_)) {
                self.to_inline.push(self.entries.len());
            }
            self.entries.push((key, chunk));
        });
    }

    fn document(&mut self, key: String, document: &serde_json::Value) {
        self.entries.push((key, Reference::Document(document.to_string())));
    }

    /// Objects come in order, but a chunk `10` is before a chunk `2`, and `.zarray` before both.
    fn sort(&mut self) {
        let mut inline = vec![false; self.entries.len()];
        for &n in &self.to_inline {
            inline[n] = true;
        }
        let mut marked: Vec<_> =
            std::mem::take(&mut self.entries).into_iter().zip(inline).collect();
        marked.sort_unstable_by(|((a, _), _), ((b, _), _)| a.cmp(b));
        self.to_inline =
            marked.iter().enumerate().filter(|(_, (_, inline))| *inline).map(|(n, _)| n).collect();
        self.entries = marked.into_iter().map(|(entry, _)| entry).collect();
    }
}

/// What the keys of an object begin with: its path and a slash, nothing for the root.
fn prefix(path: &str) -> String {
    match path.trim_start_matches('/') {
        "" => String::new(),
        path => format!("{path}/"),
    }
}
