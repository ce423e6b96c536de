//! Version 2 B-trees (`BTHD`, `BTIN`, `BTLF`): dense links and attributes, chunk indexes, and more.
//!
//! Spec: III.A.2, "Disk Format: Level 1A2 - Version 2 B-trees".
//!
//! What a record is depends on the tree's type; here it is so many bytes. Records are in internal nodes
//! as well as in leaves. A node's child pointers hold counts in as few bytes as the largest possible
//! count needs, so their width follows from the node size, level by level.

use binrw::BinRead;

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Checksums, Cursor, RawAddress, RawLength, Sizes, to_u64, to_usize};

/// Bytes of signature, version and type before a node's records, and of the checksum behind them.
const NODE_OVERHEAD: u64 = 4 + 1 + 1 + 4;

/// More levels than any tree of 2^64 records has.
const MAX_DEPTH: u16 = 64;

/// A tree's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the records are: 5 link names, 8 attribute names, 10 and 11 chunks, and so on.
    pub record_type: u8,
    /// Bytes of each node.
    pub node_size: u32,
    /// Bytes of each record.
    pub record_size: u16,
    /// Levels above the leaves.
    pub depth: u16,
    /// The root node; `None` if there are no records.
    pub root: Option<Address>,
    /// Records in the root node itself.
    pub root_records: u16,
    /// Records in the whole tree.
    pub total_records: u64,
    /// Whether its blocks' checksums are verified.
    pub checksums: Checksums,
}

#[derive(BinRead)]
#[br(little, import(sizes: Sizes))]
struct Fields {
    version: u8,
    record_type: u8,
    node_size: u32,
    record_size: u16,
    depth: u16,
    _split_percent: u8,
    _merge_percent: u8,
    #[br(args(sizes))]
    root: RawAddress,
    root_records: u16,
    #[br(args(sizes))]
    total_records: RawLength,
}

/// A node: its records, and the nodes below it.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    records: &'a [u8],
    record_size: usize,
    /// One more than there are records, in an internal node.
    pub children: Vec<Child>,
}

/// A pointer to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// Where the node is.
    pub address: Address,
    /// Records in that node itself.
    pub records: u64,
}

impl Header {
    /// Decodes a tree's header.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, `Checksum`, or `Invalid` sizes.
    pub fn decode(bytes: &[u8], sizes: Sizes, checksums: Checksums) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, Structure::BtreeV2);
        cursor.signature(b"BTHD")?;
        let fields: Fields = cursor.fixed(Self::size(sizes).saturating_sub(8), (sizes,))?;
        cursor.known_version(fields.version, &[0])?;
        cursor.checksum(checksums)?;
        cursor.mark(format_args!("records of type {}", fields.record_type));
        if fields.record_size == 0 || u64::from(fields.node_size) <= NODE_OVERHEAD {
            return Err(cursor.invalid(fields.node_size, "a node without room for a record"));
        }
        if fields.depth > MAX_DEPTH {
            return Err(cursor.invalid(fields.depth, "a tree deeper than its records allow"));
        }
        Ok(Self {
            record_type: fields.record_type,
            node_size: fields.node_size,
            record_size: fields.record_size,
            depth: fields.depth,
            root: fields.root.0,
            root_records: fields.root_records,
            total_records: fields.total_records.0,
            checksums,
        })
    }

    /// The bytes of a header, checksum included.
    #[must_use]
    pub fn size(sizes: Sizes) -> u64 {
        to_u64(sizes.o()).saturating_add(to_u64(sizes.l())).saturating_add(22)
    }

    /// Decodes a node at `level` (0 for a leaf) which its parent says has so many records.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, `Checksum`, or `Invalid` types and addresses.
    pub fn node<'a>(
        &self,
        bytes: &'a [u8],
        level: u16,
        records: u64,
        sizes: Sizes,
    ) -> Result<Node<'a>> {
        let mut cursor = Cursor::new(bytes, Structure::BtreeV2);
        cursor.signature(if level == 0 { b"BTLF" } else { b"BTIN" })?;
        cursor.version(&[0])?;
        cursor.mark(if level == 0 { "leaf" } else { "internal node" });
        let record_type = cursor.u8()?;
        if record_type != self.record_type {
            return Err(cursor.invalid(record_type, "a node of a tree of another type"));
        }
        let record_size = u64::from(self.record_size);
        let table = cursor.take(record_size.saturating_mul(records))?;
        let mut children = Vec::new();
        if let Some(below) = level.checked_sub(1) {
            let widths = self.pointer_widths(below, sizes);
            let pointer =
                to_u64(sizes.o()).saturating_add(widths.records).saturating_add(widths.total);
            let count = records.saturating_add(1);
            cursor.clone().take(pointer.saturating_mul(count))?;
            for _ in 0..count {
                let Some(address) = cursor.address(sizes)? else {
                    return Err(cursor.invalid(0_u8, "a child without an address"));
                };
                let records = cursor.uint(to_usize(widths.records))?;
                cursor.take(widths.total)?;
                children.push(Child { address, records });
            }
        }
        cursor.checksum(self.checksums)?;
        Ok(Node { records: table, record_size: self.record_size.into(), children })
    }

    /// How wide the counts of a pointer to a node at `level` are.
    fn pointer_widths(&self, level: u16, sizes: Sizes) -> Widths {
        let room = u64::from(self.node_size).saturating_sub(NODE_OVERHEAD);
        let record = u64::from(self.record_size).max(1);
        let most_in_leaf = room.checked_div(record).unwrap_or(0);
        let records = bytes_for(most_in_leaf);
        // Of a leaf the records are all there are below: their total is not stored.
        let (mut most_below, mut total) = (most_in_leaf, 0);
        for _ in 0..level {
            let pointer = to_u64(sizes.o()).saturating_add(records).saturating_add(total);
            let in_node = room
                .saturating_sub(pointer)
                .checked_div(record.saturating_add(pointer))
                .unwrap_or(0);
            most_below =
                in_node.saturating_add(1).saturating_mul(most_below).saturating_add(in_node);
            total = bytes_for(most_below);
        }
        Widths { records, total }
    }
}

struct Widths {
    records: u64,
    total: u64,
}

/// The bytes that numbers up to `most` are stored in.
fn bytes_for(most: u64) -> u64 {
    let bits = 64_u32.saturating_sub(most.max(1).leading_zeros());
    u64::from(bits.div_ceil(8))
}

impl<'a> Node<'a> {
    /// The node's records.
    pub fn records(&self) -> impl Iterator<Item = &'a [u8]> {
        self.records.chunks_exact(self.record_size.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Width;

    #[test]
    fn counts_are_as_wide_as_the_largest_needs() {
        let eight = Width::new(8).unwrap();
        let sizes = Sizes { offsets: eight, lengths: eight };
        let header = Header {
            record_type: 5,
            node_size: 512,
            record_size: 11,
            depth: 3,
            root: None,
            root_records: 0,
            total_records: 0,
            checksums: Checksums::Verify,
        };
        // 45 records fit a leaf: one byte, and no total.
        let leaf = header.pointer_widths(0, sizes);
        assert_eq!((leaf.records, leaf.total), (1, 0));
        // (502 - 9) / 20 = 24 in an internal node, 25 x 45 + 24 = 1149 below it: two bytes.
        let first = header.pointer_widths(1, sizes);
        assert_eq!((first.records, first.total), (1, 2));
        assert_eq!(
            [bytes_for(0), bytes_for(255), bytes_for(256), bytes_for(u64::MAX)],
            [1, 1, 2, 8]
        );
    }
}
