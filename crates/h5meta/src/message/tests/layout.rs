//! Data layout messages: every version and class.

use super::*;

fn layout(body: &[u8]) -> Result<Layout> {
    Layout::decode(body, SIZES)
}

/// Chunk shape, element size and index of a chunked layout.
fn chunked(body: &[u8]) -> (Vec<u64>, u64, ChunkIndex) {
    match layout(body).unwrap() {
        Layout::Chunked { chunk_shape, element_size, index, .. } => {
            (chunk_shape, element_size, index)
        }
        other => panic!("{other:?}"),
    }
}

const AT: Option<Address> = Some(Address(0x40));

#[test]
fn versions_1_and_2() {
    for version in [1, 2] {
        // Rank, class, five reserved bytes, address, dimensions.
        let body = [version, 2, 2, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 10, 0, 0, 0, 4, 0, 0, 0];
        assert_eq!(chunked(&body), (vec![10], 4, ChunkIndex::BtreeV1 { address: AT }));
        every_shorter_prefix_asks_for_more(&body, body.len(), layout);

        let body = [version, 1, 1, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 10, 0, 0, 0];
        assert_eq!(layout(&body).unwrap(), Layout::Contiguous { address: AT, size: None });
        every_shorter_prefix_asks_for_more(&body, body.len(), layout);

        // Compact has no address, and its size behind the dimensions.
        let body = [version, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 7, 8, 9];
        assert_eq!(layout(&body).unwrap(), Layout::Compact { data: vec![7, 8, 9] });
        every_shorter_prefix_asks_for_more(&body, body.len(), layout);
    }
}

#[test]
fn version_3() {
    let body = [3, 0, 3, 0, 7, 8, 9];
    assert_eq!(layout(&body).unwrap(), Layout::Compact { data: vec![7, 8, 9] });
    every_shorter_prefix_asks_for_more(&body, body.len(), layout);

    let body = [3, 1, 0x40, 0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(layout(&body).unwrap(), Layout::Contiguous { address: AT, size: Some(80) });
    every_shorter_prefix_asks_for_more(&body, body.len(), layout);

    let body = [3, 2, 3, 0xff, 0xff, 0xff, 0xff, 10, 0, 0, 0, 20, 0, 0, 0, 8, 0, 0, 0];
    assert_eq!(chunked(&body), (vec![10, 20], 8, ChunkIndex::BtreeV1 { address: None }));
    every_shorter_prefix_asks_for_more(&body, body.len(), layout);
    invalid(layout(&[3, 3]), 3);
}

#[test]
fn version_4_with_every_chunk_index() {
    // Version, class, flags, rank, width of a dimension, dimensions of two bytes.
    let head = |flags| vec![4, 2, flags, 2, 2, 0, 1, 4, 0];
    let address = [0x40, 0, 0, 0];
    for (parameters, index) in [
        (&[1][..], ChunkIndex::Single { address: AT, filtered: None }),
        (&[2], ChunkIndex::Implicit { address: AT }),
        (&[3, 10], ChunkIndex::FixedArray { address: AT }),
        (&[4, 32, 4, 4, 16, 10], ChunkIndex::ExtensibleArray { address: AT }),
        (&[5, 0, 8, 0, 0, 100, 40], ChunkIndex::BtreeV2 { address: AT }),
    ] {
        let body = [&head(0)[..], parameters, &address].concat();
        assert_eq!(chunked(&body), (vec![256], 4, index));
        assert_eq!(index.address(), AT);
        every_shorter_prefix_asks_for_more(&body, body.len(), layout);
    }
    let mut body = head(0x02);
    body.push(1);
    body.extend(99_u64.to_le_bytes()); // the chunk's size, of the size of lengths
    body.extend([0x05, 0, 0, 0]); // filter mask
    body.extend(address);
    assert_eq!(chunked(&body).2, ChunkIndex::Single { address: AT, filtered: Some((99, 5)) });
    every_shorter_prefix_asks_for_more(&body, body.len(), layout);
}

#[test]
fn version_4_compact_contiguous_and_virtual() {
    assert_eq!(layout(&[4, 0, 1, 0, 7]).unwrap(), Layout::Compact { data: vec![7] });
    let body = [4, 1, 0x40, 0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(layout(&body).unwrap(), Layout::Contiguous { address: AT, size: Some(80) });
    let body = [4, 3, 0x40, 0, 0, 0, 5, 0, 0, 0];
    assert_eq!(layout(&body).unwrap(), Layout::Virtual { collection: AT, object: 5 });
    every_shorter_prefix_asks_for_more(&body, body.len(), layout);
}

#[test]
fn broken_layouts_are_named() {
    assert!(matches!(kind(layout(&[0, 0])), Kind::Version { found: 0 }));
    invalid(layout(&[1, 1, 3, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 0, 0, 0]), 3);
    invalid(layout(&[3, 2, 34]), 34); // 33 dimensions and the element
    invalid(layout(&[3, 2, 1, 0x40, 0, 0, 0, 8, 0, 0, 0]), 0); // an element, no dimension
    invalid(layout(&[3, 2, 2, 0x40, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0]), 0); // no extent
    invalid(layout(&[4, 2, 0, 2, 9]), 9); // dimensions of nine bytes
    invalid(layout(&[4, 2, 0, 2, 0]), 0);
    invalid(layout(&[4, 2, 0, 2, 1, 1, 1, 6]), 6); // a sixth chunk index
    invalid(layout(&[4, 4]), 4);
    invalid(layout(&[4, 2, 0, 34]), 34);
}
