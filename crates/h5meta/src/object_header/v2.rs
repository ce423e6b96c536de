//! Version 2 object headers (`OHDR`) and their continuation blocks (`OCHK`).
//!
//! Spec: IV.A.1.b, "Version 2 Data Object Header Prefix".
//!
//! The size of chunk 0 counts the messages and the gap behind them, not the checksum.

use super::{Format, Header, MessageFlags, MessageType, RawMessage, body};
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Checksums, Cursor, to_u64};

const CHECKSUM: u64 = 4;

pub(super) fn decode(bytes: &[u8], checksums: Checksums) -> Result<Header<'_>> {
    let mut cursor = Cursor::new(bytes, Structure::ObjectHeader);
    cursor.signature(b"OHDR")?;
    cursor.version(&[2])?;
    let flags = cursor.u8()?;
    if flags & 0x04 != 0 {
        cursor.mark("creation order of messages");
    }
    if flags & 0x20 != 0 {
        cursor.mark("times");
        cursor.take(16)?; // access, modification, change and birth time
    }
    if flags & 0x10 != 0 {
        cursor.mark("attribute phase change");
        cursor.take(4)?; // when attributes turn dense, and compact again
    }
    let size = cursor.uint(1 << (flags & 0x03))?;
    let start = cursor.position();
    let block = cursor.take(size)?;
    cursor.checksum(checksums)?;

    let creation_order = flags & 0x04 != 0;
    let messages = messages(block, start, creation_order)?;
    Ok(Header { format: Format::V2 { creation_order }, size: cursor.position(), messages })
}

pub(super) fn decode_continuation(
    bytes: &[u8],
    creation_order: bool,
    checksums: Checksums,
) -> Result<Vec<RawMessage<'_>>> {
    let mut cursor = Cursor::new(bytes, Structure::ObjectHeader);
    cursor.signature(b"OCHK")?;
    cursor.mark("continuation block, version 2");
    let start = cursor.position();
    let Some(size) = to_u64(cursor.rest().len()).checked_sub(CHECKSUM) else {
        return Err(cursor.invalid(to_u64(bytes.len()), "a block shorter than its frame"));
    };
    let block = cursor.take(size)?;
    cursor.checksum(checksums)?;
    messages(block, start, creation_order)
}

/// The messages of `block`, which starts at byte `start` of its structure. What is left at the end
/// and too small for a message's header is a gap.
fn messages(block: &[u8], start: u64, creation_order: bool) -> Result<Vec<RawMessage<'_>>> {
    let mut cursor = Cursor::new(block, Structure::ObjectHeader);
    let message_header = if creation_order { 6 } else { 4 };
    let mut messages = Vec::new();
    while cursor.rest().len() >= message_header {
        let message_type = MessageType(cursor.u8()?.into());
        let size = cursor.u16()?;
        let flags = MessageFlags(cursor.u8()?);
        if creation_order {
            cursor.u16()?; // for links and attributes only; names order them here
        }
        let position = start.saturating_add(cursor.position());
        let body = body(&mut cursor, size)?;
        if message_type != MessageType::NIL {
            messages.push(RawMessage { message_type, flags, position, body });
        }
    }
    Ok(messages)
}
