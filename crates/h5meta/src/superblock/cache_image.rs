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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::wire::{Width, lookup3};

    const SIZES: Sizes = Sizes { offsets: Width::new(8).unwrap(), lengths: Width::new(8).unwrap() };

    fn word(n: u64) -> [u8; 8] {
        n.to_le_bytes()
    }

    /// An image of two entries, the second with a parent.
    fn image() -> Vec<u8> {
        let mut bytes = b"MDCI".to_vec();
        bytes.extend([0, 0]); // version, flags
        bytes.extend(word(0)); // length: below
        bytes.extend([2, 0, 0, 0]); // entries
        for (parents, address, content) in [(0_u16, 800, "header"), (1, 900, "node")] {
            bytes.extend([5, 1, 1, 0]); // type, flags, ring, age
            bytes.extend([0; 4]); // children
            bytes.extend(parents.to_le_bytes());
            bytes.extend([0xff; 4]); // how recently it was used
            bytes.extend(word(address));
            bytes.extend(word(content.len() as u64));
            bytes.extend(word(800).repeat(parents.into()));
            bytes.extend(content.as_bytes());
        }
        let length = bytes.len() as u64 + 4;
        bytes[6..14].copy_from_slice(&word(length));
        bytes.extend(lookup3(&bytes).to_le_bytes());
        bytes
    }

    fn entries(bytes: &[u8]) -> Result<Vec<Entry>> {
        let message = CacheImage { address: Address(0), length: image().len() as u64 };
        message.entries(&Bytes::copy_from_slice(bytes), SIZES, Checksums::Verify)
    }

    #[test]
    fn a_message_says_where_the_image_is() {
        let body = [[0].as_slice(), &word(4096), &word(300)].concat();
        let found = CacheImage::decode(&body, SIZES).unwrap();
        assert_eq!(found, Some(CacheImage { address: Address(4096), length: 300 }));
        let none = [[0].as_slice(), &[0xff; 8], &word(0)].concat();
        assert_eq!(CacheImage::decode(&none, SIZES).unwrap(), None);
    }

    #[test]
    fn entries_are_bytes_for_an_address() {
        let found = entries(&image()).unwrap();
        let found: Vec<(u64, &[u8])> =
            found.iter().map(|entry| (entry.address.0, &*entry.bytes)).collect();
        assert_eq!(found, [(800, b"header".as_slice()), (900, b"node")]);
        let image = image();
        for end in 0..image.len() {
            let error = entries(&image[..end]).unwrap_err();
            assert!(error.needs().is_some_and(|need| need > end as u64), "{end}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let broken = |at: usize, byte: u8| {
            let mut image = image();
            image[at] = byte;
            entries(&image).unwrap_err().kind().clone()
        };
        assert!(matches!(broken(4, 1), Kind::Version { found: 1 }));
        assert!(matches!(broken(5, 1), Kind::Invalid { .. }), "the status of a resizing cache");
        assert!(matches!(broken(6, 0), Kind::Invalid { .. }), "another length than the message's");
        assert!(matches!(broken(50, 9), Kind::Checksum { .. }));
    }
}
