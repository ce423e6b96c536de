//! Data layout message, version 4, and 5, which differs in what may be in it and not in its form.
//!
//! Spec: IV.A.2.i, "Layout: Version 4"; the chunk indexes are those of VII.

use super::{ChunkIndex, Layout, chunk_dimensions, chunk_rank, v3};
use crate::coverage;
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Cursor, Sizes};

/// Bit 0 of a chunked layout's flags: chunks over the edge of the dataset are not filtered.
const DONT_FILTER_PARTIAL_BOUND_CHUNKS: u8 = 0x01;
/// Bit 1 of a chunked layout's flags: the single chunk is filtered.
const SINGLE_INDEX_WITH_FILTER: u8 = 0x02;

/// Decodes what follows the version byte.
pub(super) fn decode(mut cursor: Cursor<'_>, sizes: Sizes) -> Result<Layout> {
    match cursor.u8()? {
        0 => v3::compact(&mut cursor),
        1 => v3::contiguous(&mut cursor, sizes),
        2 => chunked(&mut cursor, sizes),
        3 => Ok(Layout::Virtual { collection: cursor.address(sizes)?, object: cursor.u32()? }),
        other => Err(cursor.invalid(other, "a layout class that cannot be")),
    }
}

fn chunked(cursor: &mut Cursor<'_>, sizes: Sizes) -> Result<Layout> {
    let flags = cursor.u8()?;
    let rank = chunk_rank(cursor)?;
    let width = cursor.u8()?;
    if !(1..=8).contains(&width) {
        return Err(cursor.invalid(width, "a width of chunk dimensions"));
    }
    let dimensions = (0..rank).map(|_| cursor.uint(width.into())).collect::<Result<Vec<u64>>>()?;
    let (chunk_shape, element_size) = chunk_dimensions(cursor, dimensions)?;
    let index = match cursor.u8()? {
        1 => {
            let filtered = match flags & SINGLE_INDEX_WITH_FILTER {
                0 => None,
                _ => Some((cursor.length(sizes)?, cursor.u32()?)),
            };
            ChunkIndex::Single { address: cursor.address(sizes)?, filtered }
        }
        2 => ChunkIndex::Implicit { address: cursor.address(sizes)? },
        // What creates the next three indexes is repeated in their own headers.
        3 => {
            cursor.take(1)?; // page bits
            ChunkIndex::FixedArray { address: cursor.address(sizes)? }
        }
        4 => {
            cursor.take(5)?; // maximum, index and super block elements, page bits
            ChunkIndex::ExtensibleArray { address: cursor.address(sizes)? }
        }
        5 => {
            cursor.take(6)?; // node size, split and merge percentages
            ChunkIndex::BtreeV2 { address: cursor.address(sizes)? }
        }
        other => return Err(cursor.invalid(other, "a chunk index type that cannot be")),
    };
    coverage::mark(Structure::ChunkIndex, index.name());
    if matches!(index, ChunkIndex::Single { filtered: Some(_), .. }) {
        coverage::mark(Structure::ChunkIndex, "single chunk with filters");
    }
    let unfiltered_edges = flags & DONT_FILTER_PARTIAL_BOUND_CHUNKS != 0;
    if unfiltered_edges {
        coverage::mark(Structure::ChunkIndex, "edge chunks without filters");
    }
    Ok(Layout::Chunked { chunk_shape, element_size, index, unfiltered_edges })
}
