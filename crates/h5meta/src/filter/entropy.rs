//! The adaptive entropy coder that szip uses: Rice codes, of which each block of samples has the best.
//!
//! As CCSDS 121.0-B, "Lossless Data Compression", describes it (sections 3 and 4 of the green book 120.0-G
//! too). A block begins with the ID of its code: all zeros are the low-entropy options, all ones samples as
//! they are, and what is between the number of bits that are split off, less one. The first sample of each
//! reference interval is stored as it is, if samples are predicted at all.

use super::bits::Bits;
use super::{Failure, Result};

const NOT_ITS: Failure = Failure::Invalid("bytes that are no szip stream");

/// Blocks of zeros are counted within segments of so many blocks.
const SEGMENT: usize = 64;

/// The number that says "zeros up to the end of the segment".
const REST_OF_SEGMENT: usize = 5;

/// What decoder and encoder agree on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    /// Bits of a sample: 1 to 32.
    pub(super) bits: u32,
    /// Samples of a block.
    pub(super) block: usize,
    /// Blocks of a reference interval.
    pub(super) interval: usize,
    /// Whether a sample is stored as its difference from the one before.
    pub(super) is_predicted: bool,
}

impl Code {
    /// Puts the next reference interval's first `count` samples, and what is left of the last one's block,
    /// in the place of `samples`.
    pub(super) fn interval(
        &self,
        bits: &mut Bits<'_>,
        count: usize,
        samples: &mut Vec<u32>,
    ) -> Result<()> {
        samples.clear();
        let mut blocks = 0_usize;
        while blocks < self.interval && samples.len() < count {
            let has_reference = self.is_predicted && blocks == 0;
            let left = self.interval.saturating_sub(blocks);
            let decoded = self.blocks(bits, samples, has_reference, left)?;
            blocks = blocks.saturating_add(decoded);
        }
        if self.is_predicted {
            self.undo_prediction(samples);
        }
        Ok(())
    }

    /// Adds the next block, or several of zeros; `left` are those left of the interval. How many.
    fn blocks(
        &self,
        bits: &mut Bits<'_>,
        samples: &mut Vec<u32>,
        has_reference: bool,
        left: usize,
    ) -> Result<usize> {
        let id_bits = match self.bits {
            ..=8 => 3,
            9..=16 => 4,
            _ => 5,
        };
        let id = self.small(bits, id_bits)?;
        let as_they_are = 1_u32.wrapping_shl(id_bits).wrapping_sub(1);
        if id == as_they_are {
            for _ in 0..self.block {
                samples.push(self.small(bits, self.bits)?);
            }
            return Ok(1);
        }
        let is_second_extension = id == 0 && bits.read(1)? == 1;
        if has_reference {
            samples.push(self.small(bits, self.bits)?);
        }
        let mut rest = self.block.saturating_sub(has_reference.into());
        if is_second_extension {
            pairs(bits, samples, rest)?;
        } else if id == 0 {
            let zeros = self.zero_blocks(bits, left)?;
            let further = zeros.saturating_sub(1).saturating_mul(self.block);
            rest = rest.saturating_add(further);
            samples.resize(samples.len().saturating_add(rest), 0);
            return Ok(zeros);
        } else {
            self.split(bits, samples, rest, id.wrapping_sub(1))?;
        }
        Ok(1)
    }

    /// The number of blocks of zeros, the one that says so included.
    fn zero_blocks(&self, bits: &mut Bits<'_>, left: usize) -> Result<usize> {
        let said = usize::try_from(bits.zeros()?).unwrap_or(usize::MAX).saturating_add(1);
        let blocks = if said == REST_OF_SEGMENT {
            let done = self.interval.saturating_sub(left);
            left.min(SEGMENT.saturating_sub(done.checked_rem(SEGMENT).unwrap_or(0)))
        } else if said > REST_OF_SEGMENT {
            said.saturating_sub(1)
        } else {
            said
        };
        if blocks > left { Err(NOT_ITS) } else { Ok(blocks) }
    }

    /// Numbers whose `low` bits follow the unary codes of what is above them.
    fn split(
        &self,
        bits: &mut Bits<'_>,
        samples: &mut Vec<u32>,
        count: usize,
        low: u32,
    ) -> Result<()> {
        let start = samples.len();
        for _ in 0..count {
            let high = bits.zeros()?;
            samples.push(high.checked_shl(low).unwrap_or(0));
        }
        for sample in samples.iter_mut().skip(start) {
            *sample |= self.small(bits, low)?;
        }
        Ok(())
    }

    /// Of no more bits than a sample has.
    fn small(&self, bits: &mut Bits<'_>, count: u32) -> Result<u32> {
        u32::try_from(bits.read(count)?).map_err(|_| NOT_ITS)
    }

    /// Differences, mapped to numbers that are not negative, become samples.
    ///
    /// A sample can be no less than 0 and no more than `greatest`. Where both signs are possible they
    /// alternate; what is beyond has the one sign that is left.
    fn undo_prediction(&self, interval: &mut [u32]) {
        let greatest = u32::MAX.wrapping_shr(32_u32.saturating_sub(self.bits));
        let mut samples = interval.iter_mut();
        let Some(mut before) = samples.next().map(|reference| *reference) else { return };
        for sample in samples {
            let mapped = *sample;
            let above = greatest.wrapping_sub(before);
            let both = before.min(above);
            let half = mapped >> 1;
            let next = if half.saturating_add(mapped & 1) > both {
                if before == both { mapped } else { greatest.wrapping_sub(mapped) }
            } else if mapped & 1 == 0 {
                before.wrapping_add(half)
            } else {
                before.wrapping_sub(half).wrapping_sub(1)
            };
            // Only what no encoder makes has more bits.
            before = next & greatest;
            *sample = before;
        }
    }
}

/// The second extension: one number for two samples. With a reference sample before them the first of the
/// first two is left out, for it is in the reference's place.
fn pairs(bits: &mut Bits<'_>, samples: &mut Vec<u32>, count: usize) -> Result<()> {
    /// No pair that is worth it has a greater sum: others are coded otherwise.
    const GREATEST_SUM: u32 = 12;
    let mut left = count;
    while left > 0 {
        let number = bits.zeros()?;
        // Pairs are counted by their sums, and then by the second of the two.
        let (mut sum, mut first) = (0_u32, 0_u32);
        while number.wrapping_sub(first) > sum {
            first = first.wrapping_add(sum).wrapping_add(1);
            sum = sum.wrapping_add(1);
            if sum > GREATEST_SUM {
                return Err(NOT_ITS);
            }
        }
        let second = number.wrapping_sub(first);
        if left.is_multiple_of(2) {
            samples.push(sum.wrapping_sub(second));
            left = left.saturating_sub(1);
        }
        samples.push(second);
        left = left.saturating_sub(1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream written bit by bit; spaces are for the reader.
    fn stream(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
        let byte = |bits: &[u8]| (0..8).fold(0, |byte, n| byte << 1 | bits.get(n).unwrap_or(&0));
        bits.chunks(8).map(byte).collect()
    }

    fn decoded(code: Code, count: usize, bits: &str) -> Result<Vec<u32>> {
        let mut samples = vec![7; 3];
        code.interval(&mut Bits::new(&stream(bits)), count, &mut samples)?;
        Ok(samples)
    }

    const PLAIN: Code = Code { bits: 8, block: 4, interval: 2, is_predicted: false };
    const PREDICTED: Code = Code { is_predicted: true, ..PLAIN };

    #[test]
    fn each_code_has_its_id() {
        // Samples as they are.
        let bits = "111 00000001 00000010 00000011 11111111";
        assert_eq!(decoded(PLAIN, 4, bits).unwrap(), [1, 2, 3, 255]);
        // No bits split off (ID 1), and then two (ID 3): unary codes first.
        let bits = "001 1 01 001 1   011 1 01 1 001 11 00 01 10";
        assert_eq!(decoded(PLAIN, 8, bits).unwrap(), [0, 1, 2, 0, 3, 4, 1, 10]);
        // Only as many as are wanted.
        assert_eq!(decoded(PLAIN, 3, bits).unwrap(), [0, 1, 2, 0]);
        // The second extension: sums 0, 1, 1, 2 are numbers 0, 1, 2, 3 to 5.
        let bits = "000 1 1 01   000 1 001 000001";
        assert_eq!(decoded(PLAIN, 8, bits).unwrap(), [0, 0, 1, 0, 0, 1, 0, 2]);
        // Two blocks of zeros; more would be beyond the interval.
        assert_eq!(decoded(PLAIN, 8, "000 0 01").unwrap(), [0; 8]);
        assert_eq!(decoded(PLAIN, 8, "000 0 001"), Err(NOT_ITS));
        // Zeros up to the end of the segment, or of the interval.
        assert_eq!(decoded(PLAIN, 8, "000 0 00001").unwrap(), [0; 8]);
        let long = Code { interval: 70, ..PLAIN };
        let bits = "000 0 00001   000 0 00001";
        assert_eq!(decoded(long, 4 * 64, bits).unwrap(), [0; 4 * 64]);
        assert_eq!(decoded(long, 4 * 70, bits).unwrap(), [0; 4 * 70]);
        // Five blocks: the number that would say so says the rest of the segment.
        assert_eq!(decoded(long, 4 * 5, "000 0 000001").unwrap(), [0; 4 * 5]);
    }

    #[test]
    fn samples_are_predicted_from_the_one_before() {
        // 10; then +1, -1, and 21, which is beyond what is symmetric about 10.
        let bits = "101 00001010 1 1 01 0010 0001 0101";
        assert_eq!(decoded(PREDICTED, 4, bits).unwrap(), [10, 11, 10, 21]);
        // 250; then mapped 12, which is 250 - 7: only five are above.
        let bits = "101 11111010 1 1 1 1100 0000 0000";
        assert_eq!(decoded(PREDICTED, 4, bits).unwrap(), [250, 243, 243, 243]);
        // A reference in the place of the second extension's first, and before zeros.
        assert_eq!(decoded(PREDICTED, 4, "000 1 00000101 001 1").unwrap(), [5, 4, 4, 4]);
        assert_eq!(decoded(PREDICTED, 8, "000 0 00000101 01").unwrap(), [5; 8]);
    }

    #[test]
    fn a_stream_that_ends_is_refused() {
        let whole = "001 1 01 001 1   011 1 01 1 001 11 00 01 10";
        assert!(decoded(PLAIN, 8, &whole[..whole.len() - 11]).is_err());
        assert!(decoded(PLAIN, 8, "").is_err());
        assert!(decoded(PLAIN, 8, "0001 000000000000000000000000000000000000").is_err());
        // A pair whose sum no encoder makes.
        assert_eq!(decoded(PLAIN, 4, &format!("0001 {:0>100}", 1)), Err(NOT_ITS));
    }
}
