//! Data layout message, version 3.
//!
//! Spec: IV.A.2.i, "Layout: Version 3".

use super::{ChunkIndex, Layout, chunk_dimensions, chunk_rank};
use crate::error::Result;
use crate::wire::{Cursor, Sizes};

/// Decodes what follows the version byte.
pub(super) fn decode(mut cursor: Cursor<'_>, sizes: Sizes) -> Result<Layout> {
    match cursor.u8()? {
        0 => compact(&mut cursor),
        1 => contiguous(&mut cursor, sizes),
        2 => {
            let rank = chunk_rank(&mut cursor)?;
            let address = cursor.address(sizes)?;
            let dimensions =
                (0..rank).map(|_| cursor.u32().map(u64::from)).collect::<Result<Vec<u64>>>()?;
            let (chunk_shape, element_size) = chunk_dimensions(&cursor, dimensions)?;
            let index = ChunkIndex::BtreeV1 { address };
            Ok(Layout::Chunked { chunk_shape, element_size, index, unfiltered_edges: false })
        }
        other => Err(cursor.invalid(other, "a layout class that cannot be")),
    }
}

/// Version 4 has this class in the same form.
pub(super) fn compact(cursor: &mut Cursor<'_>) -> Result<Layout> {
    let size = cursor.u16()?;
    Ok(Layout::Compact { data: cursor.take(size.into())?.to_vec() })
}

/// Version 4 has this class in the same form.
pub(super) fn contiguous(cursor: &mut Cursor<'_>, sizes: Sizes) -> Result<Layout> {
    let address = cursor.address(sizes)?;
    Ok(Layout::Contiguous { address, size: Some(cursor.length(sizes)?) })
}
