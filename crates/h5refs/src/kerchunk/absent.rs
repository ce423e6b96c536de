//! Chunks that were never written, of a dataset of which others were.
//!
//! Zarr has one fill value for two things: what missing chunks read as, and what readers mask. HDF5 keeps
//! them apart: `_FillValue` is what is masked, and nothing is if there is none. Where the two differ and
//! little is missing, the missing chunks go into the sidecar as HDF5 reads them: with filters undone they
//! are one value over and over, and with filters next to nothing.

use std::collections::HashSet;

use bytes::Bytes;
use h5meta::message::FillValue;
use h5meta::model::{Chunk, Dataset, Storage};

use super::elsewhere::grid;
use super::encode::encode;
use super::pipeline::is_inside;

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
    /// are of, if any are. `None` if they would be more than `most` bytes.
    pub(super) fn new(dataset: &Dataset, mask: Option<u32>, most: u64) -> Option<Self> {
        let Storage::Chunked { chunk_shape, chunks: Some(chunks), .. } = &dataset.storage else {
            return None;
        };
        let shape = dataset.dataspace.as_ref()?.shape();
        let present = chunks.iter().filter(|chunk| is_inside(chunk, shape)).count() as u128;
        let missing = grid(shape, chunk_shape)?.checked_sub(present)?;
        let size = usize::try_from(dataset.datatype.as_ref()?.size).ok()?;
        let element = match &dataset.fill_value {
            FillValue::Value(bytes) if bytes.len() == size => bytes.to_vec(),
            FillValue::Value(_) => return None,
            _ => vec![0; size],
        };
        let elements = chunk_shape.iter().try_fold(1_u64, |n, extent| n.checked_mul(*extent))?;
        let bytes = elements.checked_mul(u64::try_from(size).ok()?)?;
        // A chunk may be larger than all of them are with filters, but not by much.
        if bytes > most.saturating_mul(4) {
            return None;
        }
        let plain = element.repeat(usize::try_from(elements).ok()?);
        let chunk = match mask {
            Some(mask) => encode(&plain, &dataset.filters, mask)?,
            None => plain,
        };
        let all = missing.checked_mul(chunk.len() as u128 + ENTRY)?;
        let total = u64::try_from(all).ok().filter(|all| *all < most)?;
        Some(Self { chunk: chunk.into(), total })
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
