//! Symbol table nodes (`SNOD`) and their entries: the links of an old-style group.
//!
//! Spec: III.B, "Disk Format: Level 1B - Group Symbol Table Nodes"; III.C, "Symbol Table Entry".
//!
//! The specification gives the Link Name Offset the size of offsets; libhdf5 writes it with the size
//! of lengths, and files where the two differ are read that way here.

use binrw::BinRead;

use crate::error::Result;
use crate::spec::Structure;
use crate::superblock::{BtreeK, CachedSymbolTable};
use crate::wire::{Address, Cursor, Sizes, to_u64};

/// One link of a group; its name is in the group's local heap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where the name starts in the local heap's data segment, in bytes.
    pub name: u64,
    /// The object header; meaningless for a soft link.
    pub header: Option<Address>,
    /// For a soft link (cache type 2): where its target path starts in the local heap.
    pub soft_link: Option<u64>,
    /// For a group (cache type 1): its symbol table, cached. A hint, not a source.
    pub cached_group: Option<CachedSymbolTable>,
}

/// The bytes of a node before its entries.
pub const PREFIX: u64 = 8;

/// The fixed part of a node, behind its signature.
#[derive(BinRead)]
#[br(little)]
struct Prefix {
    version: u8,
    _reserved: u8,
    symbols: u16,
}

/// Decodes a node's entries.
///
/// # Errors
/// `Truncated`, `Signature`, `Version`, or `Invalid` fields of an entry.
pub fn decode_node(bytes: &[u8], sizes: Sizes) -> Result<Vec<Entry>> {
    let mut cursor = Cursor::new(bytes, Structure::SymbolTableNode);
    cursor.signature(b"SNOD")?;
    let prefix: Prefix = cursor.fixed(PREFIX.saturating_sub(4), ())?;
    cursor.known_version(prefix.version, &[1])?;
    // Taken before it is counted: a lying count ends here, with what it would take.
    let table = cursor.clone().take(entry_size(sizes).saturating_mul(prefix.symbols.into()))?;
    let mut entries = Vec::with_capacity(table.len() / 24);
    for _ in 0..prefix.symbols {
        entries.push(Entry::decode(&mut cursor, sizes)?);
    }
    Ok(entries)
}

/// The bytes of a node with room for all the entries that `k` allows.
#[must_use]
pub fn node_size(k: BtreeK, sizes: Sizes) -> u64 {
    size(u64::from(k.group_leaf).saturating_mul(2), sizes)
}

/// The bytes of a node of that many entries.
pub(crate) fn size(entries: u64, sizes: Sizes) -> u64 {
    entry_size(sizes).saturating_mul(entries).saturating_add(PREFIX)
}

fn entry_size(sizes: Sizes) -> u64 {
    // Name offset, header address, cache type and reserved, scratch-pad.
    to_u64(sizes.l()).saturating_add(to_u64(sizes.o())).saturating_add(8 + 16)
}

impl Entry {
    /// Decodes the entry at the cursor.
    ///
    /// # Errors
    /// `Truncated`, or `Invalid` addresses.
    pub fn decode(cursor: &mut Cursor<'_>, sizes: Sizes) -> Result<Self> {
        let name = cursor.length(sizes)?;
        let header = cursor.address(sizes)?;
        let cache_type = cursor.u32()?;
        cursor.u32()?; // reserved
        let scratch = cursor.take(16)?;
        let mut scratch = Cursor::new(scratch, Structure::SymbolTableNode);
        let mark = format_args!("entry of cache type {cache_type}");
        crate::coverage::mark(Structure::SymbolTableNode, mark);
        let mut entry = Self { name, header, soft_link: None, cached_group: None };
        match cache_type {
            1 => entry.cached_group = Self::cached_group(&mut scratch, sizes),
            2 => entry.soft_link = Some(scratch.u32()?.into()),
            // Type 0 caches nothing; an unknown type's scratch-pad is not needed.
            _ => {}
        }
        Ok(entry)
    }

    /// A scratch-pad too narrow for two addresses, or an undefined one, caches nothing.
    fn cached_group(scratch: &mut Cursor<'_>, sizes: Sizes) -> Option<CachedSymbolTable> {
        let btree = scratch.address(sizes).ok()??;
        let heap = scratch.address(sizes).ok()??;
        Some(CachedSymbolTable { btree, heap })
    }
}

#[cfg(test)]
mod tests;
