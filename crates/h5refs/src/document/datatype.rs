//! Datatypes in the document.

use h5meta::message::datatype::{ByteOrder, Class, Datatype, Member, StringType};
use serde_json::{Value, json};

use super::value::integer;
use super::{hex, text};

/// A datatype. Whether it is committed is known of a dataset's, not of what it is made of.
#[must_use]
pub fn datatype(datatype: &Datatype, committed: Option<bool>) -> Value {
    let size = datatype.size;
    let mut rendered = match &datatype.class {
        Class::Integer { bits, signed } => json!({
            "class": "integer", "size": size, "order": order(bits.order),
            "precision": bits.precision, "offset": bits.offset, "signed": signed,
        }),
        Class::Float { bits, float } => json!({
            "class": "float", "size": size, "order": order(bits.order),
            "precision": bits.precision, "offset": bits.offset,
            "fields": [
                float.sign, float.exponent, float.exponent_size, float.mantissa, float.mantissa_size
            ],
            "ebias": float.exponent_bias,
        }),
        Class::Time { .. } => json!({ "class": "time", "size": size }),
        Class::String(string) => string_type(*string, size, false),
        Class::VariableString(string) => string_type(*string, size, true),
        Class::BitField { bits } => json!({
            "class": "bitfield", "size": size, "order": order(bits.order),
            "precision": bits.precision, "offset": bits.offset,
        }),
        Class::Opaque { tag } => json!({ "class": "opaque", "size": size, "tag": text(tag) }),
        Class::Compound { members } => json!({
            "class": "compound", "size": size,
            "members": members.iter().map(member).collect::<Vec<_>>(),
        }),
        Class::Reference(_) => json!({ "class": "reference", "size": size }),
        Class::Enum { base, members } => json!({
            "class": "enum", "size": size, "base": self::datatype(base, None), "n": members.len(),
            "members": members
                .iter()
                .map(|(name, value)| json!([text(name), enum_value(base, value)]))
                .collect::<Vec<_>>(),
        }),
        Class::VariableLength { base } => {
            json!({ "class": "vlen", "size": size, "base": self::datatype(base, None) })
        }
        Class::Array { shape, base } => json!({
            "class": "array", "size": size, "base": self::datatype(base, None), "dims": shape,
        }),
        Class::Complex { base } => {
            json!({ "class": "complex", "size": size, "base": self::datatype(base, None) })
        }
        _ => json!({ "class": datatype.class_name(), "size": size }),
    };
    if let Some(committed) = committed {
        rendered["committed"] = json!(committed);
    }
    rendered
}

fn order(order: ByteOrder) -> &'static str {
    match order {
        ByteOrder::Little => "LE",
        ByteOrder::Big => "BE",
        ByteOrder::Vax => "VAX",
    }
}

fn string_type(string: StringType, size: u32, variable: bool) -> Value {
    json!({
        "class": "string", "size": size, "vlen": variable, "cset": string.character_set,
        "pad": string.padding,
    })
}

fn member(member: &Member) -> Value {
    json!([text(&member.name), member.offset, datatype(&member.datatype, None)])
}

fn enum_value(base: &Datatype, bytes: &[u8]) -> Value {
    integer(base, bytes).unwrap_or_else(|| json!(hex(bytes)))
}
