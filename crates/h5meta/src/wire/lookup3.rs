//! The checksum of HDF5 metadata: Bob Jenkins' `lookup3` hash.
//!
//! Spec: III (wherever a structure ends with a checksum); the algorithm is public domain.

/// The checksum of `bytes` with an initial value of zero.
#[must_use]
pub fn lookup3(bytes: &[u8]) -> u32 {
    // The algorithm folds the length in modulo 2^32.
    let length = u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or(0);
    let start = 0xdead_beef_u32.wrapping_add(length);
    let (mut a, mut b, mut c) = (start, start, start);

    // The last block, full or not, is mixed differently: leave 1 to 12 bytes for it.
    let mut rest = bytes;
    while let Some((block, more)) = rest.split_first_chunk::<12>() {
        if more.is_empty() {
            break;
        }
        let [x, y, z] = words(block);
        a = a.wrapping_add(x);
        b = b.wrapping_add(y);
        c = c.wrapping_add(z);
        (a, b, c) = mix(a, b, c);
        rest = more;
    }
    if rest.is_empty() {
        return c;
    }
    let mut last = [0; 12];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let [x, y, z] = words(&last);
    finish(a.wrapping_add(x), b.wrapping_add(y), c.wrapping_add(z))
}

fn words(&[a, b, c, d, e, f, g, h, i, j, k, l]: &[u8; 12]) -> [u32; 3] {
    [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
        u32::from_le_bytes([i, j, k, l]),
    ]
}

fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    a = a.wrapping_sub(c) ^ c.rotate_left(4);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(6);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(8);
    b = b.wrapping_add(a);
    a = a.wrapping_sub(c) ^ c.rotate_left(16);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(19);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(4);
    b = b.wrapping_add(a);
    (a, b, c)
}

fn finish(mut a: u32, mut b: u32, mut c: u32) -> u32 {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    (c ^ b).wrapping_sub(b.rotate_left(24))
}

#[cfg(test)]
mod tests {
    use super::lookup3;

    /// The algorithm's own published self-test values, with an initial value of zero.
    #[test]
    fn matches_the_published_values() {
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
    }

    /// A length that is a multiple of twelve ends in a full last block.
    #[test]
    fn full_last_block_is_not_mixed_twice() {
        assert_ne!(lookup3(&[0; 12]), lookup3(&[0; 24]));
        assert_ne!(lookup3(&[0; 12]), lookup3(&[0; 11]));
    }
}
