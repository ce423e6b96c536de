//! Old-style groups: a B-tree of symbol table nodes, and a local heap of names.
//!
//! The nodes name the objects, the heap the names: objects are wanted as soon as a node is here, and
//! names are joined to them at the end.

use bytes::Bytes;

use super::objects::HeaderBlock;
use super::{Then, Walk};
use crate::btree::v1::{self, Keys, Node};
use crate::error::Result;
use crate::heap::local;
use crate::message::SymbolTable;
use crate::model::Effect;
use crate::spec::Structure;
use crate::superblock::BtreeK;
use crate::symbol_table::{self, Entry};
use crate::wire::{Address, to_u64, to_usize};

/// An old-style group's links so far.
#[derive(Debug, Default)]
pub(super) struct SymbolTableState {
    pub(super) entries: Vec<Entry>,
    /// The local heap's data segment.
    pub(super) names: Option<Bytes>,
}

impl Walk {
    /// Wants both halves of a group's links.
    pub(super) fn symbol_table(&mut self, id: HeaderBlock, table: SymbolTable) -> Result<()> {
        let Some(block) = self.objects.block_mut(id) else { return Ok(()) };
        if block.symbol_table.is_some() {
            return Ok(());
        }
        block.symbol_table = Some(SymbolTableState::default());
        self.group_node_at(id, table.btree, None)?;
        let (min, hint) = self.local_heap_size();
        self.want(table.heap, min, hint, Then::LocalHeap(id))
    }

    fn group_node_at(
        &mut self,
        id: HeaderBlock,
        address: Address,
        level: Option<u8>,
    ) -> Result<()> {
        self.first_visit(id, address, Structure::BtreeV1, level)?;
        let (min, hint) = self.group_node_size();
        self.want(address, min, hint, Then::GroupNode(id, level))
    }

    pub(super) fn group_node(
        &mut self,
        id: HeaderBlock,
        level: Option<u8>,
        bytes: &Bytes,
    ) -> Result<()> {
        let node = Node::decode(bytes, Keys::Group, self.sizes()?)?;
        node.check_level(level)?;
        self.charge_bytes(node.size())?;
        for child in node.addresses() {
            // One bad child does not lose its siblings.
            let wanted = child.and_then(|child| match node.level.checked_sub(1) {
                Some(below) => self.group_node_at(id, child, Some(below)),
                None => self.symbol_node_at(id, child),
            });
            if let Err(error) = wanted {
                self.problem(id.object, Effect::Links, error);
            }
        }
        Ok(())
    }

    fn symbol_node_at(&mut self, id: HeaderBlock, address: Address) -> Result<()> {
        self.first_visit(id, address, Structure::SymbolTableNode, None)?;
        let hint = symbol_table::node_size(self.btree_k(), self.sizes()?);
        self.want(address, symbol_table::PREFIX, hint, Then::SymbolNode(id))
    }

    pub(super) fn symbol_node(&mut self, id: HeaderBlock, bytes: &Bytes) -> Result<()> {
        let sizes = self.sizes()?;
        let entries = symbol_table::decode_node(bytes, sizes)?;
        self.charge_bytes(symbol_table::size(to_u64(entries.len()), sizes))?;
        for entry in &entries {
            // A soft link has no object.
            if let (Some(header), None) = (entry.header, entry.soft_link) {
                self.object(header)?;
                if let Some(cached) = entry.cached_group {
                    self.guess_group(cached);
                }
            }
        }
        let block = self.objects.block_mut(id);
        if let Some(table) = block.and_then(|block| block.symbol_table.as_mut()) {
            table.entries.extend(entries);
        }
        Ok(())
    }

    pub(super) fn local_heap(&mut self, id: HeaderBlock, bytes: &Bytes) -> Result<()> {
        let header = local::Header::decode(bytes, self.sizes()?)?;
        let then = Then::LocalHeapData(id, header.data_size);
        self.want(header.data, header.data_size, header.data_size, then)
    }

    pub(super) fn local_heap_data(
        &mut self,
        id: HeaderBlock,
        size: u64,
        bytes: &Bytes,
    ) -> Result<()> {
        self.charge_bytes(size)?;
        let block = self.objects.block_mut(id);
        if let Some(table) = block.and_then(|block| block.symbol_table.as_mut()) {
            table.names = Some(bytes.slice(..to_usize(size).min(bytes.len())));
        }
        Ok(())
    }

    /// What to want of a group's B-tree node: its prefix at least, all of it if it is full.
    pub(super) fn group_node_size(&self) -> (u64, u64) {
        let Some(superblock) = &self.superblock else { return (0, 0) };
        let sizes = superblock.sizes;
        let k = self.btree_k().group_internal;
        (v1::prefix_size(sizes), v1::node_size(Keys::Group, k, sizes))
    }

    /// What to want of a local heap: its header, and its data segment, which libhdf5 puts right
    /// behind it and starts with 88 bytes.
    pub(super) fn local_heap_size(&self) -> (u64, u64) {
        let Some(superblock) = &self.superblock else { return (0, 0) };
        let header = local::Header::size(superblock.sizes);
        (header, header.saturating_add(88))
    }

    pub(super) fn btree_k(&self) -> BtreeK {
        self.superblock.as_ref().map(|superblock| superblock.btree_k).unwrap_or_default()
    }
}
