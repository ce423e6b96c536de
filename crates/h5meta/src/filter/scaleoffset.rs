//! Scale-offset: integers less their minimum, or floating-point numbers rounded to decimal places, in as few
//! bits as hold them.
//!
//! The specification names the filter and leaves its bytes out; The HDF Group's "Scale-offset filter" design
//! note describes them. Before the packed numbers are 21 bytes: the bits of each (4, little-endian), the
//! bytes of the minimum (1), and it (8, little-endian), and 8 bytes that say nothing. A number whose bits are
//! all set is the fill value, if there is one.

use super::bits::Bits;
use super::bytes::{array, byte, take};
use super::{Failure, MORE, Result};
use crate::wire::to_usize;

/// Bytes before the packed numbers.
const HEADER: usize = 21;

#[derive(Clone, Copy, Debug)]
enum Class {
    Integer,
    /// Multiplied with this power of ten.
    Float(f64),
}

/// Client data: the way of scaling (0), its factor, the number of elements, of what class these are, their
/// size, their sign, their byte order, whether there is a fill value, and its bytes.
#[derive(Debug)]
pub(super) struct Parameters {
    class: Class,
    count: usize,
    /// Bytes of an element.
    size: usize,
    is_big_endian: bool,
    fill_value: Option<u64>,
    /// All bits are kept, and nothing is changed.
    is_unchanged: bool,
}

impl Parameters {
    pub(super) fn new(client_data: &[u32]) -> Result<Self> {
        const NOT_ITS: Failure = Failure::Invalid("scale-offset with parameters that are not its");
        let &[scaling, factor, count, class, size, _sign, order, fills, ref fill @ ..] =
            client_data
        else {
            return Err(NOT_ITS);
        };
        // Scaling to a number of bits of the exponent (1) is defined, and nowhere done.
        let class = match (class, scaling, size) {
            (0, 2, 1 | 2 | 4 | 8) => Class::Integer,
            // Parsed, for that rounds correctly, which no function is sure to do.
            (1, 0, 4 | 8) => {
                let places = i32::from_ne_bytes(factor.to_ne_bytes());
                Class::Float(format!("1e{places}").parse().unwrap_or(f64::INFINITY))
            }
            _ => return Err(NOT_ITS),
        };
        let fill: Vec<u8> = fill.iter().take(2).flat_map(|n| n.to_le_bytes()).collect();
        let fill_value = match fill.first_chunk() {
            _ if fills == 0 => None,
            Some(fill) => Some(u64::from_le_bytes(*fill) & ones(size.saturating_mul(8))),
            None => return Err(NOT_ITS),
        };
        let is_unchanged = matches!(class, Class::Integer) && factor == size.saturating_mul(8);
        let (count, size) = (to_usize(count.into()), to_usize(size.into()));
        Ok(Self { class, count, size, is_big_endian: order == 1, fill_value, is_unchanged })
    }

    pub(super) fn decode(&self, bytes: &[u8], most: usize) -> Result<Vec<u8>> {
        if self.is_unchanged {
            return Ok(bytes.to_vec());
        }
        let length = self.count.checked_mul(self.size).filter(|length| *length <= most);
        let length = length.ok_or(MORE)?;
        let mut rest = bytes;
        let header = &mut take(&mut rest, HEADER)?;
        let bits = u32::from_le_bytes(array(header)?);
        let width = to_usize(byte(header)?.into()).min(8);
        let minimum = take(header, width)?;
        let minimum = minimum.iter().rev().fold(0, |n: u64, byte| n << 8 | u64::from(*byte));
        let all = u32::try_from(self.size.saturating_mul(8)).unwrap_or(u32::MAX);
        if bits > all {
            return Err(Failure::Invalid("scale-offset with more bits than its elements have"));
        }
        let mut plain = vec![0; length];
        if bits == all {
            // What would not get smaller is stored as it is, but in the order of the machine: little-endian.
            plain.copy_from_slice(take(&mut rest, length)?);
            if self.is_big_endian {
                plain.chunks_exact_mut(self.size).for_each(<[u8]>::reverse);
            }
            return Ok(plain);
        }
        let mut packed = Bits::new(rest);
        for to in plain.chunks_exact_mut(self.size) {
            let number = self.number(packed.read(bits)?, bits, minimum).to_le_bytes();
            for (to, byte) in to.iter_mut().zip(number) {
                *to = byte;
            }
            if self.is_big_endian {
                to.reverse();
            }
        }
        Ok(plain)
    }

    /// The bits of an element.
    fn number(&self, packed: u64, bits: u32, minimum: u64) -> u64 {
        match (self.fill_value, self.class) {
            (Some(fill), _) if packed == ones(bits) => fill,
            (_, Class::Integer) => packed.wrapping_add(minimum),
            (_, Class::Float(power)) => self.float(packed, minimum, power),
        }
    }

    /// As libhdf5 calculates, in the precision of the element: the result depends on it.
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "which rounds")]
    fn float(&self, packed: u64, minimum: u64, power: f64) -> u64 {
        if self.size == 4 {
            let minimum = f32::from_bits(minimum as u32);
            (packed as f32 / power as f32 + minimum).to_bits().into()
        } else {
            (packed as f64 / power + f64::from_bits(minimum)).to_bits()
        }
    }
}

/// So many bits, all set.
fn ones(bits: u32) -> u64 {
    u64::MAX.checked_shr(64_u32.saturating_sub(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(start: [u32; 8], fill: u32) -> Parameters {
        let mut client_data = start.to_vec();
        client_data.extend([fill, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        Parameters::new(&client_data).unwrap()
    }

    fn stored(bits: u32, minimum: u64, packed: &[u8]) -> Vec<u8> {
        let mut stored = bits.to_le_bytes().to_vec();
        stored.push(8);
        stored.extend(minimum.to_le_bytes());
        stored.extend([0; 8]);
        stored.extend(packed);
        stored
    }

    #[test]
    fn integers_are_the_minimum_and_more() {
        // Four of three bits, and a big-endian order: -2 + 0, 5, 7, 1.
        let bytes = stored(3, (-2_i64) as u64, &[0b0001_0111, 0b1001_0000]);
        let signed = parameters([2, 0, 4, 0, 2, 1, 1, 0], 0);
        assert_eq!(signed.decode(&bytes, 8).unwrap(), [0xff, 0xfe, 0, 3, 0, 5, 0xff, 0xff]);
        assert_eq!(signed.decode(&bytes, 7), Err(MORE));
        // 7 is the fill value.
        let filled = parameters([2, 0, 4, 0, 2, 1, 0, 1], 0x1234);
        assert_eq!(filled.decode(&bytes, 8).unwrap(), [0xfe, 0xff, 3, 0, 0x34, 0x12, 0xff, 0xff]);
        for short in 0..bytes.len() {
            assert!(filled.decode(&bytes[..short], 8).is_err(), "{short}");
        }
    }

    #[test]
    fn all_bits_are_stored_as_they_are_and_no_bits_are_the_minimum() {
        let bytes = stored(16, 0, &[1, 2, 3, 4]);
        assert_eq!(
            parameters([2, 0, 2, 0, 2, 0, 1, 0], 0).decode(&bytes, 4).unwrap(),
            [2, 1, 4, 3]
        );
        let bytes = stored(0, 300, &[]);
        assert_eq!(
            parameters([2, 0, 2, 0, 2, 0, 0, 0], 0).decode(&bytes, 4).unwrap(),
            [44, 1, 44, 1]
        );
        // As many bits as elements have, which a user may ask for: no header.
        let unchanged = parameters([2, 16, 2, 0, 2, 0, 0, 0], 0);
        assert_eq!(unchanged.decode(&[1, 2, 3, 4], 4).unwrap(), [1, 2, 3, 4]);
        assert!(
            parameters([2, 0, 2, 0, 2, 0, 0, 0], 0).decode(&stored(17, 0, &[0; 9]), 4).is_err()
        );
    }

    #[test]
    fn floats_are_scaled_by_a_power_of_ten() {
        let minimum = u64::from(1.5_f32.to_bits());
        let bytes = stored(8, minimum, &[0, 25, 255]);
        let plain =
            parameters([0, 1, 3, 1, 4, 1, 0, 1], 7_f32.to_bits()).decode(&bytes, 12).unwrap();
        let expected: Vec<u8> = [1.5, 4.0, 7.0_f32].iter().flat_map(|n| n.to_le_bytes()).collect();
        assert_eq!(plain, expected);
    }

    #[test]
    fn other_scaling_and_other_types_are_refused() {
        for start in [
            [1, 0, 4, 1, 4, 1, 0, 0],
            [0, 0, 4, 0, 4, 1, 0, 0],
            [2, 0, 4, 0, 3, 1, 0, 0],
            [0, 0, 4, 1, 2, 1, 0, 0],
        ] {
            let mut client_data = start.to_vec();
            client_data.extend([0; 12]);
            assert!(Parameters::new(&client_data).is_err(), "{start:?}");
        }
    }
}
