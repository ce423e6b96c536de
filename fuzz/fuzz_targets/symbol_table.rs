//! A symbol table node is decoded or refused; it never has more entries than bytes for them.

#![no_main]

use h5meta::symbol_table::decode_node;
use h5meta_fuzz::{asks_for_more, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [widths, bytes @ ..] = input else { return };
    let entries = decode_node(bytes, sizes(*widths));
    asks_for_more(bytes, &entries);
    if let Ok(entries) = entries {
        assert!(entries.len() * 28 <= bytes.len());
    }
});
