//! Files with faults: those that disks, networks and strangers make.

use bytes::Bytes;
use fastrand::Rng;

/// A file with one to four faults: flipped bits, other bytes, an end, numbers that are huge, the same byte all over,
/// a part of another file. Half of them are near the start, where files say what they are.
pub fn mutated(file: &Bytes, files: &[(String, Bytes)], rng: &mut Rng) -> Bytes {
    let mut bytes = file.to_vec();
    for _ in 0..rng.usize(1..=4) {
        if bytes.len() < 16 {
            break;
        }
        let at = rng.usize(..bytes.len() - 8);
        let at = if rng.bool() { at % 2048.min(bytes.len() - 8) } else { at };
        match rng.u8(..6) {
            0 => bytes[at] ^= 1 << rng.u8(..8),
            1 => bytes[at] = rng.u8(..),
            2 => bytes.truncate(rng.usize(..bytes.len())),
            3 => {
                let huge = [u64::MAX, u64::MAX / 2, 1 << 40, 0, bytes.len() as u64, at as u64];
                bytes[at..at + 8].copy_from_slice(&huge[rng.usize(..huge.len())].to_le_bytes());
            }
            4 => bytes[at..at + 8].fill(rng.u8(..)),
            _ => {
                let (_, from) = &files[rng.usize(..files.len())];
                let length = rng.usize(..512).min(from.len()).min(bytes.len() - at);
                let start = rng.usize(..=from.len() - length);
                bytes[at..at + length].copy_from_slice(&from[start..start + length]);
            }
        }
    }
    bytes.into()
}
