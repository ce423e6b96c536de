//! Numbers that numpy has no type for: integers that do not use all bits of their bytes, floats of other
//! forms than IEEE 754's. Where they are decoded into the sidecar they become numbers that it has.

use h5meta::Sizes;
use h5meta::message::datatype::{Bits, Class, Datatype, Float};
use h5meta::value::{NoHeap, Reader, Value};
use serde_json::json;

use super::dtype::{Dtype, Kind};

/// How the elements of a dataset are converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conversion {
    from: Datatype,
    to: Number,
    /// The widths of the file.
    sizes: Sizes,
}

/// Elements that are held at once as values.
const AT_ONCE: usize = 4096;

/// A number of numpy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Signed(u32),
    Unsigned(u32),
    F4,
    F8,
}

impl Conversion {
    /// The conversion of a datatype's elements, with the data type that they have then; `None` if numpy's
    /// numbers do not hold all that they can be.
    pub(super) fn new(datatype: &Datatype, sizes: Sizes) -> Option<(Self, Dtype)> {
        let (mut shape, mut from) = (Vec::new(), datatype);
        while let Class::Array { shape: inner, base } = &from.class {
            shape.extend(inner.iter().map(|&n| u64::from(n)));
            from = base;
        }
        let to = match &from.class {
            Class::Integer { bits, signed } => integer(*bits, from.size, *signed)?,
            Class::BitField { bits } => integer(*bits, from.size, false)?,
            Class::Enum { base, .. } => match &base.class {
                Class::Integer { bits, signed } => integer(*bits, from.size, *signed)?,
                _ => return None,
            },
            Class::Float { float, .. } => floating(*float)?,
            _ => return None,
        };
        let name = match to {
            Number::Signed(1) => "|i1".to_owned(),
            Number::Unsigned(1) => "|u1".to_owned(),
            Number::Signed(size) => format!("<i{size}"),
            Number::Unsigned(size) => format!("<u{size}"),
            Number::F4 => "<f4".to_owned(),
            Number::F8 => "<f8".to_owned(),
        };
        let dtype = Dtype { name: json!(name), shape, kind: Kind::Number };
        Some((Self { from: from.clone(), to, sizes }, dtype))
    }

    /// Bytes that elements of so many bytes become.
    pub(super) fn size(&self, bytes: u64) -> Option<u64> {
        let width = match self.to {
            Number::Signed(size) | Number::Unsigned(size) => size,
            Number::F4 => 4,
            Number::F8 => 8,
        };
        bytes.checked_div(self.from.size.into())?.checked_mul(width.into())
    }

    /// The elements of some bytes, as numpy has them.
    ///
    /// # Errors
    /// What of them is no number.
    pub(super) fn convert(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let size = usize::try_from(self.from.size).unwrap_or(usize::MAX).max(1);
        let mut converted = Vec::new();
        for some in bytes.chunks(size.saturating_mul(AT_ONCE)) {
            let count = (some.len() / size) as u64;
            let mut reader =
                Reader { sizes: self.sizes, heap: &NoHeap, budget: count, heap_bytes: 0 };
            let values = reader.elements(&self.from, some, count);
            for value in values.map_err(|error| error.to_string())? {
                self.to.put(&value, &mut converted).ok_or("a value that is no number")?;
            }
        }
        Ok(converted)
    }
}

impl Number {
    fn put(self, value: &Value, to: &mut Vec<u8>) -> Option<()> {
        match (self, value) {
            (_, Value::Enum(number)) if !matches!(**number, Value::Enum(_)) => {
                return self.put(number, to);
            }
            (Self::Signed(size) | Self::Unsigned(size), Value::Integer(number)) => {
                to.extend(number.to_le_bytes().get(..usize::try_from(size).ok()?)?);
            }
            (Self::F8, Value::Float(number)) => to.extend(number.to_le_bytes()),
            (Self::F4, Value::Float(number)) => {
                #[expect(clippy::cast_possible_truncation, reason = "its mantissa has the bits")]
                to.extend((*number as f32).to_le_bytes());
            }
            _ => return None,
        }
        Some(())
    }
}

/// One of as many bytes, or the smallest that holds all bits in use.
fn integer(bits: Bits, size: u32, signed: bool) -> Option<Number> {
    let needed = u32::from(bits.precision.div_ceil(8)).max(1).next_power_of_two();
    let size = if matches!(size, 1 | 2 | 4 | 8) { size } else { needed };
    match (needed <= size && size <= 8, signed) {
        (true, true) => Some(Number::Signed(size)),
        (true, false) => Some(Number::Unsigned(size)),
        (false, _) => None,
    }
}

/// What has no more bits than another has all its values, of the forms that are read exactly.
fn floating(float: Float) -> Option<Number> {
    let Float { exponent_size, mantissa_size, exponent_bias, implied_bit, .. } = float;
    // A bias in the middle, as that of IEEE 754: other ones reach further to one side.
    let middle = 1_u32.checked_shl(u32::from(exponent_size).checked_sub(1)?)?.checked_sub(1)?;
    if !implied_bit || exponent_bias != middle {
        return None;
    }
    match (exponent_size, mantissa_size) {
        (..=8, ..=23) => Some(Number::F4),
        (..=11, ..=52) => Some(Number::F8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use h5meta::message::datatype::ByteOrder;
    use h5meta::wire::Width;

    use super::*;

    const SIZES: Sizes = Sizes { offsets: Width::new(8).unwrap(), lengths: Width::new(8).unwrap() };

    fn converted(class: Class, size: u32, bytes: &[u8]) -> Option<(String, Vec<u8>)> {
        let (conversion, dtype) = Conversion::new(&Datatype { size, class }, SIZES)?;
        let converted = conversion.convert(bytes).unwrap();
        assert_eq!(conversion.size(bytes.len() as u64), Some(converted.len() as u64));
        Some((dtype.name.as_str()?.to_owned(), converted))
    }

    #[test]
    fn integers_of_some_bits_become_whole_ones() {
        let bits = Bits { order: ByteOrder::Little, offset: 4, precision: 12 };
        let integer = |signed| Class::Integer { bits, signed };
        // What the other bits hold is nothing.
        let (name, values) = converted(integer(true), 2, &[0xff, 0xff, 0x1f, 0x7f]).unwrap();
        assert_eq!((name.as_str(), values), ("<i2", vec![0xff, 0xff, 0xf1, 0x07]));
        let (name, values) = converted(integer(false), 2, &[0xff, 0xff]).unwrap();
        assert_eq!((name.as_str(), values), ("<u2", vec![0xff, 0x0f]));
        let bits = Bits { order: ByteOrder::Big, offset: 0, precision: 24 };
        let (name, values) =
            converted(Class::Integer { bits, signed: true }, 3, &[0xff, 0, 1]).unwrap();
        assert_eq!((name.as_str(), values), ("<i4", vec![1, 0, 0xff, 0xff]));
        let bits = Bits { order: ByteOrder::Big, offset: 0, precision: 7 };
        let (name, values) =
            converted(Class::Integer { bits, signed: false }, 4, &[0, 0, 0, 0xff]).unwrap();
        assert_eq!((name.as_str(), values), ("<u4", vec![0x7f, 0, 0, 0]));
        let bits = Bits { order: ByteOrder::Big, offset: 0, precision: 65 };
        assert_eq!(converted(Class::Integer { bits, signed: true }, 9, &[]), None);
    }

    #[test]
    fn floats_of_few_bits_become_larger_ones() {
        let bits = Bits { order: ByteOrder::Little, offset: 0, precision: 16 };
        let bfloat16 = Float {
            sign: 15,
            exponent: 7,
            exponent_size: 8,
            mantissa: 0,
            mantissa_size: 7,
            exponent_bias: 127,
            implied_bit: true,
        };
        let class = |float| Class::Float { bits, float };
        let (name, values) = converted(class(bfloat16), 2, &[0xc0, 0x3f, 0x80, 0xff]).unwrap();
        let expected = [1.5_f32.to_le_bytes(), f32::NEG_INFINITY.to_le_bytes()].concat();
        assert_eq!((name.as_str(), values), ("<f4", expected));
        let wide = Float { mantissa_size: 60, ..bfloat16 };
        assert_eq!(converted(class(wide), 9, &[]), None);
        let biased = Float { exponent_bias: 3, ..bfloat16 };
        assert_eq!(converted(class(biased), 2, &[]), None);
    }
}
