//! LZ4: blocks of LZ4 behind a header, as the registered filter's documentation has them.
//!
//! All numbers are big-endian: the bytes of the chunk (8), the bytes of a block (4), and before each block
//! the bytes that it is stored in (4); a block stored in as many as it has is stored as it is. Blocks are in
//! LZ4's block format, and not in its frame format.

use super::bytes::{array, take};
use super::{Failure, MORE, Result};
use crate::wire::to_usize;

pub(super) fn decode(mut rest: &[u8], most: usize) -> Result<Vec<u8>> {
    let size = to_usize(u64::from_be_bytes(array(&mut rest)?));
    let block = to_usize(u32::from_be_bytes(array(&mut rest)?).into());
    if size > most {
        return Err(MORE);
    }
    if block == 0 && size > 0 {
        return Err(Failure::Invalid("LZ4 blocks of no bytes"));
    }
    let mut plain = vec![0; size];
    for to in plain.chunks_mut(block.max(1)) {
        let stored = u32::from_be_bytes(array(&mut rest)?);
        let stored = take(&mut rest, to_usize(stored.into()))?;
        if stored.len() == to.len() {
            to.copy_from_slice(stored);
        } else {
            decode_block(stored, to)?;
        }
    }
    Ok(plain)
}

/// One block of LZ4, which fills `to`.
pub(super) fn decode_block(stored: &[u8], to: &mut [u8]) -> Result<()> {
    match lz4_flex::block::decompress_into(stored, to) {
        Ok(length) if length == to.len() => Ok(()),
        _ => Err(Failure::Invalid("bytes that are no LZ4 block of their size")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block that is stored as it is, and one that is a literal and a copy of it.
    const STORED: [u8; 30] = [
        0, 0, 0, 0, 0, 0, 0, 14, // bytes of the chunk
        0, 0, 0, 4, // of a block
        0, 0, 0, 4, 1, 2, 3, 4, // as it is
        0, 0, 0, 4, 5, 6, 7, 8, 0, 0,
    ];

    #[test]
    fn a_size_that_is_not_asked_for_is_not_allocated() {
        assert_eq!(decode(&[0xff; 12], 1000), Err(MORE));
        assert_eq!(decode(&STORED, 13), Err(MORE));
        assert!(decode(&STORED, 14).is_err(), "a third block is missing");
        let mut whole = STORED;
        whole[7] = 8;
        assert_eq!(decode(&whole, 14).unwrap(), [1, 2, 3, 4, 5, 6, 7, 8]);
        whole[11] = 0;
        assert!(decode(&whole, 14).is_err(), "blocks of no bytes");
    }
}
