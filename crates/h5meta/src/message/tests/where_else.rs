//! Messages that say where something else is.

use super::*;

#[test]
fn a_continuation() {
    let body = [&0x40_u32.to_le_bytes()[..], &24_u64.to_le_bytes()].concat();
    let found = Continuation::decode(&body, SIZES).unwrap();
    assert_eq!(found, Continuation { address: Address(0x40), length: 24 });
    every_shorter_prefix_asks_for_more(&body, 12, |body| Continuation::decode(body, SIZES));
    invalid(Continuation::decode(&[0xff; 12], SIZES), 0);
}

#[test]
fn a_symbol_table() {
    let body = [0x10, 0, 0, 0, 0x20, 0, 0, 0];
    let found = SymbolTable::decode(&body, SIZES).unwrap();
    assert_eq!(found, SymbolTable { btree: Address(16), heap: Address(32) });
    every_shorter_prefix_asks_for_more(&body, 8, |body| SymbolTable::decode(body, SIZES));
    invalid(SymbolTable::decode(&[0x10, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], SIZES), 0);
}

/// All ones is no address, at every width; anything else is one, unless no file can be so long.
#[test]
fn addresses_of_every_width() {
    for width in [2_u8, 4, 8, 16, 32] {
        let of = |first: &[u8], rest: u8| {
            let mut address = vec![rest; width.into()];
            address[..first.len()].copy_from_slice(first);
            let body = address.repeat(2);
            SymbolTable::decode(&body, sizes(width, 8))
        };
        assert_eq!(of(&[0x34, 0x12], 0).unwrap().btree, Address(0x1234), "{width}");
        invalid(of(&[], 0xff), 0);
        let nearly = of(&[0xfe], 0xff);
        match width {
            2 => assert_eq!(nearly.unwrap().heap, Address(0xfffe)),
            4 => assert_eq!(nearly.unwrap().heap, Address(0xffff_fffe)),
            8 => assert_eq!(nearly.unwrap().heap, Address(u64::MAX - 1)),
            _ => invalid(nearly, u64::MAX - 1),
        }
    }
}

#[test]
fn a_shared_message_of_every_version() {
    let at = |body: &[u8]| SharedAt::decode(body, SIZES);
    let object = SharedAt::Object(Address(0x40));

    let mut body = vec![1, 0, 0, 0, 0, 0, 0, 0]; // version, type, reserved
    body.extend(5_u64.to_le_bytes()); // a name offset, of the size of lengths
    body.extend([0x40, 0, 0, 0]);
    assert_eq!(at(&body).unwrap(), object);
    every_shorter_prefix_asks_for_more(&body, body.len(), at);

    for version_and_type in [[2, 0], [2, 1], [3, 0], [3, 2]] {
        let body = [&version_and_type[..], &[0x40, 0, 0, 0]].concat();
        assert_eq!(at(&body).unwrap(), object);
        every_shorter_prefix_asks_for_more(&body, body.len(), at);
    }

    let body = [3, 1, 1, 2, 3, 4, 5, 6, 7, 8];
    assert_eq!(at(&body).unwrap(), SharedAt::Heap([1, 2, 3, 4, 5, 6, 7, 8]));
    every_shorter_prefix_asks_for_more(&body, body.len(), at);

    assert_eq!(kind(at(&[4, 0])), Kind::Version { found: 4 });
    invalid(at(&[3, 2, 0xff, 0xff, 0xff, 0xff]), 2);
}

/// Whether a body is a message or where it is, its flags say.
#[test]
fn a_flag_says_that_a_message_is_shared() {
    let body = [3, 2, 0x40, 0, 0, 0];
    for message_type in [MessageType::DATASPACE, MessageType::DATATYPE, MessageType::FILL_VALUE] {
        let found = format!("{:?}", decode(message_type, 0x02, &body).unwrap());
        assert!(found.contains("At(Object(Address(64)))"), "{found}");
        let found = format!("{:?}", decode(message_type, 0x01, &body));
        assert!(!found.contains("Address(64)"), "it is not shared: {found}");
    }
}

#[test]
fn external_data_files() {
    let mut body = vec![1, 0, 0, 0, 4, 0, 1, 0]; // version, reserved, slots there is room for, used
    body.extend([0x40, 0, 0, 0]); // heap
    for number in [8_u64, 16, 24] {
        body.extend(number.to_le_bytes()); // name, offset, size
    }
    let files = ExternalFiles::decode(&body, SIZES).unwrap();
    assert_eq!((files.heap, files.slots.len()), (Address(0x40), 1));
    assert_eq!((files.slots[0].name, files.slots[0].offset, files.slots[0].size), (8, 16, 24));
    every_shorter_prefix_asks_for_more(&body, body.len(), |body| {
        ExternalFiles::decode(body, SIZES)
    });
    // A count that lies asks for the bytes, before anything is made of it.
    body[6..8].fill(0xff);
    let error = ExternalFiles::decode(&body, SIZES).unwrap_err();
    assert_eq!(error.needs(), Some(12 + 65_535 * 24));
    body[8..12].fill(0xff);
    invalid(ExternalFiles::decode(&body, SIZES), 0);
    assert_eq!(kind(ExternalFiles::decode(&[2], SIZES)), Kind::Version { found: 2 });
}

#[test]
fn btree_k_values() {
    let body = [0, 32, 0, 16, 0, 4, 1];
    let k = decode_btree_k(&body).unwrap();
    assert_eq!((k.indexed_storage, k.group_internal, k.group_leaf), (32, 16, 260));
    every_shorter_prefix_asks_for_more(&body, body.len(), decode_btree_k);
    assert_eq!(kind(decode_btree_k(&[1])), Kind::Version { found: 1 });
}

#[test]
fn a_message_of_another_type_is_passed() {
    for message_type in [0x0a, 0x0d, 0x0e, 0x12, 0x16, 0x99] {
        let found = decode(MessageType(message_type), 0, &[1, 2, 3]).unwrap();
        assert!(matches!(found, Message::Other(MessageType(other)) if other == message_type));
    }
}
