//! Decoding a datatype message.
//!
//! Spec: IV.A.2.d, "The Datatype Message".
//!
//! Datatypes nest: compounds, arrays, enumerations and sequences hold others. The nesting is the
//! file's to choose, so it is kept on a stack of its own, not on the machine's; and what nests deeper
//! than any type of use is passed over, so that types can be looked into by recursion.

use std::sync::Arc;

use super::{Bits, ByteOrder, Class, Datatype, Float, Member, ReferenceKind, StringType};
use crate::error::{Kind, Result};
use crate::spec::Structure;
use crate::wire::Cursor;

/// How deep types are kept. What is inside so many others is `Class::TooDeep`.
const MAX_DEPTH: usize = 64;

/// The most dimensions of an array type; libhdf5's own bound.
const MAX_ARRAY_RANK: u8 = 32;

/// A type that is not complete before the type it holds is decoded.
enum Outer {
    Compound { head: Head, members: Vec<Member>, left: u16, next: MemberHead },
    Enum { head: Head },
    VariableLength { size: u32, string: Option<StringType> },
    Array { size: u32, shape: Vec<u32> },
    Complex { size: u32 },
}

/// The eight bytes that every datatype starts with.
#[derive(Clone, Copy)]
struct Head {
    version: u8,
    class: u8,
    /// The class bit field, 24 bits.
    bits: u32,
    size: u32,
}

/// What a compound says of a member before its type.
struct MemberHead {
    name: Vec<u8>,
    offset: u32,
    /// In version 1, the dimensions of an array of the member's type.
    shape: Vec<u32>,
}

impl Datatype {
    /// Decodes a datatype message.
    ///
    /// # Errors
    /// `Truncated`, `Version`, `Invalid` properties, or `Unsupported` classes.
    pub fn decode(body: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::Datatype);
        let mut outers: Vec<Outer> = Vec::new();
        loop {
            let mut done = match start(&mut cursor)? {
                Start::Whole(datatype) => datatype,
                Start::Outer(outer) => {
                    outers.push(outer);
                    continue;
                }
            };
            // A type that is whole completes the one that holds it, and so on outwards.
            loop {
                cursor.mark(done.class_name());
                if outers.len() > MAX_DEPTH {
                    done.class = Class::TooDeep { class: done.class_number() };
                }
                let Some(outer) = outers.pop() else { return Ok(done) };
                match outer.hold(done, &mut cursor)? {
                    Held::Whole(datatype) => done = datatype,
                    Held::NextMember(outer) => {
                        outers.push(outer);
                        break;
                    }
                }
            }
        }
    }

    /// Decodes a datatype that many objects may have.
    pub(crate) fn decode_shared(body: &[u8]) -> Result<Arc<Self>> {
        Self::decode(body).map(Arc::new)
    }
}

enum Start {
    Whole(Datatype),
    Outer(Outer),
}

enum Held {
    Whole(Datatype),
    NextMember(Outer),
}

/// Decodes up to the end of a type, or up to the type that it holds.
fn start(cursor: &mut Cursor<'_>) -> Result<Start> {
    let head = head(cursor)?;
    let Head { version, class, bits, size } = head;
    let class = match class {
        0 => Class::Integer { bits: numeric(cursor, bits)?, signed: bits & 0x08 != 0 },
        1 => float(cursor, bits)?,
        2 => {
            let bits = Bits { order: order(bits), offset: 0, precision: cursor.u16()? };
            Class::Time { bits }
        }
        3 => Class::String(StringType { padding: nibble(bits, 0), character_set: nibble(bits, 4) }),
        4 => Class::BitField { bits: numeric(cursor, bits)? },
        5 => Class::Opaque { tag: opaque_tag(cursor, bits)? },
        6 => return compound(cursor, head),
        7 => Class::Reference(reference(cursor, bits)?),
        8 => return Ok(Start::Outer(Outer::Enum { head })),
        9 => match nibble(bits, 0) {
            0 => return Ok(Start::Outer(Outer::VariableLength { size, string: None })),
            1 => {
                let string =
                    StringType { padding: nibble(bits, 4), character_set: nibble(bits, 8) };
                return Ok(Start::Outer(Outer::VariableLength { size, string: Some(string) }));
            }
            other => return Err(cursor.invalid(other, "a variable-length type that cannot be")),
        },
        10 => {
            let shape = array_shape(cursor, version)?;
            return Ok(Start::Outer(Outer::Array { size, shape }));
        }
        11 => return Ok(Start::Outer(Outer::Complex { size })),
        _ => return Err(cursor.error(Kind::Unsupported { what: "a datatype class above 11" })),
    };
    Ok(Start::Whole(Datatype { size, class }))
}

impl Outer {
    /// Takes the type that it holds; a compound may have more members to come.
    fn hold(self, inner: Datatype, cursor: &mut Cursor<'_>) -> Result<Held> {
        let datatype = match self {
            Self::Compound { head, mut members, left, next } => {
                members.push(member(next, inner));
                if let Some(left) = left.checked_sub(1) {
                    let next = member_head(cursor, head)?;
                    return Ok(Held::NextMember(Self::Compound { head, members, left, next }));
                }
                Datatype { size: head.size, class: Class::Compound { members } }
            }
            Self::Enum { head } => enumeration(cursor, head, inner)?,
            Self::VariableLength { size, string: None } => {
                Datatype { size, class: Class::VariableLength { base: Box::new(inner) } }
            }
            // The base type of a string is a byte: it says nothing more.
            Self::VariableLength { size, string: Some(string) } => {
                Datatype { size, class: Class::VariableString(string) }
            }
            Self::Array { size, shape } => {
                Datatype { size, class: Class::Array { shape, base: Box::new(inner) } }
            }
            Self::Complex { size } => {
                Datatype { size, class: Class::Complex { base: Box::new(inner) } }
            }
        };
        Ok(Held::Whole(datatype))
    }
}

fn head(cursor: &mut Cursor<'_>) -> Result<Head> {
    let class_and_version = cursor.u8()?;
    let version = class_and_version >> 4;
    if !(1..=5).contains(&version) {
        return Err(cursor.unknown_version(version));
    }
    cursor.mark(format_args!("version {version}"));
    let [low, middle, high] = cursor.array()?;
    let bits = u32::from_le_bytes([low, middle, high, 0]);
    Ok(Head { version, class: class_and_version & 0x0f, bits, size: cursor.u32()? })
}

/// Four bits of the class bit field.
fn nibble(bits: u32, at: u32) -> u8 {
    let [low, ..] = (bits >> at).to_le_bytes();
    low & 0x0f
}

fn order(bits: u32) -> ByteOrder {
    if bits & 1 == 0 { ByteOrder::Little } else { ByteOrder::Big }
}

/// Bit offset and precision of an integer or a bit field.
fn numeric(cursor: &mut Cursor<'_>, bits: u32) -> Result<Bits> {
    Ok(Bits { order: order(bits), offset: cursor.u16()?, precision: cursor.u16()? })
}

fn float(cursor: &mut Cursor<'_>, bits: u32) -> Result<Class> {
    let [_, sign, _, _] = bits.to_le_bytes();
    // Bits 0 and 6 together: VAX order sets both.
    let order = match (bits & 0x01, bits & 0x40) {
        (0, _) => ByteOrder::Little,
        (_, 0) => ByteOrder::Big,
        _ => {
            cursor.mark("VAX byte order");
            ByteOrder::Vax
        }
    };
    let bits_used = Bits { order, offset: cursor.u16()?, precision: cursor.u16()? };
    let [exponent, exponent_size, mantissa, mantissa_size] = cursor.array()?;
    let exponent_bias = cursor.u32()?;
    let float = Float {
        sign,
        exponent,
        exponent_size,
        mantissa,
        mantissa_size,
        exponent_bias,
        implied_bit: (bits >> 4) & 0x03 == 2,
    };
    Ok(Class::Float { bits: bits_used, float })
}

fn opaque_tag(cursor: &mut Cursor<'_>, bits: u32) -> Result<Vec<u8>> {
    let tag = cursor.take(u64::from(bits & 0xff))?;
    Ok(tag.split(|&byte| byte == 0).next().unwrap_or_default().to_vec())
}

fn reference(cursor: &Cursor<'_>, bits: u32) -> Result<ReferenceKind> {
    cursor.mark(format_args!("reference of type {}", nibble(bits, 0)));
    match nibble(bits, 0) {
        0 => Ok(ReferenceKind::Object),
        1 => Ok(ReferenceKind::Region),
        typed @ 2..=4 => Ok(ReferenceKind::Typed(typed)),
        other => Err(cursor.invalid(other, "a reference type that cannot be")),
    }
}

fn compound(cursor: &mut Cursor<'_>, head: Head) -> Result<Start> {
    let count = u16::try_from(head.bits & 0xffff).unwrap_or(u16::MAX);
    let Some(left) = count.checked_sub(1) else {
        return Err(cursor.invalid(count, "a compound without members"));
    };
    let next = member_head(cursor, head)?;
    Ok(Start::Outer(Outer::Compound { head, members: Vec::new(), left, next }))
}

fn member_head(cursor: &mut Cursor<'_>, head: Head) -> Result<MemberHead> {
    let name = name(cursor, head.version)?;
    let offset = match head.version {
        1 | 2 => cursor.u32()?,
        // As many bytes as the compound's size needs.
        _ => {
            let width = 4_u32.saturating_sub(head.size.leading_zeros() / 8).max(1);
            let offset = cursor.uint(usize::try_from(width).unwrap_or(4))?;
            u32::try_from(offset).unwrap_or(u32::MAX)
        }
    };
    let shape = if head.version == 1 { member_shape(cursor)? } else { Vec::new() };
    Ok(MemberHead { name, offset, shape })
}

/// Version 1 has no array class: a member has up to four dimensions of its own.
fn member_shape(cursor: &mut Cursor<'_>) -> Result<Vec<u32>> {
    let rank = cursor.u8()?;
    if rank > 4 {
        return Err(cursor.invalid(rank, "a member of more than four dimensions"));
    }
    cursor.take(3 + 4 + 4)?; // reserved, permutation, reserved
    let shape: Vec<u32> = (0..4).map(|_| cursor.u32()).collect::<Result<_>>()?;
    Ok(shape.into_iter().take(rank.into()).collect())
}

fn member(MemberHead { name, offset, shape }: MemberHead, datatype: Datatype) -> Member {
    if shape.is_empty() {
        return Member { name, offset, datatype };
    }
    let size = shape.iter().fold(datatype.size, |size, &n| size.saturating_mul(n));
    let class = Class::Array { shape, base: Box::new(datatype) };
    Member { name, offset, datatype: Datatype { size, class } }
}

fn array_shape(cursor: &mut Cursor<'_>, version: u8) -> Result<Vec<u32>> {
    let rank = cursor.u8()?;
    if rank > MAX_ARRAY_RANK {
        return Err(cursor.invalid(rank, "an array of more than 32 dimensions"));
    }
    if version < 3 {
        cursor.take(3)?; // reserved
    }
    let shape = (0..rank).map(|_| cursor.u32()).collect::<Result<Vec<u32>>>()?;
    if version < 3 {
        cursor.take(u64::from(rank).saturating_mul(4))?; // permutation
    }
    Ok(shape)
}

/// The names come first, then the values.
fn enumeration(cursor: &mut Cursor<'_>, head: Head, base: Datatype) -> Result<Datatype> {
    let count = head.bits & 0xffff;
    let names = (0..count).map(|_| name(cursor, head.version)).collect::<Result<Vec<_>>>()?;
    let mut members = Vec::new();
    for name in names {
        members.push((name, cursor.take(base.size.into())?.to_vec()));
    }
    let class = Class::Enum { base: Box::new(base), members };
    Ok(Datatype { size: head.size, class })
}

/// A name, which versions 1 and 2 pad to a multiple of eight bytes with its NUL.
fn name(cursor: &mut Cursor<'_>, version: u8) -> Result<Vec<u8>> {
    let name = cursor.c_string()?;
    if version < 3 {
        let stored = name.len().saturating_add(1);
        let padding = stored.next_multiple_of(8).saturating_sub(stored);
        cursor.take(crate::wire::to_u64(padding))?;
    }
    Ok(name.to_vec())
}
