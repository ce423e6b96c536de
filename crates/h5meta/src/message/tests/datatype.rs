//! Datatype messages: every class and version, nested and broken.

use super::super::datatype::{Bits, ByteOrder, ReferenceKind, StringType};
use super::*;

/// Class and version, class bit field, size.
fn head(version: u8, class: u8, bits: u32, size: u32) -> Vec<u8> {
    let [low, middle, high, _] = bits.to_le_bytes();
    let mut head = vec![(version << 4) | class, low, middle, high];
    head.extend(size.to_le_bytes());
    head
}

/// An unsigned little-endian integer of `size` bytes.
fn integer(size: u8) -> Vec<u8> {
    [head(1, 0, 0, size.into()), vec![0, 0, size * 8, 0]].concat()
}

fn class(body: &[u8]) -> Class {
    every_shorter_prefix_asks_for_more(body, body.len(), Datatype::decode);
    Datatype::decode(body).unwrap().class
}

fn bits(order: ByteOrder, offset: u16, precision: u16) -> Bits {
    Bits { order, offset, precision }
}

#[test]
fn integers_bit_fields_and_times() {
    let properties = [2, 0, 12, 0]; // bit offset, bit precision
    let body = [head(1, 0, 0x09, 2), properties.to_vec()].concat(); // big-endian, signed
    let big = bits(ByteOrder::Big, 2, 12);
    assert_eq!(class(&body), Class::Integer { bits: big, signed: true });
    assert!(!big.fill(2) && bits(ByteOrder::Big, 0, 16).fill(2));
    let body = [head(3, 4, 0, 2), properties.to_vec()].concat();
    assert_eq!(class(&body), Class::BitField { bits: bits(ByteOrder::Little, 2, 12) });
    let body = [head(1, 2, 1, 4), vec![32, 0]].concat();
    assert_eq!(class(&body), Class::Time { bits: bits(ByteOrder::Big, 0, 32) });
}

#[test]
fn floats_of_every_order() {
    // Sign at bit 31; then exponent at 23, eight bits, mantissa at 0, 23 bits, bias 127.
    let properties = [0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];
    for (flags, order) in
        [(0x20, ByteOrder::Little), (0x21, ByteOrder::Big), (0x61, ByteOrder::Vax)]
    {
        let body = [head(1, 1, flags | 31 << 8, 4), properties.to_vec()].concat();
        let Class::Float { bits: found, float } = class(&body) else { panic!() };
        assert_eq!(found, bits(order, 0, 32));
        assert_eq!((float.sign, float.exponent, float.exponent_size), (31, 23, 8));
        assert_eq!((float.mantissa, float.mantissa_size, float.exponent_bias), (0, 23, 127));
        assert!(float.implied_bit);
    }
}

#[test]
fn strings_opaques_and_references() {
    let string = StringType { padding: 2, character_set: 1 };
    assert_eq!(class(&head(1, 3, 0x12, 9)), Class::String(string));
    let body = [head(1, 5, 8, 4), b"tag\0\0\0\0\0".to_vec()].concat();
    assert_eq!(class(&body), Class::Opaque { tag: b"tag".to_vec() });
    assert_eq!(class(&head(1, 7, 0, 8)), Class::Reference(ReferenceKind::Object));
    assert_eq!(class(&head(1, 7, 1, 12)), Class::Reference(ReferenceKind::Region));
    assert_eq!(class(&head(4, 7, 0x12, 8)), Class::Reference(ReferenceKind::Typed(2)));
    invalid(Datatype::decode(&head(4, 7, 5, 8)), 5);
}

#[test]
fn enumerations_pad_their_names_until_version_3() {
    for version in [1, 2, 3] {
        let mut body = head(version, 8, 2, 1);
        body.extend(integer(1));
        let names = if version < 3 {
            &b"off\0\0\0\0\0disabled\0\0\0\0\0\0\0\0"[..]
        } else {
            b"off\0disabled\0"
        };
        body.extend(names);
        body.extend([0, 9]);
        let Class::Enum { base, members } = class(&body) else { panic!() };
        assert_eq!(base.size, 1);
        let expected = [(b"off".to_vec(), vec![0]), (b"disabled".to_vec(), vec![9])];
        assert_eq!(members, expected);
    }
}

#[test]
fn a_compound_of_version_1_has_dimensions_in_its_members() {
    let mut body = head(1, 6, 2, 26);
    body.extend(b"a\0\0\0\0\0\0\0"); // name, padded
    body.extend([0, 0, 0, 0]); // offset
    body.extend([0; 12 + 16]); // rank 0, reserved, permutation, reserved, four dimensions
    body.extend(integer(2));
    body.extend(b"grid\0\0\0\0");
    body.extend([2, 0, 0, 0, 2, 0, 0, 0]); // offset, rank 2, reserved
    body.extend([0; 8]); // permutation, reserved
    body.extend([2, 0, 0, 0, 3, 0, 0, 0, 99, 0, 0, 0, 99, 0, 0, 0]);
    body.extend(integer(4));
    let Class::Compound { members } = class(&body) else { panic!() };
    assert_eq!((&members[0].name[..], members[0].offset), (&b"a"[..], 0));
    assert_eq!((&members[1].name[..], members[1].offset), (&b"grid"[..], 2));
    assert_eq!(members[1].datatype.size, 24);
    let Class::Array { shape, base } = &members[1].datatype.class else { panic!() };
    assert_eq!((&shape[..], base.size), (&[2, 3][..], 4));

    let rank = 8 + 8 + 4;
    body[rank] = 5;
    invalid(Datatype::decode(&body), 5);
}

#[test]
fn compounds_of_later_versions() {
    let version_2 = [head(2, 6, 1, 4), b"a\0\0\0\0\0\0\0\x03\0\0\0".to_vec(), integer(1)].concat();
    let Class::Compound { members } = class(&version_2) else { panic!() };
    assert_eq!((members[0].offset, members[0].datatype.size), (3, 1));
    // From version 3 on an offset has as many bytes as the compound's size needs.
    for (size, offset) in
        [(255_u32, &[3][..]), (256, &[3, 0]), (65_536, &[3, 0, 0]), (1 << 24, &[3, 0, 0, 0])]
    {
        let body = [head(3, 6, 1, size), b"a\0".to_vec(), offset.to_vec(), integer(1)].concat();
        let Class::Compound { members } = class(&body) else { panic!() };
        assert_eq!((members[0].offset, members[0].datatype.size), (3, 1));
    }
    invalid(Datatype::decode(&head(3, 6, 0, 4)), 0);
}

/// What follows a nested type is the outer type's next member.
#[test]
fn types_nest_and_end() {
    let string = [head(1, 9, 0x0101, 16), head(1, 3, 0, 1)].concat(); // UTF-8; of a string type
    let inner = [head(3, 6, 1, 16), b"s\0\0".to_vec(), string].concat();
    let array = [head(3, 10, 0, 32), vec![1, 2, 0, 0, 0], inner].concat();
    let body =
        [head(3, 6, 2, 33), b"list\0\0".to_vec(), array, b"n\0\x20".to_vec(), integer(1)].concat();
    let datatype = Datatype::decode(&body).unwrap();
    assert!(datatype.uses_global_heap());
    let Class::Compound { members } = class(&body) else { panic!() };
    assert_eq!((&members[1].name[..], members[1].offset), (&b"n"[..], 32));
    let Class::Array { shape, base } = &members[0].datatype.class else { panic!() };
    assert_eq!(shape[..], [2]);
    let Class::Compound { members } = &base.class else { panic!() };
    let string = StringType { padding: 0, character_set: 1 };
    assert_eq!(members[0].datatype.class, Class::VariableString(string));
    assert_eq!((datatype.class_number(), members[0].datatype.class_number()), (6, 9));
}

#[test]
fn arrays_of_both_forms() {
    let mut body = head(2, 10, 0, 24);
    body.extend([2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]); // rank, reserved, dimensions
    body.extend([0; 8]); // permutation
    body.extend(integer(4));
    let Class::Array { shape, base } = class(&body) else { panic!() };
    assert_eq!((&shape[..], base.size), (&[2, 3][..], 4));
    let body = [head(3, 10, 0, 24), vec![1, 6, 0, 0, 0], integer(4)].concat();
    assert!(matches!(class(&body), Class::Array { .. }));
    invalid(Datatype::decode(&[head(3, 10, 0, 24), vec![33]].concat()), 33);
}

#[test]
fn sequences_and_complex_numbers() {
    let body = [head(1, 9, 0, 16), integer(8)].concat();
    let Class::VariableLength { base } = class(&body) else { panic!() };
    assert_eq!(base.size, 8);
    invalid(Datatype::decode(&head(1, 9, 2, 16)), 2);
    let body = [head(5, 11, 0, 8), integer(4)].concat();
    let Class::Complex { base } = class(&body) else { panic!() };
    assert_eq!(base.size, 4);
}

#[test]
fn what_is_not_known_is_said() {
    assert_eq!(kind(Datatype::decode(&head(0, 0, 0, 1))), Kind::Version { found: 0 });
    assert_eq!(kind(Datatype::decode(&head(6, 0, 0, 1))), Kind::Version { found: 6 });
    assert!(matches!(kind(Datatype::decode(&head(1, 12, 0, 1))), Kind::Unsupported { .. }));
}

#[test]
fn what_nests_too_deep_is_passed_over() {
    let nested = |depth: usize| {
        let body = [head(1, 9, 0, 16).repeat(depth), integer(1)].concat();
        let mut datatype = Datatype::decode(&body).unwrap();
        let mut kept = 0;
        while let Class::VariableLength { base } = datatype.class {
            datatype = *base;
            kept += 1;
        }
        (kept, datatype)
    };
    let (kept, innermost) = nested(64);
    assert_eq!((kept, innermost.class_name()), (64, "integer"));
    // Deeper, the type at the end of what is kept says what it is, and no more.
    for depth in [66, 100_000] {
        let (kept, innermost) = nested(depth);
        assert_eq!((kept, innermost.class), (65, Class::TooDeep { class: 9 }), "{depth}");
    }
    // What is not kept is still checked.
    let body = [head(1, 9, 0, 16).repeat(100), head(1, 12, 0, 1)].concat();
    assert!(Datatype::decode(&body).is_err());
}
