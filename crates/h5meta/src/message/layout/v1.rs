//! Data layout message, versions 1 and 2.
//!
//! Spec: IV.A.2.i, "Layout: Versions 1 and 2".

use super::{ChunkIndex, Layout, chunk_dimensions, chunk_rank};
use crate::error::Result;
use crate::wire::{Cursor, Sizes};

/// Decodes what follows the version byte.
pub(super) fn decode(mut cursor: Cursor<'_>, sizes: Sizes) -> Result<Layout> {
    let rank = chunk_rank(&mut cursor)?;
    let class = cursor.u8()?;
    cursor.take(5)?; // reserved
    let address = if class == 0 { None } else { cursor.address(sizes)? };
    let dimensions =
        (0..rank).map(|_| cursor.u32().map(u64::from)).collect::<Result<Vec<u64>>>()?;
    match class {
        0 => {
            let size = cursor.u32()?;
            Ok(Layout::Compact { data: cursor.take(size.into())?.to_vec() })
        }
        // The dimensions repeat the dataspace's and, unlike it, hold at most 32 bits each: the size
        // is taken from dataspace and datatype.
        1 => Ok(Layout::Contiguous { address, size: None }),
        2 => {
            let (chunk_shape, element_size) = chunk_dimensions(&cursor, dimensions)?;
            let index = ChunkIndex::BtreeV1 { address };
            Ok(Layout::Chunked { chunk_shape, element_size, index, unfiltered_edges: false })
        }
        other => Err(cursor.invalid(other, "a layout class that cannot be")),
    }
}
