//! A version 1 B-tree node of either type is decoded or refused, and has the children it says.

#![no_main]

use h5meta::btree::v1::{Keys, Node};
use h5meta_fuzz::{asks_for_more, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [rank, widths, bytes @ ..] = input else { return };
    let keys = if rank % 2 == 0 { Keys::Group } else { Keys::Chunk { rank: rank / 2 } };
    let node = Node::decode(bytes, keys, sizes(*widths));
    asks_for_more(bytes, &node);
    let Ok(node) = node else { return };
    assert_eq!(node.addresses().count(), usize::from(node.children));
    if let Keys::Chunk { rank } = keys {
        for record in node.chunks().filter_map(Result::ok) {
            assert_eq!(record.offset().count(), usize::from(rank));
        }
    }
});
