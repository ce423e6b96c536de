//! N-bit: elements without the bits that their datatypes do not use.
//!
//! The specification names the filter and leaves its bytes out; The HDF Group's "N-bit filter" design note
//! describes them. Client data is the number of its values, whether nothing was packed, the number of
//! elements, and the datatype: an atomic one (1: bytes, order, precision, offset), an array (2: bytes, its
//! base), a compound (3: bytes, members, and of each its offset and datatype), or what is kept as it is (4:
//! bytes). Bits are packed from the most significant one, whatever the byte order.

use super::bits::Bits;
use super::{Failure, MORE, Result};
use crate::wire::to_usize;

const NOT_ITS: Failure = Failure::Invalid("nbit with parameters that are not its");

/// A datatype, or part of one; those that it is made of are by their places among all.
#[derive(Debug)]
enum Part {
    Atomic { size: usize, is_big_endian: bool, precision: u32, offset: u32 },
    AsItIs { size: usize },
    Array { size: usize, base: usize },
    Compound { size: usize, members: Vec<(usize, usize)> },
}

impl Part {
    fn size(&self) -> usize {
        match self {
            Self::Atomic { size, .. }
            | Self::AsItIs { size }
            | Self::Array { size, .. }
            | Self::Compound { size, .. } => *size,
        }
    }
}

/// The client data.
#[derive(Debug)]
pub(super) struct Parameters {
    is_unchanged: bool,
    count: usize,
    /// Parts come after those they are made of: the last is the element.
    parts: Vec<Part>,
}

/// A part of which the end has not been read.
enum Outer {
    Array { size: usize },
    Compound { size: usize, room: usize, left: u32, at: usize, members: Vec<(usize, usize)> },
}

impl Parameters {
    pub(super) fn new(client_data: &[u32]) -> Result<Self> {
        let &[_, is_unchanged, count, ref datatype @ ..] = client_data else { return Err(NOT_ITS) };
        let is_unchanged = is_unchanged != 0;
        let parts = if is_unchanged { Vec::new() } else { parts(datatype)? };
        Ok(Self { is_unchanged, count: to_usize(count.into()), parts })
    }

    pub(super) fn decode(&self, bytes: &[u8], most: usize) -> Result<Vec<u8>> {
        let Some(element) = self.parts.last().filter(|_| !self.is_unchanged) else {
            return Ok(bytes.to_vec());
        };
        let size = self.count.checked_mul(element.size()).filter(|size| *size <= most);
        let mut plain = vec![0; size.ok_or(MORE)?];
        let mut bits = Bits::new(bytes);
        // Parts whose bytes are to come: which, where, and how much of it is done.
        let mut open: Vec<(usize, usize, usize)> = Vec::new();
        for to in plain.chunks_exact_mut(element.size()) {
            open.push((self.parts.len().saturating_sub(1), 0, 0));
            while let Some((n, at, done)) = open.pop() {
                let Some(part) = self.parts.get(n) else { return Err(NOT_ITS) };
                let inner = match part {
                    Part::Array { size, base } => {
                        let step = self.parts.get(*base).map_or(0, Part::size);
                        let within = step.saturating_mul(done);
                        (within < *size).then_some((within, *base))
                    }
                    Part::Compound { members, .. } => members.get(done).copied(),
                    Part::Atomic { .. } | Part::AsItIs { .. } => {
                        let to = to.get_mut(at..at.saturating_add(part.size()));
                        part.unpack(&mut bits, to.ok_or(NOT_ITS)?)?;
                        None
                    }
                };
                if let Some((within, inner)) = inner {
                    open.push((n, at, done.saturating_add(1)));
                    open.push((inner, at.saturating_add(within), 0));
                }
            }
        }
        Ok(plain)
    }
}

impl Part {
    /// Puts bits where they were; the others are zero.
    fn unpack(&self, bits: &mut Bits<'_>, to: &mut [u8]) -> Result<()> {
        let Self::Atomic { is_big_endian, precision, offset, .. } = *self else {
            return to.iter_mut().try_for_each(|byte| bits.read(8).map(|read| *byte = low(read)));
        };
        if !is_big_endian {
            to.reverse();
        }
        // Now the most significant byte is the first, as its bits are.
        let end = offset.saturating_add(precision);
        let mut above = u32::try_from(to.len()).unwrap_or(u32::MAX).saturating_mul(8);
        for byte in &mut *to {
            let below = above.saturating_sub(8);
            let (from, until) = (offset.max(below), end.min(above));
            if let Some(count) = until.checked_sub(from).filter(|count| *count > 0) {
                *byte = low(bits.read(count)? << (from.saturating_sub(below) & 7));
            }
            above = below;
        }
        if !is_big_endian {
            to.reverse();
        }
        Ok(())
    }
}

/// A number of no more than eight bits.
fn low(bits: u64) -> u8 {
    let [low, ..] = bits.to_le_bytes();
    low
}

/// The parts of a datatype, each after those that it is made of.
fn parts(mut rest: &[u32]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut outers = Vec::new();
    loop {
        let (class, size) = (next(&mut rest)?, to_usize(next(&mut rest)?.into()));
        if size == 0 {
            return Err(NOT_ITS);
        }
        let mut part = match class {
            1 => atomic(&mut rest, size)?,
            2 => {
                outers.push(Outer::Array { size });
                continue;
            }
            3 => {
                let left = next(&mut rest)?;
                let at = to_usize(next(&mut rest)?.into());
                let members = Vec::new();
                outers.push(Outer::Compound { size, room: size, left, at, members });
                continue;
            }
            4 => Part::AsItIs { size },
            _ => return Err(NOT_ITS),
        };
        // What is complete may complete what it is in.
        loop {
            let (inner, length) = (parts.len(), part.size());
            parts.push(part);
            part = match outers.pop() {
                None => return Ok(parts),
                Some(Outer::Array { size }) if size.is_multiple_of(length) => {
                    Part::Array { size, base: inner }
                }
                Some(Outer::Array { .. }) => return Err(NOT_ITS),
                Some(Outer::Compound { size, room, left, at, mut members }) => {
                    members.push((at, inner));
                    // In any order, but together no longer than the compound: so they are not many.
                    let room = room.checked_sub(length).ok_or(NOT_ITS)?;
                    if at.saturating_add(length) > size {
                        return Err(NOT_ITS);
                    }
                    if left <= 1 {
                        Part::Compound { size, members }
                    } else {
                        let left = left.wrapping_sub(1);
                        let at = to_usize(next(&mut rest)?.into());
                        outers.push(Outer::Compound { size, room, left, at, members });
                        break;
                    }
                }
            };
        }
    }
}

fn atomic(rest: &mut &[u32], size: usize) -> Result<Part> {
    let is_big_endian = next(rest)? == 1;
    let (precision, offset) = (next(rest)?, next(rest)?);
    let end = to_usize(u64::from(precision).saturating_add(offset.into()));
    if precision == 0 || end > size.saturating_mul(8) {
        return Err(NOT_ITS);
    }
    Ok(Part::Atomic { size, is_big_endian, precision, offset })
}

fn next(rest: &mut &[u32]) -> Result<u32> {
    let (next, left) = rest.split_first().ok_or(NOT_ITS)?;
    *rest = left;
    Ok(*next)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is before the datatype, of two elements.
    const TWO: [u32; 3] = [0, 0, 2];

    fn decoded(datatype: &[u32], bytes: &[u8], most: usize) -> Result<Vec<u8>> {
        Parameters::new(&[&TWO, datatype].concat())?.decode(bytes, most)
    }

    #[test]
    fn bits_go_to_their_places_in_either_order() {
        // 12 bits at an offset of 2 of four bytes: 0xabc and 0x123.
        let little = [1, 4, 0, 12, 2];
        let bytes = [0xab, 0xc1, 0x23];
        let plain = decoded(&little, &bytes, 8).unwrap();
        assert_eq!(plain, [0xabc_u32 << 2, 0x123 << 2].map(u32::to_le_bytes).concat());
        let big = decoded(&[1, 4, 1, 12, 2], &bytes, 8).unwrap();
        assert_eq!(big, [0xabc_u32 << 2, 0x123 << 2].map(u32::to_be_bytes).concat());
        assert_eq!(decoded(&little, &bytes, 7), Err(MORE));
        for short in 0..3 {
            assert!(decoded(&little, &bytes[..short], 8).is_err(), "{short}");
        }
        // Three bits of sixteen bytes, over the edge of a byte.
        let plain = decoded(&[1, 16, 0, 3, 63], &[0b1010_1100], 32).unwrap();
        let expected = [0b101_u128 << 63, 0b011 << 63].map(u128::to_le_bytes).concat();
        assert_eq!(plain, expected);
    }

    #[test]
    fn arrays_and_compounds_hold_others() {
        // At 1 an array of two compounds: at 0 four bits, at 1 a byte as it is; at 7 one bit.
        let inner = [3, 3, 2, 0, 1, 1, 0, 4, 0, 1, 4, 1];
        let outer = [&[3, 8, 2, 1, 2, 6][..], &inner, &[7, 1, 1, 1, 1, 7]].concat();
        let bits: u64 = 0x1a_a2_bb << 1 | 1;
        let stored = (bits << (64 - 25) | bits << (64 - 50)).to_be_bytes();
        let plain = decoded(&outer, &stored, 16).unwrap();
        assert_eq!(plain[..8], [0, 1, 0xaa, 0, 2, 0xbb, 0, 0x80]);
        assert_eq!(plain[8..], plain[..8]);
        // Members in another order than their offsets'.
        let plain = decoded(&[3, 3, 2, 2, 4, 1, 0, 4, 1], &[1, 2, 3, 4], 6).unwrap();
        assert_eq!(plain, [2, 0, 1, 4, 0, 3]);
    }

    #[test]
    fn what_packed_nothing_changes_nothing() {
        let parameters = Parameters::new(&[0, 1, 2]).unwrap();
        assert_eq!(parameters.decode(&[1, 2, 3], 3).unwrap(), [1, 2, 3]);
    }

    #[test]
    fn datatypes_that_are_none_are_refused() {
        for datatype in [
            &[][..],
            &[9, 4],
            &[1, 4, 0, 33, 0], // more bits than there are
            &[1, 4, 0, u32::MAX, u32::MAX],
            &[1, 4, 0, 0, 0],             // no bits
            &[4, 0],                      // no bytes
            &[2, 4, 4, 3],                // no whole number of the base
            &[2, 4],                      // an array of nothing
            &[3, 4, 1, 1, 4, 4],          // a member that is longer than the compound
            &[3, 4, 2, 0, 4, 2, 1, 4, 3], // members longer together than the compound
            &[3, 4, 3, 0, 4, 2],          // a member that is not there
        ] {
            assert_eq!(decoded(datatype, &[0; 64], 64), Err(NOT_ITS), "{datatype:?}");
        }
        // As deep as the client data is long: nothing recurses.
        let deep = [[2, 4].repeat(30_000), vec![4, 4]].concat();
        assert_eq!(decoded(&deep, &[5; 8], 8).unwrap(), [5; 8]);
    }
}
