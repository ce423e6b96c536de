use super::*;
use crate::wire::Width;

fn cursor(bytes: &[u8]) -> Cursor<'_> {
    Cursor::new(bytes, Structure::Data)
}

fn kind<T>(result: Result<T>) -> Kind {
    match result {
        Ok(_) => panic!("read"),
        Err(error) => error.kind().clone(),
    }
}

#[test]
fn numbers_are_little_endian() {
    let mut cursor = cursor(&[1, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 6, 7]);
    assert_eq!(cursor.u8().unwrap(), 1);
    assert_eq!(cursor.u16().unwrap(), 2);
    assert_eq!(cursor.u32().unwrap(), 3);
    assert_eq!(cursor.u64().unwrap(), 4);
    assert_eq!(cursor.uint(3).unwrap(), 0x07_0605);
    assert_eq!((cursor.position(), cursor.rest()), (18, &[][..]));
    assert_eq!(cursor.uint(0).unwrap(), 0);
}

/// A read that fails passes nothing, and says what would be enough from the structure's start.
#[test]
fn a_short_read_passes_nothing() {
    let mut cursor = cursor(&[1, 2, 3]);
    cursor.u8().unwrap();
    assert_eq!(kind(cursor.u32()), Kind::Truncated { need: 5, have: 3 });
    assert_eq!(kind(cursor.take(u64::MAX)), Kind::Truncated { need: u64::MAX, have: 3 });
    assert_eq!(kind(cursor.array::<9>()), Kind::Truncated { need: 10, have: 3 });
    assert_eq!((cursor.position(), cursor.rest()), (1, &[2, 3][..]));
    assert_eq!(cursor.u16().unwrap(), 0x0302);
}

#[test]
fn wide_numbers_hold_no_more_than_64_bits() {
    let mut wide = [0; 32];
    wide[..8].fill(0xfe);
    for width in [16, 32] {
        assert_eq!(cursor(&wide).uint(width).unwrap(), 0xfefe_fefe_fefe_fefe);
    }
    wide[15] = 1;
    assert!(matches!(kind(cursor(&wide).uint(16)), Kind::Invalid { .. }));
    assert_eq!(cursor(&wide).uint(8).unwrap(), 0xfefe_fefe_fefe_fefe);
}

#[test]
fn widths_are_powers_of_two() {
    for bytes in 0..=255 {
        let width = Width::new(bytes);
        assert_eq!(width.is_some(), [2, 4, 8, 16, 32].contains(&bytes), "{bytes}");
        assert!(width.is_none_or(|width| width.bytes() == usize::from(bytes)));
    }
}

#[test]
fn strings_end_with_a_nul() {
    let mut cursor = cursor(b"ab\0cd");
    assert_eq!(cursor.c_string().unwrap(), b"ab");
    assert_eq!(cursor.position(), 3);
    assert_eq!(kind(cursor.c_string()), Kind::Truncated { need: 6, have: 5 });
}

#[test]
fn padding_is_to_eight_bytes_or_the_end() {
    let mut cursor = cursor(&[0; 11]);
    cursor.pad_to_8();
    assert_eq!(cursor.position(), 0);
    cursor.u8().unwrap();
    cursor.pad_to_8();
    assert_eq!(cursor.position(), 8);
    cursor.u8().unwrap();
    cursor.pad_to_8();
    assert_eq!((cursor.position(), cursor.rest()), (11, &[][..]));
}

#[test]
fn what_is_found_in_place_is_said() {
    assert_eq!(kind(cursor(b"HEAP").signature(b"TREE")), Kind::Signature { found: *b"HEAP" });
    assert_eq!(kind(cursor(b"TRE").signature(b"TREE")), Kind::Truncated { need: 4, have: 3 });
    assert_eq!(kind(cursor(&[3]).version(&[1, 2])), Kind::Version { found: 3 });
    let checksum = lookup3(b"bytes");
    assert!(cursor(&checksum.to_le_bytes()).checksum_of(b"bytes", Checksums::Verify).is_ok());
    let wrong = kind(cursor(&[0; 4]).checksum_of(b"bytes", Checksums::Verify));
    assert_eq!(wrong, Kind::Checksum { stored: 0, computed: checksum });
}
