//! The link info message: where a new-style group keeps the links that are not in its header.
//!
//! Spec: IV.A.2.c, "The Link Info Message".

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes};

/// Where dense links are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkInfo {
    /// The fractal heap of link messages; `None` if all links are in the header.
    pub heap: Option<Address>,
    /// The version 2 B-tree of the links' names.
    pub name_index: Option<Address>,
}

impl LinkInfo {
    /// Decodes a link info message.
    ///
    /// # Errors
    /// `Truncated`, `Version`, or `Invalid` addresses.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::LinkInfo);
        cursor.version(&[0])?;
        let flags = cursor.u8()?;
        cursor.mark(match flags & 3 {
            0 => "creation order not tracked",
            1 => "creation order tracked",
            _ => "creation order indexed",
        });
        // Bit 0: creation order is tracked. Bit 1, which adds a last field, says it is indexed.
        if flags & 1 != 0 {
            cursor.u64()?; // maximum creation index
        }
        Ok(Self { heap: cursor.address(sizes)?, name_index: cursor.address(sizes)? })
    }
}
