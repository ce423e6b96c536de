//! Version 1 object headers.
//!
//! Spec: IV.A.1.a, "Version 1 Data Object Header Prefix".

use super::{Format, Header, MessageFlags, MessageType, RawMessage, body};
use crate::coverage;
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Cursor, to_u64};

/// Bytes of a message's type, size, flags and reserved bytes.
const MESSAGE_HEADER: u64 = 8;

pub(super) fn decode(bytes: &[u8]) -> Result<Header<'_>> {
    let mut cursor = Cursor::new(bytes, Structure::ObjectHeader);
    cursor.version(&[1])?;
    cursor.take(1)?; // reserved
    cursor.u16()?; // messages in all blocks: implied by the blocks' sizes
    cursor.u32()?; // reference count
    let size = cursor.u32()?;
    cursor.take(4)?; // the messages start at a multiple of eight bytes
    let start = cursor.position();
    let block = cursor.take(size.into())?;
    let size = cursor.position();
    Ok(Header { format: Format::V1, size, messages: messages(block, start)? })
}

pub(super) fn decode_continuation(bytes: &[u8]) -> Result<Vec<RawMessage<'_>>> {
    coverage::mark(Structure::ObjectHeader, "continuation block, version 1");
    messages(bytes, 0)
}

/// The messages of `block`, which starts at byte `start` of its structure.
fn messages(block: &[u8], start: u64) -> Result<Vec<RawMessage<'_>>> {
    let mut cursor = Cursor::new(block, Structure::ObjectHeader);
    let mut messages = Vec::new();
    while to_u64(cursor.rest().len()) >= MESSAGE_HEADER {
        let message_type = MessageType(cursor.u16()?);
        let size = cursor.u16()?;
        let flags = MessageFlags(cursor.u8()?);
        cursor.take(3)?; // reserved
        let position = start.saturating_add(cursor.position());
        let body = body(&mut cursor, size)?;
        if message_type != MessageType::NIL {
            messages.push(RawMessage { message_type, flags, position, body });
        }
    }
    Ok(messages)
}
