//! LZF: literals, and copies of what has been decoded.
//!
//! The format is that of LibLZF, which h5py's documentation of its filter names. A byte below 32 is followed
//! by one literal more than it says. Else its upper three bits are a length, which if they are 7 a byte adds
//! to, and its lower five, with one more byte, are a distance: of two bytes more, and one byte further, than
//! these say.

use super::bytes::{byte, take};
use super::{Failure, MORE, Result};

pub(super) fn decode(mut rest: &[u8], most: usize) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    while !rest.is_empty() {
        let control = usize::from(byte(&mut rest)?);
        if control < 32 {
            literals(&mut plain, take(&mut rest, control.saturating_add(1))?, most)?;
            continue;
        }
        let longer = if control >> 5 == 7 { byte(&mut rest)? } else { 0 };
        let length = (control >> 5).saturating_add(longer.into());
        let distance = (control & 31) << 8 | usize::from(byte(&mut rest)?);
        copy(&mut plain, distance.saturating_add(1), length.saturating_add(2), most)?;
    }
    Ok(plain)
}

/// Adds bytes as they are.
pub(super) fn literals(plain: &mut Vec<u8>, bytes: &[u8], most: usize) -> Result<()> {
    if bytes.len() > most.saturating_sub(plain.len()) {
        return Err(MORE);
    }
    plain.extend_from_slice(bytes);
    Ok(())
}

/// Adds what is `distance` bytes before the end, which may be part of what is added.
pub(super) fn copy(plain: &mut Vec<u8>, distance: usize, length: usize, most: usize) -> Result<()> {
    let from = plain.len().checked_sub(distance).filter(|_| distance > 0);
    let from = from.ok_or(Failure::Invalid("a copy of what is before the first byte"))?;
    if length > most.saturating_sub(plain.len()) {
        return Err(MORE);
    }
    // What is copied repeats after `distance` bytes: each piece is a whole number of these, but the last.
    let mut left = length;
    while left > 0 {
        let piece = left.min(plain.len().saturating_sub(from));
        plain.extend_from_within(from..from.saturating_add(piece));
        left = left.saturating_sub(piece);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_copies() {
        let stored = [
            2,
            b'a',
            b'b',
            b'c', // three literals
            0b001_00000,
            2, // a length of 1 + 2, from 2 + 1 before
            0b111_00000,
            1,
            0, // a length of 7 + 1 + 2, from 0 + 1 before
        ];
        assert_eq!(decode(&stored, 100).unwrap(), b"abcabccccccccccc");
        assert_eq!(decode(&stored, 15), Err(MORE));
        for short in 1..stored.len() {
            // Between its parts the stream may end.
            assert_eq!(decode(&stored[..short], 100).is_ok(), matches!(short, 4 | 6), "{short}");
        }
        assert!(decode(&[0, b'a', 0b001_00000, 1], 100).is_err(), "from before the first byte");
    }

    #[test]
    fn a_copy_may_overlap_itself() {
        let mut plain = b"xyz".to_vec();
        copy(&mut plain, 2, 7, 100).unwrap();
        assert_eq!(plain, b"xyzyzyzyzy");
    }
}
