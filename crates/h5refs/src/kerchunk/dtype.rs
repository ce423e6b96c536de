//! HDF5 datatypes as Zarr data types: numpy's names of the same bytes.
//!
//! Chunks are referenced as they are stored, so a datatype can be named only if numpy has one with
//! exactly its bytes.

use h5meta::message::datatype::{Bits, ByteOrder, Class, Datatype, Float, ReferenceKind};
use serde_json::{Value, json};

use super::compound::{complex, compound};

/// A Zarr data type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dtype {
    /// As `.zarray` has it: `"<f4"`, or a list of fields.
    pub(super) name: Value,
    /// Dimensions that the type itself has: those of an array type, which Zarr gives to the array.
    pub(super) shape: Vec<u64>,
    /// What a fill value looks like.
    pub(super) kind: Kind,
}

/// What a fill value of a type looks like in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Bool,
    Complex,
    /// Strings, opaque bytes and compounds: base64.
    Bytes,
    /// Strings of any length, and the paths that references lead to: null.
    Text,
}

/// Checks that arrays and enumerations are of the size that what they are made of has: where the next element is,
/// and what it is, would be two things else.
pub(super) fn check_sizes(datatype: &Datatype) -> Result<(), String> {
    let mut left = vec![datatype];
    while let Some(Datatype { size, class }) = left.pop() {
        match class {
            Class::Array { shape, base } => {
                let mut shape = shape.iter();
                let whole = shape.try_fold(base.size, |n, m| n.checked_mul(*m));
                if whole != Some(*size) {
                    return Err(format!(
                        "an array type of {size} bytes that do not fit its elements"
                    ));
                }
                left.push(base);
            }
            Class::Enum { base, .. } if base.size != *size => {
                return Err(format!("an enumeration of {size} bytes of integers of {}", base.size));
            }
            Class::Compound { members } => left.extend(members.iter().map(|it| &it.datatype)),
            _ => {}
        }
    }
    Ok(())
}

/// The Zarr data type of a datatype, or why it has none.
pub(super) fn dtype(datatype: &Datatype) -> Result<Dtype, String> {
    let plain = |name: String, kind| Ok(Dtype { name: json!(name), shape: Vec::new(), kind });
    let size = datatype.size;
    match &datatype.class {
        Class::Integer { bits, signed } => {
            plain(integer(*bits, size, if *signed { 'i' } else { 'u' })?, Kind::Number)
        }
        Class::BitField { bits } => plain(integer(*bits, size, 'u')?, Kind::Number),
        Class::Float { bits, float } => plain(floating(*bits, *float, size)?, Kind::Number),
        Class::String(_) if size > 0 => plain(format!("|S{size}"), Kind::Bytes),
        Class::Opaque { tag } if size > 0 => match of_numpy(tag, size) {
            Some((name, kind)) => plain(name, kind),
            None => plain(format!("|V{size}"), Kind::Bytes),
        },
        Class::Enum { base, members } => {
            if is_bool(base, members) {
                return plain("|b1".into(), Kind::Bool);
            }
            dtype(base)
        }
        Class::Compound { members } => match complex(members, size) {
            Some(name) => plain(name, Kind::Complex),
            None => compound(members, size),
        },
        Class::Complex { base } => match dtype(base)?.name.as_str() {
            Some(part) => plain(complex_name(part, size)?, Kind::Complex),
            None => Err("a complex number of something else than numbers".into()),
        },
        Class::Array { shape, base } => {
            let mut inner = dtype(base)?;
            if inner.kind == Kind::Text {
                return Err("arrays of variable-length strings or references".into());
            }
            let mut dims: Vec<u64> = shape.iter().map(|&n| n.into()).collect();
            dims.append(&mut inner.shape);
            Ok(Dtype { shape: dims, ..inner })
        }
        Class::Time { .. } => Err("time datatype".into()),
        Class::VariableString(_) | Class::Reference(ReferenceKind::Object) => {
            plain("|O".into(), Kind::Text)
        }
        Class::Reference(_) => Err("references to regions, or of HDF5 1.12".into()),
        Class::VariableLength { .. } => Err("variable-length sequences".into()),
        _ => Err(format!("datatype class {} of {size} bytes", datatype.class_number())),
    }
}

fn integer(bits: Bits, size: u32, letter: char) -> Result<String, String> {
    if !bits.fill(size) || !matches!(size, 1 | 2 | 4 | 8) {
        return Err(format!("integers of {} bits in {size} bytes", bits.precision));
    }
    Ok(format!("{}{letter}{size}", order(bits.order, size)?))
}

fn floating(bits: Bits, float: Float, size: u32) -> Result<String, String> {
    let Float { sign, exponent, exponent_size, mantissa, mantissa_size, exponent_bias, .. } = float;
    let parts = (sign, exponent, exponent_size, mantissa, mantissa_size, exponent_bias);
    let ieee = match size {
        2 => parts == (15, 10, 5, 0, 10, 15),
        4 => parts == (31, 23, 8, 0, 23, 127),
        8 => parts == (63, 52, 11, 0, 52, 1023),
        _ => false,
    };
    if !ieee || !bits.fill(size) || !float.implied_bit {
        return Err(format!("floating-point numbers of {size} bytes that are not IEEE 754"));
    }
    Ok(format!("{}f{size}", order(bits.order, size)?))
}

fn order(order: ByteOrder, size: u32) -> Result<char, String> {
    match order {
        _ if size == 1 => Ok('|'),
        ByteOrder::Little => Ok('<'),
        ByteOrder::Big => Ok('>'),
        ByteOrder::Vax => Err("VAX byte order".into()),
    }
}

/// What HDF5 has no type for, dates and times above all: h5py writes it as opaque, tagged with numpy's name.
fn of_numpy(tag: &[u8], size: u32) -> Option<(String, Kind)> {
    let name = std::str::from_utf8(tag.strip_prefix(b"NUMPY:")?).ok()?;
    if name == format!("|S{size}") {
        return Some((name.to_owned(), Kind::Bytes));
    }
    let unit = name.get(3..)?.strip_prefix('[')?.strip_suffix(']')?;
    let is_time = matches!(name.get(..3)?, "<M8" | ">M8" | "<m8" | ">m8") && size == 8;
    let is_unit = !unit.is_empty() && unit.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_time && is_unit).then(|| (name.to_owned(), Kind::Number))
}

/// An enumeration of one byte that h5py and others write for truth values.
pub(super) fn is_bool(base: &Datatype, members: &[(Vec<u8>, Vec<u8>)]) -> bool {
    let named = |name: &[u8], value: u8| {
        members.iter().any(|(key, bytes)| key == name && bytes.as_slice() == [value])
    };
    base.size == 1 && members.len() == 2 && named(b"FALSE", 0) && named(b"TRUE", 1)
}

pub(super) fn complex_name(part: &str, size: u32) -> Result<String, String> {
    match (part.split_at_checked(1), size) {
        (Some((order, "f4")), 8) => Ok(format!("{order}c8")),
        (Some((order, "f8")), 16) => Ok(format!("{order}c16")),
        _ => Err(format!("complex numbers of {size} bytes")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use h5meta::message::datatype::{Member, StringType};

    use super::*;

    fn little(size: u32) -> Bits {
        Bits { order: ByteOrder::Little, offset: 0, precision: size as u16 * 8 }
    }

    pub(crate) fn int(size: u32) -> Datatype {
        Datatype { size, class: Class::Integer { bits: little(size), signed: true } }
    }

    pub(crate) fn float(size: u32) -> Datatype {
        let float = match size {
            4 => Float {
                sign: 31,
                exponent: 23,
                exponent_size: 8,
                mantissa: 0,
                mantissa_size: 23,
                exponent_bias: 127,
                implied_bit: true,
            },
            _ => Float {
                sign: 63,
                exponent: 52,
                exponent_size: 11,
                mantissa: 0,
                mantissa_size: 52,
                exponent_bias: 1023,
                implied_bit: true,
            },
        };
        Datatype { size, class: Class::Float { bits: little(size), float } }
    }

    pub(crate) fn member(name: &str, offset: u32, datatype: Datatype) -> Member {
        Member { name: name.into(), offset, datatype }
    }

    pub(crate) fn name(datatype: &Datatype) -> Value {
        dtype(datatype).unwrap().name
    }

    #[test]
    fn numbers_have_numpys_names() {
        assert_eq!(name(&int(4)), "<i4");
        assert_eq!(name(&int(1)), "|i1");
        assert_eq!(name(&float(8)), "<f8");
        let big = Bits { order: ByteOrder::Big, ..little(2) };
        let unsigned = Class::Integer { bits: big, signed: false };
        assert_eq!(name(&Datatype { size: 2, class: unsigned }), ">u2");
    }

    #[test]
    fn bytes_that_numpy_would_read_otherwise_have_no_name() {
        let twelve = Bits { precision: 12, ..little(2) };
        let class = Class::Integer { bits: twelve, signed: true };
        assert!(dtype(&Datatype { size: 2, class }).unwrap_err().contains("12 bits"));
        assert!(dtype(&int(3)).is_err());
        let mut odd = float(4);
        if let Class::Float { float, .. } = &mut odd.class {
            float.exponent_bias = 126;
        }
        assert!(dtype(&odd).is_err());
    }

    #[test]
    fn opaque_bytes_are_what_h5py_tags_them_as() {
        let tagged = |tag: &str| {
            name(&Datatype { size: 8, class: Class::Opaque { tag: tag.as_bytes().to_vec() } })
        };
        assert_eq!(tagged("NUMPY:<M8[ns]"), "<M8[ns]");
        assert_eq!(tagged("NUMPY:>m8[25s]"), ">m8[25s]");
        assert_eq!(tagged("NUMPY:|S8"), "|S8");
        for other in [
            "",
            "a user's own",
            "NUMPY:<M8",
            "NUMPY:<M8[]",
            "NUMPY:<M8[\"]",
            "NUMPY:<f8",
            "NUMPY:|S9",
        ] {
            assert_eq!(tagged(other), "|V8");
        }
    }

    #[test]
    fn an_enumeration_of_truth_values_is_bool() {
        let truth = |members: &[(&str, u8)]| {
            let members = members.iter().map(|(k, v)| (k.as_bytes().to_vec(), vec![*v])).collect();
            name(&Datatype { size: 1, class: Class::Enum { base: Box::new(int(1)), members } })
        };
        assert_eq!(truth(&[("FALSE", 0), ("TRUE", 1)]), "|b1");
        assert_eq!(truth(&[("TRUE", 0), ("FALSE", 1)]), "|i1");
        assert_eq!(truth(&[("FALSE", 0), ("TRUE", 1), ("MAYBE", 2)]), "|i1");
    }

    #[test]
    fn complex_numbers_are_numbers() {
        let members = vec![member("r", 0, float(4)), member("i", 4, float(4))];
        let complex = Datatype { size: 8, class: Class::Compound { members } };
        assert_eq!(name(&complex), "<c8");
        let class = Class::Complex { base: Box::new(float(8)) };
        assert_eq!(name(&Datatype { size: 16, class }), "<c16");
    }

    #[test]
    fn dimensions_of_an_array_type_go_to_the_array() {
        let inner = Class::Array { shape: vec![3], base: Box::new(int(2)) };
        let inner = Datatype { size: 6, class: inner };
        let outer = Class::Array { shape: vec![2], base: Box::new(inner) };
        let dtype = dtype(&Datatype { size: 12, class: outer }).unwrap();
        assert_eq!((dtype.name, dtype.shape), (json!("<i2"), vec![2, 3]));
    }

    /// What a type says of its size decides where the next element is.
    #[test]
    fn a_type_has_the_bytes_of_what_it_is_made_of() {
        for size in [3, 5, 0] {
            let class = Class::Array { shape: vec![2], base: Box::new(int(2)) };
            let wrong = Datatype { size, class };
            assert!(check_sizes(&wrong).unwrap_err().contains("do not fit"), "{size}");
            let members = vec![member("a", 0, wrong)];
            let compound = Datatype { size: 8, class: Class::Compound { members } };
            assert!(check_sizes(&compound).is_err());
            let class = Class::Enum { base: Box::new(int(2)), members: vec![] };
            let why = check_sizes(&Datatype { size, class }).unwrap_err();
            assert!(why.contains("enumeration"), "{size}");
        }
        let class = Class::Array { shape: vec![u32::MAX; 3], base: Box::new(int(8)) };
        assert!(check_sizes(&Datatype { size: 8, class }).is_err());
        let class = Class::Array { shape: vec![2, 3], base: Box::new(int(8)) };
        assert_eq!(check_sizes(&Datatype { size: 48, class }), Ok(()));
    }

    /// Strings of any length are looked up one by one; what holds them is not.
    #[test]
    fn strings_of_any_length_are_in_nothing_else() {
        let string = Class::VariableString(StringType { padding: 0, character_set: 1 });
        let string = Datatype { size: 16, class: string };
        assert_eq!(dtype(&string).unwrap().kind, Kind::Text);
        let array = Class::Array { shape: vec![2], base: Box::new(string.clone()) };
        assert!(dtype(&Datatype { size: 32, class: array }).is_err());
        let compound = Class::Compound { members: vec![member("a", 0, string)] };
        assert!(dtype(&Datatype { size: 16, class: compound }).is_err());
    }
}
