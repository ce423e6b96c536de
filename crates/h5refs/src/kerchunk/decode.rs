//! Undoing filters: for the few chunks whose values go into the sidecar themselves.

use std::io::Read as _;

use flate2::read::ZlibDecoder;
use h5meta::message::Filter;

use super::codec::{DEFLATE, FLETCHER32, SHUFFLE, name};

/// Whether every filter of a pipeline can be undone here, else the one that cannot.
pub(super) fn check(filters: &[Filter]) -> Result<(), String> {
    match filters.iter().find(|filter| !matches!(filter.id, DEFLATE | SHUFFLE | FLETCHER32)) {
        Some(filter) => Err(format!("filter {} ({})", filter.id, name(filter))),
        None => Ok(()),
    }
}

/// The bytes of a chunk as they were before its filters, of which `mask` skips some. They are `size`
/// bytes, whatever the stored bytes would inflate to.
pub(super) fn decode(
    stored: &[u8],
    filters: &[Filter],
    mask: u32,
    size: usize,
) -> Result<Vec<u8>, String> {
    let mut bytes = stored.to_vec();
    for (n, filter) in filters.iter().enumerate().rev() {
        if mask.checked_shr(u32::try_from(n).unwrap_or(32)).unwrap_or(0) & 1 != 0 {
            continue;
        }
        bytes = match filter.id {
            DEFLATE => inflate(&bytes, size)?,
            SHUFFLE => unshuffle(&bytes, filter.client_data.first().map_or(1, |n| *n as usize)),
            FLETCHER32 => without_checksum(bytes)?,
            _ => return Err(format!("filter {} ({})", filter.id, name(filter))),
        };
    }
    if bytes.len() < size {
        return Err(format!("a chunk of {} bytes in place of {size}", bytes.len()));
    }
    bytes.truncate(size);
    Ok(bytes)
}

/// No filter makes a chunk much larger: what inflates to more is no chunk.
fn inflate(bytes: &[u8], size: usize) -> Result<Vec<u8>, String> {
    const SLACK: usize = 1024;
    let most = size.saturating_add(SLACK);
    let mut inflated = Vec::new();
    let limit = most.saturating_add(1) as u64;
    let read = ZlibDecoder::new(bytes).take(limit).read_to_end(&mut inflated);
    read.map_err(|error| format!("a chunk that does not inflate: {error}"))?;
    if inflated.len() > most {
        return Err(format!("a chunk that inflates to more than {size} bytes"));
    }
    Ok(inflated)
}

/// The first bytes of all elements come first, then the second ones, and so on; what is left over at
/// the end is as it was.
fn unshuffle(bytes: &[u8], element: usize) -> Vec<u8> {
    let count = bytes.len() / element.max(1);
    if element <= 1 || count <= 1 {
        return bytes.to_vec();
    }
    let (shuffled, rest) = bytes.split_at(count * element);
    let mut plain = vec![0; shuffled.len()];
    for (at, plane) in shuffled.chunks_exact(count).enumerate() {
        for (n, byte) in plane.iter().enumerate() {
            plain[n * element + at] = *byte;
        }
    }
    plain.extend_from_slice(rest);
    plain
}

/// The checksum is the last four bytes.
fn without_checksum(mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let Some(length) = bytes.len().checked_sub(4) else {
        return Err("a chunk too short for its checksum".into());
    };
    let stored = bytes.split_off(length);
    let sums = fletcher32(&bytes);
    // Old big-endian writers stored each half's bytes the other way round; libhdf5 takes both.
    let found = u32::from_le_bytes(stored.try_into().unwrap_or_default());
    let halves = |sum: u32| (sum & 0x00ff_00ff) << 8 | (sum >> 8) & 0x00ff_00ff;
    if found == sums || found == halves(sums) {
        return Ok(bytes);
    }
    Err("a chunk whose checksum is not that of its bytes".into())
}

/// Two sums of the big-endian 16-bit words, modulo 65535; as libhdf5 folds them, only zeros sum to 0.
fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut first, mut second) = (0_u32, 0_u32);
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    let mut words = bytes.chunks_exact(2);
    let mut add = |word: u32| {
        first = fold(first + word);
        second = fold(second + first);
    };
    for word in &mut words {
        add(u32::from(word[0]) << 8 | u32::from(word[1]));
    }
    if let [last] = words.remainder() {
        add(u32::from(*last) << 8);
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
    }

    #[test]
    fn a_bomb_is_no_chunk() {
        let bomb = deflated(&vec![0; 1 << 20]);
        let error = decode(&bomb, &[filter(DEFLATE, &[6])], 0, 100).unwrap_err();
        assert!(error.contains("more than 100 bytes"), "{error}");
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
        assert!(decode(&stored, &pipeline, 0, 4).unwrap_err().contains("checksum"));
    }
}
