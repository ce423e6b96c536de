//! Version 2 B-trees: of dense links and attributes, and of chunks.

use bytes::Bytes;

use super::dense::StoreId;
use super::objects::HeaderBlock;
use super::{Then, Walk};
use crate::btree::v2::{Header, Node};
use crate::error::{Error, Kind, Result};
use crate::spec::Structure;
use crate::wire::{Address, to_u64};

/// Whose tree it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tree {
    /// Names of links or attributes.
    Dense(StoreId),
    /// Huge objects of a fractal heap.
    Huge(StoreId),
    /// Chunks of a dataset.
    Chunks(HeaderBlock),
}

impl Walk {
    /// A tree's header has arrived.
    pub(super) fn btree_v2(&mut self, tree: Tree, bytes: &Bytes) -> Result<()> {
        let sizes = self.sizes()?;
        let header = Header::decode(bytes, sizes, self.checksums)?;
        self.charge_bytes(Header::size(sizes))?;
        let expected = match tree {
            Tree::Dense(id) => self.store(id).map(|(_, holds)| holds.record_type()),
            // Type 2 is of objects that go through filters.
            Tree::Huge(id) => self.heap(id).map(|heap| if heap.is_filtered() { 2 } else { 1 }),
            // Types 10 and 11; which is for the records to say.
            Tree::Chunks(_) => Some(header.record_type.clamp(10, 11)),
        };
        if expected != Some(header.record_type) {
            let kind = Kind::Invalid {
                value: header.record_type.into(),
                why: "a tree of records of another type",
            };
            return Err(Error::new(kind, Structure::BtreeV2, 5));
        }
        let (root, depth, records) = (header.root, header.depth, header.root_records);
        let size = u64::from(header.node_size);
        self.trees.insert(tree, header);
        if let Some(root) = root.filter(|_| records > 0) {
            self.tree_node_at(tree, root, depth, records.into(), size)?;
        }
        self.tree_part_done(tree);
        Ok(())
    }

    fn tree_node_at(
        &mut self,
        tree: Tree,
        address: Address,
        level: u16,
        records: u64,
        size: u64,
    ) -> Result<()> {
        let owner = match tree {
            Tree::Dense(id) | Tree::Huge(id) => self.store(id).map(|(owner, _)| owner),
            Tree::Chunks(owner) => Some(owner),
        };
        let Some(owner) = owner else { return Ok(()) };
        // Depths are bounded by less than this holds.
        let level_of_visit = u8::try_from(level).unwrap_or(u8::MAX);
        self.first_visit(owner, address, Structure::BtreeV2, Some(level_of_visit))?;
        let then = Then::BtreeV2Node(tree, level, records);
        match tree {
            Tree::Dense(id) | Tree::Huge(id) => self.store_want(id, address, size, then),
            Tree::Chunks(_) => self.want(address, size, size, then)?,
        }
        Ok(())
    }

    /// A node has arrived, at `level` and with so many records as its parent says.
    pub(super) fn btree_v2_node(
        &mut self,
        tree: Tree,
        level: u16,
        records: u64,
        bytes: &Bytes,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        let Some(header) = self.trees.get(&tree).cloned() else { return Ok(()) };
        let size = u64::from(header.node_size);
        let node = header.node(bytes, level, records, sizes)?;
        self.charge_bytes(size.min(to_u64(bytes.len())))?;
        self.tree_records(tree, &header, &node)?;
        for child in &node.children {
            let below = level.saturating_sub(1);
            let wanted = self.tree_node_at(tree, child.address, below, child.records, size);
            // One bad child does not lose its siblings.
            if let Err(error) = wanted {
                self.tree_problem(tree, error);
            }
        }
        self.tree_part_done(tree);
        Ok(())
    }

    fn tree_records(&mut self, tree: Tree, header: &Header, node: &Node<'_>) -> Result<()> {
        match tree {
            Tree::Dense(id) => {
                self.store_records(id, node.records().map(<[u8]>::to_vec));
                Ok(())
            }
            Tree::Huge(id) => self.huge_records(id, node.records()),
            Tree::Chunks(id) => self.chunk_records(id, header, node),
        }
    }

    fn tree_part_done(&mut self, tree: Tree) {
        if let Tree::Dense(id) | Tree::Huge(id) = tree {
            self.store_part_done(id);
        }
    }

    /// Something is wrong with a part of a tree that is here.
    fn tree_problem(&mut self, tree: Tree, error: Error) {
        match tree {
            Tree::Dense(id) | Tree::Huge(id) => self.store_problem(id, error),
            Tree::Chunks(id) => self.chunks_lost(id, error),
        }
    }

    /// A part of a tree cannot be read.
    pub(super) fn tree_lost(&mut self, tree: Tree, error: Error) {
        match tree {
            Tree::Dense(id) | Tree::Huge(id) => self.store_lost(id, error),
            Tree::Chunks(id) => self.chunks_lost(id, error),
        }
    }
}
