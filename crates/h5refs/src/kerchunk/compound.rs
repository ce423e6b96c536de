//! Compound datatypes as numpy's structured ones, laid flat.

use h5meta::message::datatype::{Class, Datatype, Member};
use serde_json::{Value, json};

use super::dtype::{Dtype, Kind, complex_name, dtype};

/// A compound of `r` and `i`, as h5py writes complex numbers.
pub(super) fn complex(members: &[Member], size: u32) -> Option<String> {
    let [real, imaginary] = members else { return None };
    let same = real.datatype == imaginary.datatype;
    let packed = real.offset == 0 && imaginary.offset == real.datatype.size;
    if real.name != b"r" || imaginary.name != b"i" || !same || !packed {
        return None;
    }
    let part = dtype(&real.datatype).ok()?;
    complex_name(part.name.as_str()?, size).ok()
}

/// Fields that a type may come to.
const MOST_FIELDS: usize = 1000;

/// Bytes that their names may come to: each has the names above it in it, and so has each place of an array.
const MOST_NAMES: usize = 1 << 20;

/// Fields one behind the other, as zarr-python reads them: one level, and no arrays in it.
///
/// What is nested has the names that lead to it (`inner.x`), elements of arrays their place (`a[0,1]`), and
/// bytes between members, which Zarr has no word for, are fields too (`_unused_4`, by their offset).
pub(super) fn compound(members: &[Member], size: u32) -> Result<Dtype, String> {
    let mut fields = Vec::new();
    flatten(members, 0, "", &mut fields)?;
    fields.sort_by_key(|field| field.offset);
    let mut named = Vec::new();
    let mut end = 0;
    for Field { name, offset, size, dtype, names: _ } in fields {
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
    /// Bytes of the names up to this one.
    names: usize,
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
    let names = fields.last().map_or(0, |last| last.names).saturating_add(name.len());
    if names > MOST_NAMES {
        return Err(format!("a compound with more than {MOST_NAMES} bytes of field names"));
    }
    fields.push(Field { name, offset, size, dtype: dtype.name, names });
    Ok(())
}

/// The least that a datatype is written as, in bytes: the names of its fields, each with those above it, and a byte
/// for the rest.
pub(super) fn least_written(datatype: &Datatype) -> u64 {
    let mut least = 0_u64;
    let mut left = vec![(datatype, 1_u64, 0_u64)];
    while let Some((datatype, times, above)) = left.pop() {
        match &datatype.class {
            Class::Compound { members } => left.extend(members.iter().map(|member| {
                let name = above.saturating_add(member.name.len() as u64);
                (&member.datatype, times, name)
            })),
            Class::Array { shape, base } => {
                // The elements of what is no field are dimensions.
                let elements = shape.iter().fold(1_u64, |n, &m| n.saturating_mul(m.into()));
                let times = if above == 0 { times } else { times.saturating_mul(elements) };
                left.push((base, times, above));
            }
            _ => least = least.saturating_add(times.saturating_mul(above.saturating_add(1))),
        }
    }
    least
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

    use super::super::dtype::tests::{float, int, member, name};
    use super::*;

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
        let names = ["b ", "ax ", "ay ", "ax ", "ay "].concat();
        assert_eq!(least_written(&outer), names.len() as u64);
        assert!(least_written(&outer) < fields.to_string().len() as u64);
        let dimensions = Class::Array { shape: vec![1000], base: Box::new(outer.clone()) };
        let dimensions = Datatype { size: 20_000, class: dimensions };
        assert_eq!(least_written(&dimensions), least_written(&outer));
        let twice = vec![member("a", 0, int(2)), member("a", 2, int(2))];
        assert!(dtype(&compound(4, twice)).unwrap_err().contains("one name"));
        let over = vec![member("a", 0, int(4)), member("b", 2, int(4))];
        assert!(dtype(&compound(6, over)).unwrap_err().contains("overlap"));
        let class = Class::Array { shape: vec![u32::MAX, u32::MAX], base: Box::new(int(1)) };
        let huge = compound(4, vec![member("a", 0, Datatype { size: 4, class })]);
        assert!(dtype(&huge).unwrap_err().contains("more than 1000 fields"));
    }
}
