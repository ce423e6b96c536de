//! Fractal heap IDs: where an object of the heap is.
//!
//! Spec: III.G, "Fractal Heap ID".

use super::{Header, Stored};
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes, to_u64, to_usize};

/// Where an object of a fractal heap is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeapId {
    /// In a direct block.
    Managed {
        /// Where it starts in the heap.
        offset: u64,
        /// Its bytes.
        length: u64,
    },
    /// By itself in the file.
    Huge(Huge),
    /// In the ID.
    Tiny(Vec<u8>),
}

/// An object too large for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Huge {
    /// Where it is.
    Direct(HugeObject),
    /// Through the heap's B-tree of huge objects.
    Key(u64),
}

/// Where a huge object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HugeObject {
    /// Where it starts.
    pub address: Address,
    /// Its bytes.
    pub size: u64,
    /// How it is stored, if it goes through filters.
    pub filtered: Option<Stored>,
}

impl HugeObject {
    /// Decodes the place of a huge object: of an ID that has room for it, or of a record of the B-tree
    /// of huge objects.
    ///
    /// # Errors
    /// `Truncated`, or `Invalid` if there is no address.
    pub fn decode(cursor: &mut Cursor<'_>, filtered: bool, sizes: Sizes) -> Result<Self> {
        let Some(address) = cursor.address(sizes)? else {
            return Err(cursor.invalid(0_u8, "a huge object without an address"));
        };
        if !filtered {
            return Ok(Self { address, size: cursor.length(sizes)?, filtered: None });
        }
        let stored = Stored::decode(cursor, sizes)?;
        Ok(Self { address, size: cursor.length(sizes)?, filtered: Some(stored) })
    }

    /// The bytes that it takes in the file.
    #[must_use]
    pub fn stored_size(&self) -> u64 {
        self.filtered.map_or(self.size, |stored| stored.size)
    }
}

impl HeapId {
    /// Decodes an ID of the heap with this header.
    ///
    /// # Errors
    /// `Truncated`, `Version`, or `Invalid` types and addresses.
    pub fn decode(id: &[u8], header: &Header, sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(id, Structure::FractalHeap);
        let first = cursor.u8()?;
        if first >> 6 != 0 {
            return Err(cursor.unknown_version(first >> 6));
        }
        match (first >> 4) & 3 {
            0 => {
                cursor.mark("managed object");
                let offset = cursor.uint(to_usize(header.table.offset_bytes()))?;
                let length = cursor.uint(length_bytes(header))?;
                Ok(Self::Managed { offset, length })
            }
            1 => huge(&mut cursor, header, sizes).map(Self::Huge),
            2 => {
                let mut length = u64::from(first & 0x0f);
                // IDs with room for more than 16 bytes have twelve bits for the length.
                cursor.mark("tiny object");
                if header.id_length > 18 {
                    cursor.mark("tiny object with a longer length");
                    length = (length << 8) | u64::from(cursor.u8()?);
                }
                Ok(Self::Tiny(cursor.take(length.saturating_add(1))?.to_vec()))
            }
            other => Err(cursor.invalid(other, "a heap ID type that cannot be")),
        }
    }
}

/// The bytes that the length of a managed object is stored in.
fn length_bytes(header: &Header) -> usize {
    let bytes = |most: u64| to_usize(u64::from(most.max(1).ilog2() / 8).saturating_add(1));
    // As libhdf5 has it: for the largest block rounded down by one bit, for the largest object not.
    let block = to_usize(u64::from(header.table.max_direct.trailing_zeros().div_ceil(8)));
    block.min(bytes(header.max_managed.into())).max(1)
}

/// The bytes of an ID behind its first.
fn room(header: &Header) -> u64 {
    u64::from(header.id_length).saturating_sub(1)
}

impl Header {
    /// Whether IDs have room for where a huge object is: then no B-tree needs to say it.
    #[must_use]
    pub fn huge_ids_are_places(&self, sizes: Sizes) -> bool {
        let (o, l) = (to_u64(sizes.o()), to_u64(sizes.l()));
        // Of a filtered object: its size in the file and without filters, and four bytes of filter mask.
        let place = match self.is_filtered() {
            true => o.saturating_add(l.saturating_mul(2)).saturating_add(4),
            false => o.saturating_add(l),
        };
        place <= room(self)
    }
}

fn huge(cursor: &mut Cursor<'_>, header: &Header, sizes: Sizes) -> Result<Huge> {
    let filtered = if header.is_filtered() { "filtered " } else { "" };
    if header.huge_ids_are_places(sizes) {
        cursor.mark(format_args!("{filtered}huge object by address"));
        return HugeObject::decode(cursor, header.is_filtered(), sizes).map(Huge::Direct);
    }
    cursor.mark(format_args!("{filtered}huge object by key"));
    cursor.uint(to_usize(room(header).min(8))).map(Huge::Key)
}
