//! Blocks wanted on a guess: what a symbol table entry caches of a group.
//!
//! An old-style group's links are behind its object header, often behind a continuation of it, and
//! behind a B-tree node. But the entry that leads to the group caches where the B-tree and the heap
//! are. So they are wanted at once, and what they name too: three round trips fewer a level of nesting.
//!
//! **Invariant:** a guess makes bytes arrive early, and nothing else. What the file holds is decided by
//! its object headers alone; a cache that is wrong costs bytes, and no error.

use bytes::Bytes;

use super::objects::{HEADER_HINT, HEADER_MIN};
use super::step::Guess;
use super::{Then, Walk};
use crate::btree::v1::{Keys, Node};
use crate::error::Result;
use crate::superblock::CachedSymbolTable;
use crate::symbol_table;
use crate::wire::{Address, to_u64};

impl Walk {
    /// A group's symbol table, as a cache has it.
    pub(super) fn guess_group(&mut self, cached: CachedSymbolTable) {
        let (node, heap) = (self.group_node_size(), self.local_heap_size());
        self.guess(cached.btree, node, Guess::GroupNode);
        self.guess(cached.heap, heap, Guess::Block);
    }

    pub(super) fn guessed(&mut self, guess: Guess, bytes: &Bytes) -> Result<()> {
        let sizes = self.sizes()?;
        // Guesses that overlap are given up: what they name comes later, or never.
        if self.guessed_bytes > self.most() {
            return Ok(());
        }
        match guess {
            Guess::Block => {}
            Guess::GroupNode => {
                let node = Node::decode(bytes, Keys::Group, sizes)?;
                self.guessed_bytes = self.guessed_bytes.saturating_add(node.size());
                let (size, guess) = match node.level {
                    0 => {
                        let hint = symbol_table::node_size(self.btree_k(), sizes);
                        ((symbol_table::PREFIX, hint), Guess::SymbolNode)
                    }
                    _ => (self.group_node_size(), Guess::GroupNode),
                };
                for child in node.addresses() {
                    self.guess(child?, size, guess);
                }
            }
            Guess::SymbolNode => {
                let entries = symbol_table::decode_node(bytes, sizes)?;
                let size = symbol_table::size(to_u64(entries.len()), sizes);
                self.guessed_bytes = self.guessed_bytes.saturating_add(size);
                for entry in entries {
                    if let (Some(header), None) = (entry.header, entry.soft_link) {
                        self.guess(header, (HEADER_MIN, HEADER_HINT), Guess::Block);
                    }
                    if let Some(cached) = entry.cached_group {
                        self.guess_group(cached);
                    }
                }
            }
        }
        Ok(())
    }

    fn guess(&mut self, address: Address, (min, hint): (u64, u64), guess: Guess) {
        if self.guessed.insert(address) {
            // An address that is none, or a budget that is used up: then it is not wanted early.
            let _ = self.want(address, min, hint, Then::Guess(guess));
        }
    }
}
