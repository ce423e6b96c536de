//! A cursor over one structure's bytes that cannot overrun them.

use std::io;

use binrw::{BinRead, Endian};

use super::{Address, Checksums, Sizes, lookup3, to_u64, to_usize};
use crate::error::{Error, Kind, Result};
use crate::spec::Structure;

/// Reads a structure's bytes front to back. Every error says the structure and the byte.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    /// The whole structure, for its checksum.
    bytes: &'a [u8],
    rest: &'a [u8],
    position: u64,
    structure: Structure,
}

impl<'a> Cursor<'a> {
    /// A cursor at the first byte of `structure`.
    #[must_use]
    pub fn new(bytes: &'a [u8], structure: Structure) -> Self {
        Self { bytes, rest: bytes, position: 0, structure }
    }

    /// The bytes passed so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The bytes not yet passed.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// `Truncated`, with the bytes needed from the structure's start, if there are fewer.
    pub fn take(&mut self, n: u64) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(to_usize(n)) else {
            return Err(self.truncated(n));
        };
        self.rest = rest;
        self.position = self.position.saturating_add(n);
        Ok(taken)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// `Truncated`, as for [`Cursor::take`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(to_u64(N)));
        };
        self.rest = rest;
        self.position = self.position.saturating_add(to_u64(N));
        Ok(*taken)
    }

    /// One byte.
    ///
    /// # Errors
    /// `Truncated`, as for [`Cursor::take`].
    pub fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// A two-byte little-endian integer.
    ///
    /// # Errors
    /// `Truncated`, as for [`Cursor::take`].
    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// A four-byte little-endian integer.
    ///
    /// # Errors
    /// `Truncated`, as for [`Cursor::take`].
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// An eight-byte little-endian integer.
    ///
    /// # Errors
    /// `Truncated`, as for [`Cursor::take`].
    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A little-endian integer of `width` bytes.
    ///
    /// # Errors
    /// `Truncated`, or `Invalid` if a field wider than eight bytes holds more than 64 bits.
    pub fn uint(&mut self, width: usize) -> Result<u64> {
        if width == 8 {
            return self.u64();
        }
        let bytes = self.take(to_u64(width))?;
        let (low, high) = bytes.split_at(width.min(8));
        let value = low.iter().rev().fold(0, |value, &byte| (value << 8) | u64::from(byte));
        if high.iter().any(|&byte| byte != 0) {
            return Err(self.invalid(value, "an integer of more than 64 bits"));
        }
        Ok(value)
    }

    /// A field of Size of Lengths.
    ///
    /// # Errors
    /// As for [`Cursor::uint`].
    pub fn length(&mut self, sizes: Sizes) -> Result<u64> {
        self.uint(sizes.l())
    }

    /// A field of Size of Offsets: an address, or `None` for the undefined one.
    ///
    /// # Errors
    /// `Truncated`, or `Invalid` if the address has more than 64 bits.
    pub fn address(&mut self, sizes: Sizes) -> Result<Option<Address>> {
        let bytes = self.take(to_u64(sizes.o()))?;
        Address::from_le_bytes(bytes)
            .map_err(|low| self.invalid(low, "an address of more than 64 bits"))
    }

    /// A fixed header of `size` bytes, read by its `binrw` derive.
    ///
    /// The bytes are taken first, so that a short structure asks for its whole header at once.
    ///
    /// # Errors
    /// `Truncated`, or `Invalid` where the derive refuses a value.
    pub fn fixed<T>(&mut self, size: u64, args: T::Args<'a>) -> Result<T>
    where
        T: BinRead,
    {
        let start = self.position;
        let mut bytes = io::Cursor::new(self.take(size)?);
        T::read_options(&mut bytes, Endian::Little, args).map_err(|error| {
            // A derive's own message names this project's source lines: it is never shown.
            let position = start.saturating_add(bytes.position());
            let kind = match error.is_eof() {
                true => Kind::Truncated { need: position.saturating_add(1), have: position },
                false => Kind::Invalid { value: 0, why: "a field that cannot be" },
            };
            Error::new(kind, self.structure, position)
        })
    }

    /// The four-byte signature that the structure starts with.
    ///
    /// # Errors
    /// `Truncated`, or `Signature` if it is another.
    pub fn signature(&mut self, expected: &[u8; 4]) -> Result<()> {
        let found = self.array()?;
        if found == *expected {
            return Ok(());
        }
        Err(Error::new(Kind::Signature { found }, self.structure, 0))
    }

    /// A version byte, which must be one of `known`.
    ///
    /// # Errors
    /// `Truncated`, or `Version` if it is another.
    pub fn version(&mut self, known: &[u8]) -> Result<u8> {
        let found = self.u8()?;
        self.known_version(found, known)?;
        Ok(found)
    }

    /// Checks a version that was read with other fields.
    ///
    /// # Errors
    /// `Version` if it is none of `known`.
    pub fn known_version(&self, found: u8, known: &[u8]) -> Result<()> {
        if !known.contains(&found) {
            return Err(self.unknown_version(found));
        }
        self.mark(format_args!("version {found}"));
        Ok(())
    }

    /// Notes that this variant of the structure was met, for the coverage table.
    #[inline]
    pub(crate) fn mark(&self, variant: impl std::fmt::Display) {
        crate::coverage::mark(self.structure, variant);
    }

    /// Passes zeros up to the next multiple of eight bytes from the structure's start; what of them
    /// is missing at the very end is not missed.
    pub fn pad_to_8(&mut self) {
        let padding = self.position.wrapping_neg() & 7;
        let padding = padding.min(to_u64(self.rest.len()));
        self.rest = self.rest.get(to_usize(padding)..).unwrap_or_default();
        self.position = self.position.saturating_add(padding);
    }

    /// A string that ends with a NUL byte, without it.
    ///
    /// # Errors
    /// `Truncated` if there is no NUL.
    pub fn c_string(&mut self) -> Result<&'a [u8]> {
        let Some(end) = self.rest.iter().position(|&byte| byte == 0) else {
            return Err(self.truncated(to_u64(self.rest.len()).saturating_add(1)));
        };
        let string = self.take(to_u64(end))?;
        self.take(1)?;
        Ok(string)
    }

    /// The four-byte checksum of all that was passed.
    ///
    /// # Errors
    /// `Truncated`, or `Checksum` if it is not theirs.
    pub fn checksum(&mut self, checksums: Checksums) -> Result<()> {
        let passed = self.bytes.get(..to_usize(self.position)).unwrap_or(self.bytes);
        self.checksum_of(passed, checksums)
    }

    /// The four-byte checksum of `bytes`.
    ///
    /// # Errors
    /// `Truncated`, or `Checksum` if it is not theirs.
    pub fn checksum_of(&mut self, bytes: &[u8], checksums: Checksums) -> Result<()> {
        let stored = self.u32()?;
        if checksums == Checksums::Skip {
            return Ok(());
        }
        let computed = lookup3(bytes);
        if stored == computed {
            return Ok(());
        }
        Err(Error::new(Kind::Checksum { stored, computed }, self.structure, self.position))
    }

    /// An `Invalid` error here.
    #[must_use]
    pub fn invalid(&self, value: impl Into<u64>, why: &'static str) -> Error {
        self.error(Kind::Invalid { value: value.into(), why })
    }

    /// A `Version` error here.
    #[must_use]
    pub fn unknown_version(&self, found: impl Into<u64>) -> Error {
        self.error(Kind::Version { found: found.into() })
    }

    /// An error here.
    #[must_use]
    pub fn error(&self, kind: Kind) -> Error {
        Error::new(kind, self.structure, self.position)
    }

    fn truncated(&self, n: u64) -> Error {
        let have = self.position.saturating_add(to_u64(self.rest.len()));
        self.error(Kind::Truncated { need: self.position.saturating_add(n), have })
    }
}

#[cfg(test)]
mod tests;
