//! Fletcher32: a checksum behind the bytes that it is of.

use super::{Failure, Result};

/// The checksum is the last four bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<u8>> {
    let Some((plain, stored)) = bytes.split_last_chunk() else {
        return Err(Failure::Invalid("bytes too few for their checksum"));
    };
    let sums = fletcher32(plain);
    // Old big-endian writers stored each half's bytes the other way round; libhdf5 takes both.
    let found = u32::from_le_bytes(*stored);
    let halves = |sum: u32| (sum & 0x00ff_00ff) << 8 | (sum >> 8) & 0x00ff_00ff;
    if found == sums || found == halves(sums) {
        return Ok(plain.to_vec());
    }
    Err(Failure::Invalid("a checksum that is not that of its bytes"))
}

/// Two sums of the big-endian 16-bit words, modulo 65535; as libhdf5 folds them, only zeros sum to 0.
fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut first, mut second) = (0_u32, 0_u32);
    // Both stay below 2^17 before they are folded.
    let fold = |sum: u32| (sum & 0xffff).wrapping_add(sum >> 16);
    for pair in bytes.chunks(2) {
        let word = match *pair {
            [high, low] => u32::from(u16::from_be_bytes([high, low])),
            [high] => u32::from(high) << 8,
            _ => 0,
        };
        first = fold(first.wrapping_add(word));
        second = fold(second.wrapping_add(first));
    }
    second << 16 | first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_checked_and_cut_off() {
        // Words 0x0102 and 0x0304: sums 0x0406 and 0x0508.
        assert_eq!(fletcher32(&[1, 2, 3, 4]), 0x0508_0406);
        // As numcodecs and libhdf5 have it: 65535 is not folded to 0.
        assert_eq!(fletcher32(&[0xff; 4]), 0xffff_ffff);
        let mut stored = vec![1, 2, 3, 4];
        stored.extend(0x0508_0406_u32.to_le_bytes());
        assert_eq!(decode(&stored).unwrap(), [1, 2, 3, 4]);
        stored[0] = 9;
        let error = decode(&stored).unwrap_err();
        assert!(error.to_string().contains("checksum"), "{error}");
        assert!(decode(&[1, 2, 3]).is_err());
    }
}
