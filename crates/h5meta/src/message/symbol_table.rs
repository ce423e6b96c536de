//! The symbol table message: where an old-style group keeps its links.
//!
//! Spec: IV.A.2.r, "The Symbol Table Message".

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes};

/// An old-style group's links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolTable {
    /// The version 1 B-tree of symbol table nodes.
    pub btree: Address,
    /// The local heap of names.
    pub heap: Address,
}

impl SymbolTable {
    /// Decodes a symbol table message.
    ///
    /// # Errors
    /// `Truncated`, or `Invalid` if an address is undefined.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::SymbolTable);
        cursor.mark("message");
        let mut address = || {
            let address = cursor.address(sizes)?;
            address.ok_or_else(|| cursor.invalid(0_u8, "a symbol table without an address"))
        };
        Ok(Self { btree: address()?, heap: address()? })
    }
}
