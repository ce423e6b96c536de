//! Global heap collections (`GCOL`): variable-length values and region references.
//!
//! Spec: III.E, "Disk Format: Level 1E - Global Heap"; IX, the global heap ID.
//!
//! Beyond the specification, libhdf5 pads the collection's header and each object's to a multiple of
//! eight bytes, which shows where lengths are not eight bytes (`offset_size_2.h5`).

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes, to_u64, to_usize};

/// What to ask for before a collection's size is known: libhdf5 makes none smaller.
pub const SMALLEST: u64 = 4096;

/// Where a variable-length value is: a collection, and an object in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeapId {
    /// The collection; `None` for a value that was never written.
    pub collection: Option<Address>,
    /// The object in the collection; 0 is no object.
    pub object: u32,
}

impl HeapId {
    /// Decodes an ID at the cursor.
    ///
    /// # Errors
    /// `Truncated`, or `Invalid` addresses.
    pub fn decode(cursor: &mut Cursor<'_>, sizes: Sizes) -> Result<Self> {
        // libhdf5 writes zeros for a value without elements: an address of 0 is none too.
        let collection = cursor.address(sizes)?.filter(|address| address.0 != 0);
        Ok(Self { collection, object: cursor.u32()? })
    }
}

/// A collection's objects, by index.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    size: u64,
    /// With where each starts.
    objects: BTreeMap<u16, (u64, Bytes)>,
}

impl Collection {
    /// Decodes a collection, which `bytes` starts with.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, or `Invalid` if an object does not fit.
    pub fn decode(bytes: &Bytes, sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, Structure::GlobalHeap);
        cursor.signature(b"GCOL")?;
        cursor.version(&[1])?;
        cursor.take(3)?;
        let size = cursor.length(sizes)?;
        cursor.pad_to_8();
        let header = cursor.position();
        if size < header {
            return Err(cursor.invalid(size, "a collection smaller than its header"));
        }
        // All of it is taken before any object is looked at.
        cursor.clone().take(size.saturating_sub(header))?;

        let collection = bytes.get(..to_usize(size)).unwrap_or_default();
        let mut cursor = Cursor::new(collection, Structure::GlobalHeap);
        cursor.take(header)?;
        let object_header = to_u64(sizes.l()).saturating_add(8).next_multiple_of(8);
        let mut objects = BTreeMap::new();
        while to_u64(cursor.rest().len()) >= object_header {
            let index = cursor.u16()?;
            cursor.take(6)?; // reference count, reserved
            let length = cursor.length(sizes)?;
            if index == 0 {
                break; // the free space that ends a collection
            }
            cursor.pad_to_8();
            if length > to_u64(cursor.rest().len()) {
                return Err(cursor.invalid(length, "an object larger than its collection"));
            }
            let position = cursor.position();
            let start = to_usize(position);
            let object = cursor.take(length)?;
            let object = bytes.slice(start..start.saturating_add(object.len()));
            objects.insert(index, (position, object));
            cursor.pad_to_8();
        }
        Ok(Self { size, objects })
    }

    /// Collection Size, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where the object of that index starts, in bytes from the collection's start.
    #[must_use]
    pub fn place(&self, index: u32) -> Option<u64> {
        self.objects.get(&u16::try_from(index).ok()?).map(|(start, _)| *start)
    }

    /// The object of that index.
    #[must_use]
    pub fn object(&self, index: u32) -> Option<&Bytes> {
        self.objects.get(&u16::try_from(index).ok()?).map(|(_, object)| object)
    }
}

#[cfg(test)]
mod tests;
