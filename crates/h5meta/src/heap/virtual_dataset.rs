//! The global heap block of a virtual dataset: what of which other datasets it shows.
//!
//! Spec: III.F, "Disk Format: Level 1F - Global Heap Block for Virtual Datasets".
//!
//! Otherwise than the specification's example has it, libhdf5 counts shared names from 0
//! (`virtual_hdf5_2.h5`).

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::selection::{self, Selection};
use crate::spec::Structure;
use crate::wire::{Checksums, Cursor, Sizes, to_u64, to_usize};

/// Bit 0 of an entry's flags: the file's name is that of an entry before.
const SHARED_FILE: u8 = 0x01;
/// Bit 1 of an entry's flags: the dataset's name is that of an entry before.
const SHARED_DATASET: u8 = 0x02;
/// Bit 2 of an entry's flags: the source is in the same file.
const SAME_FILE: u8 = 0x04;

/// The least bytes of an entry: two empty names, two selections.
const SMALLEST: u64 = 2 * selection::SMALLEST + 2;

/// How many times its own length the names of a block may take when each is counted wherever it is
/// shared. An entry that shares both names has 50 bytes and more, and no path is of many thousand.
const SHARED: u64 = 64;

/// A part of a virtual dataset, and the part of the source dataset that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The file of the source dataset, as stored: `.` is the virtual dataset's own file, `%b` stands
    /// for the number of a block, `%%` for a percent sign.
    pub source_file: Bytes,
    /// The path of the source dataset, as stored.
    pub source_dataset: Bytes,
    /// Elements of the source dataset.
    pub source: Selection,
    /// The elements of the virtual dataset that show them.
    pub target: Selection,
}

/// Decodes a block, which is all of `block`.
///
/// # Errors
/// `Truncated`, `Version`, `Checksum`, broken selections, or `Invalid` if a name is shared with an
/// entry that does not come before, or by so many that the names are far longer than the block.
pub fn decode(block: &Bytes, sizes: Sizes, checksums: Checksums) -> Result<Vec<Mapping>> {
    let mut cursor = Cursor::new(block, Structure::VirtualDataset);
    let version = cursor.version(&[0, 1])?;
    let count = cursor.length(sizes)?;
    cursor.clone().take(count.saturating_mul(SMALLEST))?;
    let mut budget = to_u64(block.len()).saturating_mul(SHARED);
    let mut mappings: Vec<Mapping> = Vec::new();
    for _ in 0..count {
        let flags = if version == 0 { 0 } else { cursor.u8()? };
        let source_file = if flags & SAME_FILE != 0 {
            Bytes::from_static(b".")
        } else if flags & SHARED_FILE != 0 {
            shared(&mut cursor, sizes, &mappings)?.source_file.clone()
        } else {
            name(&mut cursor, block)?
        };
        let source_dataset = if flags & SHARED_DATASET != 0 {
            shared(&mut cursor, sizes, &mappings)?.source_dataset.clone()
        } else {
            name(&mut cursor, block)?
        };
        let names = to_u64(source_file.len()).saturating_add(to_u64(source_dataset.len()));
        budget = budget.checked_sub(names).ok_or_else(|| {
            cursor.invalid(names, "names that are far longer in all than their block")
        })?;
        let source = selection(&mut cursor)?;
        let target = selection(&mut cursor)?;
        mappings.push(Mapping { source_file, source_dataset, source, target });
    }
    cursor.checksum(checksums)?;
    Ok(mappings)
}

/// A name, which shares the block's bytes.
fn name(cursor: &mut Cursor<'_>, block: &Bytes) -> Result<Bytes> {
    let start = to_usize(cursor.position());
    let name = cursor.c_string()?;
    Ok(block.slice(start..start.saturating_add(name.len())))
}

/// The entry before whose name is meant.
fn shared<'a>(cursor: &mut Cursor<'_>, sizes: Sizes, before: &'a [Mapping]) -> Result<&'a Mapping> {
    let index = cursor.length(sizes)?;
    before
        .get(to_usize(index))
        .ok_or_else(|| cursor.invalid(index, "a name shared with an entry that is not before"))
}

fn selection(cursor: &mut Cursor<'_>) -> Result<Selection> {
    let start = cursor.position();
    let (selection, size) =
        Selection::decode(cursor.rest()).map_err(|error: Error| error.further(start))?;
    cursor.take(size)?;
    Ok(selection)
}

#[cfg(test)]
mod tests;
