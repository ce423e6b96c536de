//! The object header continuation message: where more of the header is.
//!
//! Spec: IV.A.2.q, "The Object Header Continuation Message".

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes};

/// A block of more messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// Where the block is.
    pub address: Address,
    /// Bytes in the block, signature and checksum included.
    pub length: u64,
}

impl Continuation {
    /// Decodes a continuation message.
    ///
    /// # Errors
    /// `Truncated`, or `Invalid` if the block has no address.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::Continuation);
        cursor.mark("message");
        let Some(address) = cursor.address(sizes)? else {
            return Err(cursor.invalid(0_u8, "a continuation without an address"));
        };
        Ok(Self { address, length: cursor.length(sizes)? })
    }
}
