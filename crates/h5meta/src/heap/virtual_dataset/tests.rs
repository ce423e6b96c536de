use super::*;
use crate::error::Kind;
use crate::selection::Span;
use crate::wire::{Width, lookup3};

fn sizes(lengths: u8) -> Sizes {
    Sizes { offsets: Width::new(8).unwrap(), lengths: Width::new(lengths).unwrap() }
}

/// All, as a selection has it: type, version, reserved.
const ALL: [u8; 16] = [3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Elements `start` to `start + 2`: type, version, flags, encode size, rank, start, stride, count, block.
fn three(start: u8) -> Vec<u8> {
    let fields = [2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 1, 0, 0, 0];
    [&fields[..], &[start, 0, 1, 0, 1, 0, 3, 0]].concat()
}

/// A block: version, number of entries, entries, checksum.
fn block(version: u8, entries: &[Vec<u8>]) -> Bytes {
    let count = to_u64(entries.len()).to_le_bytes();
    checked([&[version][..], &count, &entries.concat()].concat())
}

fn checked(mut bytes: Vec<u8>) -> Bytes {
    bytes.extend(lookup3(&bytes).to_le_bytes());
    bytes.into()
}

fn kind(block: &Bytes) -> Kind {
    decode(block, sizes(8), Checksums::Verify).unwrap_err().kind().clone()
}

#[test]
fn an_entry_of_version_0_has_its_names() {
    let entry = [&b"a.h5\0/data\0"[..], &ALL, &three(4)].concat();
    let block = block(0, &[entry.clone(), [&b".\0x\0"[..], &ALL, &ALL].concat()]);
    let mappings = decode(&block, sizes(8), Checksums::Verify).unwrap();
    assert_eq!(mappings.len(), 2);
    let first = &mappings[0];
    assert_eq!((&first.source_file[..], &first.source_dataset[..]), (&b"a.h5"[..], &b"/data"[..]));
    assert_eq!(first.source, Selection::All);
    let span = Span { start: 4, stride: 1, count: Some(1), block: Some(3) };
    assert_eq!(first.target, Selection::Regular(vec![span]));
    assert_eq!(
        (&mappings[1].source_file[..], &mappings[1].source_dataset[..]),
        (&b"."[..], &b"x"[..])
    );
}

#[test]
fn a_block_may_map_nothing() {
    assert_eq!(decode(&block(0, &[]), sizes(8), Checksums::Verify).unwrap(), []);
}

/// The number of entries, and a shared name's, have the size of lengths.
#[test]
fn an_entry_of_version_1_may_share_its_names() {
    let selections = [&ALL[..], &ALL].concat();
    let entries = [
        [&[0][..], b"a.h5\0x\0", &selections].concat(),
        [&[SAME_FILE][..], b"y\0", &selections].concat(),
        [&[SHARED_FILE | SHARED_DATASET][..], &[0, 0, 0, 0], &[1, 0, 0, 0], &selections].concat(),
        // A name that is shared itself.
        [&[SHARED_FILE][..], &[2, 0, 0, 0], b"z\0", &selections].concat(),
    ];
    let block = checked([&[1, 4, 0, 0, 0][..], &entries.concat()].concat());
    let mappings = decode(&block, sizes(4), Checksums::Verify).unwrap();
    let names = mappings.iter().map(|each| (&each.source_file[..], &each.source_dataset[..]));
    let expected: [(&[u8], &[u8]); 4] =
        [(b"a.h5", b"x"), (b".", b"y"), (b"a.h5", b"y"), (b"a.h5", b"z")];
    assert!(names.eq(expected), "{mappings:?}");
}

#[test]
fn every_shorter_prefix_asks_for_more() {
    let entry = [&b"a.h5\0/data\0"[..], &ALL, &three(4)].concat();
    let block = block(0, &[entry.clone(), entry]);
    for end in 0..block.len() {
        let error = decode(&block.slice(..end), sizes(8), Checksums::Verify).unwrap_err();
        let need = error.needs().unwrap_or_else(|| panic!("{end}: {error}"));
        assert!(need > to_u64(end) && need <= to_u64(block.len()), "{end}: {error}");
    }
}

#[test]
fn broken_fields_are_named() {
    assert_eq!(kind(&block(2, &[])), Kind::Version { found: 2 });
    let mut wrong = block(0, &[]).to_vec();
    wrong[9] ^= 1;
    assert!(matches!(kind(&wrong.into()), Kind::Checksum { .. }));
    // An entry that shares a name with itself, or with one behind it.
    for index in [0, 1, u64::MAX] {
        let entry = [&[SHARED_FILE][..], &index.to_le_bytes(), b"x\0", &ALL, &ALL].concat();
        assert!(matches!(kind(&block(1, &[entry])), Kind::Invalid { value, .. } if value == index));
    }
    // A selection is broken: the error counts from the block's start.
    let entry = [&b"a\0x\0"[..], &ALL, &[9, 0, 0, 0], &[0; 12]].concat();
    let error = decode(&block(0, &[entry]), sizes(8), Checksums::Verify).unwrap_err();
    assert_eq!(error.structure(), Structure::Selection);
    let at = error.at(crate::FileOffset(1000)).offset().unwrap();
    assert_eq!(at.0, 1000 + 9 + 4 + 16 + 4);
}

/// A number of entries is believed when there are bytes for so many.
#[test]
fn a_count_that_lies_asks_for_the_bytes() {
    for count in [1000, u64::MAX] {
        let bytes = checked([&[0][..], &count.to_le_bytes()].concat());
        let need = decode(&bytes, sizes(8), Checksums::Verify).unwrap_err().needs().unwrap();
        assert_eq!(need, count.saturating_mul(SMALLEST).saturating_add(9));
    }
}

/// Sharing makes long names short to store; names that no path has are not shared without end.
#[test]
fn names_are_not_shared_without_end() {
    let long = |n: usize| [&[0][..], &vec![b'x'; n], b"\0y\0", &ALL, &ALL].concat();
    let again = [&[SHARED_FILE][..], &[0; 8], b"y\0", &ALL, &ALL].concat();
    let with = |n: usize, times: usize| {
        let entries = [vec![long(n)], vec![again.clone(); times]].concat();
        decode(&block(1, &entries), sizes(8), Checksums::Verify).map(|mappings| mappings.len())
    };
    assert_eq!(with(2000, 5000).unwrap(), 5001);
    assert!(matches!(with(100_000, 5000).unwrap_err().kind(), Kind::Invalid { .. }));
}
