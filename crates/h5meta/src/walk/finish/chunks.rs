//! The chunks of each dataset: collected by the walk, placed by the dataspace.

use std::collections::HashMap;

use super::super::Walk;
use super::super::objects::ObjectId;
use super::Problems;
use crate::chunk_index::{Grid, Record};
use crate::error::{Error, Kind, Result};
use crate::message::{ChunkIndex, Dataspace, Layout};
use crate::model::{ChunkTable, Dataset, Effect, ObjectKind, Storage};
use crate::spec::Structure;
use crate::superblock::Superblock;
use crate::wire::{Address, FileOffset, to_u64, to_usize};

/// Moves the chunk tables from where they were collected to their datasets.
pub(super) fn take_chunks(
    walk: &mut Walk,
    superblock: &Superblock,
    kinds: &mut HashMap<ObjectId, ObjectKind>,
    problems: &mut Problems,
) {
    let length = walk.extents.length();
    // Those that need no index are somewhere in the file: there are no more than it has bytes.
    let mut budget = walk.limits.chunks.min(length.unwrap_or(u64::MAX));
    let mut bytes = walk.most_listed();
    for (id, state) in walk.objects.iter_mut() {
        let Some(ObjectKind::Dataset(dataset)) = kinds.get_mut(&id) else { continue };
        let Some((layout, Some(collected))) = state.take_chunks() else { continue };
        if collected.lost {
            continue;
        }
        let (budget, bytes) = (&mut budget, &mut bytes);
        let placed = Placing { superblock, layout: &layout, dataset, budget, bytes, length };
        match placed.table(collected.table, collected.array.numbered) {
            Ok(table) => {
                if let Storage::Chunked { chunks, .. } = &mut dataset.storage {
                    *chunks = Some(table);
                }
            }
            Err(error) => problems.push((Some(id), Effect::Data, error)),
        }
    }
}

/// What it takes to say where a dataset's chunks are.
struct Placing<'a> {
    superblock: &'a Superblock,
    layout: &'a Layout,
    dataset: &'a Dataset,
    /// Chunks that may still be listed without being read.
    budget: &'a mut u64,
    /// Bytes that tables may still take.
    bytes: &'a mut u64,
    length: Option<u64>,
}

impl Placing<'_> {
    /// The chunks that were `found` in a B-tree, those `numbered` by an array, and those that need no
    /// index.
    fn table(mut self, found: ChunkTable, numbered: Vec<(u64, Record)>) -> Result<ChunkTable> {
        let mut table = found;
        let Layout::Chunked { chunk_shape, index, .. } = self.layout else { return Ok(table) };
        let whole = self.layout.chunk_bytes();
        match *index {
            ChunkIndex::Single { address: Some(address), filtered } => {
                let (size, mask) = filtered.unwrap_or((whole, 0));
                let at = self.superblock.locate(address)?;
                table.push(std::iter::empty(), at, size, mask);
            }
            ChunkIndex::Implicit { address: Some(first) } => {
                let grid = self.grid(chunk_shape, false)?;
                let count = self.implicit_chunks(&grid, first, whole)?;
                self.reserve(&mut table, count)?;
                for number in 0..count {
                    let address = first.0.saturating_add(number.saturating_mul(whole));
                    let at = self.superblock.locate(Address(address))?;
                    self.place(&mut table, grid.offset(number), at, whole, 0);
                }
            }
            ChunkIndex::FixedArray { .. } | ChunkIndex::ExtensibleArray { .. } => {
                let extensible = matches!(index, ChunkIndex::ExtensibleArray { .. });
                let grid = self.grid(chunk_shape, extensible)?;
                self.reserve(&mut table, to_u64(numbered.len()))?;
                for (number, Record { address, filtered }) in numbered {
                    let Some(address) = address else { continue };
                    let (size, mask) = filtered.unwrap_or((whole, 0));
                    let at = self.superblock.locate(address)?;
                    self.place(&mut table, grid.offset(number), at, size, mask);
                }
            }
            _ => {}
        }
        table.sort();
        Ok(table)
    }

    /// Makes room for chunks that the file lists in fewer bytes than the table does.
    fn reserve(&mut self, table: &mut ChunkTable, chunks: u64) -> Result<()> {
        let bytes = chunks.saturating_mul(table.bytes_a_chunk());
        let left = self.bytes.checked_sub(bytes);
        *self.bytes =
            left.ok_or_else(|| invalid(chunks, "more chunks than a file of this length has"))?;
        table.reserve(to_usize(chunks));
        Ok(())
    }

    /// Adds a chunk, unless it is outside the dataset: arrays keep room, and sometimes chunks, for an
    /// extent that the dataset had or may have.
    fn place(
        &self,
        table: &mut ChunkTable,
        offset: Vec<u64>,
        at: FileOffset,
        size: u64,
        mask: u32,
    ) {
        let shape = self.dataset.dataspace.as_ref().map(Dataspace::shape).unwrap_or_default();
        if offset.iter().zip(shape).all(|(at, extent)| at < extent) {
            table.push(offset.into_iter(), at, size, mask);
        }
    }

    fn grid(&self, chunk_shape: &[u64], extensible: bool) -> Result<Grid> {
        match &self.dataset.dataspace {
            Some(Dataspace::Simple { shape, max_shape }) if shape.len() == chunk_shape.len() => {
                Ok(Grid::new(shape, max_shape, chunk_shape, extensible))
            }
            _ => Err(invalid(to_u64(chunk_shape.len()), "chunks of another rank than the dataset")),
        }
    }

    /// How many chunks follow each other without an index: all of the grid, which must be in the file.
    fn implicit_chunks(&mut self, grid: &Grid, first: Address, whole: u64) -> Result<u64> {
        let count = grid.chunks().unwrap_or(u64::MAX);
        let start = self.superblock.locate(first)?;
        let end = count.checked_mul(whole).and_then(|bytes| bytes.checked_add(start.0));
        if end.is_none_or(|end| self.length.is_some_and(|length| end > length)) {
            return Err(invalid(count, "more chunks than the file has room for"));
        }
        match self.budget.checked_sub(count) {
            Some(left) => {
                *self.budget = left;
                Ok(count)
            }
            None => {
                let kind = Kind::Limit { limit: "chunks", max: *self.budget };
                Err(Error::new(kind, Structure::ChunkIndex, 0))
            }
        }
    }
}

fn invalid(value: u64, why: &'static str) -> Error {
    Error::new(Kind::Invalid { value, why }, Structure::ChunkIndex, 0)
}
