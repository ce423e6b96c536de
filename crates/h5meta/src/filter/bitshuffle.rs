//! Bitshuffle: the bits of each significance together, and then perhaps LZ4 or Zstandard.
//!
//! As bitshuffle's own documentation describes it: elements are shuffled by blocks, each of a multiple of
//! eight elements; what is left over of the last eight is stored as it is. Where blocks are compressed too,
//! they follow a header of big-endian numbers: the bytes of the chunk (8) and those of a block (4). Each is
//! behind the bytes that it is stored in (4, big-endian).

use super::bytes::{array, take};
use super::{Failure, MORE, Result, lz4, zstd};
use crate::wire::to_usize;

/// The bytes that a block has about, unless a file says otherwise.
const BLOCK: usize = 8192;
/// The elements that a block then has at least.
const ELEMENTS: usize = 128;

/// What is done with a block's bits.
#[derive(Clone, Copy, Debug)]
enum Compression {
    None,
    Lz4,
    Zstd,
}

/// Client data: the filter's version, bytes of an element, elements of a block (0 for the default), and
/// what compresses them.
#[derive(Debug)]
pub(super) struct Parameters {
    element: usize,
    block: usize,
    compression: Compression,
}

impl Parameters {
    pub(super) fn new(client_data: &[u32]) -> Result<Self> {
        let &[_, _, element, ref rest @ ..] = client_data else {
            return Err(Failure::Invalid("bitshuffle without the size of its elements"));
        };
        let block = to_usize(rest.first().map_or(0, |&block| block.into()));
        let compression = match rest.get(1) {
            None | Some(0) => Compression::None,
            Some(2) => Compression::Lz4,
            Some(3) => Compression::Zstd,
            Some(_) => return Err(Failure::Invalid("bitshuffle with an unknown compressor")),
        };
        if element == 0 || !block.is_multiple_of(8) {
            return Err(Failure::Invalid(
                "bitshuffle of no bytes, or of blocks of no eight elements",
            ));
        }
        Ok(Self { element: to_usize(element.into()), block, compression })
    }

    pub(super) fn decode(&self, bytes: &[u8], most: usize) -> Result<Vec<u8>> {
        if matches!(self.compression, Compression::None) {
            return self.blocks(bytes, bytes.len(), self.block);
        }
        let mut rest = bytes;
        let size = to_usize(u64::from_be_bytes(array(&mut rest)?));
        let block = to_usize(u32::from_be_bytes(array(&mut rest)?).into());
        if size > most {
            return Err(MORE);
        }
        let block = block.checked_div(self.element).unwrap_or(0);
        if !block.is_multiple_of(8) {
            return Err(Failure::Invalid("bitshuffle of blocks of no eight elements"));
        }
        self.blocks(rest, size, block)
    }

    /// The `size` bytes of a chunk, of which each block has `block` elements.
    fn blocks(&self, mut rest: &[u8], size: usize, block: usize) -> Result<Vec<u8>> {
        let element = self.element;
        let default = || BLOCK.checked_div(element).unwrap_or(0) & !7;
        let block = if block == 0 { default().max(ELEMENTS) } else { block };
        let eight = element.saturating_mul(8);
        if !size.is_multiple_of(element) {
            return Err(Failure::Invalid("bitshuffle of what is no whole number of elements"));
        }
        let mut plain = vec![0; size];
        let whole = size.saturating_sub(size.checked_rem(eight).unwrap_or(0));
        let (shuffled, over) = plain.split_at_mut_checked(whole).unwrap_or_default();
        for to in shuffled.chunks_mut(block.saturating_mul(element)) {
            self.block(&mut rest, to)?;
        }
        over.copy_from_slice(take(&mut rest, over.len())?);
        Ok(plain)
    }

    fn block(&self, rest: &mut &[u8], to: &mut [u8]) -> Result<()> {
        if matches!(self.compression, Compression::None) {
            unshuffle(take(rest, to.len())?, self.element, to);
            return Ok(());
        }
        let stored = u32::from_be_bytes(array(rest)?);
        let stored = take(rest, to_usize(stored.into()))?;
        let shuffled = match self.compression {
            Compression::Zstd => zstd::decode(stored, to.len())?,
            _ => {
                let mut shuffled = vec![0; to.len()];
                lz4::decode_block(stored, &mut shuffled)?;
                shuffled
            }
        };
        if shuffled.len() != to.len() {
            return Err(Failure::Invalid("a block of another size than its place"));
        }
        unshuffle(&shuffled, self.element, to);
        Ok(())
    }
}

/// Puts bits back: those of `shuffled`, a multiple of eight elements, go to as many bytes.
///
/// The first bits of all elements come first, then the second ones, and so on, each from the least
/// significant bit of a byte to the most.
pub(super) fn unshuffle(shuffled: &[u8], element: usize, to: &mut [u8]) {
    let bits = element.saturating_mul(8);
    let row = shuffled.len().checked_div(bits).unwrap_or(0);
    if row == 0 {
        return;
    }
    // Eight rows are one byte of all elements.
    for (at, rows) in shuffled.chunks_exact(row.saturating_mul(8)).enumerate() {
        let mut places = to.iter_mut().skip(at).step_by(element);
        for column in 0..row {
            let mut square = [0; 8];
            for (bits, byte) in square.iter_mut().zip(rows.iter().skip(column).step_by(row)) {
                *bits = *byte;
            }
            let bytes = transposed(u64::from_le_bytes(square)).to_le_bytes();
            for (byte, place) in bytes.into_iter().zip(&mut places) {
                *place = byte;
            }
        }
    }
}

/// The eight bytes whose n-th bits are the bits of the n-th byte: halves of halves change places.
fn transposed(square: u64) -> u64 {
    let swap = |bits: u64, distance: u32, mask: u64| {
        let differ = (bits ^ bits.wrapping_shr(distance)) & mask;
        bits ^ differ ^ differ.wrapping_shl(distance)
    };
    let square = swap(square, 7, 0x00aa_00aa_00aa_00aa);
    let square = swap(square, 14, 0x0000_cccc_0000_cccc);
    swap(square, 28, 0x0000_0000_f0f0_f0f0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit, as the format says it.
    fn shuffled(plain: &[u8], element: usize) -> Vec<u8> {
        let row = plain.len() / element / 8;
        let mut shuffled = vec![0; plain.len()];
        for (n, bytes) in plain.chunks(element).enumerate() {
            for bit in 0..element * 8 {
                let set = bytes[bit / 8] >> (bit % 8) & 1;
                shuffled[bit * row + n / 8] |= set << (n % 8);
            }
        }
        shuffled
    }

    #[test]
    fn bits_go_back_to_their_elements() {
        for element in [1, 2, 3, 4, 8, 17] {
            for count in [8, 16, 136] {
                let plain: Vec<u8> =
                    (0..element * count).map(|n| (n * n % 253 + n) as u8).collect();
                let mut back = vec![0; plain.len()];
                unshuffle(&shuffled(&plain, element), element, &mut back);
                assert_eq!(back, plain, "{count} elements of {element}");
            }
        }
    }

    #[test]
    fn what_is_over_of_the_last_eight_elements_is_as_it_was() {
        let plain: Vec<u8> = (0..2 * 21).collect();
        let stored = [&shuffled(&plain[..16], 2), &shuffled(&plain[16..32], 2), &plain[32..]];
        let parameters = Parameters::new(&[0, 4, 2, 8, 0]).unwrap();
        assert_eq!(parameters.decode(&stored.concat(), 0).unwrap(), plain);
        assert!(parameters.decode(&[0; 3], 100).is_err(), "half an element");
    }

    #[test]
    fn a_size_that_is_not_asked_for_is_not_allocated() {
        for compressor in [2, 3] {
            let parameters = Parameters::new(&[0, 4, 2, 0, compressor]).unwrap();
            assert_eq!(parameters.decode(&[0xff; 12], 1000), Err(MORE));
            assert_eq!(parameters.decode(&[0; 12], 1000).unwrap(), []);
        }
        assert!(Parameters::new(&[0, 4, 2, 0, 1]).is_err());
        assert!(Parameters::new(&[0, 4, 0]).is_err());
        assert!(Parameters::new(&[0, 4, 2, 12]).is_err());
    }
}
