//! Shuffle: the bytes of each significance together.

use crate::wire::to_usize;

/// The first bytes of all elements come first, then the second ones, and so on; what is left over at
/// the end is as it was.
pub(super) fn decode(bytes: &[u8], element: u64) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_whole_element_stays_at_the_end() {
        assert_eq!(decode(&[1, 3, 2, 4, 9], 2), [1, 2, 3, 4, 9]);
        assert_eq!(decode(&[1, 2, 3], 8), [1, 2, 3]);
    }
}
