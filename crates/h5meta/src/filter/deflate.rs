//! Deflate: a zlib stream (RFC 1950).

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{Failure, MORE, Result};
use crate::wire::to_u64;

pub(super) fn decode(bytes: &[u8], most: usize) -> Result<Vec<u8>> {
    read(ZlibDecoder::new(bytes), most, Failure::Invalid("bytes that do not inflate"))
}

/// All that a decoder reads, if it is not more than `most`; else `not_its` failure.
pub(super) fn read(decoder: impl Read, most: usize, not_its: Failure) -> Result<Vec<u8>> {
    let mut decoded = Vec::new();
    let read = decoder.take(to_u64(most).saturating_add(1)).read_to_end(&mut decoded);
    match read {
        Err(_) => Err(not_its),
        Ok(_) if decoded.len() > most => Err(MORE),
        Ok(_) => Ok(decoded),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use super::*;

    pub(in crate::filter) fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = deflated(&vec![0; 1 << 20]);
        assert_eq!(decode(&bomb, 100), Err(MORE));
        assert_eq!(decode(&bomb, 1 << 20).unwrap().len(), 1 << 20);
        assert!(decode(b"not deflated", 100).is_err());
    }
}
