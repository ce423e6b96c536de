use super::*;
use crate::error::Kind;
use crate::wire::Width;

/// Offsets and lengths of different widths: the name offset has that of lengths.
const SIZES: Sizes = Sizes { offsets: Width::new(4).unwrap(), lengths: Width::new(2).unwrap() };

fn entry(name: u8, header: u8, cache_type: u8, scratch: [u8; 8]) -> Vec<u8> {
    let mut bytes = vec![name, 0, header, 0, 0, 0]; // name offset, header address
    bytes.extend([cache_type, 0, 0, 0, 0, 0, 0, 0]); // cache type, reserved
    bytes.extend(scratch);
    bytes.extend([0; 8]);
    bytes
}

fn node() -> Vec<u8> {
    let mut bytes = b"SNOD\x01\0\x03\0".to_vec(); // version, reserved, symbols
    bytes.extend(entry(8, 64, 0, [0xee; 8]));
    bytes.extend(entry(16, 128, 1, [1, 0, 0, 0, 2, 0, 0, 0]));
    bytes.extend(entry(24, 0, 2, [40, 0, 0, 0, 0, 0, 0, 0]));
    bytes
}

#[test]
fn entries_are_decoded() {
    let entries = decode_node(&node(), SIZES).unwrap();
    let names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
    assert_eq!(names, [8, 16, 24]);
    assert_eq!((entries[0].header, &entries[0].cached_group), (Some(Address(64)), &None));
    let cached = CachedSymbolTable { btree: Address(1), heap: Address(2) };
    assert_eq!(entries[1].cached_group, Some(cached));
    assert_eq!((entries[2].soft_link, &entries[2].cached_group), (Some(40), &None));
    assert_eq!(size(3, SIZES), to_u64(node().len()));
}

#[test]
fn every_shorter_prefix_asks_for_more() {
    let bytes = node();
    for end in 0..bytes.len() {
        let need = decode_node(&bytes[..end], SIZES).unwrap_err().needs().unwrap();
        assert!(need > to_u64(end) && need <= to_u64(bytes.len()), "{end}");
    }
}

#[test]
fn broken_fields_are_named() {
    let kind = |at: usize, value: u8| {
        let mut bytes = node();
        bytes[at] = value;
        decode_node(&bytes, SIZES).unwrap_err().kind().clone()
    };
    assert!(matches!(kind(0, b'T'), Kind::Signature { .. }));
    assert_eq!(kind(4, 2), Kind::Version { found: 2 });
    let mut bytes = node();
    bytes[6..8].fill(0xff);
    assert_eq!(decode_node(&bytes, SIZES).unwrap_err().needs(), Some(size(65_535, SIZES)));
}

/// Two addresses of 16 bytes do not fit the scratch-pad: nothing is cached.
#[test]
fn a_cache_that_cannot_be_is_none() {
    let wide = Width::new(16).unwrap();
    let sizes = Sizes { offsets: wide, lengths: wide };
    let mut bytes = vec![0; 32];
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([1; 16]);
    let entry = Entry::decode(&mut Cursor::new(&bytes, Structure::SymbolTableNode), sizes).unwrap();
    assert_eq!(entry.cached_group, None);
}
