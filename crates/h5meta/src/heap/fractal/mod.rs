//! Fractal heaps (`FRHP`, `FHDB`, `FHIB`): dense links and attributes, shared messages.
//!
//! Spec: III.G, "Disk Format: Level 1G - Fractal Heap".
//!
//! A heap is one linear space of bytes, cut into direct blocks whose sizes double row by row; a block's
//! own header is part of the space. Indirect blocks say where the direct ones are.

mod id;
mod indirect;

pub use id::{HeapId, Huge, HugeObject};
pub use indirect::{Children, Direct, Stored, decode_indirect, indirect_size};

use binrw::BinRead;

use crate::error::{Error, Kind, Result};
use crate::message::{Filter, filter_pipeline};
use crate::spec::Structure;
use crate::wire::{Address, Checksums, Cursor, RawAddress, RawLength, Sizes, to_u64, to_usize};

/// A heap's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of a heap ID.
    pub id_length: u16,
    /// What blocks and huge objects go through before they are stored.
    pub filters: Vec<Filter>,
    /// How the root block is stored, if it is a direct one and there are filters.
    pub filtered_root: Option<Stored>,
    /// Whether direct blocks have a checksum.
    pub checksummed: bool,
    /// Bytes of the largest object that is in a block.
    pub max_managed: u32,
    /// The version 2 B-tree of huge objects, if there are any that need it.
    pub huge_btree: Option<Address>,
    /// How the linear space is cut.
    pub table: Table,
    /// The root block; `None` for an empty heap.
    pub root: Option<Address>,
    /// Rows of the root indirect block; 0 if the root is a direct block.
    pub root_rows: u16,
    /// Whether its blocks' checksums are verified.
    pub checksums: Checksums,
}

/// How a heap's linear space is cut into blocks: the doubling table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Blocks in each row.
    pub width: u16,
    /// Bytes of a block of the first two rows; it doubles with each further row.
    pub start: u64,
    /// Bytes of the largest direct block; rows of larger ones are indirect.
    pub max_direct: u64,
    /// Bits of an offset in the heap.
    pub offset_bits: u16,
}

#[derive(BinRead)]
#[br(little, import(sizes: Sizes))]
struct Fields {
    version: u8,
    id_length: u16,
    filters_length: u16,
    flags: u8,
    max_managed: u32,
    #[br(args(sizes))]
    _next_huge_id: RawLength,
    #[br(args(sizes))]
    huge_btree: RawAddress,
    #[br(args(sizes))]
    _free_space: RawLength,
    #[br(args(sizes))]
    _free_space_manager: RawAddress,
    #[br(count = 8, args { inner: (sizes,) })]
    _counts: Vec<RawLength>,
    width: u16,
    #[br(args(sizes))]
    start: RawLength,
    #[br(args(sizes))]
    max_direct: RawLength,
    offset_bits: u16,
    _start_rows: u16,
    #[br(args(sizes))]
    root: RawAddress,
    root_rows: u16,
}

impl Header {
    /// Decodes a heap's header.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, `Checksum`, or an `Invalid` doubling table.
    pub fn decode(bytes: &[u8], sizes: Sizes, checksums: Checksums) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, Structure::FractalHeap);
        cursor.signature(b"FRHP")?;
        let fields: Fields = cursor.fixed(Self::size(sizes).saturating_sub(8), (sizes,))?;
        cursor.known_version(fields.version, &[0])?;
        let (mut filters, mut filtered_root) = (Vec::new(), None);
        if fields.filters_length > 0 {
            filtered_root = Some(Stored::decode(&mut cursor, sizes)?);
            filters = filter_pipeline::decode(cursor.take(fields.filters_length.into())?)?;
        }
        cursor.checksum(checksums)?;
        cursor.mark(match (fields.root.0, fields.root_rows) {
            (None, _) => "empty",
            (Some(_), 0) => "root direct block",
            (Some(_), _) => "root indirect block",
        });
        if !filters.is_empty() {
            cursor.mark("filtered blocks");
        }
        let table = Table {
            width: fields.width,
            start: fields.start.0,
            max_direct: fields.max_direct.0,
            offset_bits: fields.offset_bits,
        };
        let powers = table.start.is_power_of_two() && table.max_direct.is_power_of_two();
        let ordered = table.start <= table.max_direct && table.max_direct <= u64::from(u32::MAX);
        if !powers
            || !ordered
            || !table.width.is_power_of_two()
            || !(1..=64).contains(&table.offset_bits)
        {
            return Err(cursor.invalid(table.start, "a doubling table that cannot be"));
        }
        Ok(Self {
            id_length: fields.id_length,
            filters,
            filtered_root,
            checksummed: fields.flags & 0x02 != 0,
            max_managed: fields.max_managed,
            huge_btree: fields.huge_btree.0,
            table,
            root: fields.root.0,
            root_rows: fields.root_rows,
            checksums,
        })
    }

    /// The bytes of a header without filters, checksum included.
    #[must_use]
    pub fn size(sizes: Sizes) -> u64 {
        let (o, l) = (to_u64(sizes.o()), to_u64(sizes.l()));
        o.saturating_mul(3).saturating_add(l.saturating_mul(12)).saturating_add(26)
    }

    /// Whether blocks and huge objects go through filters.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.filtered_root.is_some()
    }

    /// Checks that `block` is a direct block of this heap, and its checksum.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, or `Checksum`.
    pub fn check_direct(&self, block: &[u8], sizes: Sizes) -> Result<()> {
        let mut cursor = Cursor::new(block, Structure::FractalHeap);
        cursor.signature(b"FHDB")?;
        cursor.version(&[0])?;
        cursor.address(sizes)?; // of the heap's header
        cursor.take(self.table.offset_bytes())?;
        cursor.mark(match self.checksummed {
            true => "direct block with a checksum",
            false => "direct block without a checksum",
        });
        if !self.checksummed || self.checksums == Checksums::Skip {
            return Ok(());
        }
        // The checksum is of the block with zeros in the checksum's place.
        let place = to_usize(cursor.position());
        let stored = cursor.u32()?;
        let mut zeroed = block.to_vec();
        if let Some(field) = zeroed.get_mut(place..place.saturating_add(4)) {
            field.fill(0);
        }
        let computed = crate::wire::lookup3(&zeroed);
        if stored == computed {
            return Ok(());
        }
        Err(Error::new(Kind::Checksum { stored, computed }, Structure::FractalHeap, to_u64(place)))
    }
}

impl Table {
    /// Bytes that an offset in the heap is stored in.
    #[must_use]
    pub fn offset_bytes(&self) -> u64 {
        u64::from(self.offset_bits.div_ceil(8))
    }

    /// Bytes of each block of a row.
    #[must_use]
    pub fn block_size(&self, row: u16) -> u64 {
        let doublings = u32::from(row.saturating_sub(1));
        self.start
            .checked_shl(doublings)
            .filter(|size| size >> doublings == self.start)
            .unwrap_or(u64::MAX)
    }

    /// Rows of direct blocks in an indirect block that has enough rows.
    #[must_use]
    pub fn direct_rows(&self) -> u16 {
        let doublings =
            self.max_direct.trailing_zeros().saturating_sub(self.start.trailing_zeros());
        u16::try_from(doublings).unwrap_or(u16::MAX).saturating_add(2)
    }

    /// Rows of an indirect block that covers `size` bytes.
    #[must_use]
    pub fn rows_of(&self, size: u64) -> u16 {
        let first_row = self.start.trailing_zeros().saturating_add(self.width.trailing_zeros());
        let rows = size.max(1).ilog2().saturating_sub(first_row).saturating_add(1);
        u16::try_from(rows).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests;
