//! Version 1 B-tree nodes (`TREE`): of groups (type 0) and of chunked datasets (type 1).
//!
//! Spec: III.A.1, "Disk Format: Level 1A1 - Version 1 B-trees".
//!
//! A node holds N children between N + 1 keys. What bounds a child from above is the next key, which
//! nothing here needs; a leaf's child is described by the key before it.

use binrw::BinRead;

use crate::error::{Error, Kind, Result};
use crate::spec::Structure;
use crate::wire::{Address, Cursor, RawAddress, Sizes, to_u64};

/// What a B-tree's keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Type 0: offsets of names in the group's local heap.
    Group,
    /// Type 1: stored size, filter mask and offset of a chunk, for a dataset of this rank.
    Chunk {
        /// Dimensions of the dataset; a key has one more, the element's bytes.
        rank: u8,
    },
}

impl Keys {
    const fn node_type(self) -> u8 {
        match self {
            Self::Group => 0,
            Self::Chunk { .. } => 1,
        }
    }

    fn size(self, sizes: Sizes) -> u64 {
        match self {
            Self::Group => to_u64(sizes.l()),
            // Chunk offsets are eight bytes a dimension whatever the size of offsets is.
            Self::Chunk { rank } => u64::from(rank).saturating_add(2).saturating_mul(8),
        }
    }
}

/// A node, its table not yet decoded.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// 0 for a leaf, whose children are symbol table nodes or chunks; else their height.
    pub level: u8,
    /// Entries Used: children in this node.
    pub children: u16,
    keys: Keys,
    sizes: Sizes,
    table: Cursor<'a>,
}

/// A leaf's record of one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkRecord<'a> {
    /// Where the stored chunk is.
    pub address: Address,
    /// Bytes stored, after filters.
    pub size: u32,
    /// Filter mask: bit n is set if filter n was skipped for this chunk.
    pub filter_mask: u32,
    /// The chunk's first element, eight little-endian bytes a dimension.
    offset: &'a [u8],
}

impl ChunkRecord<'_> {
    /// The chunk's first element, in elements, a dimension at a time.
    pub fn offset(&self) -> impl Iterator<Item = u64> {
        let (dimensions, _) = self.offset.as_chunks::<8>();
        dimensions.iter().map(|bytes| u64::from_le_bytes(*bytes))
    }
}

#[derive(BinRead)]
#[br(little, import(sizes: Sizes))]
struct Prefix {
    node_type: u8,
    level: u8,
    entries_used: u16,
    #[br(args(sizes))]
    _left_sibling: RawAddress,
    #[br(args(sizes))]
    _right_sibling: RawAddress,
}

/// The bytes of a whole node with room for 2K children.
#[must_use]
pub fn node_size(keys: Keys, k: u16, sizes: Sizes) -> u64 {
    let children = u64::from(k).saturating_mul(2);
    let o = to_u64(sizes.o());
    let table = keys.size(sizes).saturating_add(o).saturating_mul(children);
    prefix_size(sizes).saturating_add(table).saturating_add(keys.size(sizes))
}

/// The bytes before a node's table.
#[must_use]
pub fn prefix_size(sizes: Sizes) -> u64 {
    to_u64(sizes.o()).saturating_mul(2).saturating_add(8)
}

impl<'a> Node<'a> {
    /// Decodes a node's prefix and checks that its table is whole.
    ///
    /// Only the entries in use are asked for: the unused rest of a node may lie past the end of the
    /// file.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, or `Invalid` if the node is of another type.
    pub fn decode(bytes: &'a [u8], keys: Keys, sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, Structure::BtreeV1);
        cursor.signature(b"TREE")?;
        let prefix: Prefix = cursor.fixed(prefix_size(sizes).saturating_sub(4), (sizes,))?;
        if prefix.node_type != keys.node_type() {
            return Err(cursor.invalid(prefix.node_type, "a node of another type"));
        }
        let kind = if matches!(keys, Keys::Group) { "group" } else { "chunk" };
        let place = if prefix.level == 0 { "leaf" } else { "internal node" };
        cursor.mark(format_args!("{kind} {place}"));
        let entry = keys.size(sizes).saturating_add(to_u64(sizes.o()));
        cursor.clone().take(entry.saturating_mul(prefix.entries_used.into()))?;
        Ok(Self { level: prefix.level, children: prefix.entries_used, keys, sizes, table: cursor })
    }

    /// Bytes of the node that are in use.
    #[must_use]
    pub fn size(&self) -> u64 {
        let entry = self.keys.size(self.sizes).saturating_add(to_u64(self.sizes.o()));
        prefix_size(self.sizes).saturating_add(entry.saturating_mul(self.children.into()))
    }

    /// The children's addresses.
    ///
    /// # Errors
    /// `Invalid` if one is undefined.
    pub fn addresses(&self) -> impl Iterator<Item = Result<Address>> {
        let mut table = self.table.clone();
        let (key, sizes) = (self.keys.size(self.sizes), self.sizes);
        (0..self.children).map(move |_| {
            table.take(key)?;
            child(&mut table, sizes)
        })
    }

    /// A leaf's chunks.
    ///
    /// # Errors
    /// `Invalid` if an address is undefined.
    pub fn chunks(&self) -> impl Iterator<Item = Result<ChunkRecord<'a>>> {
        let mut table = self.table.clone();
        let (key, sizes) = (self.keys.size(self.sizes), self.sizes);
        (0..self.children).map(move |_| {
            let size = table.u32()?;
            let filter_mask = table.u32()?;
            // Of the dimensions in the key the last is within the element: always zero.
            let offset = table.take(key.saturating_sub(16))?;
            table.take(8)?;
            Ok(ChunkRecord { address: child(&mut table, sizes)?, size, filter_mask, offset })
        })
    }
}

fn child(table: &mut Cursor<'_>, sizes: Sizes) -> Result<Address> {
    let position = table.position();
    table.address(sizes)?.ok_or_else(|| {
        let kind = Kind::Invalid { value: u64::MAX, why: "a child without an address" };
        Error::new(kind, Structure::BtreeV1, position)
    })
}

#[cfg(test)]
mod tests;
