//! The vocabulary that every structure is written in: addresses, widths, a cursor, the checksum.

mod address;
mod checksums;
mod cursor;
mod lookup3;

pub use address::{Address, FileOffset, RawAddress, RawLength, Sizes, Width};
pub use checksums::Checksums;
pub use cursor::Cursor;
pub use lookup3::lookup3;

/// A length in memory as a file length. No machine this runs on has longer slices than a `u64` counts.
#[must_use]
pub fn to_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// A file length as a length in memory; one that no memory could hold is longer than any slice.
#[must_use]
pub fn to_usize(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
