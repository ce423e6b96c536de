//! The walk: from the superblock to the last chunk record, without doing I/O.
//!
//! A file's metadata is a graph of blocks that name each other by address. [`Walk`] keeps one
//! frontier for the whole file: everything that can be named now is wanted now, across all groups,
//! datasets, attributes and chunk indexes. So the number of dependent round trips is the depth of
//! that graph and never grows with its width. The caller fetches however it likes and supplies bytes
//! in any order, more or less than was asked; the [`Index`] is the same.
//!
//! | file | what |
//! |---|---|
//! | `extents` | the bytes supplied so far |
//! | `want` | what the caller is asked for |
//! | `queue` | steps that wait for bytes, steps that are ready |
//! | `step` | what each kind of block is to the walk |
//! | `search` | where the superblock is |
//! | `prologue` | what must be known before the root group is looked at |
//! | `guess` | blocks that a cache says will be wanted |
//! | `objects`, `groups`, `chunks`, `attributes` | what a block says, and which blocks it names |
//! | `dense`, `heaps`, `btree_v2`, `chunk_arrays`, `shared` | the same, of the newer structures |
//! | `elsewhere` | the names of files that hold a dataset's data |
//! | `budget` | what reading may cost |
//! | `finish` | the collected facts as an [`Index`] |

mod attributes;
mod btree_v2;
mod budget;
mod chunk_arrays;
mod chunks;
mod dense;
mod effect;
mod elsewhere;
mod extents;
mod finish;
mod groups;
mod guess;
mod heaps;
mod objects;
mod prologue;
mod queue;
mod search;
mod shared;
mod step;
mod want;

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use self::attributes::Attributes;
use self::btree_v2::Tree;
use self::budget::limit;
use self::dense::Dense;
use self::extents::Extents;
use self::objects::{HeaderBlock, ObjectId, Objects};
use self::prologue::Prologue;
use self::queue::Queue;
use self::search::Search;
use self::shared::Shared;
use self::step::{Step, Then};
pub use self::want::{Need, Want};
use crate::error::{Error, Kind, Result};
use crate::limits::Limits;
use crate::model::{Effect, Index, Problem};
use crate::spec::Structure;
use crate::superblock::{Strategy, Superblock};
use crate::wire::{Address, Checksums, FileOffset, Sizes, to_u64, to_usize};

/// Follows a file's metadata. See the [module](self) and the [crate] for how.
#[derive(Debug)]
pub struct Walk {
    limits: Limits,
    checksums: Checksums,
    extents: Extents,
    /// Bytes of the file that are kept.
    keep: u64,
    queue: Queue,
    /// Steps taken so far, against `Limits::steps`.
    steps: u64,
    /// Bytes decoded so far, against `Limits::metadata_bytes`.
    metadata_bytes: u64,
    /// Bytes that filters were undone to so far, against `Limits::inflated_bytes`.
    inflated_bytes: u64,
    search: Search,
    superblock: Option<Superblock>,
    prologue: Prologue,
    objects: Objects,
    attributes: Attributes,
    dense: Dense,
    shared: Shared,
    /// Version 2 B-trees whose header has arrived.
    trees: HashMap<Tree, crate::btree::v2::Header>,
    /// Nodes reached, as what and at which level of whose tree: none is walked twice.
    visited: HashSet<(HeaderBlock, FileOffset, Structure, Option<u8>)>,
    /// Blocks wanted on a guess.
    guessed: HashSet<Address>,
    /// Bytes of them that were decoded.
    guessed_bytes: u64,
    chunks: u64,
    /// Elements of attributes read so far.
    elements: u64,
    /// Bytes of the global heap that values of attributes keep.
    heap_bytes: u64,
    /// The budget of the whole file that is spent: nothing more is read.
    exhausted: Option<Error>,
    problems: Vec<(Option<ObjectId>, Effect, Error)>,
}

impl Walk {
    /// A walk from the start of a file.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let mut walk = Self {
            limits,
            checksums: Checksums::default(),
            extents: Extents::default(),
            keep: u64::MAX,
            queue: Queue::default(),
            steps: 0,
            metadata_bytes: 0,
            inflated_bytes: 0,
            search: Search::default(),
            superblock: None,
            prologue: Prologue::default(),
            objects: Objects::default(),
            attributes: Attributes::default(),
            dense: Dense::default(),
            shared: Shared::default(),
            trees: HashMap::new(),
            visited: HashSet::new(),
            guessed: HashSet::new(),
            guessed_bytes: 0,
            chunks: 0,
            elements: 0,
            heap_bytes: 0,
            exhausted: None,
            problems: Vec::new(),
        };
        walk.search_at(FileOffset(0));
        walk
    }

    /// Says how long the file is. Call it as soon as it is known; what lies beyond is then an error
    /// without being asked for.
    pub fn set_length(&mut self, length: u64) {
        if self.length() == Some(length) {
            return;
        }
        self.extents.set_length(length);
        self.queue.wake_past(length);
    }

    /// Says what is done about metadata checksums. Call it before anything is supplied.
    pub fn set_checksums(&mut self, checksums: Checksums) {
        self.checksums = checksums;
    }

    /// Keeps no more than so many bytes of what is supplied: what came first is then forgotten, and
    /// wanted again if it turns out to be needed. Without, all is kept. What is wanted is kept in any
    /// case, from when it arrives until it is decoded.
    pub fn keep_at_most(&mut self, bytes: u64) {
        self.keep = bytes;
    }

    /// Supplies bytes of the file: any number of them, in any order, asked for or not.
    pub fn supply(&mut self, at: FileOffset, bytes: Bytes) {
        let run = self.extents.insert(at, bytes);
        self.queue.wake(run, &self.extents);
    }

    /// Supplies the whole file.
    pub fn supply_whole(&mut self, bytes: Bytes) {
        self.set_length(to_u64(bytes.len()));
        self.supply(FileOffset(0), bytes);
    }

    /// Decodes what can be decoded, and says what is needed to go on.
    ///
    /// # Errors
    /// The file is not HDF5, or so broken that nothing of it can be read, or a budget for the whole
    /// file is exceeded. What is wrong with one object is a [`Problem`] of [`Walk::finish`].
    #[expect(clippy::should_implement_trait, reason = "not an iterator: it needs supplies")]
    pub fn next(&mut self) -> Result<Need> {
        while let Some(step) = self.queue.ready() {
            self.charge_step()?;
            let done = self.run(step);
            if let Some(error) = &self.exhausted {
                return Err(error.clone());
            }
            done?;
        }
        self.extents.forget(self.keep, |range| self.queue.needs(range));
        if self.queue.is_empty() {
            return Ok(Need::Done);
        }
        Ok(Need::Bytes(self.queue.fresh()))
    }

    /// The index of the file, and what of it could not be read, in order of paths. Call it after `Done`.
    ///
    /// # Errors
    /// The root group could not be read, or the walk is not done.
    pub fn finish(self) -> Result<(Index, Vec<Problem>)> {
        finish::finish(self)
    }

    /// The file's length, once it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.extents.length()
    }

    /// The pages that a file of pages keeps its metadata in: where they begin, and the bytes of each.
    /// Known once the superblock extension is.
    #[must_use]
    pub fn pages(&self) -> Option<(FileOffset, u64)> {
        let superblock = self.superblock.as_ref()?;
        let info = superblock.file_space.filter(|info| info.strategy == Strategy::Pages)?;
        Some((superblock.base, info.page_size?))
    }

    /// Blocks of metadata decoded so far.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.steps
    }

    /// Objects found so far.
    #[must_use]
    pub fn objects_found(&self) -> u64 {
        to_u64(self.objects.len())
    }

    /// The bytes a step wants, or why they cannot be had.
    fn bytes(&self, step: &Step) -> Result<Bytes> {
        let Want { at, min, .. } = step.want;
        let bytes = self.extents.slice(at, min).ok_or_else(|| {
            let have = self.extents.in_file(at);
            Error::new(Kind::Truncated { need: min, have }, step.then.structure(), 0).at(at)
        })?;
        // A small slice would keep all that was read with it.
        let copied = self.keep < u64::MAX && step.then.keeps_bytes();
        Ok(match bytes.get(..to_usize(min)) {
            Some(bytes) if copied => Bytes::copy_from_slice(bytes),
            _ => bytes,
        })
    }

    fn run(&mut self, step: Step) -> Result<()> {
        let bytes = match self.bytes(&step) {
            Ok(bytes) => bytes,
            Err(error) => return self.fail(step.then, error),
        };
        match self.take(&step, &bytes) {
            Ok(()) => Ok(()),
            Err(error) => match error.needs() {
                // The start of the structure says that it is longer: ask again, for all of it.
                Some(need) if need > to_u64(bytes.len()) && need > step.want.min => {
                    // What the file has no room for is truncated, whatever the limit.
                    let in_file = !self.extents.is_past_end(step.want.at, need);
                    if in_file && need > self.limits.block_bytes {
                        let structure = step.then.structure();
                        let limit = limit("block_bytes", self.limits.block_bytes, structure);
                        return self.fail(step.then, limit.at(step.want.at));
                    }
                    let want = Want { min: need, hint: need, ..step.want };
                    self.queue.push(Step { want, then: step.then }, &self.extents);
                    Ok(())
                }
                _ => self.fail(step.then, error.at(step.want.at)),
            },
        }
    }

    /// Gives a step its bytes. An error that says how many it needs is no failure.
    fn take(&mut self, step: &Step, bytes: &Bytes) -> Result<()> {
        match step.then {
            Then::Signature => self.signature(step.want.at, bytes),
            Then::Foreign => Err(self.foreign(bytes)),
            Then::Superblock => self.superblock(step.want.at, bytes),
            Then::DriverInfo => self.driver_info(bytes),
            Then::CacheImage(image) => self.cache_image(image, bytes),
            Then::Guess(guess) => self.guessed(guess, bytes),
            Then::Header(id) => self.header(id, step.want.at, bytes),
            Then::Continuation(block, length) => {
                self.continuation(block, length, step.want.at, bytes)
            }
            Then::GroupNode(id, level) => self.group_node(id, level, bytes),
            Then::SymbolNode(id) => self.symbol_node(id, bytes),
            Then::LocalHeap(id) => self.local_heap(id, bytes),
            Then::LocalHeapData(id, size) => self.local_heap_data(id, size, bytes),
            Then::ExternalHeap(id) => self.external_heap(id, bytes),
            Then::ExternalHeapData(id, size) => self.external_heap_data(id, size, bytes),
            Then::ChunkNode(id, level) => self.chunk_node(id, level, bytes),
            Then::ArrayPart(id, part) => self.array_part(id, part, bytes),
            Then::BtreeV2(tree) => self.btree_v2(tree, bytes),
            Then::BtreeV2Node(tree, level, records) => {
                self.btree_v2_node(tree, level, records, bytes)
            }
            Then::FractalHeap(id) => self.fractal_heap(id, bytes),
            Then::HeapIndirect(id, offset, rows) => self.heap_indirect(id, offset, rows, bytes),
            Then::HeapDirect(id, block) => self.heap_direct(id, block, step.want.at, bytes),
            Then::HeapHuge(id, object) => self.heap_huge(id, object, step.want.at, bytes),
            Then::SharedTable(owner, n) => self.shared_table_here(owner, n, bytes),
            Then::Collection(address) => self.collection(address, bytes),
        }
    }

    /// Records what a step that failed means. Only what loses the whole file is an error.
    fn fail(&mut self, then: Then, error: Error) -> Result<()> {
        match then {
            Then::Signature => return self.searched(),
            // Without the image some metadata is read where it is not.
            Then::Foreign | Then::Superblock | Then::CacheImage(_) => return Err(error),
            Then::DriverInfo => return self.driver_info_lost(error),
            // What a cache says may be wrong: then there was nothing to guess.
            Then::Guess(_) => {}
            Then::Header(id) if self.objects.root() == Some(id) => return Err(self.cause(error)),
            Then::Header(id) | Then::Continuation(HeaderBlock { object: id, .. }, _) => {
                self.problem(id, Effect::Object, error);
                self.block_done(id);
            }
            Then::GroupNode(id, _) | Then::SymbolNode(id) => {
                self.problem(id.object, Effect::Links, error);
            }
            Then::LocalHeap(id) | Then::LocalHeapData(id, _) => {
                self.problem(id.object, Effect::Links, error);
            }
            Then::ExternalHeap(id) | Then::ExternalHeapData(id, _) => self.external_lost(id, error),
            Then::ChunkNode(id, _) | Then::ArrayPart(id, _) => self.chunks_lost(id, error),
            Then::BtreeV2(tree) | Then::BtreeV2Node(tree, ..) => self.tree_lost(tree, error),
            Then::FractalHeap(id)
            | Then::HeapIndirect(id, ..)
            | Then::HeapDirect(id, ..)
            | Then::HeapHuge(id, _) => self.store_lost(id, error),
            Then::SharedTable(owner, _) => self.problem(owner.object, Effect::Detail, error),
            Then::Collection(address) => self.collection_lost(address, error),
        }
        Ok(())
    }

    /// Why the root group cannot be read: in a file that is cut off, that.
    fn cause(&self, error: Error) -> Error {
        let cut_off = self.superblock.as_ref().and_then(|superblock| {
            let kind = finish::cut_off(superblock, self.length())?;
            Some(Error::new(kind, Structure::Superblock, 0).at(superblock.base))
        });
        cut_off.unwrap_or(error)
    }

    fn problem(&mut self, id: ObjectId, effect: Effect, error: Error) {
        let max = self.limits.problems;
        match to_u64(self.problems.len()) < max {
            true => self.problems.push((Some(id), effect, error)),
            false => _ = self.exhaust(limit("problems", max, error.structure())),
        }
    }

    fn sizes(&self) -> Result<Sizes> {
        self.superblock.as_ref().map(|superblock| superblock.sizes).ok_or_else(not_started)
    }

    fn locate(&self, address: Address) -> Result<FileOffset> {
        self.superblock.as_ref().ok_or_else(not_started)?.locate(address)
    }

    /// Wants a block at an address.
    fn want(&mut self, address: Address, min: u64, hint: u64, then: Then) -> Result<()> {
        let structure = then.structure();
        let at = self.locate(address)?;
        if min > self.limits.block_bytes && !self.extents.is_past_end(at, min) {
            return Err(limit("block_bytes", self.limits.block_bytes, structure).at(at));
        }
        let want = Want { at, min, hint: hint.max(min), names_more: then.names_more() };
        self.queue.push(Step { want, then }, &self.extents);
        Ok(())
    }

    /// Whether this is the first time that `owner` reaches the node at `address`. A node that two
    /// parents of one level share is an error; at another level it is one of its own.
    fn first_visit(
        &mut self,
        owner: HeaderBlock,
        address: Address,
        of: Structure,
        level: Option<u8>,
    ) -> Result<()> {
        let at = self.locate(address)?;
        if self.visited.insert((owner, at, of, level)) {
            return Ok(());
        }
        Err(Error::new(Kind::Cycle, of, 0).at(at))
    }
}

/// Nothing has an address before the superblock is read; steps that have one come after it.
fn not_started() -> Error {
    Error::new(Kind::Unsupported { what: "a walk without a superblock" }, Structure::Superblock, 0)
}
