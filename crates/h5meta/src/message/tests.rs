use super::*;
use crate::wire::{Address, Width};

const SIZES: Sizes = Sizes { offsets: Width::new(4).unwrap(), lengths: Width::new(4).unwrap() };

#[test]
fn a_layout_of_version_one_has_five_reserved_bytes() {
    let mut body = vec![1, 2, 2, 0, 0, 0, 0, 0];
    body.extend(64_u32.to_le_bytes()); // address
    body.extend(10_u32.to_le_bytes());
    body.extend(4_u32.to_le_bytes());
    let layout = Layout::decode(&body, SIZES).unwrap();
    let index = ChunkIndex::BtreeV1 { address: Some(Address(64)) };
    let unfiltered_edges = false;
    let expected =
        Layout::Chunked { chunk_shape: vec![10], element_size: 4, index, unfiltered_edges };
    assert_eq!(layout, expected);
}
