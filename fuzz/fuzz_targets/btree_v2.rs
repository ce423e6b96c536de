//! A version 2 B-tree's header and a node of any level are decoded or refused; a node has the records
//! its parent says, and one child more in an internal node.

#![no_main]

use h5meta::btree::v2::Header;
use h5meta::wire::Checksums;
use h5meta_fuzz::{asks_for_more, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [widths, level, records, bytes @ ..] = input else { return };
    let sizes = sizes(*widths);
    let header = Header::decode(bytes, sizes, Checksums::Skip);
    asks_for_more(bytes, &header);
    let Ok(header) = header else { return };
    let size = usize::try_from(Header::size(sizes)).unwrap();
    let Some(bytes) = bytes.get(size..) else { return };
    let level = u16::from(level % 4);
    let node = header.node(bytes, level, (*records).into(), sizes);
    asks_for_more(bytes, &node);
    let Ok(node) = node else { return };
    assert_eq!(node.records().count(), usize::from(*records));
    let children = if level == 0 { 0 } else { usize::from(*records) + 1 };
    assert_eq!(node.children.len(), children);
});
