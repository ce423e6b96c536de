//! Object headers: the messages that describe a group, a dataset or a committed datatype.
//!
//! Spec: IV.A.1, "Disk Format: Level 2A1 - Data Object Headers".

mod v1;
mod v2;

use crate::error::Result;
use crate::wire::{Checksums, Cursor};

/// What an object header's continuation blocks need to know of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Version 1: messages aligned to eight bytes, no checksum.
    V1,
    /// Version 2.
    V2 {
        /// Whether each message has a creation order field (header flag bit 2).
        creation_order: bool,
    },
}

impl Format {
    /// The version number, as the specification counts.
    #[must_use]
    pub const fn version(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 { .. } => 2,
        }
    }
}

/// An object header's first block.
#[derive(Clone, Debug)]
pub struct Header<'a> {
    /// What the continuation blocks need.
    pub format: Format,
    /// Bytes from the header's start to its last message's end.
    pub size: u64,
    /// The messages of this block, NIL messages left out.
    pub messages: Vec<RawMessage<'a>>,
}

/// A message not yet decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawMessage<'a> {
    /// What kind of message it is.
    pub message_type: MessageType,
    /// Message Flags.
    pub flags: MessageFlags,
    /// Where the body starts in its block, in bytes.
    pub position: u64,
    /// The message's data.
    pub body: &'a [u8],
}

/// A Header Message Type; the named ones are those that this crate acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageType(pub u16);

#[expect(missing_docs, reason = "the specification's own names")]
impl MessageType {
    pub const NIL: Self = Self(0x0000);
    pub const DATASPACE: Self = Self(0x0001);
    pub const LINK_INFO: Self = Self(0x0002);
    pub const DATATYPE: Self = Self(0x0003);
    pub const FILL_VALUE_OLD: Self = Self(0x0004);
    pub const FILL_VALUE: Self = Self(0x0005);
    pub const LINK: Self = Self(0x0006);
    pub const EXTERNAL_FILES: Self = Self(0x0007);
    pub const LAYOUT: Self = Self(0x0008);
    pub const GROUP_INFO: Self = Self(0x000a);
    pub const FILTER_PIPELINE: Self = Self(0x000b);
    pub const ATTRIBUTE: Self = Self(0x000c);
    pub const SHARED_MESSAGE_TABLE: Self = Self(0x000f);
    pub const CONTINUATION: Self = Self(0x0010);
    pub const SYMBOL_TABLE: Self = Self(0x0011);
    pub const BTREE_K: Self = Self(0x0013);
    pub const DRIVER_INFO: Self = Self(0x0014);
    pub const ATTRIBUTE_INFO: Self = Self(0x0015);
    pub const FILE_SPACE_INFO: Self = Self(0x0017);
    pub const CACHE_IMAGE: Self = Self(0x0018);
    /// The highest type that format 4.0 defines.
    const HIGHEST: Self = Self::CACHE_IMAGE;

    /// Whether the specification defines this type.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 <= Self::HIGHEST.0
    }
}

/// Message Flags: how a message is stored, and what to do if its type is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageFlags(pub u8);

impl MessageFlags {
    /// Bit 1: the body says where the message is, in place of the message.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// Bit 7: whoever does not know the message's type must not open the object.
    #[must_use]
    pub const fn must_be_known(self) -> bool {
        self.0 & 0x80 != 0
    }
}

/// Decodes an object header's prefix and first block, whichever its version.
///
/// # Errors
/// `Truncated`, `Version`, `Checksum`, or `Invalid` message sizes.
pub fn decode(bytes: &[u8], checksums: Checksums) -> Result<Header<'_>> {
    if bytes.first() == Some(&b'O') { v2::decode(bytes, checksums) } else { v1::decode(bytes) }
}

/// Decodes a continuation block: all of `bytes`.
///
/// # Errors
/// `Truncated`, `Signature`, `Checksum`, or `Invalid` message sizes.
pub fn decode_continuation(
    bytes: &[u8],
    format: Format,
    checksums: Checksums,
) -> Result<Vec<RawMessage<'_>>> {
    match format {
        Format::V1 => v1::decode_continuation(bytes),
        Format::V2 { creation_order } => v2::decode_continuation(bytes, creation_order, checksums),
    }
}

/// A message's body, which must lie within its block.
fn body<'a>(cursor: &mut Cursor<'a>, size: u16) -> Result<&'a [u8]> {
    if usize::from(size) > cursor.rest().len() {
        return Err(cursor.invalid(size, "a message larger than its block"));
    }
    cursor.take(size.into())
}

#[cfg(test)]
mod tests;
