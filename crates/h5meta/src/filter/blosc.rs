//! Blosc 1: shuffled blocks that one of several compressors made smaller.
//!
//! As c-blosc describes it (`README_CHUNK_FORMAT.rst`): a header of 16 bytes, where each block starts (4
//! bytes each), and the blocks. Each is one stream, or one for each byte of an element, behind its length (4);
//! a stream as long as what it is of is stored as it is. All numbers are little-endian.

use super::bytes::{array, take};
use super::{ENDS, Failure, MORE, Result, bitshuffle, blosclz, deflate, lz4, shuffle, zstd};
use crate::wire::{to_u64, to_usize};

const SHUFFLED: u8 = 1;
/// Neither shuffled nor compressed.
const COPIED: u8 = 1 << 1;
const BITSHUFFLED: u8 = 1 << 2;
const NOT_SPLIT: u8 = 1 << 4;

/// Where blocks are split, into how many streams at most, each of how many bytes at least.
const MAX_SPLITS: usize = 16;
const MIN_SPLIT: usize = 128;

const NOT_ITS: Failure = Failure::Invalid("bytes that are no Blosc chunk");

/// The header.
#[derive(Debug)]
struct Header {
    flags: u8,
    /// Bytes of an element.
    element: usize,
    /// Bytes of the chunk, and of each block but the last.
    size: usize,
    block: usize,
}

pub(super) fn decode(bytes: &[u8], most: usize) -> Result<Vec<u8>> {
    let mut rest = bytes;
    let header = Header::decode(&mut rest)?;
    if header.size > most {
        return Err(MORE);
    }
    if header.flags & COPIED != 0 {
        return take(&mut rest, header.size).map(<[u8]>::to_vec);
    }
    if header.block == 0 && header.size > 0 {
        return Err(NOT_ITS);
    }
    let mut plain = vec![0; header.size];
    for to in plain.chunks_mut(header.block.max(1)) {
        let start = to_usize(u32::from_le_bytes(array(&mut rest)?).into());
        header.block(bytes.get(start..).ok_or(ENDS)?, to)?;
    }
    Ok(plain)
}

impl Header {
    fn decode(rest: &mut &[u8]) -> Result<Self> {
        let [version, _, flags, element] = array(rest)?;
        let mut number = || array(rest).map(|bytes| to_usize(u32::from_le_bytes(bytes).into()));
        let (size, block, _stored) = (number()?, number()?, number()?);
        // Later versions are Blosc 2's.
        if version > 2 || element == 0 {
            return Err(NOT_ITS);
        }
        Ok(Self { flags, element: element.into(), size, block })
    }

    fn block(&self, mut rest: &[u8], to: &mut [u8]) -> Result<()> {
        let element = self.element;
        let of_each = self.block.checked_div(element).unwrap_or(0);
        let is_split = self.flags & NOT_SPLIT == 0
            && element <= MAX_SPLITS
            && of_each >= MIN_SPLIT
            && to.len() == self.block;
        let streams = if is_split { element } else { 1 };
        let length = to.len().checked_div(streams).unwrap_or(0);
        if length.checked_mul(streams) != Some(to.len()) {
            return Err(Failure::Invalid("a Blosc block that is no whole number of its streams"));
        }
        for to in to.chunks_mut(length.max(1)) {
            let stored = to_usize(u32::from_le_bytes(array(&mut rest)?).into());
            self.stream(take(&mut rest, stored)?, to)?;
        }
        self.unshuffle(to);
        Ok(())
    }

    fn stream(&self, stored: &[u8], to: &mut [u8]) -> Result<()> {
        if stored.len() == to.len() {
            to.copy_from_slice(stored);
            return Ok(());
        }
        let plain = match self.flags >> 5 {
            0 => blosclz::decode(stored, to.len())?,
            1 => return lz4::decode_block(stored, to),
            2 => return snappy(stored, to),
            3 => deflate::decode(stored, to.len())?,
            4 => zstd::decode(stored, to.len())?,
            _ => return Err(Failure::Invalid("Blosc with an unknown compressor")),
        };
        if plain.len() != to.len() {
            return Err(Failure::Invalid("a Blosc stream of another size than its place"));
        }
        to.copy_from_slice(&plain);
        Ok(())
    }

    fn unshuffle(&self, block: &mut [u8]) {
        let element = self.element;
        if self.flags & SHUFFLED != 0 && element > 1 {
            block.copy_from_slice(&shuffle::decode(block, to_u64(element)));
        } else if self.flags & BITSHUFFLED != 0 {
            // Blosc 1 shuffles the bits of a multiple of eight elements, or none at all.
            let count = block.len().checked_div(element).unwrap_or(0);
            let whole = count.saturating_mul(element);
            if count.is_multiple_of(8)
                && let Some(whole) = block.get_mut(..whole)
            {
                let shuffled = whole.to_vec();
                bitshuffle::unshuffle(&shuffled, element, whole);
            }
        }
    }
}

/// A Snappy block, without Snappy's frames.
fn snappy(stored: &[u8], to: &mut [u8]) -> Result<()> {
    const NOT_ITS: Failure = Failure::Invalid("bytes that are no Snappy block of their size");
    if snap::raw::decompress_len(stored) != Ok(to.len()) {
        return Err(NOT_ITS);
    }
    snap::raw::Decoder::new().decompress(stored, to).map(|_| ()).map_err(|_| NOT_ITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(flags: u8, element: u8, size: u32, block: u32, rest: &[u8]) -> Vec<u8> {
        let mut chunk = vec![2, 1, flags, element];
        for number in [size, block, 16 + rest.len() as u32] {
            chunk.extend(number.to_le_bytes());
        }
        chunk.extend(rest);
        chunk
    }

    #[test]
    fn a_chunk_that_is_copied_and_one_of_blocks_that_are() {
        assert_eq!(decode(&chunk(COPIED, 4, 3, 3, &[1, 2, 3]), 3).unwrap(), [1, 2, 3]);
        // The second block is before the first.
        let blocks = [29, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 9, 2, 0, 0, 0, 7, 8];
        assert_eq!(decode(&chunk(0, 1, 3, 2, &blocks), 3).unwrap(), [7, 8, 9]);
        assert_eq!(decode(&chunk(SHUFFLED, 1, 3, 2, &blocks), 3).unwrap(), [7, 8, 9]);
        for short in 0..blocks.len() {
            assert!(decode(&chunk(0, 1, 3, 2, &blocks[..short]), 3).is_err(), "{short}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let ones = [0xff; 40];
        assert_eq!(decode(&chunk(0, 4, u32::MAX, 4, &ones), 1000), Err(MORE));
        assert_eq!(decode(&chunk(0, 4, 8, 0, &ones), 1000), Err(NOT_ITS), "no bytes a block");
        assert_eq!(decode(&chunk(0, 0, 8, 8, &ones), 1000), Err(NOT_ITS), "no bytes an element");
        assert_eq!(decode(&chunk(0, 4, 8, 8, &ones), 1000), Err(ENDS), "a start behind the end");
        assert_eq!(decode(&chunk(0, 4, 0, 0, &[]), 1000).unwrap(), []);
        // 300 bytes are no two streams of elements of three bytes, but a hundred elements are too few.
        let one_stream = [&[20, 0, 0, 0, 44, 1, 0, 0][..], &[5; 300]].concat();
        assert_eq!(decode(&chunk(0, 3, 300, 300, &one_stream), 300).unwrap(), [5; 300]);
        assert!(decode(&chunk(0, 2, 301, 301, &one_stream), 301).is_err(), "half an element");
    }
}
