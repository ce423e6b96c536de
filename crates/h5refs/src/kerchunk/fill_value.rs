//! What elements that were never written read as.
//!
//! As kerchunk has it, the `_FillValue` attribute comes before HDF5's own fill value, since readers
//! mask by it; and it is null for coordinates of time, where a default of zero would mask a time. But
//! where chunks are missing the value is data, and has to be the one that HDF5 reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use h5meta::Sizes;
use h5meta::message::datatype::{Class, Datatype};
use h5meta::message::{Dataspace, FillValue};
use h5meta::model::{Attribute, Dataset, Object};
use h5meta::value::{NoHeap, Reader, Value as Element};
use serde_json::{Value, json};

use super::attrs::{as_text, find};
use super::dtype::{Dtype, Kind};
use crate::document::{float, number_of};

/// A `fill_value`, and whether it is that of the `_FillValue` attribute.
pub(super) struct Fill {
    pub(super) value: Value,
    pub(super) from_attribute: bool,
}

/// The fill value of an array, of which chunks are `missing` or not.
pub(super) fn fill_value(
    object: &Object,
    dataset: &Dataset,
    dtype: &Dtype,
    missing: bool,
    sizes: Sizes,
) -> Fill {
    let stored = stored(dataset, dtype, sizes);
    if let Some(value) = find(object, "_FillValue").and_then(|each| attribute(each, dtype))
        && (!missing || value == stored)
    {
        return Fill { value, from_attribute: true };
    }
    let no_default = !missing && (is_time(object) || is_netcdf(object));
    let value = if no_default { Value::Null } else { stored };
    Fill { value, from_attribute: false }
}

/// The value of HDF5's own fill value message.
fn stored(dataset: &Dataset, dtype: &Dtype, sizes: Sizes) -> Value {
    let Some(datatype) = &dataset.datatype else { return Value::Null };
    let size = usize::try_from(datatype.size).unwrap_or(usize::MAX);
    // An array type's fill value is a whole array: Zarr has one for each element alike.
    let (element, count) = innermost(datatype);
    let bytes = match &dataset.fill_value {
        FillValue::Undefined => return Value::Null,
        FillValue::Value(bytes) if bytes.len() == size => bytes.clone(),
        FillValue::Value(_) => return Value::Null,
        FillValue::Default => {
            vec![0; usize::try_from(element.size).unwrap_or(0).min(size)]
        }
    };
    let width = usize::try_from(element.size).unwrap_or(usize::MAX).max(1);
    let mut each = bytes.chunks(width);
    let Some(first) = each.next() else { return Value::Null };
    if count > 1 && each.any(|other| other != first) {
        return Value::Null;
    }
    of_bytes(element, first, dtype.kind, sizes).unwrap_or(Value::Null)
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
    let mut reader = Reader { sizes, heap: &NoHeap, budget: 16 };
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

/// A `_FillValue` attribute of one number. Of strings kerchunk keeps the attribute, as readers do not
/// mask strings.
fn attribute(attribute: &Attribute, dtype: &Dtype) -> Option<Value> {
    if attribute.dataspace == Dataspace::Null {
        return None;
    }
    match attribute.values.as_deref()? {
        [one] => of_value(one, dtype.kind),
        _ => None,
    }
}

/// CF's units of time: `days since 1970-01-01`.
fn is_time(object: &Object) -> bool {
    find(object, "units").and_then(as_text).is_some_and(|units| units.contains("since"))
}

fn is_netcdf(object: &Object) -> bool {
    object.attributes.iter().any(|attribute| attribute.name.starts_with("_Netcdf4"))
}
