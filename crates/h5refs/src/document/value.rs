//! Attribute values in the document.

use std::cell::RefCell;
use std::collections::HashSet;

use h5meta::Index;
use h5meta::message::datatype::{Class, Datatype};
use h5meta::value::Value as V;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::elsewhere::selection;
use super::hex;

/// The most empty lists in a list.
const MOST_EMPTY: u64 = 1024;

/// Elements as JSON, made as they are written. What JSON has no word for is a string: `NaN`, bytes in hexadecimal, a
/// reference's path.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) value: &'a V,
    pub(super) datatype: &'a Datatype,
    pub(super) index: &'a Index,
}

impl Serialize for Element<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self { value, datatype, index } = *self;
        let of = |value, datatype| Element { value, datatype, index };
        match (value, &datatype.class) {
            (V::Integer(number), _) => number_of(*number).serialize(out),
            (V::Float(number), _) => float(*number).serialize(out),
            (V::String(bytes), _) => out.serialize_str(&text(bytes)),
            (V::Opaque(bytes), _) => out.serialize_str(&hex(bytes)),
            (V::Enum(number), Class::Enum { base, .. }) => of(number, base).serialize(out),
            (V::Compound(values), Class::Compound { members }) => {
                let mut seen = HashSet::new();
                let fields = values.iter().zip(members);
                let fields = fields.map(|(each, member)| (text(&member.name), each, member));
                let fields = fields.filter(|(name, ..)| seen.insert(name.clone()));
                out.collect_map(fields.map(|(name, each, m)| (name, of(each, &m.datatype))))
            }
            (V::Sequence(values), Class::Array { base, .. } | Class::VariableLength { base }) => {
                out.collect_seq(values.iter().map(|each| of(each, base)))
            }
            (V::Complex(parts), Class::Complex { base }) => {
                out.collect_seq(parts.iter().map(|each| of(each, base)))
            }
            _ => reference(value, index).serialize(out),
        }
    }
}

/// A reference as JSON: the path it leads to, and what in it.
pub(crate) fn reference(value: &V, index: &Index) -> Value {
    let path = |address| index.object_at(address).map(|object| &object.path);
    match value {
        V::Reference(Some(address)) => json!(path(*address)),
        V::AttributeReference { object, name } => {
            json!({ "object": path(*object), "attribute": text(name) })
        }
        V::RegionReference { object, region } => {
            json!({ "object": path(*object), "region": selection(region) })
        }
        V::ExternalReference { file } => json!({ "file": text(file) }),
        _ => Value::Null,
    }
}

/// Lists of lists of a shape, with elements in order; the rank bounds the depth.
pub(super) struct Lists<'a, I> {
    pub(super) shape: &'a [u64],
    pub(super) elements: &'a RefCell<I>,
}

impl<'a, I: Iterator<Item = Element<'a>>> Serialize for Lists<'_, I> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Some((&count, inner)) = self.shape.split_first() else {
            let next = self.elements.borrow_mut().next();
            return next.serialize(out);
        };
        let inner = Lists { shape: inner, elements: self.elements };
        out.collect_seq((0..listed(count, inner.shape)).map(|_| &inner))
    }
}

/// How many lists are in a list. Empty ones hold nothing that would bound their number.
fn listed(count: u64, inner: &[u64]) -> u64 {
    if inner.contains(&0) { count.min(MOST_EMPTY) } else { count }
}

/// Lists of lists, filled from `elements` in order; the rank bounds the depth.
pub(crate) fn nested(shape: &[u64], elements: &mut dyn Iterator<Item = Value>) -> Value {
    let Some((&count, inner)) = shape.split_first() else {
        return elements.next().unwrap_or(Value::Null);
    };
    (0..listed(count, inner)).map(|_| nested(inner, elements)).collect()
}

/// An integer of any width; one that JSON's readers cannot hold is a string.
pub(crate) fn number_of(number: i128) -> Value {
    if let Ok(number) = i64::try_from(number) {
        return json!(number);
    }
    u64::try_from(number).map_or_else(|_| json!(number.to_string()), |number| json!(number))
}

/// A floating-point number; JSON has no word for three of them.
pub(crate) fn float(number: f64) -> Value {
    if number.is_nan() {
        return json!("NaN");
    }
    match number {
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        _ => json!(number),
    }
}

/// Bytes as text; what is not UTF-8 is written `\xHH`, as in names.
pub(crate) fn text(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// An integer's bytes in the byte order of its datatype.
pub(crate) fn integer(datatype: &Datatype, bytes: &[u8]) -> Option<Value> {
    h5meta::value::integer_value(datatype, bytes).map(number_of)
}
