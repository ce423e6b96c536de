//! How much of a file is referenced, and what of it is not.

use h5meta::Index;
use h5meta::model::{Object, ObjectKind, Storage};

/// A dataset that is not in the sidecar, or a group whose path cannot be, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NotReferenced {
    /// The object.
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
    /// Datasets that were not asked for.
    pub not_selected: u64,
    /// Further paths of groups and arrays in the sidecar, which links give them.
    pub linked: u64,
    /// Chunks that are byte ranges of the file, each once.
    pub referenced_chunks: u64,
    /// Chunks that are in the sidecar itself, each once.
    pub inlined_chunks: u64,
}

/// How many references an index will have, about: chunks, and two documents for each object.
pub(super) fn room(index: &Index) -> usize {
    let chunks = |object: &Object| match &object.kind {
        ObjectKind::Dataset(dataset) => match &dataset.storage {
            Storage::Chunked { chunks: Some(chunks), .. } => chunks.len(),
            _ => 1,
        },
        _ => 0,
    };
    index.objects.iter().map(|object| chunks(object).saturating_add(2)).sum()
}
