//! What elements that were never written read as.
//!
//! xarray masks what equals the fill value of a Zarr array of version 2. So where no chunk is missing it is
//! that of the `_FillValue` attribute, or null: with HDF5's own, which is zero unless said otherwise, as
//! kerchunk has it, zeros would read as missing. Where chunks are missing it is data, and has to be what HDF5
//! reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use h5meta::Sizes;
use h5meta::message::datatype::{Class, Datatype};
use h5meta::message::{Dataspace, FillValue};
use h5meta::model::{Attribute, Dataset, Object};
use h5meta::value::{NoHeap, Reader, Value as Element};
use serde_json::{Value, json};

use super::attrs::find;
use super::dtype::{Dtype, Kind};
use crate::document::{float, number_of};

/// A `fill_value`, and whether it is that of the `_FillValue` attribute.
pub(super) struct Fill {
    pub(super) value: Value,
    pub(super) from_attribute: bool,
}

/// The fill value of an array, of which chunks are `missing` or not.
///
/// # Errors
/// Why what is missing cannot be said to read as HDF5 reads it.
pub(super) fn fill_value(
    object: &Object,
    dataset: &Dataset,
    dtype: &Dtype,
    missing: bool,
    sizes: Sizes,
) -> Result<Fill, String> {
    let attribute = find(object, "_FillValue").and_then(|each| attribute(each, dataset, dtype));
    // Whatever is read of what has no fill value is as good.
    let any = !missing || dataset.fill_value == FillValue::Undefined;
    let stored = || stored(dataset, dtype, sizes);
    match attribute {
        Some(value) if any || stored().as_ref() == Some(&value) => {
            Ok(Fill { value, from_attribute: true })
        }
        _ if !missing => Ok(Fill { value: Value::Null, from_attribute: false }),
        _ => {
            let value = stored()
                .ok_or("its fill value, which missing chunks read as, has no form in Zarr")?;
            Ok(Fill { value, from_attribute: false })
        }
    }
}

/// Bytes of an element of which zeros are written out as its fill value.
const LONGEST: usize = 64 << 10;

/// The value of HDF5's own fill value message; `None` if Zarr cannot say it.
fn stored(dataset: &Dataset, dtype: &Dtype, sizes: Sizes) -> Option<Value> {
    let datatype = dataset.datatype.as_ref()?;
    let size = usize::try_from(datatype.size).ok()?;
    // An array type's fill value is a whole array: Zarr has one for each element alike.
    let (element, _) = innermost(datatype);
    let width = usize::try_from(element.size).ok()?;
    let bytes = match &dataset.fill_value {
        // Of strings of any length Zarr has only the empty one, and of references those that lead nowhere.
        FillValue::Value(bytes) if dtype.kind == Kind::Text && !leads_nowhere(datatype, bytes) => {
            return None;
        }
        _ if dtype.kind == Kind::Text => return Some(Value::Null),
        FillValue::Value(bytes) if bytes.len() == size => bytes.to_vec(),
        FillValue::Value(_) => return None,
        // A size is a claim of a few bytes.
        FillValue::Default | FillValue::Undefined if width > LONGEST => return None,
        FillValue::Default | FillValue::Undefined => vec![0; width.min(size)],
    };
    let mut each = bytes.chunks(width.max(1));
    let first = each.next()?;
    if each.any(|other| other != first) {
        return None;
    }
    of_bytes(element, first, dtype.kind, sizes)
}

/// Whether an element is an empty string, by the length before its place, or a null reference.
fn leads_nowhere(datatype: &Datatype, element: &[u8]) -> bool {
    let looked_at = match datatype.class {
        Class::VariableString(_) => element.get(..4).unwrap_or(element),
        _ => element,
    };
    looked_at.iter().all(|&byte| byte == 0)
}

/// The type below all array types, and how many of it an element holds.
fn innermost(datatype: &Datatype) -> (&Datatype, u64) {
    let mut element = datatype;
    let mut count = 1_u64;
    while let Class::Array { shape, base } = &element.class {
        count = shape.iter().fold(count, |count, &n| count.saturating_mul(n.into()));
        element = base;
    }
    (element, count)
}

fn of_bytes(datatype: &Datatype, bytes: &[u8], kind: Kind, sizes: Sizes) -> Option<Value> {
    if kind == Kind::Text {
        return None;
    }
    if kind == Kind::Bytes {
        return Some(json!(STANDARD.encode(bytes)));
    }
    let mut reader = Reader { sizes, heap: &NoHeap, budget: 16, heap_bytes: 0 };
    let value = reader.elements(datatype, bytes, 1).ok()?.pop()?;
    of_value(&value, kind)
}

fn of_value(value: &Element, kind: Kind) -> Option<Value> {
    match (kind, value) {
        (kind, Element::Enum(number)) => of_value(number, kind),
        (Kind::Bool, Element::Integer(number)) => Some(json!(*number != 0)),
        (Kind::Number, Element::Integer(number)) => Some(number_of(*number)),
        (Kind::Number, Element::Float(number)) => Some(float(*number)),
        (Kind::Complex, Element::Complex(parts)) => {
            parts.iter().map(|part| of_value(part, Kind::Number)).collect()
        }
        (Kind::Complex, Element::Compound(parts)) => {
            parts.iter().map(|part| of_value(part, Kind::Number)).collect()
        }
        _ => None,
    }
}

/// A `_FillValue` attribute of one number that the array's type has, or that has the bits of one: netCDF
/// gives unsigned integers a signed one. Of strings kerchunk keeps the attribute, as readers do not mask
/// strings.
fn attribute(attribute: &Attribute, dataset: &Dataset, dtype: &Dtype) -> Option<Value> {
    if attribute.dataspace == Dataspace::Null {
        return None;
    }
    let [one] = attribute.values.as_deref()? else { return None };
    let (element, _) = innermost(dataset.datatype.as_ref()?);
    match (&element.class, one) {
        (Class::Integer { signed, .. }, Element::Integer(number)) => {
            fitted(*number, element.size, *signed).map(number_of)
        }
        (Class::Integer { .. } | Class::Enum { .. }, Element::Float(_)) => None,
        (Class::BitField { .. }, Element::Integer(number)) => {
            fitted(*number, element.size, false).map(number_of)
        }
        _ => of_value(one, dtype.kind),
    }
}

/// A number in an integer type of `size` bytes: itself, or what its bits are there.
fn fitted(number: i128, size: u32, signed: bool) -> Option<i128> {
    let bits = size.checked_mul(8).filter(|bits| *bits <= 64)?;
    let range = 1_i128.checked_shl(bits)?;
    // Neither as signed nor as unsigned: then it is no value of this type.
    if number < -(range / 2) || number >= range {
        return None;
    }
    let unsigned = number.rem_euclid(range);
    Some(if signed && unsigned >= range / 2 { unsigned - range } else { unsigned })
}

#[cfg(test)]
mod tests {
    use h5meta::message::datatype::{ReferenceKind, StringType};

    use super::*;

    #[test]
    fn only_what_leads_nowhere_reads_as_nothing() {
        let strings = Class::VariableString(StringType { padding: 0, character_set: 1 });
        let strings = Datatype { size: 16, class: strings };
        let objects = Datatype { size: 8, class: Class::Reference(ReferenceKind::Object) };
        assert!(leads_nowhere(&strings, &[0; 16]));
        assert!(leads_nowhere(&strings, &[[0; 4], [255; 4], [255; 4], [0; 4]].concat()));
        assert!(!leads_nowhere(&strings, &[[5, 0, 0, 0], [9; 4], [0; 4], [1, 0, 0, 0]].concat()));
        assert!(leads_nowhere(&objects, &[0; 8]));
        assert!(!leads_nowhere(&objects, &[0, 0, 0, 0, 1, 0, 0, 0]));
    }

    #[test]
    fn a_number_fits_by_its_bits() {
        assert_eq!(fitted(-1, 1, false), Some(255));
        assert_eq!(fitted(255, 1, true), Some(-1));
        assert_eq!(fitted(-128, 1, true), Some(-128));
        assert_eq!(fitted(256, 1, false), None);
        assert_eq!(fitted(-129, 1, true), None);
        assert_eq!(fitted(u64::MAX.into(), 8, false), Some(u64::MAX.into()));
        assert_eq!(fitted(-1, 8, false), Some(u64::MAX.into()));
    }
}
