//! The attribute info message: where attributes are that are not in the header.
//!
//! Spec: IV.A.2.v, "The Attribute Info Message".

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes};

/// Where dense attributes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeInfo {
    /// The fractal heap of attribute messages; `None` if all attributes are in the header.
    pub heap: Option<Address>,
    /// The version 2 B-tree of the attributes' names.
    pub name_index: Option<Address>,
}

impl AttributeInfo {
    /// Decodes an attribute info message.
    ///
    /// # Errors
    /// `Truncated`, `Version`, or `Invalid` addresses.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::AttributeInfo);
        cursor.version(&[0])?;
        let flags = cursor.u8()?;
        cursor.mark(match flags & 3 {
            0 => "creation order not tracked",
            1 => "creation order tracked",
            _ => "creation order indexed",
        });
        // Bit 0: creation order is tracked. Bit 1, which adds a last field, says it is indexed.
        if flags & 1 != 0 {
            cursor.u16()?; // maximum creation index
        }
        Ok(Self { heap: cursor.address(sizes)?, name_index: cursor.address(sizes)? })
    }
}
