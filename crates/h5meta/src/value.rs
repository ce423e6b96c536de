//! Values: an element's bytes, read by its datatype.
//!
//! Attributes, fill values and variable-length data come this way. Raw data of fixed size never
//! does: its bytes are what the references point to.

mod reference;

use bytes::Bytes;

use crate::error::{Error, Kind, Result};
use crate::heap::global::HeapId;
use crate::message::datatype::{
    Bits, ByteOrder, Class, Datatype, Float, ReferenceKind, StringType,
};
use crate::selection::Selection;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes, to_u64, to_usize};

/// One element.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// An integer, of whatever width; a bit field or a time, as a number.
    Integer(i128),
    /// A floating-point number; wider ones than 64 bits are rounded.
    Float(f64),
    /// A string's bytes, its padding removed.
    String(Vec<u8>),
    /// Bytes without a meaning.
    Opaque(Vec<u8>),
    /// A member of an enumeration: its value.
    Enum(Box<Self>),
    /// The members of a compound, in the datatype's order.
    Compound(Vec<Self>),
    /// The elements of an array, flat, or of a variable-length sequence.
    Sequence(Vec<Self>),
    /// A reference to an object, or to a region of it, by its header; `None` refers to nothing.
    Reference(Option<Address>),
    /// A reference to an attribute.
    AttributeReference {
        /// The object that has it, by its header.
        object: Address,
        /// The attribute's name.
        name: Vec<u8>,
    },
    /// A reference to a region of a dataset.
    RegionReference {
        /// The dataset, by its header.
        object: Address,
        /// The elements of it that are meant.
        region: Box<Selection>,
    },
    /// A reference into another file.
    ExternalReference {
        /// The file's name, as its writer knew it.
        file: Vec<u8>,
    },
    /// A complex number.
    Complex(Box<[Self; 2]>),
}

/// Where variable-length values are looked up.
pub trait GlobalHeap {
    /// The bytes of a global heap object, or `None` if they are not here yet: what is read of them
    /// is then a placeholder, and the caller reads again when they are.
    ///
    /// # Errors
    /// Whatever keeps them from being found at all.
    fn object(&self, id: HeapId) -> Result<Option<Bytes>>;
}

/// No heap at all, for values that cannot need one.
#[derive(Clone, Copy, Debug)]
pub struct NoHeap;

impl GlobalHeap for NoHeap {
    fn object(&self, _: HeapId) -> Result<Option<Bytes>> {
        Err(unsupported("a variable-length value here"))
    }
}

/// Reads elements by their datatype.
#[derive(Debug)]
pub struct Reader<'a, H> {
    /// The file's widths, for heap IDs and references.
    pub sizes: Sizes,
    /// Where variable-length values are.
    pub heap: &'a H,
    /// Elements that may still be read: a budget against sequences of sequences.
    pub budget: u64,
    /// Bytes that may still be kept of what is in the heap: a budget against values that share theirs.
    pub heap_bytes: u64,
}

impl<H: GlobalHeap> Reader<'_, H> {
    /// The first `count` elements of `data`.
    ///
    /// # Errors
    /// `Truncated` if there are fewer, `Limit`, `Unsupported` types, or what the heap says.
    pub fn elements(&mut self, datatype: &Datatype, data: &[u8], count: u64) -> Result<Vec<Value>> {
        let size = u64::from(datatype.size);
        let mut cursor = Cursor::new(data, Structure::Data);
        cursor.clone().take(size.saturating_mul(count))?;
        self.charge(count)?;
        let mut values = Vec::with_capacity(to_usize(count).min(data.len()));
        for _ in 0..count {
            values.push(self.element(datatype, cursor.take(size)?)?);
        }
        Ok(values)
    }

    /// One element, which is all of `bytes`. The recursion is bounded: datatypes are.
    fn element(&mut self, datatype: &Datatype, bytes: &[u8]) -> Result<Value> {
        Ok(match &datatype.class {
            Class::Integer { bits, signed } => Value::Integer(integer(bytes, *bits, *signed)?),
            Class::Time { bits } | Class::BitField { bits } => {
                Value::Integer(integer(bytes, *bits, false)?)
            }
            Class::Float { bits, float } => Value::Float(floating(bytes, *bits, *float)?),
            Class::String(string) => Value::String(unpadded(bytes, *string).to_vec()),
            Class::Opaque { .. } => Value::Opaque(bytes.to_vec()),
            Class::Compound { members } => {
                let mut values = Vec::with_capacity(members.len());
                // Members lie beside each other, so that they are no more than the element. libhdf5
                // refuses others.
                let mut left = to_u64(bytes.len());
                for member in members {
                    let start = to_usize(member.offset.into());
                    let rest = bytes.get(start..).unwrap_or_default();
                    let mut cursor = Cursor::new(rest, Structure::Data);
                    let field = cursor.take(member.datatype.size.into())?;
                    self.charge(1)?;
                    left = left.checked_sub(to_u64(field.len())).ok_or_else(overlapping)?;
                    values.push(self.element(&member.datatype, field)?);
                }
                Value::Compound(values)
            }
            Class::Enum { base, .. } => Value::Enum(Box::new(self.element(base, bytes)?)),
            Class::Array { shape, base } => {
                let count = shape.iter().fold(1_u64, |n, &dim| n.saturating_mul(dim.into()));
                Value::Sequence(self.elements(base, bytes, count)?)
            }
            Class::VariableLength { base } => match self.heap_object(bytes)? {
                Some((length, object)) => {
                    let size = to_usize(length.saturating_mul(base.size.into()));
                    self.charge_heap(size.min(object.len()))?;
                    Value::Sequence(self.elements(base, &object, length)?)
                }
                None => Value::Sequence(Vec::new()),
            },
            Class::VariableString(_) => {
                let (length, object) = self.heap_object(bytes)?.unwrap_or_default();
                let text = until_nul(object.get(..to_usize(length)).unwrap_or(&object));
                self.charge_heap(text.len())?;
                Value::String(text.to_vec())
            }
            Class::Reference(ReferenceKind::Object) => {
                crate::coverage::mark(Structure::Reference, "object, before HDF5 1.12");
                let mut cursor = Cursor::new(bytes, Structure::Data);
                Value::Reference(cursor.address(self.sizes)?.filter(|address| address.0 != 0))
            }
            Class::Reference(ReferenceKind::Region) => {
                crate::coverage::mark(Structure::Reference, "region, before HDF5 1.12");
                let id = HeapId::decode(&mut Cursor::new(bytes, Structure::Data), self.sizes)?;
                if id.collection.is_none() {
                    return Ok(Value::Reference(None));
                }
                match self.heap.object(id)? {
                    Some(object) => {
                        // A selection takes as much as the bytes that it is decoded from, or a few times.
                        self.charge_heap(object.len())?;
                        let mut cursor = Cursor::new(&object, Structure::Data);
                        let dataset = cursor.address(self.sizes)?;
                        reference::region(dataset, &cursor)?
                    }
                    None => Value::Reference(None),
                }
            }
            Class::Reference(ReferenceKind::Typed(_)) => {
                let (value, used) = reference::decode(bytes, self.sizes, self.heap)?;
                self.charge_heap(used)?;
                value
            }
            Class::TooDeep { .. } => return Err(unsupported("a datatype that nests too deep")),
            Class::Complex { base } => {
                let parts = self.elements(base, bytes, 2)?;
                match <[Value; 2]>::try_from(parts) {
                    Ok(parts) => Value::Complex(Box::new(parts)),
                    Err(_) => return Err(unsupported("a complex number without two parts")),
                }
            }
        })
    }

    /// A sequence's length in elements, and its bytes.
    fn heap_object(&self, bytes: &[u8]) -> Result<Option<(u64, Bytes)>> {
        let mut cursor = Cursor::new(bytes, Structure::Data);
        let length = u64::from(cursor.u32()?);
        let id = HeapId::decode(&mut cursor, self.sizes)?;
        if length == 0 || id.collection.is_none() {
            return Ok(Some((0, Bytes::new())));
        }
        Ok(self.heap.object(id)?.map(|object| (length, object)))
    }

    fn charge_heap(&mut self, bytes: usize) -> Result<()> {
        let Some(left) = self.heap_bytes.checked_sub(to_u64(bytes)) else {
            let why = "values far longer in all than the file: they share their bytes";
            let kind = Kind::Invalid { value: to_u64(bytes), why };
            return Err(Error::new(kind, Structure::Data, 0));
        };
        self.heap_bytes = left;
        Ok(())
    }

    fn charge(&mut self, elements: u64) -> Result<()> {
        let Some(left) = self.budget.checked_sub(elements) else {
            let kind = Kind::Limit { limit: "attribute_elements", max: self.budget };
            return Err(Error::new(kind, Structure::Data, 0));
        };
        self.budget = left;
        Ok(())
    }
}

fn unsupported(what: &'static str) -> Error {
    Error::new(Kind::Unsupported { what }, Structure::Data, 0)
}

fn overlapping() -> Error {
    let kind = Kind::Invalid { value: 0, why: "members of a compound that share their bytes" };
    Error::new(kind, Structure::Datatype, 0)
}

/// A variable-length string: it ends at a NUL, whatever its padding says, which is for strings of
/// fixed length.
#[must_use]
pub fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// A string without what fills it up.
#[must_use]
pub fn unpadded(bytes: &[u8], string: StringType) -> &[u8] {
    match string.padding {
        0 => until_nul(bytes),
        2 => trim_end(bytes, b' '),
        _ => trim_end(bytes, 0),
    }
}

fn trim_end(bytes: &[u8], fill: u8) -> &[u8] {
    let end = bytes.iter().rposition(|&byte| byte != fill).map_or(0, |last| last.saturating_add(1));
    bytes.get(..end).unwrap_or_default()
}

/// The bits in use, as an unsigned number.
fn used_bits(bytes: &[u8], bits: Bits) -> Result<u128> {
    let mut little = [0; 16];
    if bytes.len() > little.len() || u64::from(bits.precision) > 128 {
        return Err(unsupported("a number of more than 16 bytes"));
    }
    let in_order = |little: &mut [u8; 16], source: &mut dyn Iterator<Item = u8>| {
        for (to, from) in little.iter_mut().zip(source) {
            *to = from;
        }
    };
    match bits.order {
        ByteOrder::Little => in_order(&mut little, &mut bytes.iter().copied()),
        ByteOrder::Big => in_order(&mut little, &mut bytes.iter().rev().copied()),
        // Pairs of bytes, the most significant pair first.
        ByteOrder::Vax => {
            in_order(&mut little, &mut bytes.rchunks(2).flatten().copied());
        }
    }
    let value = u128::from_le_bytes(little).checked_shr(bits.offset.into()).unwrap_or(0);
    Ok(value & mask(bits.precision.into()))
}

fn mask(bits: u32) -> u128 {
    1_u128.checked_shl(bits).map_or(u128::MAX, |bit| bit.wrapping_sub(1))
}

/// The number that an integer's bytes are; `None` if the datatype is no integer.
#[must_use]
pub fn integer_value(datatype: &Datatype, bytes: &[u8]) -> Option<i128> {
    match datatype.class {
        Class::Integer { bits, signed } => integer(bytes, bits, signed).ok(),
        _ => None,
    }
}

fn integer(bytes: &[u8], bits: Bits, signed: bool) -> Result<i128> {
    let value = used_bits(bytes, bits)?;
    let sign = 1_u128.checked_shl(u32::from(bits.precision).wrapping_sub(1)).unwrap_or(0);
    if signed && value & sign != 0 {
        // Sign extension.
        return Ok((value | !mask(bits.precision.into())).cast_signed());
    }
    i128::try_from(value).map_err(|_| unsupported("an unsigned integer of 128 bits"))
}

fn floating(bytes: &[u8], bits: Bits, float: Float) -> Result<f64> {
    // The part positions count from the element's first bit, before its bit offset is taken off.
    let whole = Bits { order: bits.order, offset: 0, precision: 128 };
    let value = used_bits(bytes, whole)?;
    let part = |at: u8, size: u8| value.checked_shr(at.into()).unwrap_or(0) & mask(size.into());
    let sign = part(float.sign, 1);
    let exponent = part(float.exponent, float.exponent_size);
    let mantissa = part(float.mantissa, float.mantissa_size);
    let layout = (bytes.len(), float.exponent_size, float.mantissa_size, float.exponent_bias);
    if layout == (8, 11, 52, 1023) {
        let bits = (sign << 63) | (exponent << 52) | mantissa;
        return Ok(f64::from_bits(u64::try_from(bits).unwrap_or(0)));
    }
    if layout == (4, 8, 23, 127) {
        let bits = (sign << 31) | (exponent << 23) | mantissa;
        return Ok(f32::from_bits(u32::try_from(bits).unwrap_or(0)).into());
    }
    Ok(assembled(sign != 0, exponent, mantissa, float))
}

/// Any other layout, by the meaning of its parts. Such attributes are rare; exactness for all that
/// an `f64` can hold matters more than speed.
fn assembled(negative: bool, exponent: u128, mantissa: u128, float: Float) -> f64 {
    let scale = i32::from(float.mantissa_size);
    let all_ones = mask(float.exponent_size.into());
    let biased = |exponent: u128| {
        let exponent = i64::try_from(exponent).unwrap_or(i64::MAX);
        let unbiased = exponent.saturating_sub(float.exponent_bias.into());
        i32::try_from(unbiased.clamp(-100_000, 100_000)).unwrap_or(0)
    };
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "there is no other conversion, and rounding is what is wanted"
    )]
    let fraction = |mantissa: u128| mantissa as f64;
    // Where the mantissa's first bit is stored, an infinity has it set.
    let stored_bit = match float.implied_bit {
        true => 0,
        false => 1_u128.checked_shl(u32::from(float.mantissa_size).wrapping_sub(1)).unwrap_or(0),
    };
    let magnitude = if exponent == all_ones {
        if mantissa & !stored_bit == 0 { f64::INFINITY } else { f64::NAN }
    } else if exponent == 0 && mantissa == 0 {
        0.0
    } else if float.implied_bit && exponent == 0 {
        power_of_two(fraction(mantissa), biased(1).saturating_sub(scale))
    } else if float.implied_bit {
        let one = 1_u128.checked_shl(float.mantissa_size.into()).unwrap_or(0);
        power_of_two(fraction(mantissa | one), biased(exponent).saturating_sub(scale))
    } else {
        // The mantissa's first bit is stored, as in 80-bit extended precision.
        power_of_two(fraction(mantissa), biased(exponent).saturating_sub(scale.saturating_sub(1)))
    };
    if negative { -magnitude } else { magnitude }
}

/// `value * 2^exponent`, in steps that neither overflow nor underflow on the way.
fn power_of_two(value: f64, exponent: i32) -> f64 {
    let mut value = value;
    let mut left = exponent.clamp(-4000, 4000);
    while left != 0 {
        let step = left.clamp(-500, 500);
        value *= 2_f64.powi(step);
        left = left.saturating_sub(step);
    }
    value
}

#[cfg(test)]
mod tests;
