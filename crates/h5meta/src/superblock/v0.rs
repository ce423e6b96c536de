//! Superblock versions 0 and 1.
//!
//! Spec: II.A, "Version 0 Superblock", "Version 1 Superblock".

use binrw::BinRead;

use super::{BtreeK, Superblock, widths};
use crate::error::Result;
use crate::symbol_table::Entry;
use crate::wire::{Cursor, FileOffset, RawAddress, Sizes, to_u64};

/// The fields between the widths and the root group's symbol table entry.
#[derive(BinRead)]
#[br(little, import(version: u8, sizes: Sizes))]
struct Body {
    _reserved: u8,
    group_leaf_node_k: u16,
    group_internal_node_k: u16,
    consistency_flags: u32,
    #[br(if(version == 1))]
    indexed_storage_internal_node_k: Option<u16>,
    #[br(if(version == 1))]
    _reserved_1: u16,
    #[br(args(sizes))]
    base: RawAddress,
    #[br(args(sizes))]
    _free_space: RawAddress,
    #[br(args(sizes))]
    end_of_file: RawAddress,
    #[br(args(sizes))]
    driver_info: RawAddress,
}

/// Decodes what follows the version byte.
pub(super) fn decode(mut cursor: Cursor<'_>, version: u8, base: FileOffset) -> Result<Superblock> {
    // Versions of the free-space storage, the root entry, a reserved byte, and shared messages.
    let [_free_space, _root_entry, _reserved, _shared] = cursor.array()?;
    let sizes = widths(&mut cursor)?;
    let fixed = if version == 1 { 13 } else { 9 };
    let size = to_u64(sizes.o()).saturating_mul(4).saturating_add(fixed);
    let body: Body = cursor.fixed(size, (version, sizes))?;

    let entry = Entry::decode(&mut cursor, sizes)?;
    let root = entry.header.ok_or_else(|| cursor.invalid(0_u8, "the root group has no address"))?;
    let mut btree_k = BtreeK {
        group_leaf: body.group_leaf_node_k,
        group_internal: body.group_internal_node_k,
        ..BtreeK::default()
    };
    if let Some(k) = body.indexed_storage_internal_node_k {
        btree_k.indexed_storage = k;
    }
    Ok(Superblock {
        version,
        sizes,
        base,
        stored_base: body.base.0.map_or(0, |address| address.0),
        end_of_file: body.end_of_file.0,
        root,
        root_cache: entry.cached_group,
        extension: None,
        driver_info: body.driver_info.0,
        btree_k,
        file_space: None,
        consistency_flags: body.consistency_flags,
    })
}
