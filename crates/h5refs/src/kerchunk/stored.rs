//! Whether what a dataset has stored can be what it says: every chunk in the file, on the grid, once, and of its size.

use h5meta::model::{Dataset, Storage};

use super::array::Array;
use super::codec::check_place;
use super::elsewhere;
use super::pipeline::is_inside;

/// How many of the chunks that a dataset could have are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    None,
    Some,
    All,
}

impl Array {
    /// Checks that every chunk is where and what it can be; tells whether any are missing.
    pub(super) fn check_chunks(
        &self,
        dataset: &Dataset,
        element_size: u64,
        file_length: Option<u64>,
    ) -> Result<Missing, String> {
        if let Some(tiling) = &self.tiling {
            let lacks = tiling.lacks_chunks(&self.shape);
            return Ok(if lacks { Missing::Some } else { Missing::None });
        }
        let file_length = file_length.unwrap_or(u64::MAX);
        let whole = |shape: &[u64]| {
            shape.iter().try_fold(element_size, |product, &n| product.checked_mul(n))
        };
        let inside = |at: u64, size: u64| match at.checked_add(size) {
            Some(end) if end <= file_length => Ok(()),
            _ => Err(format!("bytes {at:#x} + {size} lie past the end of the file")),
        };
        match &dataset.storage {
            Storage::Compact { data } => match whole(&self.shape) == Some(data.len() as u64) {
                true => Ok(Missing::None),
                false => Err(format!("{} bytes of compact data do not fit its shape", data.len())),
            },
            Storage::Contiguous { at: Some(at), size } => {
                inside(at.0, *size)?;
                if whole(&self.shape).is_none_or(|whole| whole > *size) {
                    return Err(format!("{size} bytes are stored, fewer than its shape needs"));
                }
                Ok(Missing::None)
            }
            Storage::Chunked { chunks: Some(chunks), .. } => {
                let mut present = 0_u128;
                // They are in order: two of one place are next to each other.
                let mut before = None;
                for chunk in chunks.iter().filter(|chunk| is_inside(chunk, &self.shape)) {
                    inside(chunk.at.0, chunk.size)?;
                    check_place(&chunk, &self.chunk_shape)?;
                    if before.replace(chunk.offset) == Some(chunk.offset) {
                        return Err(format!("it has two chunks at {:?}", chunk.offset));
                    }
                    if self.plain.as_ref().is_none_or(|plain| plain.is_common(&chunk, &self.shape))
                    {
                        self.codecs.check_size(&chunk, whole(&self.chunk_shape))?;
                    }
                    present += 1;
                }
                let grid = elsewhere::grid(&self.shape, &self.chunk_shape);
                Ok(match grid.is_none_or(|grid| present < grid) {
                    true if present == 0 => Missing::All,
                    true => Missing::Some,
                    false => Missing::None,
                })
            }
            _ => Ok(Missing::All),
        }
    }
}

/// Bytes of a dataset's data, as they are stored.
pub(super) fn bytes(dataset: &Dataset) -> u64 {
    match &dataset.storage {
        Storage::Chunked { chunks: Some(chunks), .. } => {
            chunks.iter().fold(0, |sum, chunk| sum.saturating_add(chunk.size))
        }
        _ => dataset.size().unwrap_or(u64::MAX),
    }
}
