//! Link messages, and where links and attributes are that are not in a header.

use super::super::{attribute_info::AttributeInfo, link_info::LinkInfo};
use super::*;

fn link(body: &[u8]) -> Result<Link> {
    Link::decode(body, SIZES)
}

#[test]
fn a_hard_link() {
    let body = [1, 0, 3, b'a', b'b', b'c', 0x40, 0, 0, 0]; // version, flags, length, name, address
    let found = link(&body).unwrap();
    assert_eq!((&found.name[..], found.target), (&b"abc"[..], LinkTarget::Hard(Address(0x40))));
    every_shorter_prefix_asks_for_more(&body, body.len(), link);
    invalid(link(&[1, 0, 1, b'a', 0xff, 0xff, 0xff, 0xff]), 0);
}

#[test]
fn every_optional_field_of_a_link() {
    // Length of two bytes, creation order, type, character set.
    let mut body = vec![1, 0x01 | 0x04 | 0x08 | 0x10, 1];
    body.extend(77_u64.to_le_bytes()); // creation order
    body.extend([1, 2, 0, 0xc3, 0xa9]); // UTF-8, length, name
    body.extend([4, 0, b'/', b'a', b'/', b'b']); // length of the path, path
    let found = link(&body).unwrap();
    assert_eq!(found.name, "é".as_bytes());
    assert_eq!(found.target, LinkTarget::Soft(b"/a/b".to_vec()));
    every_shorter_prefix_asks_for_more(&body, body.len(), link);
}

#[test]
fn the_length_of_a_name_has_four_widths() {
    for (flags, width) in [(0, 1), (1, 2), (2, 4), (3, 8)] {
        let mut body = vec![1, flags, 1];
        body.resize(2 + width, 0);
        body.extend([b'n', 0x40, 0, 0, 0]);
        assert_eq!(link(&body).unwrap().name, b"n");
    }
    let error = link(&[&[1, 3][..], &[0xff; 8]].concat()).unwrap_err();
    assert_eq!(error.needs(), Some(u64::MAX));
}

#[test]
fn external_and_user_defined_links() {
    let mut body = vec![1, 0x08, 64, 1, b'x', 11, 0]; // type, length, name, length of the value
    body.extend(b"\0file.h5\0/p\0"); // version and flags, file, path
    body[5] = 12;
    let expected = LinkTarget::External { file: b"file.h5".to_vec(), path: b"/p".to_vec() };
    assert_eq!(link(&body).unwrap().target, expected);
    let target = link(&[1, 0x08, 65, 1, b'x', 0, 0]).unwrap().target;
    assert_eq!(target, LinkTarget::UserDefined { class: 65 });
    invalid(link(&[1, 0x08, 2, 1, b'x', 0, 0]), 2);
    assert_eq!(kind(link(&[2, 0])), Kind::Version { found: 2 });
    // A value without the NUL of its path.
    assert!(link(&[1, 0x08, 64, 1, b'x', 2, 0, 0, b'f']).is_err());
}

/// Bit 0 adds the maximum creation index; bit 1 adds an address behind what is read.
#[test]
fn tracked_is_not_indexed() {
    let addresses = [0x10, 0, 0, 0, 0x20, 0, 0, 0];
    let indexed = [0x30, 0, 0, 0];
    for flags in 0..4 {
        let tail = if flags & 2 != 0 { &indexed[..] } else { &[] };
        let index = |width: usize| if flags & 1 != 0 { vec![7; width] } else { Vec::new() };

        let body = [&[0, flags][..], &index(8), &addresses, tail].concat();
        let info = LinkInfo::decode(&body, SIZES).unwrap();
        assert_eq!((info.heap, info.name_index), (Some(Address(16)), Some(Address(32))));
        let least = body.len() - tail.len();
        every_shorter_prefix_asks_for_more(&body, least, |body| LinkInfo::decode(body, SIZES));

        let body = [&[0, flags][..], &index(2), &addresses, tail].concat();
        let info = AttributeInfo::decode(&body, SIZES).unwrap();
        assert_eq!((info.heap, info.name_index), (Some(Address(16)), Some(Address(32))));
        let least = body.len() - tail.len();
        every_shorter_prefix_asks_for_more(&body, least, |body| AttributeInfo::decode(body, SIZES));
    }
}

#[test]
fn without_dense_storage_there_is_no_address() {
    let body = [&[0, 0][..], &[0xff; 8]].concat();
    assert_eq!(LinkInfo::decode(&body, SIZES).unwrap().heap, None);
    assert_eq!(AttributeInfo::decode(&body, SIZES).unwrap().name_index, None);
    assert_eq!(kind(LinkInfo::decode(&[1, 0], SIZES)), Kind::Version { found: 1 });
    assert_eq!(kind(AttributeInfo::decode(&[1, 0], SIZES)), Kind::Version { found: 1 });
}
