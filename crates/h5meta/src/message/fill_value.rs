//! The fill value messages: the value of elements that were never written.
//!
//! Spec: IV.A.2.e, "The Data Storage - Fill Value (Old) Message"; IV.A.2.f, "... Fill Value Message".

use bytes::Bytes;

use crate::coverage;
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::Cursor;

/// What elements that were never written read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FillValue {
    /// Nothing was said: zeros.
    Default,
    /// It was said that there is none.
    Undefined,
    /// The bytes of one element, in the dataset's datatype.
    Value(Bytes),
}

impl FillValue {
    /// Decodes a fill value message.
    ///
    /// # Errors
    /// `Truncated` or `Version`.
    pub fn decode(body: &[u8]) -> Result<Self> {
        let fill = Self::decode_new(body)?;
        coverage::mark(
            Structure::FillValue,
            match fill {
                Self::Default => "default",
                Self::Undefined => "undefined",
                Self::Value(_) => "a value",
            },
        );
        Ok(fill)
    }

    fn decode_new(body: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::FillValue);
        let version = cursor.version(&[1, 2, 3])?;
        if version == 3 {
            // Bits 0-1 and 2-3 say when space is allocated and the value written.
            return match cursor.u8()? & 0x30 {
                0x00 => Ok(Self::Default),
                0x20 => Self::value(&mut cursor),
                _ => Ok(Self::Undefined),
            };
        }
        let [_allocation, _write, defined] = cursor.array()?;
        match (version, defined) {
            (2, 0) => Ok(Self::Undefined),
            // Version 1 has the size whether the value is defined or not.
            (1, 0) => Ok(Self::Undefined),
            _ => Self::value(&mut cursor),
        }
    }

    /// Decodes the older message, which is the value and its size.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn decode_old(body: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::FillValueOld);
        cursor.mark("message");
        Self::value(&mut cursor)
    }

    /// No bytes is the default; a negative size, which old writers left, says undefined.
    fn value(cursor: &mut Cursor<'_>) -> Result<Self> {
        match cursor.u32()? {
            0 => Ok(Self::Default),
            size if size > u32::MAX / 2 => Ok(Self::Undefined),
            size => Ok(Self::Value(Bytes::copy_from_slice(cursor.take(size.into())?))),
        }
    }
}
