//! Chunks that were never written, of a dataset of which others were.
//!
//! Zarr has one fill value for two things: what missing chunks read as, and what readers mask. HDF5 keeps
//! them apart: `_FillValue` is what is masked, and nothing is if there is none. Where the two differ and
//! little is missing, the missing chunks go into the sidecar as HDF5 reads them: with filters undone they
//! are one value over and over, and with filters next to nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use h5meta::message::{FillValue, Filter};
use h5meta::model::{Chunk, Dataset, Storage};

use super::elsewhere::grid;
use super::encode::encode;
use super::pipeline::is_inside;
use crate::limits::Budget;

/// Bytes that a chunk takes besides its own, about: its key, and its place among the references.
const ENTRY: u128 = 100;

/// What the chunks that are not there hold.
#[derive(Clone, Debug)]
pub(super) struct Absent {
    chunk: Bytes,
    /// Bytes of all of them, with their keys.
    pub(super) total: u64,
}

impl Absent {
    /// The missing chunks of a dataset, as its codecs read them, `mask` being that of the filters that these
    /// are of, if any are. `None` if they would be more than `most` bytes, or more than may still be encoded.
    pub(super) fn new(
        dataset: &Dataset,
        mask: Option<u32>,
        most: u64,
        encoded: &mut Encoded,
        budget: &mut Budget,
    ) -> Option<Self> {
        let Storage::Chunked { chunk_shape, chunks: Some(chunks), .. } = &dataset.storage else {
            return None;
        };
        let shape = dataset.dataspace.as_ref()?.shape();
        let present = chunks.iter().filter(|chunk| is_inside(chunk, shape)).count() as u128;
        let missing = grid(shape, chunk_shape)?.checked_sub(present)?;
        let size = usize::try_from(dataset.datatype.as_ref()?.size).ok()?;
        let elements = chunk_shape.iter().try_fold(1_u64, |n, extent| n.checked_mul(*extent))?;
        let bytes = elements.checked_mul(u64::try_from(size).ok()?)?;
        // A chunk may be larger than all of them are with filters, but not by much.
        if bytes > most.saturating_mul(4) {
            return None;
        }
        let element = match &dataset.fill_value {
            FillValue::Value(bytes) if bytes.len() == size => Element::Value(bytes.clone()),
            FillValue::Value(_) => return None,
            _ => Element::Zeros(size),
        };
        let total = |chunk: u64| {
            let all = missing.checked_mul(u128::from(chunk) + ENTRY)?;
            u64::try_from(all).ok().filter(|all| *all < most)
        };
        let count = usize::try_from(elements).ok()?;
        let chunk = match mask {
            Some(mask) => {
                let filters = Arc::clone(&dataset.filters);
                encoded.chunk(Kind { element, count, filters, mask }, budget)?
            }
            // What is written out is told before it is made.
            None => total(bytes).map(|_| element.repeat(count).into())?,
        };
        let total = total(chunk.len() as u64)?;
        Some(Self { chunk, total })
    }

    /// Each missing chunk, by its first element.
    pub(super) fn each<'a>(
        &self,
        present: impl Iterator<Item = Chunk<'a>>,
        shape: &[u64],
        chunk_shape: &[u64],
        mut each: impl FnMut(&[u64], Bytes),
    ) {
        let present: HashSet<&[u64]> = present.map(|chunk| chunk.offset).collect();
        let mut offset = vec![0; shape.len()];
        loop {
            if !present.contains(offset.as_slice()) {
                each(&offset, self.chunk.clone());
            }
            // The next on the grid, the last dimension first.
            let along = offset.iter_mut().zip(shape).zip(chunk_shape).rev();
            let mut is_last = true;
            for ((at, all), one) in along {
                *at = at.saturating_add((*one).max(1));
                if *at < *all {
                    is_last = false;
                    break;
                }
                *at = 0;
            }
            if is_last {
                return;
            }
        }
    }
}

/// What an element is that has never been written. Its size is a claim, and zeros are no reason to make as many.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Element {
    Zeros(usize),
    Value(Bytes),
}

impl Element {
    fn len(&self) -> usize {
        match self {
            Self::Zeros(size) => *size,
            Self::Value(bytes) => bytes.len(),
        }
    }

    fn repeat(&self, count: usize) -> Vec<u8> {
        match self {
            Self::Zeros(size) => vec![0; size.saturating_mul(count)],
            Self::Value(bytes) => bytes.repeat(count),
        }
    }
}

/// What a chunk is that has never been written, with its filters.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Kind {
    element: Element,
    count: usize,
    filters: Arc<[Filter]>,
    mask: u32,
}

/// Chunks of one element over and over, as their filters leave them. To make one takes long and leaves little, and
/// what datasets have in common is made once.
#[derive(Debug, Default)]
pub(super) struct Encoded(HashMap<Kind, Option<Bytes>>);

impl Encoded {
    fn chunk(&mut self, kind: Kind, budget: &mut Budget) -> Option<Bytes> {
        if let Some(chunk) = self.0.get(&kind) {
            return chunk.clone();
        }
        budget.charge(kind.element.len().saturating_mul(kind.count) as u64).ok()?;
        let plain = kind.element.repeat(kind.count);
        let chunk = encode(&plain, &kind.filters, kind.mask).map(Bytes::from);
        self.0.insert(kind, chunk.clone());
        chunk
    }
}

#[cfg(test)]
mod tests {
    use h5meta::filter::DEFLATE;

    use super::*;
    use crate::limits::Room;

    #[test]
    fn what_is_alike_is_encoded_once() {
        let mut budget = Budget::new("x", 3000, &Room::of_file(None));
        let mut encoded = Encoded::default();
        let filter = Filter { id: DEFLATE, name: None, flags: 0, client_data: vec![6] };
        let mut chunk = |element| {
            let filters = Arc::from([filter.clone()]);
            let element = Element::Value(Bytes::from(vec![element]));
            let kind = Kind { element, count: 1000, filters, mask: 0 };
            (encoded.chunk(kind, &mut budget), budget.left())
        };
        let (first, left) = chunk(0);
        assert!(first.is_some() && left == 2000);
        assert_eq!(chunk(0), (first, 2000));
        assert_eq!([chunk(1).1, chunk(2).1], [1000, 0]);
        assert_eq!(chunk(3).0, None);
        assert!(chunk(2).0.is_some());
    }
}
