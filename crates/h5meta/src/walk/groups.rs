//! Old-style groups: a B-tree of symbol table nodes, and a local heap of names.
//!
//! The nodes name the objects, the heap the names: objects are wanted as soon as a node is here, and
//! names are joined to them at the end.

use bytes::Bytes;

use super::objects::ObjectId;
use super::{Then, Walk};
use crate::btree::v1::{self, Keys, Node};
use crate::error::Result;
use crate::heap::local;
use crate::message::SymbolTable;
use crate::spec::Structure;
use crate::superblock::BtreeK;
use crate::symbol_table::{self, Entry};
use crate::wire::to_usize;

/// An old-style group's links so far.
#[derive(Debug, Default)]
pub(super) struct SymbolTableState {
    pub(super) entries: Vec<Entry>,
    /// The local heap's data segment.
    pub(super) names: Option<Bytes>,
}

impl Walk {
    /// Wants both halves of a group's links.
    pub(super) fn symbol_table(&mut self, id: ObjectId, table: SymbolTable) -> Result<()> {
        if let Some(state) = self.objects.get_mut(id) {
            state.symbol_table.get_or_insert_default();
        }
        self.group_node_at(id, table.btree, None)?;
        let (min, hint) = self.local_heap_size();
        self.first_visit(id, table.heap, Structure::LocalHeap)?;
        self.want(table.heap, min, hint, Then::LocalHeap(id))
    }

    fn group_node_at(
        &mut self,
        id: ObjectId,
        address: crate::Address,
        level: Option<u8>,
    ) -> Result<()> {
        self.first_visit(id, address, Structure::BtreeV1)?;
        let (min, hint) = self.group_node_size();
        self.want(address, min, hint, Then::GroupNode(id, level))
    }

    pub(super) fn group_node(
        &mut self,
        id: ObjectId,
        level: Option<u8>,
        bytes: &Bytes,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        let node = Node::decode(bytes, Keys::Group, sizes)?;
        node.check_level(level)?;
        for child in node.addresses() {
            let child = child?;
            if let Some(below) = node.level.checked_sub(1) {
                self.group_node_at(id, child, Some(below))?;
                continue;
            }
            self.first_visit(id, child, Structure::SymbolTableNode)?;
            let hint = symbol_table::node_size(self.btree_k(), sizes);
            self.want(child, symbol_table::PREFIX, hint, Then::SymbolNode(id))?;
        }
        Ok(())
    }

    pub(super) fn symbol_node(&mut self, id: ObjectId, bytes: &Bytes) -> Result<()> {
        let entries = symbol_table::decode_node(bytes, self.sizes()?)?;
        for entry in &entries {
            // A soft link has no object.
            if let (Some(header), None) = (entry.header, entry.soft_link) {
                self.object(header)?;
                if let Some(cached) = entry.cached_group {
                    self.guess_group(cached);
                }
            }
        }
        let table = self.objects.get_mut(id).and_then(|state| state.symbol_table.as_mut());
        if let Some(table) = table {
            table.entries.extend(entries);
        }
        Ok(())
    }

    pub(super) fn local_heap(&mut self, id: ObjectId, bytes: &Bytes) -> Result<()> {
        let header = local::Header::decode(bytes, self.sizes()?)?;
        let then = Then::LocalHeapData(id, header.data_size);
        self.want(header.data, header.data_size, header.data_size, then)
    }

    pub(super) fn local_heap_data(&mut self, id: ObjectId, size: u64, bytes: &Bytes) -> Result<()> {
        let table = self.objects.get_mut(id).and_then(|state| state.symbol_table.as_mut());
        if let Some(table) = table {
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
