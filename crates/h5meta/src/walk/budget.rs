//! Budgets: what reading a file may cost, charged before it does.

use super::Walk;
use crate::error::{Error, Kind, Result};
use crate::spec::Structure;

impl Walk {
    pub(super) fn charge_step(&mut self) -> Result<()> {
        self.steps = self.steps.saturating_add(1);
        if self.steps > self.limits.steps {
            return Err(limit("steps", self.limits.steps, Structure::Superblock));
        }
        Ok(())
    }

    /// Charges the bytes of a block that was decoded.
    pub(super) fn charge_bytes(&mut self, n: u64) -> Result<()> {
        self.metadata_bytes = self.metadata_bytes.saturating_add(n);
        let max = self.limits.metadata_bytes;
        if self.metadata_bytes > max {
            return Err(self.exhaust(limit("metadata_bytes", max, Structure::Superblock)));
        }
        if self.metadata_bytes > self.most() {
            return Err(self.exhaust(overlapping(Structure::Superblock)));
        }
        Ok(())
    }

    /// Charges elements that were read: values that share their bytes are stopped.
    pub(super) fn charge_elements(&mut self, n: u64) {
        self.elements = self.elements.saturating_add(n);
        if self.elements > self.most() {
            self.exhaust(overlapping(Structure::Attribute));
        }
    }

    /// Charges bytes of the global heap that values keep: those that share theirs are stopped.
    pub(super) fn charge_heap_bytes(&mut self, n: u64) {
        self.heap_bytes = self.heap_bytes.saturating_add(n);
        if self.heap_bytes > self.most() {
            self.exhaust(overlapping(Structure::Attribute));
        }
    }

    /// More than any honest file has of anything that takes a byte. A file has each block and each
    /// value once; one that has many in the same bytes would cost the square of its length.
    pub(super) fn most(&self) -> u64 {
        self.extents.length().map_or(u64::MAX, |n| n.saturating_mul(2).saturating_add(1 << 12))
    }

    /// Bytes that attributes may come to on all the objects that share them. Sharing is what they are kept
    /// once for, so that this is many times the file's length, and never little.
    pub(super) fn most_shared(&self) -> u64 {
        self.extents.length().map_or(u64::MAX, |n| n.saturating_mul(8).saturating_add(16 << 20))
    }

    /// Bytes that tables of chunks may take which are listed in fewer: by their number, in eight bytes, or in none
    /// if they need no index.
    pub(super) fn most_listed(&self) -> u64 {
        self.extents.length().map_or(u64::MAX, |n| n.saturating_mul(16).saturating_add(8 << 20))
    }

    /// A budget of the whole file is spent: whatever comes next, `next` gives this error.
    pub(super) fn exhaust(&mut self, error: Error) -> Error {
        self.exhausted.get_or_insert(error).clone()
    }
}

pub(super) fn limit(limit: &'static str, max: u64, structure: Structure) -> Error {
    Error::new(Kind::Limit { limit, max }, structure, 0)
}

pub(super) fn overlapping(structure: Structure) -> Error {
    let why = "much more in all than the file has bytes: parts of it overlap";
    Error::new(Kind::Invalid { value: 0, why }, structure, 0)
}
