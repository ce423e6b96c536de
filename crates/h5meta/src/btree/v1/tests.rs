use super::*;
use crate::wire::Width;

const SIZES: Sizes = Sizes { offsets: Width::new(4).unwrap(), lengths: Width::new(8).unwrap() };

/// A leaf of two chunks of a two-dimensional dataset, with four-byte addresses.
fn chunk_leaf() -> Vec<u8> {
    let mut bytes = b"TREE".to_vec();
    bytes.extend([1, 0, 2, 0]); // chunk node, level 0, two entries
    bytes.extend([0xff; 8]); // no siblings
    for (size, mask, offset, address) in
        [(100_u32, 0_u32, [0_u64, 10], 1024_u32), (90, 2, [20, 0], 4096)]
    {
        bytes.extend(size.to_le_bytes());
        bytes.extend(mask.to_le_bytes());
        bytes.extend(offset[0].to_le_bytes());
        bytes.extend(offset[1].to_le_bytes());
        bytes.extend([0; 8]); // within the element
        bytes.extend(address.to_le_bytes());
    }
    bytes
}

#[test]
fn chunk_keys_are_eight_bytes_a_dimension_whatever_the_address() {
    let bytes = chunk_leaf();
    let node = Node::decode(&bytes, Keys::Chunk { rank: 2 }, SIZES).unwrap();
    let chunks: Vec<_> = node.chunks().map(Result::unwrap).collect();
    assert_eq!(chunks[1].address, Address(4096));
    assert_eq!((chunks[1].size, chunks[1].filter_mask), (90, 2));
    assert_eq!(chunks[1].offset().collect::<Vec<_>>(), [20, 0]);
    let addresses: Vec<_> = node.addresses().map(Result::unwrap).collect();
    assert_eq!(addresses, [Address(1024), Address(4096)]);
}

#[test]
fn a_lying_count_asks_for_bytes_and_allocates_nothing() {
    let mut bytes = chunk_leaf();
    bytes[6..8].copy_from_slice(&[0xff, 0xff]);
    let error = Node::decode(&bytes, Keys::Chunk { rank: 2 }, SIZES).unwrap_err();
    assert_eq!(error.needs(), Some(16 + 65_535 * 36));
}

#[test]
fn a_group_node_is_no_chunk_node() {
    let error = Node::decode(&chunk_leaf(), Keys::Group, SIZES).unwrap_err();
    assert!(matches!(error.kind(), Kind::Invalid { value: 1, .. }));
}

#[test]
fn node_sizes_follow_from_k() {
    let sizes = Sizes { offsets: Width::new(8).unwrap(), lengths: Width::new(8).unwrap() };
    // What libhdf5 allocates for K = 16 and K = 32 with eight-byte addresses.
    assert_eq!(node_size(Keys::Group, 16, sizes), 544);
    assert_eq!(node_size(Keys::Chunk { rank: 1 }, 32, sizes), 2096);
}
