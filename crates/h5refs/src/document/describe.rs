//! Datatypes in a few words, for people.

use h5meta::message::datatype::{ByteOrder, Class, Datatype};

use super::text;

/// A datatype in a few words: `float64`, `string[27]`, `compound{x: int32, y: int32}`.
#[must_use]
pub fn describe(datatype: &Datatype) -> String {
    let bits = u64::from(datatype.size) * 8;
    let number = |name: &str, order: ByteOrder| match order {
        ByteOrder::Big if datatype.size > 1 => format!("{name}{bits} big-endian"),
        ByteOrder::Vax => format!("{name}{bits} VAX"),
        _ => format!("{name}{bits}"),
    };
    match &datatype.class {
        Class::Integer { bits, signed: true } => number("int", bits.order),
        Class::Integer { bits, .. } => number("uint", bits.order),
        Class::Float { bits, .. } => number("float", bits.order),
        Class::Time { bits } => number("time", bits.order),
        Class::BitField { bits } => number("bits", bits.order),
        Class::String(_) => format!("string[{}]", datatype.size),
        Class::VariableString(_) => "string".into(),
        Class::Opaque { .. } => format!("opaque[{}]", datatype.size),
        Class::Compound { members } => {
            let members = members
                .iter()
                .map(|member| format!("{}: {}", text(&member.name), describe(&member.datatype)))
                .collect::<Vec<_>>();
            format!("compound{{{}}}", members.join(", "))
        }
        Class::Reference(_) => "reference".into(),
        Class::Enum { base, .. } => format!("enum({})", describe(base)),
        Class::VariableLength { base } => format!("sequence({})", describe(base)),
        Class::Array { shape, base } => format!("{}{shape:?}", describe(base)),
        Class::Complex { base } => format!("complex({})", describe(base)),
        _ => format!("{}(...)", datatype.class_name()),
    }
}
