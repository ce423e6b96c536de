//! Attributes as JSON.
//!
//! As kerchunk has them, with two differences: arrays of several dimensions are nested lists and not
//! text, and numbers that JSON has no word for are strings (`"NaN"`), so that the document is JSON.

use h5meta::message::Dataspace;
use h5meta::message::datatype::{Class, Datatype, Member};
use h5meta::model::{Attribute, Object};
use h5meta::value::Value as Element;
use h5meta::{Address, Index};
use serde_json::{Map, Value, json};

use super::dtype::is_bool;
use crate::document::{float, nested, number_of, reference};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The attributes of an object that are its user's, without those named in `taken`.
pub(super) fn attributes(object: &Object, index: &Index, taken: &[&str]) -> Map<String, Value> {
    let is_scale = is_scale(object);
    object
        .attributes
        .iter()
        .filter(|attribute| !is_hidden(attribute, is_scale) && !taken.contains(&&*attribute.name))
        .filter_map(|attribute| Some((attribute.name.clone(), value(attribute, index)?)))
        .collect()
}

/// Bytes that the attributes of an object come to in a sidecar, about: what is larger there than in the file is counted.
/// What is beyond `most` is not looked at.
pub(super) fn size(object: &Object, index: &Index, most: u64) -> u64 {
    let mut size = Size { index, most, bytes: 0 };
    for attribute in &object.attributes {
        size.text(attribute.name.as_bytes());
        attribute.values.iter().flatten().for_each(|value| size.value(value));
    }
    size.bytes
}

/// Bytes of a text in a document that is text itself: what is escaped once in it is escaped twice.
pub(super) fn written(text: &[u8]) -> u64 {
    let of_byte = |byte: &u8| match byte {
        0..b' ' | 0x7f => 7,
        b'"' | b'\\' | 0x80.. => 4,
        _ => 1,
    };
    text.iter().map(of_byte).sum()
}

struct Size<'a> {
    index: &'a Index,
    most: u64,
    bytes: u64,
}

impl Size<'_> {
    fn text(&mut self, text: &[u8]) {
        if self.bytes <= self.most {
            self.bytes = self.bytes.saturating_add(written(text));
        }
    }

    fn path(&mut self, address: Address) {
        if let Some(object) = self.index.object_at(address) {
            self.text(object.path.as_bytes());
        }
    }

    fn value(&mut self, value: &Element) {
        self.bytes = self.bytes.saturating_add(NUMBER);
        match value {
            Element::String(bytes) => self.text(bytes),
            Element::Opaque(bytes) => {
                self.bytes = self.bytes.saturating_add((bytes.len() as u64).saturating_mul(2));
            }
            Element::Enum(number) => self.value(number),
            Element::Compound(values) | Element::Sequence(values) => {
                values.iter().for_each(|each| self.value(each));
            }
            Element::Reference(Some(address)) => self.path(*address),
            Element::AttributeReference { object, name } => {
                self.path(*object);
                self.text(name);
            }
            Element::RegionReference { object, .. } => self.path(*object),
            Element::ExternalReference { file } => self.text(file),
            _ => {}
        }
    }
}

/// Bytes that a number is written in, about.
const NUMBER: u64 = 8;

/// An attribute of a dataset or group, by name.
pub(super) fn find<'a>(object: &'a Object, name: &str) -> Option<&'a Attribute> {
    object.attributes.iter().map(AsRef::as_ref).find(|it: &&Attribute| it.name == name)
}

/// The text of an attribute, if it is one string.
pub(super) fn as_text(attribute: &Attribute) -> Option<String> {
    match attribute.values.as_deref()? {
        [Element::String(bytes)] => Some(text(bytes)),
        _ => None,
    }
}

/// Whether the object is a dimension scale.
pub(super) fn is_scale(object: &Object) -> bool {
    let class = find(object, "CLASS").and_then(as_text);
    class.is_some_and(|class| class == "DIMENSION_SCALE")
}

/// Whether the attribute belongs to the dimension scale convention, or to netCDF's own bookkeeping.
/// A user's own `CLASS` and `NAME` are the user's.
fn is_hidden(attribute: &Attribute, of_scale: bool) -> bool {
    match attribute.name.as_str() {
        "_Netcdf4Dimid" | "_Netcdf4Coordinates" | "_nc3_strict" | "_NCProperties" => true,
        "CLASS" | "NAME" => of_scale,
        "DIMENSION_LIST" => matches!(attribute.datatype.class, Class::VariableLength { .. }),
        "REFERENCE_LIST" => matches!(attribute.datatype.class, Class::Compound { .. }),
        _ => false,
    }
}

/// An attribute's value: a scalar where there is one element, else lists, one in another for each
/// further dimension. `None` if it could not be read, which a problem says.
fn value(attribute: &Attribute, index: &Index) -> Option<Value> {
    let values = attribute.values.as_deref()?;
    let mut elements = values.iter().map(|each| element(each, &attribute.datatype, index));
    let value = match (&attribute.dataspace, values.len()) {
        (Dataspace::Null, _) => json!(""),
        (_, 1) => elements.next()?,
        (dataspace, _) => nested(dataspace.shape(), &mut elements),
    };
    Some(if is_deeper(&value, DEEPEST) { json!(value.to_string()) } else { value })
}

/// Lists in lists that readers take, with some to spare: most end at 128. What is deeper is a text of its lists.
const DEEPEST: usize = 100;

fn is_deeper(value: &Value, most: usize) -> bool {
    value
        .as_array()
        .is_some_and(|values| most == 0 || values.iter().any(|value| is_deeper(value, most - 1)))
}

fn element(value: &Element, datatype: &Datatype, index: &Index) -> Value {
    match (value, &datatype.class) {
        (Element::Integer(number), _) => number_of(*number),
        (Element::Float(number), _) => float(*number),
        (Element::String(bytes), _) => json!(text(bytes)),
        (Element::Opaque(bytes), _) => json!(format!("base64:{}", STANDARD.encode(bytes))),
        (Element::Enum(number), Class::Enum { base, members }) => {
            if is_bool(base, members) {
                return json!(**number == Element::Integer(1));
            }
            element(number, base, index)
        }
        (Element::Compound(values), Class::Compound { members }) => {
            if let Some(complex) = complex(values, members) {
                return complex;
            }
            let fields = values.iter().zip(members);
            fields.map(|(each, member)| element(each, &member.datatype, index)).collect()
        }
        (Element::Sequence(values), Class::Array { shape, base }) => {
            let shape: Vec<u64> = shape.iter().map(|&n| n.into()).collect();
            nested(&shape, &mut values.iter().map(|each| element(each, base, index)))
        }
        (Element::Sequence(values), Class::VariableLength { base }) => {
            values.iter().map(|each| element(each, base, index)).collect()
        }
        (Element::Complex(parts), _) => match &**parts {
            [Element::Float(real), Element::Float(imaginary)] => complex_text(*real, *imaginary),
            _ => Value::Null,
        },
        // A reference is the path it leads to; those that h5py cannot read are as our own document has them.
        (
            Element::Reference(_)
            | Element::AttributeReference { .. }
            | Element::RegionReference { .. }
            | Element::ExternalReference { .. },
            _,
        ) => reference(value, index),
        _ => Value::Null,
    }
}

/// A compound of `r` and `i`, as h5py writes complex numbers.
fn complex(values: &[Element], members: &[Member]) -> Option<Value> {
    let ([real, imaginary], [r, i]) = (values, members) else { return None };
    match (real, imaginary) {
        (Element::Float(real), Element::Float(imaginary)) if r.name == b"r" && i.name == b"i" => {
            Some(complex_text(*real, *imaginary))
        }
        _ => None,
    }
}

/// Bytes as text, with U+FFFD for what is not UTF-8: as kerchunk has it.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `(1-2j)`, as kerchunk has it: JSON has no complex numbers, and Python reads this.
fn complex_text(real: f64, imaginary: f64) -> Value {
    let part = |number: f64| match number {
        number if number.is_nan() => "nan".to_owned(),
        // Short where Rust would write out every digit.
        number => format!("{number:?}").trim_end_matches(".0").to_owned(),
    };
    let sign = if imaginary.is_sign_negative() && !imaginary.is_nan() { "" } else { "+" };
    json!(format!("({}{sign}{}j)", part(real), part(imaginary)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_told() {
        let nested = (0..150).fold(json!(1), |inner, _| json!([inner]));
        assert!(is_deeper(&nested, DEEPEST) && !is_deeper(&nested, 150));
        assert!(!is_deeper(&json!([[1, 2], [3]]), 2) && is_deeper(&json!([[1, 2], [3]]), 1));
    }

    #[test]
    fn what_is_escaped_twice_is_counted_so() {
        for text in ["plain", "\u{1}\u{2}", "\"", "\\", "é"] {
            let document = json!(json!(text).to_string()).to_string();
            // Less the quotes around both texts.
            let length = document.len() as u64 - 6;
            assert!(
                (length..=length.saturating_mul(4)).contains(&written(text.as_bytes())),
                "{text}"
            );
        }
    }
}
