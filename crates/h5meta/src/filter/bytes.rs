//! Taking what is next off the front of stored bytes.

use super::{ENDS, Result};

/// The next `length` bytes.
pub(super) fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length).ok_or(ENDS)?;
    *rest = left;
    Ok(taken)
}

/// The next `N` bytes.
pub(super) fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (taken, left) = rest.split_first_chunk().ok_or(ENDS)?;
    *rest = left;
    Ok(*taken)
}

/// The next byte.
pub(super) fn byte(rest: &mut &[u8]) -> Result<u8> {
    array(rest).map(|[byte]| byte)
}
