//! Shared messages: a body that says where the message is, in place of the message.
//!
//! Spec: IV.A.2, "Shared Message" (in the section on header messages).

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes};

/// A message, or where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MaybeShared<T> {
    /// The message itself.
    Here(T),
    /// It is somewhere else.
    At(SharedAt),
}

/// Where a shared message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SharedAt {
    /// In the header of the object at this address, which is a committed datatype.
    Object(Address),
    /// In the file's shared message heap (SOHM), under this fractal heap ID.
    Heap([u8; 8]),
}

impl<T> MaybeShared<T> {
    /// Decodes `body` as what the message's flags say it is.
    ///
    /// # Errors
    /// Whatever `decode` or the shared message's own fields give.
    pub(crate) fn decode(
        shared: bool,
        body: &[u8],
        sizes: Sizes,
        decode: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<Self> {
        if shared {
            return SharedAt::decode(body, sizes).map(Self::At);
        }
        decode(body).map(Self::Here)
    }

    /// Where it is, if it is somewhere else.
    #[must_use]
    pub fn at(&self) -> Option<SharedAt> {
        match self {
            Self::Here(_) => None,
            Self::At(at) => Some(*at),
        }
    }

    /// The message, if it is here.
    #[must_use]
    pub fn here(&self) -> Option<&T> {
        match self {
            Self::Here(message) => Some(message),
            Self::At(_) => None,
        }
    }
}

impl SharedAt {
    /// Decodes a shared message.
    ///
    /// # Errors
    /// `Truncated`, `Version`, or `Invalid` types and addresses.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::SharedMessage);
        let version = cursor.version(&[1, 2, 3])?;
        let kind = cursor.u8()?;
        let is_heap = version == 3 && kind == 1;
        cursor.mark(if is_heap {
            "in the shared message heap"
        } else {
            "in another object header"
        });
        if is_heap {
            return Ok(Self::Heap(cursor.array()?));
        }
        if version == 1 {
            // Beyond the specification, what follows is a whole symbol table entry, as libhdf5 reads
            // it: a name offset comes before the address.
            cursor.take(6)?; // reserved
            cursor.length(sizes)?;
        }
        match cursor.address(sizes)? {
            Some(address) => Ok(Self::Object(address)),
            None => Err(cursor.invalid(kind, "a shared message without an address")),
        }
    }
}
