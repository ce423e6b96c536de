//! Chunk indexes: where the chunks of a dataset are.

use bytes::Bytes;

use super::btree_v2::Tree;
use super::chunk_arrays::{Array, Part};
use super::objects::HeaderBlock;
use super::{Then, Walk, limit};
use crate::btree::v1::{self, Keys, Node};
use crate::btree::v2;
use crate::error::{Error, Kind, Result};
use crate::message::ChunkIndex;
use crate::model::{ChunkTable, Effect};
use crate::spec::Structure;
use crate::wire::{Address, to_u64};

/// A dataset's chunks so far.
#[derive(Debug)]
pub(super) struct Chunks {
    pub(super) table: ChunkTable,
    keys: Keys,
    /// Of a layout of version 4 and later.
    pub(super) array: Array,
    /// Whether part of the index could not be read: then the table is not to be used.
    pub(super) lost: bool,
}

impl Chunks {
    pub(super) fn new(rank: usize) -> Self {
        let keys = Keys::Chunk { rank: u8::try_from(rank).unwrap_or(u8::MAX) };
        Self { table: ChunkTable::new(rank), keys, array: Array::default(), lost: false }
    }
}

impl Walk {
    /// Wants the root of a chunk index. An index without an address has no chunks yet; that of a
    /// single chunk is the chunk, whose size only the whole header can tell.
    pub(super) fn walk_chunk_index(&mut self, id: HeaderBlock, index: ChunkIndex) -> Result<()> {
        let Some(address) = index.address() else { return Ok(()) };
        let done = match index {
            // These two are all in the header; how many chunks there are the dataspace tells.
            ChunkIndex::Single { .. } | ChunkIndex::Implicit { .. } => Ok(()),
            ChunkIndex::BtreeV1 { .. } => self.chunk_node_at(id, address, None),
            ChunkIndex::FixedArray { .. } => self.chunk_array(id, address, Part::FixedHeader),
            ChunkIndex::ExtensibleArray { .. } => {
                self.chunk_array(id, address, Part::ExtensibleHeader)
            }
            ChunkIndex::BtreeV2 { .. } => {
                let size = v2::Header::size(self.sizes()?);
                self.want(address, size, size, Then::BtreeV2(Tree::Chunks(id)))
            }
        };
        if let Err(error) = done {
            let at = self.locate(address)?;
            self.chunks_lost(id, error.at(at));
        }
        Ok(())
    }

    fn chunk_node_at(
        &mut self,
        id: HeaderBlock,
        address: Address,
        level: Option<u8>,
    ) -> Result<()> {
        self.first_visit(id, address, Structure::BtreeV1, level)?;
        let sizes = self.sizes()?;
        let Some(keys) = self.chunks_mut(id).map(|chunks| chunks.keys) else { return Ok(()) };
        let hint = v1::node_size(keys, self.btree_k().indexed_storage, sizes);
        self.want(address, v1::prefix_size(sizes), hint, Then::ChunkNode(id, level))
    }

    pub(super) fn chunk_node(
        &mut self,
        id: HeaderBlock,
        level: Option<u8>,
        bytes: &Bytes,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        let Some(keys) = self.chunks_mut(id).map(|chunks| chunks.keys) else { return Ok(()) };
        let node = Node::decode(bytes, keys, sizes)?;
        node.check_level(level)?;
        self.charge_bytes(node.size())?;
        if let Some(below) = node.level.checked_sub(1) {
            for child in node.addresses() {
                let wanted = child.and_then(|child| self.chunk_node_at(id, child, Some(below)));
                if let Err(error) = wanted {
                    self.chunks_lost(id, error);
                }
            }
            return Ok(());
        }
        self.charge_chunks(node.children.into())?;
        let Some(superblock) = self.superblock.as_ref() else { return Ok(()) };
        let block = self.objects.block_mut(id);
        let Some(chunks) = block.and_then(|block| block.chunks.as_mut()) else { return Ok(()) };
        for record in node.chunks() {
            let record = record?;
            let at = superblock.locate(record.address)?;
            chunks.table.push(record.offset(), at, record.size.into(), record.filter_mask);
        }
        Ok(())
    }

    pub(super) fn charge_chunks(&mut self, n: u64) -> Result<()> {
        self.chunks = self.chunks.saturating_add(n);
        if self.chunks > self.limits.chunks {
            return Err(self.exhaust(limit("chunks", self.limits.chunks, Structure::ChunkIndex)));
        }
        Ok(())
    }

    /// Part of a chunk index cannot be read: a table with holes would read as fill values.
    pub(super) fn chunks_lost(&mut self, id: HeaderBlock, error: Error) {
        if let Some(chunks) = self.chunks_mut(id) {
            chunks.lost = true;
        }
        self.problem(id.object, Effect::Data, error);
    }

    fn chunks_mut(&mut self, id: HeaderBlock) -> Option<&mut Chunks> {
        self.objects.block_mut(id)?.chunks.as_mut()
    }
}

impl Node<'_> {
    /// A child's level is one below its parent's, which also ends every path.
    ///
    /// # Errors
    /// `Invalid` if it is not.
    pub(super) fn check_level(&self, expected: Option<u8>) -> Result<()> {
        if expected.is_none_or(|expected| expected == self.level) {
            return Ok(());
        }
        let kind = Kind::Invalid { value: self.level.into(), why: "a node at the wrong level" };
        Err(Error::new(kind, Structure::BtreeV1, to_u64(5)))
    }
}
