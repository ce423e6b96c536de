//! BloscLZ, Blosc's own compressor: literals, and copies of what has been decoded.
//!
//! FastLZ's format of level 2, which its documentation describes. A byte below 32 is followed by one literal
//! more than it says; the first one is, whatever its upper bits. Else its upper three bits are a length, to
//! which if they are 7 bytes are added up to the first that is not 255; its lower five, with one more byte,
//! are a distance, which if all its bits are set is in two bytes more.

use super::Result;
use super::bytes::{array, byte, take};
use super::lzf::{copy, literals};

/// The distances that two further bytes add to.
const FAR: usize = 0x1fff;

pub(super) fn decode(mut rest: &[u8], most: usize) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    let mut is_first = true;
    while !rest.is_empty() {
        let control = usize::from(byte(&mut rest)?);
        if is_first || control < 32 {
            literals(&mut plain, take(&mut rest, (control & 31).saturating_add(1))?, most)?;
            is_first = false;
            continue;
        }
        let mut length = control >> 5;
        if length == 7 {
            loop {
                let more = byte(&mut rest)?;
                length = length.saturating_add(more.into());
                if more != 255 {
                    break;
                }
            }
        }
        let mut distance = (control & 31) << 8 | usize::from(byte(&mut rest)?);
        if distance == FAR {
            distance = FAR.saturating_add(u16::from_be_bytes(array(&mut rest)?).into());
        }
        copy(&mut plain, distance.saturating_add(1), length.saturating_add(2), most)?;
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::super::MORE;
    use super::*;

    #[test]
    fn literals_and_copies() {
        let stored = [
            0b001_00010,
            b'a',
            b'b',
            b'c', // three literals, whatever the upper bits
            0b001_00000,
            2, // a length of 1 + 2, from 2 + 1 before
            0b111_00000,
            255,
            1,
            0, // a length of 7 + 255 + 1 + 2, from 0 + 1 before
        ];
        let plain = decode(&stored, 1000).unwrap();
        assert_eq!(plain, [&b"abcab"[..], &[b'c'; 266]].concat());
        assert_eq!(decode(&stored, plain.len() - 1), Err(MORE));
    }

    #[test]
    fn a_far_copy() {
        let mut stored = Vec::new();
        let plain: Vec<u8> = (0..9024_usize).map(|n| (n * 7 % 251) as u8).collect();
        for literals in plain.chunks(32) {
            stored.push(31);
            stored.extend(literals);
        }
        // 0x1fff + 0x0010 + 1 before: 8208.
        stored.extend([0b010_11111, 0xff, 0x00, 0x10]);
        let decoded = decode(&stored, 10_000).unwrap();
        assert_eq!(decoded[..9024], plain);
        assert_eq!(decoded[9024..], plain[9024 - 8208..][..4]);
    }
}
