//! Bits, the most significant one of each byte first: how szip, nbit and scaleoffset store them.

use super::{ENDS, Result};

/// What is left of the bits.
#[derive(Clone, Debug)]
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    /// The next bits, from the most significant one on.
    held: u64,
    /// How many of these were taken from `rest`; what is below them is not yet.
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, held: 0, count: 0 }
    }

    /// The next `n` bits, 64 at most, as a number.
    pub(super) fn read(&mut self, n: u32) -> Result<u64> {
        if n > 32 {
            let high = self.read_few(n.wrapping_sub(32))?;
            return Ok(high << 32 | self.read_few(32)?);
        }
        self.read_few(n)
    }

    /// The number of zeros before the next one, which is passed too.
    pub(super) fn zeros(&mut self) -> Result<u32> {
        let mut zeros = 0_u32;
        loop {
            self.fill();
            let leading = self.held.leading_zeros();
            if leading < self.count {
                self.skip(leading.saturating_add(1));
                return Ok(zeros.saturating_add(leading));
            }
            if self.rest.is_empty() {
                return Err(ENDS);
            }
            zeros = zeros.saturating_add(self.count);
            self.skip(self.count);
        }
    }

    fn read_few(&mut self, n: u32) -> Result<u64> {
        if n > self.count {
            self.fill();
            if n > self.count {
                return Err(ENDS);
            }
        }
        let value = self.held.checked_shr(64_u32.wrapping_sub(n)).unwrap_or(0);
        self.skip(n);
        Ok(value)
    }

    fn skip(&mut self, n: u32) {
        self.held = self.held.checked_shl(n).unwrap_or(0);
        self.count = self.count.saturating_sub(n);
    }

    /// Takes whole bytes until there is no room for one.
    fn fill(&mut self) {
        while self.count <= 56 {
            let Some((&byte, rest)) = self.rest.split_first() else { return };
            self.rest = rest;
            let free = 56_u32.wrapping_sub(self.count);
            self.held |= u64::from(byte).wrapping_shl(free);
            self.count = self.count.wrapping_add(8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_most_significant_first() {
        let bytes = [0b1010_0101, 0xff, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        let mut bits = Bits::new(&bytes);
        assert_eq!(bits.read(3), Ok(0b101));
        assert_eq!(bits.read(0), Ok(0));
        assert_eq!(bits.read(5), Ok(0b00101));
        assert_eq!(bits.read(16), Ok(0xff00));
        assert_eq!(bits.read(64), Ok(0x0102_0304_0506_0708));
        assert_eq!(bits.read(9), Err(ENDS));
        assert_eq!(bits.read(8), Ok(9));
        assert_eq!(bits.read(1), Err(ENDS));
    }

    #[test]
    fn zeros_are_counted_over_more_than_a_word() {
        let mut bytes = [0; 20];
        bytes[19] = 0b11;
        let mut bits = Bits::new(&bytes);
        assert_eq!(bits.zeros(), Ok(158));
        assert_eq!(bits.zeros(), Ok(0));
        assert_eq!(bits.zeros(), Err(ENDS));
    }
}
