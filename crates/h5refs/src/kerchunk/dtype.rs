//! HDF5 datatypes as Zarr data types: numpy's names of the same bytes.
//!
//! Chunks are referenced as they are stored, so a datatype can be named only if numpy has one with
//! exactly its bytes.

use h5meta::message::datatype::{Bits, ByteOrder, Class, Datatype, Float, Member, ReferenceKind};
use serde_json::{Value, json};

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

/// A compound of `r` and `i`, as h5py writes complex numbers.
fn complex(members: &[Member], size: u32) -> Option<String> {
    let [real, imaginary] = members else { return None };
    let same = real.datatype == imaginary.datatype;
    let packed = real.offset == 0 && imaginary.offset == real.datatype.size;
    if real.name != b"r" || imaginary.name != b"i" || !same || !packed {
        return None;
    }
    let part = dtype(&real.datatype).ok()?;
    complex_name(part.name.as_str()?, size).ok()
}

fn complex_name(part: &str, size: u32) -> Result<String, String> {
    match (part.split_at_checked(1), size) {
        (Some((order, "f4")), 8) => Ok(format!("{order}c8")),
        (Some((order, "f8")), 16) => Ok(format!("{order}c16")),
        _ => Err(format!("complex numbers of {size} bytes")),
    }
}

/// Fields that a type may come to.
const MOST_FIELDS: usize = 1000;

/// Fields one behind the other, as zarr-python reads them: one level, and no arrays in it.
///
/// What is nested has the names that lead to it (`inner.x`), elements of arrays their place (`a[0,1]`), and
/// bytes between members, which Zarr has no word for, are fields too (`_unused_4`, by their offset).
fn compound(members: &[Member], size: u32) -> Result<Dtype, String> {
    let mut fields = Vec::new();
    flatten(members, 0, "", &mut fields)?;
    fields.sort_by_key(|field| field.offset);
    let mut named = Vec::new();
    let mut end = 0;
    for Field { name, offset, size, dtype } in fields {
        match offset.checked_sub(end) {
            Some(0) => {}
            Some(unused) => named.push((unused_name(end), json!(format!("|V{unused}")))),
            None => return Err("a compound whose members overlap".into()),
        }
        end = offset.saturating_add(size);
        named.push((name, dtype));
    }
    match size.checked_sub(end) {
        Some(0) => {}
        Some(unused) => named.push((unused_name(end), json!(format!("|V{unused}")))),
        None => return Err("a compound whose members are larger than it is".into()),
    }
    let mut names: Vec<&String> = named.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("a compound with two members of one name, as Zarr readers see it".into());
    }
    let fields = named.iter().map(|(name, dtype)| json!([name, dtype])).collect();
    Ok(Dtype { name: Value::Array(fields), shape: Vec::new(), kind: Kind::Bytes })
}

struct Field {
    name: String,
    offset: u32,
    size: u32,
    dtype: Value,
}

fn unused_name(offset: u32) -> String {
    format!("_unused_{offset}")
}

/// The fields of a compound that begins at `base`. What datatypes are nested in has a depth, which is bounded
/// where they are decoded.
fn flatten(
    members: &[Member],
    base: u32,
    above: &str,
    fields: &mut Vec<Field>,
) -> Result<(), String> {
    // With these, what is laid flat ends: each step down comes to a field.
    if members.is_empty() {
        return Err("a compound without members".into());
    }
    for member in members {
        let name = std::str::from_utf8(&member.name)
            .map_err(|_| "a compound with a member name that is not UTF-8")?;
        if name.is_empty() {
            return Err("a compound with a member without a name".into());
        }
        let name = format!("{above}{name}");
        let offset = base.checked_add(member.offset).ok_or("a compound of more than 4 GiB")?;
        field(name, offset, &member.datatype, fields)?;
    }
    Ok(())
}

fn field(
    name: String,
    offset: u32,
    datatype: &Datatype,
    fields: &mut Vec<Field>,
) -> Result<(), String> {
    let size = datatype.size;
    match &datatype.class {
        Class::Compound { members } if complex(members, size).is_none() => {
            return flatten(members, offset, &format!("{name}."), fields);
        }
        Class::Array { shape, base } => {
            let count = shape.iter().try_fold(1_u64, |n, &m| n.checked_mul(m.into()));
            let count = count.filter(|n| *n <= MOST_FIELDS as u64).ok_or_else(too_many)?;
            if count == 0 {
                return Err("a compound of arrays without elements".into());
            }
            for n in 0..count {
                let at = u32::try_from(n).ok().and_then(|n| n.checked_mul(base.size));
                let at = at.and_then(|at| at.checked_add(offset)).ok_or_else(too_many)?;
                field(format!("{name}[{}]", place(n, shape)), at, base, fields)?;
            }
            return Ok(());
        }
        _ => {}
    }
    let dtype = dtype(datatype).map_err(|why| format!("a compound of {why}"))?;
    if dtype.kind == Kind::Text {
        return Err("a compound of variable-length strings or references".into());
    }
    if fields.len() >= MOST_FIELDS {
        return Err(too_many());
    }
    fields.push(Field { name, offset, size, dtype: dtype.name });
    Ok(())
}

fn too_many() -> String {
    format!("a compound of more than {MOST_FIELDS} fields, arrays in it and all")
}

/// `0,1`: the place of an element in an array, by its number.
fn place(number: u64, shape: &[u32]) -> String {
    let mut rest = number;
    let along = shape.iter().rev().map(|&extent| {
        let at = rest % u64::from(extent.max(1));
        rest /= u64::from(extent.max(1));
        at.to_string()
    });
    let mut places: Vec<String> = along.collect();
    places.reverse();
    places.join(",")
}

#[cfg(test)]
mod tests {
    use h5meta::message::datatype::StringType;

    use super::*;

    fn little(size: u32) -> Bits {
        Bits { order: ByteOrder::Little, offset: 0, precision: size as u16 * 8 }
    }

    fn int(size: u32) -> Datatype {
        Datatype { size, class: Class::Integer { bits: little(size), signed: true } }
    }

    fn float(size: u32) -> Datatype {
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

    fn member(name: &str, offset: u32, datatype: Datatype) -> Member {
        Member { name: name.into(), offset, datatype }
    }

    fn name(datatype: &Datatype) -> Value {
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
    fn compounds_are_lists_of_fields() {
        let string = Class::String(StringType { padding: 1, character_set: 0 });
        let members =
            vec![member("a", 0, int(4)), member("s", 4, Datatype { size: 5, class: string })];
        let compound = |size, members| Datatype { size, class: Class::Compound { members } };
        let packed = compound(9, members.clone());
        assert_eq!(name(&packed), json!([["a", "<i4"], ["s", "|S5"]]));
        let padded = compound(12, members.clone());
        assert_eq!(name(&padded), json!([["a", "<i4"], ["s", "|S5"], ["_unused_9", "|V3"]]));
        assert!(dtype(&compound(8, members)).unwrap_err().contains("larger"));
    }

    /// zarr-python reads no fields of fields and no arrays in them.
    #[test]
    fn what_is_nested_is_laid_flat() {
        let compound = |size, members| Datatype { size, class: Class::Compound { members } };
        let inner = compound(8, vec![member("x", 4, int(4)), member("y", 0, int(2))]);
        let array = Class::Array { shape: vec![1, 2], base: Box::new(inner) };
        let array = Datatype { size: 16, class: array };
        let outer = compound(20, vec![member("a", 4, array), member("b", 0, float(4))]);
        let fields = json!([
            ["b", "<f4"],
            ["a[0,0].y", "<i2"],
            ["_unused_6", "|V2"],
            ["a[0,0].x", "<i4"],
            ["a[0,1].y", "<i2"],
            ["_unused_14", "|V2"],
            ["a[0,1].x", "<i4"],
        ]);
        assert_eq!(name(&outer), fields);
        let twice = vec![member("a", 0, int(2)), member("a", 2, int(2))];
        assert!(dtype(&compound(4, twice)).unwrap_err().contains("one name"));
        let over = vec![member("a", 0, int(4)), member("b", 2, int(4))];
        assert!(dtype(&compound(6, over)).unwrap_err().contains("overlap"));
        let class = Class::Array { shape: vec![u32::MAX, u32::MAX], base: Box::new(int(1)) };
        let huge = compound(4, vec![member("a", 0, Datatype { size: 4, class })]);
        assert!(dtype(&huge).unwrap_err().contains("more than 1000 fields"));
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
