//! Chunk indexes of layout messages of version 4 and later: arrays of chunk records.
//!
//! Spec: VII, "Appendix C: Types of Indexes for Dataset Chunks".
//!
//! An array's element number is the number of the chunk, counted over the dataset's largest extent, last
//! dimension fastest. Where the chunk is in the dataset only the dataspace tells: see [`Grid`].

pub mod extensible_array;
pub mod fixed_array;
mod grid;

pub use grid::Grid;

use crate::error::Result;
use crate::wire::{Address, Cursor, Sizes, to_u64};

/// What an array's elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// Bytes of an element.
    pub size: u8,
    /// Whether size and filter mask of the chunk come with its address (client 1).
    pub filtered: bool,
}

/// A chunk as an array or a version 2 B-tree has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where the chunk is; `None` if it was never written.
    pub address: Option<Address>,
    /// Bytes stored and filter mask, if chunks are filtered.
    pub filtered: Option<(u64, u32)>,
}

impl Element {
    /// An element of `size` bytes for this client: 0 unfiltered chunks, 1 filtered ones.
    ///
    /// # Errors
    /// `Invalid` if there is no such client, or the size is not its elements'.
    pub fn new(cursor: &Cursor<'_>, client: u8, size: u8, sizes: Sizes) -> Result<Self> {
        let address = to_u64(sizes.o());
        let fits = match client {
            0 => u64::from(size) == address,
            // An address, a size of one to eight bytes, a filter mask.
            1 => (1..=8).contains(&u64::from(size).saturating_sub(address).saturating_sub(4)),
            _ => return Err(cursor.invalid(client, "an array that is not of chunks")),
        };
        match fits {
            true => {
                cursor.mark(if client == 1 { "filtered chunks" } else { "unfiltered chunks" });
                Ok(Self { size, filtered: client == 1 })
            }
            false => Err(cursor.invalid(size, "elements of the wrong size")),
        }
    }

    /// Decodes the element at the cursor.
    ///
    /// # Errors
    /// `Truncated`, or `Invalid` addresses.
    pub fn decode(self, cursor: &mut Cursor<'_>, sizes: Sizes) -> Result<Record> {
        let address = cursor.address(sizes)?;
        let mut filtered = None;
        if self.filtered {
            // The size takes as many bytes as the largest one needs.
            let width = usize::from(self.size).saturating_sub(sizes.o()).saturating_sub(4);
            filtered = Some((cursor.uint(width)?, cursor.u32()?));
        }
        Ok(Record { address, filtered })
    }

    /// Decodes `count` elements; the first has number `first`.
    ///
    /// # Errors
    /// As [`Element::decode`].
    pub fn decode_run(
        self,
        cursor: &mut Cursor<'_>,
        first: u64,
        count: u64,
        sizes: Sizes,
    ) -> Result<Vec<(u64, Record)>> {
        cursor.clone().take(count.saturating_mul(self.size.into()))?;
        let mut records = Vec::new();
        for number in first..first.saturating_add(count) {
            let record = self.decode(cursor, sizes)?;
            if record.address.is_some() {
                records.push((number, record));
            }
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests;
