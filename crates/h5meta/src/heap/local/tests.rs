use super::*;
use crate::wire::Width;

const SIZES: Sizes = Sizes { offsets: Width::new(4).unwrap(), lengths: Width::new(8).unwrap() };

fn header() -> Vec<u8> {
    let mut bytes = b"HEAP\0\0\0\0".to_vec(); // version, reserved
    bytes.extend(88_u64.to_le_bytes()); // data segment size
    bytes.extend([0xff; 8]); // no free block
    bytes.extend([0x40, 0, 0, 0]); // data segment
    bytes
}

#[test]
fn a_header_is_decoded() {
    let bytes = header();
    let found = Header::decode(&bytes, SIZES).unwrap();
    assert_eq!(found, Header { data_size: 88, data: Address(0x40) });
    assert_eq!(Header::size(SIZES), to_u64(bytes.len()));
    for end in 0..bytes.len() {
        let need = Header::decode(&bytes[..end], SIZES).unwrap_err().needs().unwrap();
        assert!(need > to_u64(end) && need <= to_u64(bytes.len()), "{end}");
    }
}

#[test]
fn broken_fields_are_named() {
    let broken = |at: usize, with: &[u8]| {
        let mut bytes = header();
        bytes[at..at + with.len()].copy_from_slice(with);
        Header::decode(&bytes, SIZES).unwrap_err().kind().clone()
    };
    assert_eq!(broken(0, b"TREE"), Kind::Signature { found: *b"TREE" });
    assert_eq!(broken(4, &[1]), Kind::Version { found: 1 });
    assert!(matches!(broken(24, &[0xff; 4]), Kind::Invalid { .. }));
}

#[test]
fn a_string_ends_with_a_nul_in_the_data() {
    let data = b"\0\0\0\0name\0end";
    assert_eq!(string(data, 4).unwrap(), b"name");
    assert_eq!(string(data, 0).unwrap(), b"");
    assert!(matches!(string(data, 9).unwrap_err().kind(), Kind::Truncated { .. }));
    assert!(matches!(string(data, 12).unwrap_err().kind(), Kind::Truncated { .. }));
    for offset in [13, u64::MAX] {
        let error = string(data, offset).unwrap_err();
        assert!(matches!(error.kind(), Kind::Invalid { value, .. } if *value == offset));
    }
}
