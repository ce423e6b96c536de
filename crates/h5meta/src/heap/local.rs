//! Local heaps (`HEAP`): the names of a group's links.
//!
//! Spec: III.D, "Disk Format: Level 1D - Local Heaps".

use binrw::BinRead;

use crate::error::{Error, Kind, Result};
use crate::spec::Structure;
use crate::wire::{Address, Cursor, RawAddress, RawLength, Sizes, to_u64, to_usize};

/// A local heap's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes in the data segment.
    pub data_size: u64,
    /// Where the data segment is.
    pub data: Address,
}

#[derive(BinRead)]
#[br(little, import(sizes: Sizes))]
struct Fields {
    version: u8,
    _reserved: [u8; 3],
    #[br(args(sizes))]
    data_size: RawLength,
    #[br(args(sizes))]
    _free_list: RawLength,
    #[br(args(sizes))]
    data: RawAddress,
}

impl Header {
    /// Decodes a local heap's header.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, or `Invalid` if the data segment has no address.
    pub fn decode(bytes: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, Structure::LocalHeap);
        cursor.signature(b"HEAP")?;
        let fields: Fields = cursor.fixed(Self::size(sizes).saturating_sub(4), (sizes,))?;
        cursor.known_version(fields.version, &[0])?;
        let Some(data) = fields.data.0 else {
            return Err(cursor.invalid(0_u8, "the data segment has no address"));
        };
        Ok(Self { data_size: fields.data_size.0, data })
    }

    /// The bytes of a header.
    #[must_use]
    pub fn size(sizes: Sizes) -> u64 {
        to_u64(sizes.l()).saturating_mul(2).saturating_add(to_u64(sizes.o())).saturating_add(8)
    }
}

/// The string that starts at `offset` of a data segment.
///
/// # Errors
/// `Invalid` if the offset is outside the segment; `Truncated` if no NUL ends the string.
pub fn string(data: &[u8], offset: u64) -> Result<&[u8]> {
    let Some(rest) = data.get(to_usize(offset)..) else {
        let kind = Kind::Invalid { value: offset, why: "a name outside the data segment" };
        return Err(Error::new(kind, Structure::LocalHeap, offset));
    };
    Cursor::new(rest, Structure::LocalHeap).c_string()
}

#[cfg(test)]
mod tests;
