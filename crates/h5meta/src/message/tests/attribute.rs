//! Attribute messages of every version, with their padding and shared parts.

use super::*;

fn attribute(body: &[u8]) -> Result<RawAttribute> {
    RawAttribute::decode(SIZES)(body)
}

/// An unsigned byte.
const BYTE: [u8; 12] = [0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0];
/// One dimension of two elements, version 2.
const TWO: [u8; 12] = [2, 1, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0];

fn check(found: &RawAttribute) {
    assert_eq!(found.name, b"name");
    assert_eq!(found.datatype.here().unwrap().size, 1);
    assert_eq!(found.dataspace.here().unwrap().shape(), [2]);
    assert_eq!(found.data, [7, 8]);
}

#[test]
fn version_1_pads_each_part() {
    let mut body = vec![1, 0, 5, 0, 12, 0, 12, 0]; // version, reserved, sizes without padding
    body.extend(b"name\0\0\0\0");
    body.extend([&BYTE[..], &[0; 4], &TWO, &[0; 4]].concat());
    body.extend([7, 8]);
    check(&attribute(&body).unwrap());
    every_shorter_prefix_asks_for_more(&body, body.len() - 2, attribute);
}

#[test]
fn versions_2_and_3_do_not() {
    for character_set in [&[][..], &[1]] {
        let version = if character_set.is_empty() { 2 } else { 3 };
        let mut body = vec![version, 0, 5, 0, 12, 0, 12, 0];
        body.extend(character_set);
        body.extend([b"name\0", &BYTE[..], &TWO, &[7, 8]].concat());
        check(&attribute(&body).unwrap());
        every_shorter_prefix_asks_for_more(&body, body.len() - 2, attribute);
    }
}

#[test]
fn datatype_and_dataspace_may_be_shared() {
    let shared = [3, 2, 0x40, 0, 0, 0];
    let at = SharedAt::Object(Address(0x40));
    let mut body = vec![3, 0x01, 2, 0, 6, 0, 12, 0, 0, b'n', 0];
    body.extend([&shared[..], &TWO].concat());
    assert_eq!(attribute(&body).unwrap().datatype, MaybeShared::At(at));
    let mut body = vec![3, 0x02, 2, 0, 12, 0, 6, 0, 0, b'n', 0];
    body.extend([&BYTE[..], &shared].concat());
    assert_eq!(attribute(&body).unwrap().dataspace, MaybeShared::At(at));
    // In version 1 the flags are reserved: they say nothing.
    let mut body = vec![1, 0x03, 2, 0, 12, 0, 12, 0, b'n', 0, 0, 0, 0, 0, 0, 0];
    body.extend([&BYTE[..], &[0; 4], &TWO, &[0; 4]].concat());
    assert!(attribute(&body).unwrap().datatype.here().is_some());
}

#[test]
fn broken_attributes_are_named() {
    assert_eq!(kind(attribute(&[4, 0])), Kind::Version { found: 4 });
    // A datatype that is cut short by its own size is broken, whatever follows.
    let mut body = vec![2, 0, 2, 0, 11, 0, 12, 0, b'n', 0];
    body.extend([&BYTE[..], &TWO].concat());
    let error = attribute(&body).unwrap_err();
    assert_eq!(error.structure(), Structure::Datatype);
}
