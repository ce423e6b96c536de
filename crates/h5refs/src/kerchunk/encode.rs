//! Applying filters: to chunks that went through others than the rest of their dataset, so that one set of
//! codecs reads all of them.
//!
//! Of most compressors the chunks that are another are those that they made no smaller. So LZ4, Blosc and
//! zstd are written as their formats have bytes that are not compressed.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use h5meta::filter::{BLOSC, BZIP2, DEFLATE, FLETCHER32, LZ4, SHUFFLE, ZSTD};
use h5meta::message::Filter;
use ruzstd::encoding::CompressionLevel;

/// The filters that a mask leaves, first to last.
pub(super) fn applied(filters: &[Filter], mask: u32) -> Vec<&Filter> {
    let is_applied = |n: usize| {
        let bit = u32::try_from(n).ok().and_then(|n| mask.checked_shr(n)).unwrap_or(0);
        bit & 1 == 0
    };
    filters.iter().enumerate().filter(|(n, _)| is_applied(*n)).map(|(_, filter)| filter).collect()
}

/// Whether [`encode`] can.
pub(super) fn is_encodable(filters: &[Filter], mask: u32) -> bool {
    let mut applied = applied(filters, mask);
    without_checksum(&mut applied);
    let can = |id| matches!(id, DEFLATE | SHUFFLE | BLOSC | BZIP2 | LZ4 | ZSTD);
    applied.iter().all(|filter| can(filter.id))
}

/// What codecs shall read as `plain`, as `super::codec::codecs` says them: a checksum at the end is no
/// codec, and not made. `None` for filters that cannot be applied here.
pub(super) fn encode(plain: &[u8], filters: &[Filter], mask: u32) -> Option<Vec<u8>> {
    let mut applied = applied(filters, mask);
    without_checksum(&mut applied);
    let mut bytes = plain.to_vec();
    for filter in applied {
        let parameter = filter.client_data.first().copied();
        bytes = match filter.id {
            DEFLATE => deflate(&bytes, parameter.unwrap_or(6)),
            SHUFFLE => shuffle(&bytes, usize::try_from(parameter.unwrap_or(1)).ok()?),
            BLOSC => blosc(&bytes, filter.client_data.get(2).copied())?,
            BZIP2 => bzip2(&bytes, parameter)?,
            LZ4 => lz4(&bytes)?,
            ZSTD => ruzstd::encoding::compress_to_vec(&*bytes, CompressionLevel::Uncompressed),
            _ => return None,
        };
    }
    Some(bytes)
}

fn without_checksum(applied: &mut Vec<&Filter>) {
    _ = applied.pop_if(|last| last.id == FLETCHER32);
}

fn deflate(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level.min(9)));
    // Nothing that writes to memory fails.
    _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Blosc's header, of 16 bytes, and the bytes as they are: flag 2 says so.
fn blosc(bytes: &[u8], element: Option<u32>) -> Option<Vec<u8>> {
    const VERSION: u8 = 2;
    const COMPRESSOR_VERSION: u8 = 1;
    const PLAIN: u8 = 0x02;
    let size = u32::try_from(bytes.len()).ok()?;
    // 1 to 255; what is larger is shuffled as if it were one byte.
    let element = element.and_then(|size| u8::try_from(size).ok()).unwrap_or(1).max(1);
    let mut out = vec![VERSION, COMPRESSOR_VERSION, PLAIN, element];
    out.extend(size.to_le_bytes());
    out.extend(size.to_le_bytes()); // bytes of a block
    out.extend(size.checked_add(16)?.to_le_bytes());
    out.extend(bytes);
    Some(out)
}

fn bzip2(bytes: &[u8], level: Option<u32>) -> Option<Vec<u8>> {
    let level = ::bzip2::Compression::new(level.unwrap_or(9).clamp(1, 9));
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// HDF5's framing of LZ4, big-endian: bytes in all, bytes of a block, and before each block its stored bytes,
/// which are as many where it is not compressed.
fn lz4(bytes: &[u8]) -> Option<Vec<u8>> {
    let size = u32::try_from(bytes.len()).ok()?.to_be_bytes();
    let mut out = u64::try_from(bytes.len()).ok()?.to_be_bytes().to_vec();
    out.extend(size);
    out.extend(size);
    out.extend(bytes);
    Some(out)
}

/// The first bytes of all elements, then the second ones, and so on; what is left over stays at the end.
fn shuffle(bytes: &[u8], element: usize) -> Vec<u8> {
    let element = element.max(1);
    let (whole, rest) = bytes.split_at(bytes.len() / element * element);
    let planes = (0..element).flat_map(|n| whole.iter().skip(n).step_by(element));
    planes.chain(rest).copied().collect()
}

#[cfg(test)]
mod tests {
    use h5meta::filter::decode;

    use super::*;

    fn filter(id: u16, parameter: u32) -> Filter {
        Filter { id, name: None, flags: 0, client_data: vec![parameter] }
    }

    #[test]
    fn what_is_encoded_decodes_to_what_it_was() {
        let plain: Vec<u8> = (0..1003_u32).map(|n| (n * n % 251) as u8).collect();
        let filters = [filter(SHUFFLE, 4), filter(DEFLATE, 6), filter(FLETCHER32, 0)];
        for mask in [0b100, 0b101, 0b110, 0b111] {
            let encoded = encode(&plain, &filters, mask).unwrap();
            assert_eq!(decode(&encoded, &filters, mask, plain.len()).unwrap(), plain, "{mask:b}");
        }
        // The element's size is the third of Blosc's parameters.
        let blosc = Filter { client_data: vec![2, 2, 4], ..filter(BLOSC, 0) };
        for last in [blosc, filter(BZIP2, 9), filter(LZ4, 0), filter(ZSTD, 3)] {
            let filters = [filter(SHUFFLE, 4), last];
            for mask in [0, 1] {
                assert!(is_encodable(&filters, mask));
                let encoded = encode(&plain, &filters, mask).unwrap();
                let decoded = decode(&encoded, &filters, mask, plain.len()).unwrap();
                assert_eq!(decoded, plain, "{} {mask}", filters[1].id);
            }
        }
        // The checksum at the end is left out.
        assert_eq!(encode(&plain, &filters, 0), encode(&plain, &filters, 0b100));
        assert_eq!(encode(&plain, &[filter(FLETCHER32, 0), filter(DEFLATE, 1)], 0), None);
        assert!(!is_encodable(&[filter(32000, 0)], 0) && is_encodable(&[filter(32000, 0)], 1));
    }
}
