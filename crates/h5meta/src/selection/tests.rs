use super::*;
use crate::error::Kind;

/// A selection's type, version, and what follows.
fn bytes(kind: u32, version: u32, parts: &[&[u8]]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &version.to_le_bytes(), &parts.concat()].concat()
}

fn u16s(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn u32s(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn u64s(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The selection that all of these bytes are; every prefix of them asks for more, and what follows
/// them is not looked at.
fn decode(bytes: &[u8]) -> Selection {
    let longer = [bytes, &[0xee; 9]].concat();
    let (selection, size) = Selection::decode(&longer).unwrap();
    assert_eq!(size, to_u64(bytes.len()));
    for end in 0..bytes.len() {
        let need = Selection::decode(&bytes[..end]).unwrap_err().needs().unwrap();
        assert!(need > to_u64(end) && need <= to_u64(bytes.len()), "{end}: {need}");
    }
    selection
}

fn kind(bytes: &[u8]) -> Kind {
    Selection::decode(bytes).unwrap_err().kind().clone()
}

fn span(start: u64, stride: u64, count: Option<u64>, block: Option<u64>) -> Span {
    Span { start, stride, count, block }
}

#[test]
fn none_and_all() {
    assert_eq!(decode(&bytes(0, 1, &[&[0; 8]])), Selection::None);
    assert_eq!(decode(&bytes(3, 1, &[&[0; 8]])), Selection::All);
    assert_eq!(kind(&bytes(3, 2, &[&[0; 8]])), Kind::Version { found: 2 });
    assert!(matches!(kind(&bytes(4, 1, &[&[0; 8]])), Kind::Invalid { value: 4, .. }));
    assert_eq!(Selection::All.rank(), None);
}

#[test]
fn points_of_both_versions() {
    // Reserved, length, rank, number of points, coordinates.
    let v1 = bytes(1, 1, &[&u32s(&[0, 24, 2, 2]), &u32s(&[1, 2, 70_000, 4])]);
    // Encode size, rank, number of points, coordinates.
    let v2 = bytes(1, 2, &[&[8], &u32s(&[2]), &u64s(&[2]), &u64s(&[1, 2, 70_000, 4])]);
    for body in [v1, v2] {
        let selection = decode(&body);
        let Selection::Points(points) = &selection else { panic!("{selection:?}") };
        assert_eq!(points.iter().collect::<Vec<_>>(), [[1, 2], [70_000, 4]]);
        assert_eq!((selection.rank(), selection.spans()), (Some(2), None));
    }
    let none = decode(&bytes(1, 2, &[&[2], &u32s(&[1]), &u16s(&[0])]));
    assert!(matches!(none, Selection::Points(points) if points.iter().len() == 0));
}

#[test]
fn a_hyperslab_of_version_1_is_a_list_of_boxes() {
    // Reserved, length, rank, number of boxes, corners.
    let body = bytes(2, 1, &[&u32s(&[0, 0, 2, 2]), &u32s(&[0, 0, 1, 9, 3, 0, 3, 4])]);
    let selection = decode(&body);
    let Selection::Blocks(blocks) = &selection else { panic!("{selection:?}") };
    let found: Vec<_> = blocks.iter().collect();
    assert_eq!(found, [(&[0, 0][..], &[1, 9][..]), (&[3, 0], &[3, 4])]);
    assert_eq!((selection.rank(), selection.spans()), (Some(2), None));

    let single = decode(&bytes(2, 1, &[&u32s(&[0, 0, 2, 1]), &u32s(&[2, 0, 3, 9])]));
    let expected = vec![span(2, 2, Some(1), Some(2)), span(0, 10, Some(1), Some(10))];
    assert_eq!(single.spans(), Some(expected));
    // A box that ends before it starts, or at the end of all numbers, is none.
    for corners in [[3, 0, 2, 9], [0, 0, u64::MAX, 0]] {
        let parts = [&[0, 8][..], &u32s(&[2]), &u64s(&[1]), &u64s(&corners)];
        assert_eq!(decode(&bytes(2, 3, &parts)).spans(), None);
    }
}

#[test]
fn regular_hyperslabs_of_versions_2_and_3() {
    // Flags, length, rank; start, stride, count, block.
    let v2 = bytes(2, 2, &[&[1], &u32s(&[36, 1]), &u64s(&[1, 4, 3, 2])]);
    let expected = Selection::Regular(vec![span(1, 4, Some(3), Some(2))]);
    assert_eq!(decode(&v2), expected);
    // Flags, encode size, rank.
    let v3 = bytes(2, 3, &[&[1, 2], &u32s(&[1]), &u16s(&[1, 4, 3, 2])]);
    assert_eq!(decode(&v3), expected);
    assert_eq!(expected.rank(), Some(1));
    // Without the flag, boxes.
    let v3 = bytes(2, 3, &[&[0, 4], &u32s(&[1]), &u32s(&[1, 4, 5])]);
    assert_eq!(decode(&v3).spans(), Some(vec![span(4, 2, Some(1), Some(2))]));
}

/// All ones, at every width.
#[test]
fn a_count_or_a_block_may_be_unlimited() {
    let endless = span(1, 2, None, Some(1));
    let v2 = bytes(2, 2, &[&[1], &u32s(&[36, 1]), &u64s(&[1, 2, u64::MAX, 1])]);
    let two = bytes(2, 3, &[&[1, 2], &u32s(&[1]), &u16s(&[1, 2, u16::MAX, 1])]);
    let four = bytes(2, 3, &[&[1, 4], &u32s(&[1]), &u32s(&[1, 2, u32::MAX, 1])]);
    for body in [v2, two, four] {
        assert_eq!(decode(&body), Selection::Regular(vec![endless]));
    }
    assert!(endless.is_unlimited());
    let block = bytes(2, 3, &[&[1, 2], &u32s(&[1]), &u16s(&[5, 1, 1, u16::MAX])]);
    assert_eq!(decode(&block), Selection::Regular(vec![span(5, 1, Some(1), None)]));
    let both = bytes(2, 3, &[&[1, 2], &u32s(&[1]), &u16s(&[5, 1, u16::MAX, u16::MAX])]);
    assert!(matches!(kind(&both), Kind::Invalid { value: 5, .. }));
}

#[test]
fn broken_fields_are_named() {
    assert_eq!(kind(&bytes(1, 3, &[])), Kind::Version { found: 3 });
    assert_eq!(kind(&bytes(2, 4, &[])), Kind::Version { found: 4 });
    for width in [0, 1, 3, 16] {
        let value = width.into();
        let found = kind(&bytes(2, 3, &[&[1, width], &u32s(&[1])]));
        assert!(matches!(found, Kind::Invalid { value: of, .. } if of == value));
        let found = kind(&bytes(1, 2, &[&[width], &u32s(&[1])]));
        assert!(matches!(found, Kind::Invalid { value: of, .. } if of == value));
    }
    for rank in [0, 33, u32::MAX] {
        let value = rank.into();
        for version in [1, 2, 3] {
            let before: &[u8] = [&[0; 8][..], &[1, 0, 0, 0, 0], &[1, 8]][version - 1];
            let body = bytes(2, u32::try_from(version).unwrap(), &[before, &u32s(&[rank])]);
            let found = kind(&body);
            assert!(matches!(found, Kind::Invalid { value: of, .. } if of == value), "{found:?}");
        }
    }
    // A stride of nothing, and blocks that overlap.
    for (stride, count, block) in [(0, 1, 1), (2, 2, 3), (2, u64::MAX, 3)] {
        let body = bytes(2, 2, &[&[1], &u32s(&[36, 1]), &u64s(&[0, stride, count, block])]);
        assert!(matches!(kind(&body), Kind::Invalid { value, .. } if value == stride));
    }
}

/// However many a list says there are, the bytes are looked for before any room is made.
#[test]
fn a_count_that_lies_asks_for_the_bytes() {
    let points = bytes(1, 2, &[&[8], &u32s(&[32]), &u64s(&[u64::MAX])]);
    let boxes = bytes(2, 3, &[&[0, 8], &u32s(&[32]), &u64s(&[u64::MAX / 2])]);
    for body in [points, boxes] {
        assert_eq!(Selection::decode(&body).unwrap_err().needs(), Some(u64::MAX));
    }
    let boxes = bytes(2, 1, &[&u32s(&[0, 0, 2, 1000])]);
    assert_eq!(Selection::decode(&boxes).unwrap_err().needs(), Some(24 + 1000 * 16));
}
