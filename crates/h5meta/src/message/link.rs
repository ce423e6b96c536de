//! The link message: one link of a new-style group.
//!
//! Spec: IV.A.2.g, "The Link Message".

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes};

/// A name in a group, and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The name as stored: by convention UTF-8 or ASCII, in fact any bytes.
    pub name: Vec<u8>,
    /// What the name leads to.
    pub target: LinkTarget,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LinkTarget {
    /// An object of this file, by its header's address.
    Hard(Address),
    /// A path in this file, which need not exist.
    Soft(Vec<u8>),
    /// An object of another file. Never followed.
    External {
        /// The other file's name, as stored.
        file: Vec<u8>,
        /// The path in it.
        path: Vec<u8>,
    },
    /// A link of a user-defined class.
    UserDefined {
        /// The class, 65 to 255.
        class: u8,
    },
}

impl Link {
    /// Decodes a link message.
    ///
    /// # Errors
    /// `Truncated`, `Version`, or `Invalid` types and addresses.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::Link);
        cursor.version(&[1])?;
        let flags = cursor.u8()?;
        let link_type = if flags & 0x08 != 0 { cursor.u8()? } else { 0 };
        if flags & 0x04 != 0 {
            cursor.mark("with creation order");
            cursor.u64()?; // creation order
        }
        if flags & 0x10 != 0 {
            cursor.u8()?; // the name's character set: ASCII or UTF-8
        }
        let length = cursor.uint(1 << (flags & 0x03))?;
        let name = cursor.take(length)?.to_vec();
        cursor.mark(match link_type {
            0 => "hard",
            1 => "soft",
            64 => "external",
            _ => "user-defined",
        });
        let target = match link_type {
            0 => match cursor.address(sizes)? {
                Some(address) => LinkTarget::Hard(address),
                None => return Err(cursor.invalid(0_u8, "a hard link without an address")),
            },
            1 => LinkTarget::Soft(value(&mut cursor)?.to_vec()),
            64 => external(value(&mut cursor)?)?,
            class @ 65.. => LinkTarget::UserDefined { class },
            reserved => return Err(cursor.invalid(reserved, "a reserved link type")),
        };
        Ok(Self { name, target })
    }
}

fn value<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8]> {
    let length = cursor.u16()?;
    cursor.take(length.into())
}

/// A byte of version and flags, then the file's name and the path in it.
fn external(value: &[u8]) -> Result<LinkTarget> {
    let mut cursor = Cursor::new(value, Structure::Link);
    cursor.u8()?;
    let file = cursor.c_string()?.to_vec();
    let path = cursor.c_string()?.to_vec();
    Ok(LinkTarget::External { file, path })
}
