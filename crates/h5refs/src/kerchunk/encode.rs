//! Applying filters: to chunks that went through others than the rest of their dataset, so that one set of
//! codecs reads all of them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use h5meta::filter::{DEFLATE, FLETCHER32, SHUFFLE};
use h5meta::message::Filter;

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
    applied.iter().all(|filter| matches!(filter.id, DEFLATE | SHUFFLE))
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
        // The checksum at the end is left out.
        assert_eq!(encode(&plain, &filters, 0), encode(&plain, &filters, 0b100));
        assert_eq!(encode(&plain, &[filter(FLETCHER32, 0), filter(DEFLATE, 1)], 0), None);
        assert!(!is_encodable(&[filter(32000, 0)], 0) && is_encodable(&[filter(32000, 0)], 1));
    }
}
