//! The shared message table message: where the file keeps messages that many objects have.
//!
//! Spec: IV.A.2.p, "The Shared Message Table Message" (in the superblock extension).

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes};

/// Where the table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedMessageTable {
    /// The table.
    pub address: Address,
    /// The indexes it has.
    pub indexes: u8,
}

impl SharedMessageTable {
    /// Decodes a shared message table message.
    ///
    /// # Errors
    /// `Truncated`, `Version`, or `Invalid` if the table has no address.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::SharedMessageTable);
        cursor.version(&[0])?;
        let Some(address) = cursor.address(sizes)? else {
            return Err(cursor.invalid(0_u8, "a table without an address"));
        };
        Ok(Self { address, indexes: cursor.u8()? })
    }
}
