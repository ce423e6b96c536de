//! Szip: the entropy coder of CCSDS 121.0-B on lines of samples.
//!
//! HDF5 puts the bytes of the chunk before the stream (4, little-endian). What is special about szip beside
//! the standard is as libaec's documentation of its szip interface and the files it makes have it: samples
//! of 32 and 64 bits are shuffled and coded byte by byte, and each line is filled up to whole blocks. Of what
//! is no whole number of such samples, as behind fletcher32, libaec stores anything in the place of the rest.

use super::bits::Bits;
use super::bytes::array;
use super::entropy::Code;
use super::{Failure, MORE, Result, shuffle};
use crate::wire::to_usize;

/// Bits of the options mask.
const MSB: u32 = 16;
const NEAREST_NEIGHBOUR: u32 = 32;

/// What a line and a block have at most: szip's own limits.
const PIXELS_OF_LINE: u32 = 4096;
const PIXELS_OF_BLOCK: u32 = 32;

/// Client data: the options mask, pixels of a block, bits of a pixel, pixels of a scanline.
#[derive(Debug)]
pub(super) struct Parameters {
    is_big_endian: bool,
    /// Bytes of the elements whose bytes are coded one by one.
    shuffled: Option<u64>,
    code: Code,
    line: usize,
}

impl Parameters {
    pub(super) fn new(client_data: &[u32]) -> Result<Self> {
        const NOT_ITS: Failure = Failure::Invalid("szip with parameters that are not its");
        let &[options, block, bits, line, ..] = client_data else { return Err(NOT_ITS) };
        let shuffled = matches!(bits, 32 | 64).then(|| u64::from(bits >> 3));
        let bits = if shuffled.is_some() { 8 } else { bits };
        let is_block = block.is_multiple_of(2) && (2..=PIXELS_OF_BLOCK).contains(&block);
        if !is_block || !(1..=24).contains(&bits) || !(1..=PIXELS_OF_LINE).contains(&line) {
            return Err(NOT_ITS);
        }
        let code = Code {
            bits,
            block: to_usize(block.into()),
            interval: to_usize(line.div_ceil(block).into()),
            is_predicted: options & NEAREST_NEIGHBOUR != 0,
        };
        let is_big_endian = options & MSB != 0;
        Ok(Self { is_big_endian, shuffled, code, line: to_usize(line.into()) })
    }

    pub(super) fn decode(&self, mut rest: &[u8], most: usize) -> Result<Vec<u8>> {
        let size = to_usize(u32::from_le_bytes(array(&mut rest)?).into());
        if size > most {
            return Err(MORE);
        }
        let width = match self.code.bits {
            ..=8 => 1,
            9..=16 => 2,
            _ => 4,
        };
        let mut plain = Vec::new();
        let mut samples = Vec::new();
        let mut bits = Bits::new(rest);
        while plain.len() < size {
            let left = size.saturating_sub(plain.len()).div_ceil(width);
            let line = self.line.min(left);
            self.code.interval(&mut bits, line, &mut samples)?;
            // What fills the line up to whole blocks is not the chunk's.
            for sample in samples.iter().take(line) {
                let bytes = sample.to_be_bytes();
                let bytes = bytes.get(4_usize.saturating_sub(width)..).unwrap_or_default();
                if self.is_big_endian {
                    plain.extend(bytes);
                } else {
                    plain.extend(bytes.iter().rev());
                }
            }
        }
        plain.truncate(size);
        Ok(match self.shuffled {
            Some(element) => shuffle::decode(&plain, element),
            None => plain,
        })
    }
}
