//! The superblock: where a file's metadata starts and how wide its fields are.
//!
//! Spec: II.A, "Disk Format: Level 0A - Format Signature and Superblock".

mod cache_image;
mod driver_info;
mod extension;
mod file_space;
mod foreign;
mod v0;
mod v2;

pub use cache_image::{CacheImage, Entry};
pub use driver_info::{BLOCK_PREFIX, DriverInfo, FileSet};
pub use extension::{BtreeK, decode_btree_k};
pub use file_space::{FileSpaceInfo, Strategy};
pub use foreign::ForeignFormat;

use crate::error::{Error, Kind, Result};
use crate::spec::Structure;
use crate::wire::{Address, Checksums, Cursor, FileOffset, Sizes, Width};

/// The eight bytes that a superblock starts with.
pub const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// Bytes that every superblock's start fits in, whatever its version and widths.
pub const LARGEST: u64 = 8 + 16 + 4 * 32 + 4 + 2 * 32 + 24;

/// A superblock of any version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// 0 to 3.
    pub version: u8,
    /// The widths of addresses and lengths in the rest of the file.
    pub sizes: Sizes,
    /// Where the signature was found: what addresses are relative to.
    ///
    /// Like libhdf5, this is not the stored Base Address: a user block may have been added to or
    /// taken from the file since it was written.
    pub base: FileOffset,
    /// The Base Address as stored.
    pub stored_base: u64,
    /// End of File Address as stored, relative to the stored base.
    pub end_of_file: Option<Address>,
    /// The root group's object header.
    pub root: Address,
    /// What a version 0 or 1 superblock caches of the root group: a hint, not a source.
    pub root_cache: Option<CachedSymbolTable>,
    /// The superblock extension's object header (versions 2 and 3).
    pub extension: Option<Address>,
    /// The driver information block (versions 0 and 1), written by the multi-file drivers.
    pub driver_info: Option<Address>,
    /// Half the number of links in a symbol table node, and of children in B-tree nodes.
    pub btree_k: BtreeK,
    /// How the writer managed the file's space, if the extension says.
    pub file_space: Option<FileSpaceInfo>,
    /// File Consistency Flags: bit 0 says that a writer had the file open (version 3).
    pub consistency_flags: u32,
}

/// A symbol table's two addresses, as cached in a symbol table entry's scratch-pad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedSymbolTable {
    /// The root of the group's version 1 B-tree.
    pub btree: Address,
    /// The group's local heap.
    pub heap: Address,
}

impl Superblock {
    /// Decodes the superblock whose signature `bytes` starts with, found at `base`.
    ///
    /// # Errors
    /// `Signature`, `Version`, `Checksum`, `Truncated`, or `Invalid` widths or root address.
    pub fn decode(bytes: &[u8], base: FileOffset, checksums: Checksums) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, Structure::Superblock);
        if cursor.array()? != SIGNATURE {
            let found = bytes.first_chunk().copied().unwrap_or_default();
            return Err(Error::new(Kind::Signature { found }, Structure::Superblock, 0));
        }
        if base.0 > 0 {
            cursor.mark("behind a user block");
        }
        match cursor.version(&[0, 1, 2, 3])? {
            version @ (0 | 1) => v0::decode(cursor, version, base),
            version => v2::decode(cursor, version, base, checksums),
        }
    }

    /// The file offset of an address.
    ///
    /// # Errors
    /// `Invalid` if the sum does not fit.
    pub fn locate(&self, address: Address) -> Result<FileOffset> {
        self.base.0.checked_add(address.0).map(FileOffset).ok_or_else(|| {
            let kind = Kind::Invalid { value: address.0, why: "an address past any file" };
            Error::new(kind, Structure::Superblock, 0)
        })
    }
}

/// The file offsets a superblock may be at: 0, 512, 1024, 2048 and so on below `file_length`.
pub fn places(file_length: u64) -> impl Iterator<Item = FileOffset> {
    let doubling = std::iter::successors(Some(512_u64), |at| at.checked_mul(2));
    std::iter::once(0).chain(doubling).take_while(move |&at| at < file_length).map(FileOffset)
}

fn widths(cursor: &mut Cursor<'_>) -> Result<Sizes> {
    let mut width = || {
        let bytes = cursor.u8()?;
        Width::new(bytes).ok_or_else(|| cursor.invalid(bytes, "a width of offsets or lengths"))
    };
    let sizes = Sizes { offsets: width()?, lengths: width()? };
    cursor.mark(format_args!("offsets of {} bytes", sizes.o()));
    cursor.mark(format_args!("lengths of {} bytes", sizes.l()));
    Ok(sizes)
}

#[cfg(test)]
mod tests;
