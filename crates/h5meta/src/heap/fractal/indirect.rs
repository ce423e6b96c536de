//! Indirect blocks of a fractal heap: where its direct blocks are.
//!
//! Spec: III.G, "Fractal Heap Indirect Block".

use super::Header;
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes, to_usize};

/// What an indirect block points to. Blocks that are not there yet are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Children {
    /// Direct blocks: where they start in the heap, their size, their address.
    pub direct: Vec<(u64, u64, Address)>,
    /// Indirect blocks: where they start in the heap, their rows, their address.
    pub indirect: Vec<(u64, u16, Address)>,
}

/// Decodes an indirect block of `rows` rows that starts at `offset` of the heap.
///
/// # Errors
/// `Truncated`, `Signature`, `Version`, `Checksum`, or `Invalid` addresses.
pub fn decode_indirect(
    bytes: &[u8],
    header: &Header,
    offset: u64,
    rows: u16,
    sizes: Sizes,
) -> Result<Children> {
    let table = header.table;
    let mut cursor = Cursor::new(bytes, Structure::FractalHeap);
    cursor.signature(b"FHIB")?;
    cursor.version(&[0])?;
    cursor.address(sizes)?; // of the heap's header
    cursor.take(table.offset_bytes())?;
    let mut children = Children::default();
    let mut at = offset;
    for row in 0..rows {
        let size = table.block_size(row);
        let direct = row < table.direct_rows();
        for _ in 0..table.width {
            let address = cursor.address(sizes)?;
            if direct && header.filtered {
                cursor.length(sizes)?; // size of the filtered block
                cursor.u32()?; // its filter mask
            }
            match address {
                Some(address) if direct => children.direct.push((at, size, address)),
                Some(address) => children.indirect.push((at, table.rows_of(size), address)),
                None => {}
            }
            at = at.saturating_add(size);
        }
    }
    cursor.checksum(bytes.get(..to_usize(cursor.position())).unwrap_or(bytes))?;
    Ok(children)
}
