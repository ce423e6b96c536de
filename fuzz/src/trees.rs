//! B-trees.

use h5meta::btree::v1::{Keys, Node};
use h5meta::btree::v2::Header;
use h5meta::wire::Checksums;

use crate::{asks_for_more, behind, sizes};

/// A version 1 B-tree node of either type is decoded or refused, and has the children it says.
pub fn btree_v1(input: &[u8]) {
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
}

/// A version 2 B-tree's header and a node of any level are decoded or refused; a node has the records its parent
/// says, and one child more in an internal node.
pub fn btree_v2(input: &[u8]) {
    let [widths, level, records, bytes @ ..] = input else { return };
    let sizes = sizes(*widths);
    let header = Header::decode(bytes, sizes, Checksums::Skip);
    asks_for_more(bytes, &header);
    let Ok(header) = header else { return };
    let Some(bytes) = behind(bytes, Header::size(sizes)) else { return };
    let level = u16::from(level % 4);
    let node = header.node(bytes, level, (*records).into(), sizes);
    asks_for_more(bytes, &node);
    let Ok(node) = node else { return };
    assert_eq!(node.records().count(), usize::from(*records));
    let children = if level == 0 { 0 } else { usize::from(*records) + 1 };
    assert_eq!(node.children.len(), children);
}
