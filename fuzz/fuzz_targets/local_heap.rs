//! A local heap is decoded or refused, and any offset of its data is a name or an error.

#![no_main]

use h5meta::heap::local::{Header, string};
use h5meta_fuzz::{asks_for_more, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [widths, bytes @ ..] = input else { return };
    let header = Header::decode(bytes, sizes(*widths));
    asks_for_more(bytes, &header);
    let offset = header.map_or(u64::from(*widths), |header| header.data_size);
    if let Ok(name) = string(bytes, offset) {
        assert_eq!(bytes[offset as usize + name.len()], 0);
    }
});
