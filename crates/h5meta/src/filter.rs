//! Undoing filters: for blocks of filtered heaps, and chunks whose values are wanted.
//!
//! Spec: IV.A.2.l, "The Data Storage - Filter Pipeline Message", of whose filters deflate, shuffle and
//! fletcher32 are undone here. The rest of the crate leaves filtered bytes alone.

use std::fmt;
use std::io::Read as _;

use flate2::read::ZlibDecoder;

use crate::message::Filter;
use crate::wire::{to_u64, to_usize};

/// The Filter Identification Value of deflate.
pub const DEFLATE: u16 = 1;
/// That of shuffle.
pub const SHUFFLE: u16 = 2;
/// That of fletcher32.
pub const FLETCHER32: u16 = 3;

/// Why bytes cannot be had as they were before their filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A filter that is not undone here, by its number.
    Unknown(u16),
    /// The bytes are not what the filter makes.
    Invalid(&'static str),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => write!(f, "filter {id}"),
            Self::Invalid(why) => f.write_str(why),
        }
    }
}

/// Checks that every filter of a pipeline can be undone here.
///
/// # Errors
/// `Unknown`, for the first that cannot.
pub fn check(filters: &[Filter]) -> Result<(), Failure> {
    match filters.iter().find(|filter| !matches!(filter.id, DEFLATE | SHUFFLE | FLETCHER32)) {
        Some(filter) => Err(Failure::Unknown(filter.id)),
        None => Ok(()),
    }
}

/// The `size` bytes that `stored` was before its filters, of which `mask` skips some.
///
/// However much the stored bytes would inflate to, little more than `size` bytes are held at once.
///
/// # Errors
/// `Unknown` for filters that are not undone here, `Invalid` for bytes that are not theirs.
pub fn decode(
    stored: &[u8],
    filters: &[Filter],
    mask: u32,
    size: usize,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = stored.to_vec();
    for (n, filter) in filters.iter().enumerate().rev() {
        if mask.checked_shr(u32::try_from(n).unwrap_or(32)).unwrap_or(0) & 1 != 0 {
            continue;
        }
        bytes = match filter.id {
            DEFLATE => inflate(&bytes, size)?,
            SHUFFLE => unshuffle(&bytes, filter.client_data.first().map_or(1, |&n| n.into())),
            FLETCHER32 => without_checksum(bytes)?,
            id => return Err(Failure::Unknown(id)),
        };
    }
    if bytes.len() < size {
        return Err(Failure::Invalid("fewer bytes than there were before the filters"));
    }
    bytes.truncate(size);
    Ok(bytes)
}

/// No filter makes its input much larger: what inflates to more is none of ours.
fn inflate(bytes: &[u8], size: usize) -> Result<Vec<u8>, Failure> {
    const SLACK: usize = 1024;
    let most = size.saturating_add(SLACK);
    let mut inflated = Vec::new();
    let read =
        ZlibDecoder::new(bytes).take(to_u64(most).saturating_add(1)).read_to_end(&mut inflated);
    read.map_err(|_| Failure::Invalid("bytes that do not inflate"))?;
    if inflated.len() > most {
        return Err(Failure::Invalid("bytes that inflate to more than there were"));
    }
    Ok(inflated)
}

/// The first bytes of all elements come first, then the second ones, and so on; what is left over at
/// the end is as it was.
fn unshuffle(bytes: &[u8], element: u64) -> Vec<u8> {
    let element = to_usize(element).max(1);
    let count = bytes.len().checked_div(element).unwrap_or(0);
    if element == 1 || count <= 1 {
        return bytes.to_vec();
    }
    let (shuffled, rest) = bytes.split_at(count.saturating_mul(element).min(bytes.len()));
    let mut plain = vec![0; shuffled.len()];
    for (at, plane) in shuffled.chunks_exact(count).enumerate() {
        for (to, byte) in plain.iter_mut().skip(at).step_by(element).zip(plane) {
            *to = *byte;
        }
    }
    plain.extend_from_slice(rest);
    plain
}

/// The checksum is the last four bytes.
fn without_checksum(mut bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let Some(length) = bytes.len().checked_sub(4) else {
        return Err(Failure::Invalid("bytes too few for their checksum"));
    };
    let stored = bytes.split_off(length);
    let sums = fletcher32(&bytes);
    // Old big-endian writers stored each half's bytes the other way round; libhdf5 takes both.
    let found = u32::from_le_bytes(stored.try_into().unwrap_or_default());
    let halves = |sum: u32| (sum & 0x00ff_00ff) << 8 | (sum >> 8) & 0x00ff_00ff;
    if found == sums || found == halves(sums) {
        return Ok(bytes);
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
    use std::io::Write as _;

    use super::*;

    fn filter(id: u16, client_data: &[u32]) -> Filter {
        Filter { id, name: None, flags: 0, client_data: client_data.to_vec() }
    }

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn filters_are_undone_last_to_first() {
        let shuffled = [1, 3, 5, 2, 4, 6];
        let pipeline = [filter(SHUFFLE, &[2]), filter(DEFLATE, &[6])];
        let plain = decode(&deflated(&shuffled), &pipeline, 0, 6).unwrap();
        assert_eq!(plain, [1, 2, 3, 4, 5, 6]);
        // A mask skips by place in the pipeline.
        assert_eq!(decode(&shuffled, &pipeline, 0b10, 6).unwrap(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(decode(&deflated(&shuffled), &pipeline, 0b01, 6).unwrap(), shuffled);
        // What is no whole element stays at the end.
        assert_eq!(unshuffle(&[1, 3, 2, 4, 9], 2), [1, 2, 3, 4, 9]);
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = deflated(&vec![0; 1 << 20]);
        let error = decode(&bomb, &[filter(DEFLATE, &[6])], 0, 100).unwrap_err();
        assert!(error.to_string().contains("more than there were"), "{error}");
        assert!(decode(b"not deflated", &[filter(DEFLATE, &[6])], 0, 100).is_err());
    }

    #[test]
    fn a_checksum_is_checked_and_cut_off() {
        // Words 0x0102 and 0x0304: sums 0x0406 and 0x0508.
        assert_eq!(fletcher32(&[1, 2, 3, 4]), 0x0508_0406);
        // As numcodecs and libhdf5 have it: 65535 is not folded to 0.
        assert_eq!(fletcher32(&[0xff; 4]), 0xffff_ffff);
        let mut stored = vec![1, 2, 3, 4];
        stored.extend(0x0508_0406_u32.to_le_bytes());
        let pipeline = [filter(FLETCHER32, &[])];
        assert_eq!(decode(&stored, &pipeline, 0, 4).unwrap(), [1, 2, 3, 4]);
        stored[0] = 9;
        let error = decode(&stored, &pipeline, 0, 4).unwrap_err();
        assert!(error.to_string().contains("checksum"), "{error}");
    }

    #[test]
    fn a_filter_that_is_not_undone_is_named() {
        assert_eq!(check(&[filter(SHUFFLE, &[4]), filter(4, &[])]), Err(Failure::Unknown(4)));
        assert_eq!(decode(&[0; 8], &[filter(4, &[])], 0, 8), Err(Failure::Unknown(4)));
    }
}
