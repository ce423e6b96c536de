//! Superblock, object headers, messages and symbol tables.

use bytes::Bytes;
use h5meta::message::Message;
use h5meta::object_header::{
    Format, MessageFlags, MessageType, RawMessage, decode, decode_continuation,
};
use h5meta::shared_message::{decode_table, table_size};
use h5meta::superblock::{CacheImage, DriverInfo, ForeignFormat, Superblock, places};
use h5meta::symbol_table::decode_node;
use h5meta::wire::Checksums;
use h5meta::{Address, FileOffset};

use crate::{asks_for_more, sizes};

/// A superblock, driver information and a cache image are decoded or refused; what asks for more asks for more than
/// it was given, and what the image holds is within its bytes.
pub fn superblock(bytes: &[u8]) {
    let superblock = Superblock::decode(bytes, FileOffset(512), Checksums::Skip);
    asks_for_more(bytes, &superblock);
    if let Ok(superblock) = superblock {
        let _ = superblock.locate(superblock.root);
    }
    assert!(!ForeignFormat::of(bytes).to_string().is_empty());
    let length = bytes.len() as u64;
    assert!(places(length).all(|place| place.0 <= length));

    let info = DriverInfo::decode_block(bytes);
    asks_for_more(bytes, &info);
    if let Ok(info) = info {
        assert!(info.block_size() <= length);
        let _ = info.check_whole();
    }

    let image = CacheImage { address: Address(0), length };
    let image_bytes = Bytes::copy_from_slice(bytes);
    for widths in [0x22, 0x11] {
        let entries = image.entries(&image_bytes, sizes(widths), Checksums::Skip);
        let held = entries.iter().flatten().map(|entry| entry.bytes.len() as u64).sum::<u64>();
        assert!(held <= length);
    }
}

/// An object header is decoded or refused, and so is the same as a continuation block. Messages lie in the bytes,
/// in order.
pub fn object_header(bytes: &[u8]) {
    let header = decode(bytes, Checksums::Skip);
    asks_for_more(bytes, &header);
    if let Ok(header) = header {
        assert!(header.size <= bytes.len() as u64);
        in_order(bytes, &header.messages);
    }
    for format in [Format::V1, Format::V2 { creation_order: bytes.len() % 2 == 0 }] {
        if let Ok(messages) = decode_continuation(bytes, format, Checksums::Skip) {
            in_order(bytes, &messages);
        }
    }
}

fn in_order(bytes: &[u8], messages: &[RawMessage<'_>]) {
    let mut end = 0;
    for message in messages {
        let start = message.position as usize;
        assert!(start >= end);
        assert_eq!(bytes[start..].as_ptr(), message.body.as_ptr());
        end = start + message.body.len();
    }
}

/// A message of any type is decoded or refused: the first byte is its type, the second its flags (bit 1: a message
/// that is elsewhere), the third the widths.
pub fn messages(input: &[u8]) {
    let [message_type, flags, widths, body @ ..] = input else { return };
    let message_type = MessageType((message_type % 0x1a).into());
    let raw = RawMessage { message_type, flags: MessageFlags(*flags), position: 0, body };
    let message = Message::decode(&raw, sizes(*widths));
    asks_for_more(body, &message);
    match message {
        Ok(Message::Other(other)) => assert_eq!(other, message_type),
        Ok(Message::Layout(layout)) => _ = layout.chunk_bytes(),
        Ok(Message::Dataspace(space)) => {
            if let Some(space) = space.here() {
                // A dimension takes two bytes at least.
                assert!(space.shape().len() * 2 <= body.len());
                let _ = space.elements();
            }
        }
        Ok(Message::FilterPipeline(filters)) => {
            let filters = filters.here().into_iter().flat_map(|filters| filters.iter());
            let parameters: usize = filters.map(|filter| filter.client_data.len()).sum();
            assert!(parameters * 4 <= body.len());
        }
        _ => {}
    }
}

/// The table of shared messages is decoded or refused, and has as many indexes as it was said to.
pub fn shared_messages(input: &[u8]) {
    let [widths, indexes, bytes @ ..] = input else { return };
    let table = decode_table(bytes, *indexes, sizes(*widths), Checksums::Skip);
    asks_for_more(bytes, &table);
    if let Ok(table) = table {
        assert_eq!(table.len(), usize::from(*indexes));
        assert!(table_size(*indexes, sizes(*widths)) <= bytes.len() as u64);
        let types = (0..=u16::from(u8::MAX)).map(MessageType);
        assert!(types.filter(|&it| table.iter().any(|index| index.has(it))).count() <= 17);
    }
}

/// A symbol table node is decoded or refused; it never has more entries than bytes for them.
pub fn symbol_table(input: &[u8]) {
    let [widths, bytes @ ..] = input else { return };
    let entries = decode_node(bytes, sizes(*widths));
    asks_for_more(bytes, &entries);
    if let Ok(entries) = entries {
        assert!(entries.len() * 28 <= bytes.len());
    }
}
