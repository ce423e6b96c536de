//! Indirect blocks of a fractal heap: where its direct blocks are.
//!
//! Spec: III.G, "Fractal Heap Indirect Block".

use super::Header;
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes, to_u64};

/// What an indirect block points to. Blocks that are not there yet are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Children {
    /// Direct blocks.
    pub direct: Vec<(Address, Direct)>,
    /// Indirect blocks: where they start in the heap, their rows, their address.
    pub indirect: Vec<(u64, u16, Address)>,
}

/// A direct block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direct {
    /// Where it starts in the heap.
    pub offset: u64,
    /// Its bytes.
    pub size: u64,
    /// How it is stored, if it goes through filters.
    pub filtered: Option<Stored>,
}

/// How something that goes through filters is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes in the file.
    pub size: u64,
    /// A bit for each filter that was skipped.
    pub filter_mask: u32,
}

impl Stored {
    pub(super) fn decode(cursor: &mut Cursor<'_>, sizes: Sizes) -> Result<Self> {
        Ok(Self { size: cursor.length(sizes)?, filter_mask: cursor.u32()? })
    }
}

impl Direct {
    /// The bytes that it takes in the file.
    #[must_use]
    pub fn stored_size(&self) -> u64 {
        self.filtered.map_or(self.size, |stored| stored.size)
    }
}

/// The bytes of an indirect block of `rows` rows, checksum included.
#[must_use]
pub fn indirect_size(header: &Header, rows: u16, sizes: Sizes) -> u64 {
    let table = header.table;
    let (o, width) = (to_u64(sizes.o()), u64::from(table.width));
    let direct = u64::from(rows.min(table.direct_rows())).saturating_mul(width);
    let all = u64::from(rows).saturating_mul(width);
    let filtered = if header.is_filtered() { to_u64(sizes.l()).saturating_add(4) } else { 0 };
    let entries = all.saturating_mul(o).saturating_add(direct.saturating_mul(filtered));
    o.saturating_add(table.offset_bytes()).saturating_add(entries).saturating_add(9)
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
    if offset > 0 {
        cursor.mark("indirect block in an indirect block");
    }
    let mut children = Children::default();
    let mut at = offset;
    for row in 0..rows {
        let size = table.block_size(row);
        let direct = row < table.direct_rows();
        for _ in 0..table.width {
            let address = cursor.address(sizes)?;
            let filtered = match direct && header.is_filtered() {
                true => Some(Stored::decode(&mut cursor, sizes)?),
                false => None,
            };
            match address {
                Some(address) if direct => {
                    children.direct.push((address, Direct { offset: at, size, filtered }));
                }
                Some(address) => children.indirect.push((at, table.rows_of(size), address)),
                None => {}
            }
            at = at.saturating_add(size);
        }
    }
    cursor.checksum(header.checksums)?;
    Ok(children)
}
