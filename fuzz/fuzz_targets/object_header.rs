//! An object header is decoded or refused, and so is the same as a continuation block. Messages lie
//! in the bytes, in order.

#![no_main]

use h5meta::object_header::{Format, RawMessage, decode, decode_continuation};
use h5meta::wire::Checksums;
use h5meta_fuzz::asks_for_more;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let header = decode(bytes, Checksums::Skip);
    asks_for_more(bytes, &header);
    if let Ok(header) = header {
        in_order(bytes, &header.messages);
    }
    for format in [Format::V1, Format::V2 { creation_order: bytes.len() % 2 == 0 }] {
        if let Ok(messages) = decode_continuation(bytes, format, Checksums::Skip) {
            in_order(bytes, &messages);
        }
    }
});

fn in_order(bytes: &[u8], messages: &[RawMessage<'_>]) {
    let mut end = 0;
    for message in messages {
        let start = message.position as usize;
        assert!(start >= end);
        assert_eq!(bytes[start..].as_ptr(), message.body.as_ptr());
        end = start + message.body.len();
    }
}
