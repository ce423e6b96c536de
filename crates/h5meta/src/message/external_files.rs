//! The external data files message: a contiguous dataset whose bytes are in other files.
//!
//! Spec: IV.A.2.h, "The Data Storage - External Data Files Message".

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes, to_u64};

/// Where a dataset's bytes are, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalFiles {
    /// The local heap of the files' names.
    pub heap: Address,
    /// A run of bytes each.
    pub slots: Vec<Slot>,
}

/// A run of bytes in another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Where the file's name starts in the local heap.
    pub name: u64,
    /// Where the run starts in that file, in bytes.
    pub offset: u64,
    /// Bytes in the run; all ones is as many as are needed.
    pub size: u64,
}

impl ExternalFiles {
    /// Decodes an external data files message.
    ///
    /// # Errors
    /// `Truncated`, `Version`, or `Invalid` if the heap has no address.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::ExternalFiles);
        cursor.version(&[1])?;
        cursor.take(3)?; // reserved
        cursor.u16()?; // slots there is room for
        let used = cursor.u16()?;
        let Some(heap) = cursor.address(sizes)? else {
            return Err(cursor.invalid(0_u8, "the heap of file names has no address"));
        };
        let slot = to_u64(sizes.l()).saturating_mul(3);
        cursor.clone().take(slot.saturating_mul(used.into()))?;
        let slots = (0..used)
            .map(|_| {
                Ok(Slot {
                    name: cursor.length(sizes)?,
                    offset: cursor.length(sizes)?,
                    size: cursor.length(sizes)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { heap, slots })
    }
}
