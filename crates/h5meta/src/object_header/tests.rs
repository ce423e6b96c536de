use super::*;
use crate::error::Kind;
use crate::wire::lookup3;

fn version_1() -> Vec<u8> {
    let mut bytes = vec![1, 0, 2, 0]; // version, reserved, messages
    bytes.extend(1_u32.to_le_bytes()); // reference count
    bytes.extend(40_u32.to_le_bytes()); // size of the block
    bytes.extend([0; 4]); // to a multiple of eight
    bytes.extend([0, 0, 8, 0, 0, 0, 0, 0]); // NIL, eight bytes
    bytes.extend([0xee; 8]);
    bytes.extend([0x11, 0, 16, 0, 1, 0, 0, 0]); // symbol table, sixteen bytes, constant
    bytes.extend([7; 16]);
    bytes
}

fn version_2() -> Vec<u8> {
    let mut bytes = b"OHDR".to_vec();
    bytes.extend([2, 0]); // version, flags: one-byte size
    bytes.push(4 + 2 + 4 + 3 + 3); // messages and gap, not the checksum
    bytes.extend([0, 2, 0, 0, 9, 9]); // NIL in the middle is no end
    bytes.extend([0x0a, 3, 0, 0, 1, 2, 3]); // group info
    bytes.extend([0; 3]); // a gap shorter than a message header
    bytes.extend(lookup3(&bytes).to_le_bytes());
    bytes
}

#[test]
fn version_1_is_decoded() {
    let bytes = version_1();
    let header = decode(&bytes, Checksums::Verify).unwrap();
    assert_eq!(header.format, Format::V1);
    let [message] = header.messages[..] else { panic!("{header:?}") };
    assert_eq!(message.message_type, MessageType::SYMBOL_TABLE);
    assert_eq!((message.position, message.body), (40, &[7; 16][..]));
}

#[test]
fn version_2_passes_nil_messages_and_the_gap() {
    let bytes = version_2();
    let header = decode(&bytes, Checksums::Verify).unwrap();
    let [message] = header.messages[..] else { panic!("{header:?}") };
    assert_eq!(message.message_type, MessageType::GROUP_INFO);
    assert_eq!(message.body, [1, 2, 3]);
}

#[test]
fn every_shorter_prefix_asks_for_more() {
    for bytes in [version_1(), version_2()] {
        for end in 1..bytes.len() {
            let error = decode(&bytes[..end], Checksums::Verify).unwrap_err();
            let need = error.needs().expect("asks for more");
            assert!(need > end as u64 && need <= bytes.len() as u64, "{end}: {error}");
        }
    }
}

#[test]
fn broken_fields_are_named() {
    let mut bytes = version_2();
    *bytes.last_mut().unwrap() ^= 1;
    assert!(matches!(decode(&bytes, Checksums::Verify).unwrap_err().kind(), Kind::Checksum { .. }));

    let mut bytes = version_1();
    bytes[18] = 200; // the NIL message's size
    let error = decode(&bytes, Checksums::Verify).unwrap_err();
    assert!(matches!(error.kind(), Kind::Invalid { value: 200, .. }), "{error}");

    assert!(matches!(
        decode(&[3, 0], Checksums::Verify).unwrap_err().kind(),
        Kind::Version { found: 3 }
    ));
}

#[test]
fn a_continuation_block_is_decoded() {
    let mut bytes = b"OCHK".to_vec();
    bytes.extend([0x0a, 1, 0, 0, 0, 0, 5]); // with creation order
    bytes.extend(lookup3(&bytes).to_le_bytes());
    let format = Format::V2 { creation_order: true };
    let messages = decode_continuation(&bytes, format, Checksums::Verify).unwrap();
    assert_eq!(messages[0].body, [5]);
    assert!(decode_continuation(&bytes[..9], format, Checksums::Verify).is_err());
}
