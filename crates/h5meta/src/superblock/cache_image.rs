//! Metadata cache image: metadata that a writer left in one block, in place of where it belongs.
//!
//! Spec: IV.A.2.y, "The Metadata Cache Image Message" (in the superblock extension). The block itself
//! is not in the specification; this is as libhdf5 writes it (`cache_image.h5`).
//!
//! What is in the image is not at its address in the file, or is older there.

use bytes::Bytes;

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Checksums, Cursor, Sizes, to_u64, to_usize};

/// Where the image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheImage {
    /// Where it starts.
    pub address: Address,
    /// Its bytes.
    pub length: u64,
}

/// A structure in an image: the bytes that belong at its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it belongs.
    pub address: Address,
    /// Its bytes.
    pub bytes: Bytes,
}

impl CacheImage {
    /// Decodes a Metadata Cache Image message; `None` if the file has no image (any more).
    ///
    /// # Errors
    /// `Truncated` or `Version`.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Option<Self>> {
        let mut cursor = Cursor::new(body, Structure::CacheImage);
        cursor.version(&[0])?;
        cursor.mark("message");
        let address = cursor.address(sizes)?;
        let length = cursor.length(sizes)?;
        Ok(address.map(|address| Self { address, length }))
    }

    /// Decodes the image: `bytes` are all of it.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, `Checksum`, or `Invalid` entries.
    pub fn entries(self, bytes: &Bytes, sizes: Sizes, checksums: Checksums) -> Result<Vec<Entry>> {
        let mut cursor = Cursor::new(bytes, Structure::CacheImage);
        cursor.signature(b"MDCI")?;
        cursor.version(&[0])?;
        cursor.mark("image");
        let flags = cursor.u8()?;
        if flags & 0x01 != 0 {
            return Err(cursor.invalid(flags, "the status of a resizing cache"));
        }
        let length = cursor.length(sizes)?;
        if length != self.length {
            return Err(cursor.invalid(length, "a length that its message does not have"));
        }
        let count = cursor.u32()?;
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(entry(&mut cursor, bytes, sizes)?);
        }
        cursor.checksum(checksums)?;
        Ok(entries)
    }
}

fn entry(cursor: &mut Cursor<'_>, image: &Bytes, sizes: Sizes) -> Result<Entry> {
    cursor.take(1 + 1 + 1 + 1)?; // type, flags, ring, age
    cursor.take(2 + 2)?; // children in flush order, and those not written
    let parents = u64::from(cursor.u16()?);
    cursor.u32()?; // how recently it was used
    let Some(address) = cursor.address(sizes)? else {
        return Err(cursor.invalid(0_u8, "an entry without an address"));
    };
    let size = cursor.length(sizes)?;
    cursor.take(parents.saturating_mul(to_u64(sizes.o())))?; // their addresses
    let start = to_usize(cursor.position());
    let taken = cursor.take(size)?.len();
    Ok(Entry { address, bytes: image.slice(start..start.saturating_add(taken)) })
}
