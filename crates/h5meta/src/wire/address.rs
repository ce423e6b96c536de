//! Addresses, file offsets, and the widths in which a file stores them.
//!
//! Spec: II.A, "Size of Offsets" and "Size of Lengths"; I.A for undefined addresses.

use std::fmt;
use std::io::{Read, Seek};

use binrw::{BinRead, BinResult, Endian};

/// An address as the file stores it: relative to the file's base address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(pub u64);

/// A position in the file, in bytes from its first byte, user block included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileOffset(pub u64);

impl fmt::Display for FileOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl Address {
    /// The address in `bytes`, little-endian; all ones is the undefined address.
    ///
    /// `Err` holds the low 64 bits of a wider address that no file can reach.
    pub(crate) fn from_le_bytes(bytes: &[u8]) -> Result<Option<Self>, u64> {
        if bytes.iter().all(|&byte| byte == 0xff) {
            return Ok(None);
        }
        let (low, high) = bytes.split_at(bytes.len().min(8));
        let value = low.iter().rev().fold(0, |value, &byte| (value << 8) | u64::from(byte));
        if high.iter().all(|&byte| byte == 0) { Ok(Some(Self(value))) } else { Err(value) }
    }
}

/// The width of a field in bytes: 2, 4, 8, 16 or 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Width(u8);

impl Width {
    /// A width the specification allows, else `None`.
    #[must_use]
    pub const fn new(bytes: u8) -> Option<Self> {
        if matches!(bytes, 2 | 4 | 8 | 16 | 32) { Some(Self(bytes)) } else { None }
    }

    /// The width in bytes.
    #[must_use]
    pub fn bytes(self) -> usize {
        usize::from(self.0)
    }
}

/// The two widths that a superblock fixes for its whole file. Small: pass it by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sizes {
    /// Size of Offsets, the width of an address (`O` in the specification).
    pub offsets: Width,
    /// Size of Lengths, the width of a length (`L` in the specification).
    pub lengths: Width,
}

impl Sizes {
    /// `O`, in bytes.
    #[must_use]
    pub fn o(self) -> usize {
        self.offsets.bytes()
    }

    /// `L`, in bytes.
    #[must_use]
    pub fn l(self) -> usize {
        self.lengths.bytes()
    }
}

/// An address field inside a fixed header that `binrw` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawAddress(pub Option<Address>);

impl BinRead for RawAddress {
    type Args<'a> = (Sizes,);

    fn read_options<R: Read + Seek>(
        reader: &mut R,
        _endian: Endian,
        (sizes,): (Sizes,),
    ) -> BinResult<Self> {
        let bytes = field(reader, sizes.offsets)?;
        let bytes = bytes.get(..sizes.o()).unwrap_or(&bytes);
        Address::from_le_bytes(bytes).map(Self).map_err(|_| unreachable_value(reader))
    }
}

/// A length field inside a fixed header that `binrw` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawLength(pub u64);

impl BinRead for RawLength {
    type Args<'a> = (Sizes,);

    fn read_options<R: Read + Seek>(
        reader: &mut R,
        _endian: Endian,
        (sizes,): (Sizes,),
    ) -> BinResult<Self> {
        let bytes = field(reader, sizes.lengths)?;
        let (low, high) = bytes.split_at(8);
        if high.iter().any(|&byte| byte != 0) {
            return Err(unreachable_value(reader));
        }
        Ok(Self(low.iter().rev().fold(0, |value, &byte| (value << 8) | u64::from(byte))))
    }
}

/// The bytes of a field of `width`, the rest zero.
fn field<R: Read>(reader: &mut R, width: Width) -> BinResult<[u8; 32]> {
    let mut bytes = [0; 32];
    let (used, _) = bytes.split_at_mut(width.bytes());
    reader.read_exact(used)?;
    Ok(bytes)
}

/// A value above 2^64, which only 16- and 32-byte fields can hold.
fn unreachable_value<R: Seek>(reader: &mut R) -> binrw::Error {
    let pos = reader.stream_position().unwrap_or(0);
    binrw::Error::AssertFail { pos, message: String::new() }
}
