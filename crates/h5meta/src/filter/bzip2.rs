//! Bzip2: a bzip2 stream, which says its own parameter.
//!
//! The decoder works with up to 4 MB, whatever the chunk's size: four bytes for each of a block's, of which
//! a stream's first bytes choose 100,000 to 900,000.

use bzip2::read::BzDecoder;

use super::{Failure, Result, deflate};

pub(super) fn decode(bytes: &[u8], most: usize) -> Result<Vec<u8>> {
    deflate::read(BzDecoder::new(bytes), most, Failure::Invalid("bytes that are no bzip2 stream"))
}
