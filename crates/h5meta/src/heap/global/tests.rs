use super::*;
use crate::error::Kind;
use crate::wire::Width;

fn sizes(lengths: u8) -> Sizes {
    Sizes { offsets: Width::new(4).unwrap(), lengths: Width::new(lengths).unwrap() }
}

/// Index, reference count, reserved, size, data; each part padded to eight bytes.
fn object(index: u16, size: u64, data: &[u8]) -> Vec<u8> {
    let mut bytes = index.to_le_bytes().to_vec();
    bytes.extend([1, 0, 0, 0, 0, 0]);
    bytes.extend(size.to_le_bytes());
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// A collection that says it has `size` bytes.
fn collection(size: usize, objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"GCOL\x01\0\0\0".to_vec();
    bytes.extend(to_u64(size).to_le_bytes());
    bytes.extend(objects.concat());
    bytes.resize(bytes.len().max(size.min(4096)), 0);
    bytes
}

fn decode(bytes: Vec<u8>) -> Result<Collection> {
    Collection::decode(&bytes.into(), sizes(8))
}

#[test]
fn objects_are_found_by_index() {
    let objects = [object(1, 3, b"abc"), object(7, 0, b""), object(2, 8, b"12345678")];
    // What follows the free space is none, and neither is what follows the collection.
    let tail = [object(0, 40, &[0; 24]), object(9, 1, b"x")];
    let mut bytes = collection(200, &[&objects[..], &tail].concat());
    bytes.extend([0xee; 50]);
    let found = decode(bytes).unwrap();
    assert_eq!(found.size(), 200);
    let object = |index| found.object(index).map(|bytes| &bytes[..]);
    assert_eq!(object(1), Some(&b"abc"[..]));
    assert_eq!(object(7), Some(&b""[..]));
    assert_eq!(object(2), Some(&b"12345678"[..]));
    assert_eq!((object(0), object(9), object(0x1_0001)), (None, None, None));
}

/// Where lengths have fewer than eight bytes, headers are padded to a multiple of eight nevertheless.
#[test]
fn headers_are_padded() {
    let mut bytes = b"GCOL\x01\0\0\0".to_vec();
    bytes.extend([48, 0, 0, 0, 0, 0, 0, 0]); // a length of four bytes, padding
    bytes.extend([1, 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(b"abc\0\0\0\0\0");
    bytes.resize(48, 0);
    let found = Collection::decode(&bytes.into(), sizes(4)).unwrap();
    assert_eq!(found.object(1).unwrap(), "abc");
}

#[test]
fn every_shorter_prefix_asks_for_more() {
    let bytes = collection(64, &[object(1, 3, b"abc")]);
    for end in 0..bytes.len() {
        let need = decode(bytes[..end].to_vec()).unwrap_err().needs().unwrap();
        assert!(need > to_u64(end) && need <= 64, "{end}");
    }
}

#[test]
fn broken_fields_are_named() {
    let kind = |bytes: Vec<u8>| decode(bytes).unwrap_err().kind().clone();
    let mut bytes = collection(64, &[]);
    bytes[4] = 2;
    assert_eq!(kind(bytes), Kind::Version { found: 2 });
    assert_eq!(kind(b"HEAP".to_vec()), Kind::Signature { found: *b"HEAP" });
    for size in [0, 15] {
        let why = "a collection smaller than its header";
        assert_eq!(kind(collection(size, &[])), Kind::Invalid { value: to_u64(size), why });
    }
    for size in [33, u64::MAX] {
        let why = "an object larger than its collection";
        let lying = collection(64, &[object(1, size, b"abc")]);
        assert_eq!(kind(lying), Kind::Invalid { value: size, why });
    }
    let huge = decode(collection(1 << 40, &[])).unwrap_err();
    assert_eq!(huge.needs(), Some(1 << 40));
}

#[test]
fn an_id_without_an_address_is_no_value() {
    let decode = |bytes: &[u8]| {
        HeapId::decode(&mut Cursor::new(bytes, Structure::Data), sizes(8)).map(|id| id.collection)
    };
    assert_eq!(decode(&[0x40, 0, 0, 0, 1, 0, 0, 0]).unwrap(), Some(Address(0x40)));
    assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0]).unwrap(), None);
    assert_eq!(decode(&[0; 8]).unwrap(), None);
    assert!(decode(&[0; 7]).is_err());
}
