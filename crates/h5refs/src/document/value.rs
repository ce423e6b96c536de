//! Attribute values in the document.

use h5meta::Index;
use h5meta::message::datatype::{Class, Datatype};
use serde_json::{Map, Value, json};

use super::hex;

/// A value as JSON. What JSON has no word for is a string: `NaN`, bytes in hexadecimal, a
/// reference's path.
pub(crate) fn value(value: &h5meta::value::Value, datatype: &Datatype, index: &Index) -> Value {
    use h5meta::value::Value as V;
    match (value, &datatype.class) {
        (V::Integer(number), _) => number_of(*number),
        (V::Float(number), _) => float(*number),
        (V::String(bytes), _) => json!(text(bytes)),
        (V::Opaque(bytes), _) => json!(hex(bytes)),
        (V::Enum(number), Class::Enum { base, .. }) => self::value(number, base, index),
        (V::Compound(values), Class::Compound { members }) => {
            let fields = values.iter().zip(members).map(|(each, member)| {
                (text(&member.name), self::value(each, &member.datatype, index))
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        (V::Sequence(values), Class::Array { base, .. } | Class::VariableLength { base }) => {
            values.iter().map(|each| self::value(each, base, index)).collect()
        }
        (V::Complex(parts), Class::Complex { base }) => {
            parts.iter().map(|each| self::value(each, base, index)).collect()
        }
        (V::Reference(Some(address)), _) => {
            index.object_at(*address).map_or(Value::Null, |object| json!(object.path))
        }
        (V::AttributeReference { object, name }, _) => {
            let object = index.object_at(*object).map(|object| &object.path);
            json!({ "object": object, "attribute": text(name) })
        }
        (V::ExternalReference { file }, _) => json!({ "file": text(file) }),
        _ => Value::Null,
    }
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
