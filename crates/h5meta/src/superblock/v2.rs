//! Superblock versions 2 and 3.
//!
//! Spec: II.A, "Version 2 Superblock", "Version 3 Superblock".

use binrw::BinRead;

use super::{BtreeK, Superblock, widths};
use crate::error::Result;
use crate::wire::{Checksums, Cursor, FileOffset, RawAddress, Sizes, to_u64};

/// The fields between the widths and the checksum.
#[derive(BinRead)]
#[br(little, import(sizes: Sizes))]
struct Body {
    consistency_flags: u8,
    #[br(args(sizes))]
    base: RawAddress,
    #[br(args(sizes))]
    extension: RawAddress,
    #[br(args(sizes))]
    end_of_file: RawAddress,
    #[br(args(sizes))]
    root: RawAddress,
}

/// Decodes what follows the version byte.
pub(super) fn decode(
    mut cursor: Cursor<'_>,
    version: u8,
    base: FileOffset,
    checksums: Checksums,
) -> Result<Superblock> {
    let sizes = widths(&mut cursor)?;
    let size = to_u64(sizes.o()).saturating_mul(4).saturating_add(1);
    let body: Body = cursor.fixed(size, (sizes,))?;
    cursor.checksum(checksums)?;

    let root = body.root.0.ok_or_else(|| cursor.invalid(0_u8, "the root group has no address"))?;
    Ok(Superblock {
        version,
        sizes,
        base,
        stored_base: body.base.0.map_or(0, |address| address.0),
        end_of_file: body.end_of_file.0,
        root,
        root_cache: None,
        extension: body.extension.0,
        driver_info: None,
        btree_k: BtreeK::default(),
        file_space: None,
        consistency_flags: body.consistency_flags.into(),
    })
}
