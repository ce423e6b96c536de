use super::*;

struct Nothing;

impl GlobalHeap for Nothing {
    fn object(&self, _: HeapId) -> Result<Option<Bytes>> {
        Err(unsupported("a heap in this test"))
    }
}

fn read(class: Class, bytes: &[u8]) -> Result<Value> {
    let width = crate::wire::Width::new(8).unwrap();
    let sizes = Sizes { offsets: width, lengths: width };
    let mut reader = Reader { sizes, heap: &Nothing, budget: 100, heap_bytes: 1 << 20 };
    let datatype = Datatype { size: bytes.len() as u32, class };
    Ok(reader.elements(&datatype, bytes, 1)?.remove(0))
}

fn bits(order: ByteOrder, offset: u16, precision: u16) -> Bits {
    Bits { order, offset, precision }
}

#[test]
fn integers_of_every_order_and_precision() {
    let int = |bytes: &[u8], bits, signed| read(Class::Integer { bits, signed }, bytes).unwrap();
    let little = bits(ByteOrder::Little, 0, 16);
    assert_eq!(int(&[0xfe, 0xff], little, true), Value::Integer(-2));
    assert_eq!(int(&[0xfe, 0xff], little, false), Value::Integer(65_534));
    assert_eq!(int(&[0x01, 0x02], bits(ByteOrder::Big, 0, 16), true), Value::Integer(258));
    // Three bits at offset four: 0b101 is -3 with a sign, 5 without.
    assert_eq!(int(&[0x50], bits(ByteOrder::Little, 4, 3), true), Value::Integer(-3));
    assert_eq!(int(&[0x50], bits(ByteOrder::Little, 4, 3), false), Value::Integer(5));
    let eight = bits(ByteOrder::Little, 0, 64);
    assert_eq!(int(&[0xff; 8], eight, false), Value::Integer(u64::MAX.into()));
    assert!(read(Class::Integer { bits: eight, signed: true }, &[0; 17]).is_err());
}

#[test]
fn floats_of_every_layout() {
    let ieee = |sign, exponent, exponent_size, mantissa_size, exponent_bias| Float {
        sign,
        exponent,
        exponent_size,
        mantissa: 0,
        mantissa_size,
        exponent_bias,
        implied_bit: true,
    };
    let float = |bytes: &[u8], order, float: Float| {
        let precision = bytes.len() as u16 * 8;
        match read(Class::Float { bits: bits(order, 0, precision), float }, bytes).unwrap() {
            Value::Float(value) => value,
            other => panic!("{other:?}"),
        }
    };
    let double = ieee(63, 52, 11, 52, 1023);
    assert_eq!(float(&1.5_f64.to_be_bytes(), ByteOrder::Big, double), 1.5);
    let single = ieee(31, 23, 8, 23, 127);
    assert_eq!(float(&(-0.1_f32).to_le_bytes(), ByteOrder::Little, single), f64::from(-0.1_f32));
    assert!(float(&f32::NAN.to_le_bytes(), ByteOrder::Little, single).is_nan());
    let half = ieee(15, 10, 5, 10, 15);
    assert_eq!(float(&[0x00, 0x3c], ByteOrder::Little, half), 1.0);
    assert_eq!(float(&[0x01, 0x00], ByteOrder::Little, half), 2_f64.powi(-24));
    assert_eq!(float(&[0x00, 0xfc], ByteOrder::Little, half), f64::NEG_INFINITY);
    // 80-bit extended: the mantissa's first bit is stored.
    let extended = Float {
        sign: 79,
        exponent: 64,
        exponent_size: 15,
        mantissa: 0,
        mantissa_size: 64,
        exponent_bias: 16_383,
        implied_bit: false,
    };
    let one_and_a_half = [0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0x3f, 0, 0, 0, 0, 0, 0];
    assert_eq!(float(&one_and_a_half, ByteOrder::Little, extended), 1.5);
    // Infinity has that bit set and no other; anything else with such an exponent is no number.
    let [mut infinity, mut nan] = [one_and_a_half; 2];
    infinity[7..10].copy_from_slice(&[0x80, 0xff, 0x7f]);
    nan[7..10].copy_from_slice(&[0xc0, 0xff, 0x7f]);
    assert_eq!(float(&infinity, ByteOrder::Little, extended), f64::INFINITY);
    assert!(float(&nan, ByteOrder::Little, extended).is_nan());
    // VAX order stores 0x3fc00000 as the pairs 0x3fc0, 0x0000, each little-endian.
    assert_eq!(float(&[0xc0, 0x3f, 0x00, 0x00], ByteOrder::Vax, single), 1.5);
}

#[test]
fn strings_lose_their_padding_only() {
    let string = |padding, bytes: &[u8]| {
        read(Class::String(StringType { padding, character_set: 0 }), bytes).unwrap()
    };
    assert_eq!(string(0, b"ab\0cd"), Value::String(b"ab".to_vec()));
    assert_eq!(string(1, b"ab\0c\0"), Value::String(b"ab\0c".to_vec()));
    assert_eq!(string(2, b" ab  "), Value::String(b" ab".to_vec()));
    assert_eq!(string(1, b"\0\0"), Value::String(Vec::new()));
}

#[test]
fn sequences_are_charged_before_they_are_made() {
    let byte = Datatype {
        size: 0,
        class: Class::Integer { bits: bits(ByteOrder::Little, 0, 0), signed: false },
    };
    // No bytes an element: only the budget bounds it.
    let class = Class::Array { shape: vec![u32::MAX, u32::MAX], base: Box::new(byte) };
    let error = read(class, &[]).unwrap_err();
    assert!(matches!(error.kind(), Kind::Limit { .. }), "{error}");
}
