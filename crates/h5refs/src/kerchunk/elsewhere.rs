//! Datasets whose data is in other files: their chunks, if these were followed, and why not, if not.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use h5meta::message::FillValue;
use h5meta::message::datatype::{Class, Datatype};
use h5meta::model::{Dataset, Storage};

use super::codec::Codecs;
use super::dtype::dtype;
use super::{Elsewhere, Reference};
use crate::document::text as text_of;

/// Names before the rest is only counted.
const MOST: usize = 3;

/// By the path of the dataset: its chunks, or why they cannot be said.
pub(crate) type Tilings = BTreeMap<String, Result<Tiling, String>>;

/// The chunks of a dataset, wherever they are.
#[derive(Clone, Debug)]
pub(crate) struct Tiling {
    /// Elements along each dimension of a chunk.
    pub(crate) chunk_shape: Vec<u64>,
    /// What all of them went through.
    pub(crate) codecs: Codecs,
    /// By offset, each once, on the grid and in the dataset.
    pub(crate) tiles: Vec<Tile>,
}

/// A chunk.
#[derive(Clone, Debug)]
pub(crate) struct Tile {
    /// Its first element, a dimension at a time.
    pub(crate) offset: Vec<u64>,
    pub(crate) place: Place,
}

/// Where a chunk's bytes are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In the file itself.
    Own(Range<u64>),
    /// In another, called so by references.
    Other(Arc<str>, Range<u64>),
    /// Here.
    Here(Bytes),
}

impl Tile {
    /// The reference to it, without what trails its data.
    pub(super) fn reference(&self, trailing: u64) -> Reference {
        let data =
            |range: &Range<u64>| range.start..range.end.saturating_sub(trailing).max(range.start);
        match &self.place {
            Place::Own(range) => Reference::Range(data(range)),
            Place::Other(file, range) => {
                let file = Arc::clone(file);
                let at = Elsewhere { file, range: data(range), inline: false };
                Reference::Elsewhere(at.into())
            }
            Place::Here(bytes) => Reference::Inline((**bytes).into()),
        }
    }
}

impl Tiling {
    /// Whether a dataset of this shape has chunks that are nowhere.
    pub(super) fn lacks_chunks(&self, shape: &[u64]) -> bool {
        let chunks = grid(shape, &self.chunk_shape);
        chunks.is_none_or(|chunks| (self.tiles.len() as u128) < chunks)
    }
}

/// How many chunks a dataset has, those that are nowhere counted, if that can be counted.
pub(crate) fn grid(shape: &[u64], chunk_shape: &[u64]) -> Option<u128> {
    let along = |(all, one): (&u64, &u64)| u128::from(all.div_ceil((*one).max(1)));
    shape.iter().zip(chunk_shape).map(along).try_fold(1_u128, u128::checked_mul)
}

/// Why a dataset in other files is not in the sidecar, if these are not followed.
pub(super) fn not_followed(storage: &Storage) -> String {
    let (what, names) = match storage {
        Storage::External { files } => {
            ("external", first_names(files.iter().map(|file| &file.name[..])))
        }
        Storage::Virtual { mappings } => {
            let mappings = mappings.iter().flatten();
            ("virtual", first_names(mappings.map(|mapping| &mapping.source_file[..])))
        }
        _ => ("unknown", String::new()),
    };
    let names = if names.is_empty() { "nowhere" } else { &names };
    format!("its data is elsewhere ({what}): {names}; --follow-external follows it")
}

/// Whether two datatypes have the same bytes for the same values.
pub(crate) fn same_type(one: &Datatype, other: &Datatype) -> bool {
    // Of these, numpy's name says all there is.
    let plain = |datatype: &Datatype| {
        matches!(
            datatype.class,
            Class::Integer { .. } | Class::Float { .. } | Class::String(_) | Class::BitField { .. }
        )
    };
    one == other
        || plain(one) && plain(other) && dtype(one).is_ok_and(|dtype_| Ok(dtype_) == dtype(other))
}

/// The bytes that an element reads as that was never written; `None` if any will do.
pub(crate) fn fill(dataset: &Dataset) -> Option<Vec<u8>> {
    let size = dataset.datatype.as_ref().map_or(0, |datatype| datatype.size);
    match &dataset.fill_value {
        FillValue::Undefined => None,
        FillValue::Value(bytes) => Some(bytes.to_vec()),
        FillValue::Default => Some(vec![0; usize::try_from(size).unwrap_or_default()]),
    }
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
