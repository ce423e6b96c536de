//! Fractal heaps: their blocks, and the objects in them.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::attributes::unsupported;
use super::btree_v2::Tree;
use super::dense::StoreId;
use super::{Then, Walk, limit};
use crate::error::{Error, Kind, Result};
use crate::filter::{self, Failure};
use crate::heap::fractal::{self, Direct, HeapId, Huge, HugeObject};
use crate::spec::Structure;
use crate::wire::{Address, Cursor, FileOffset, Sizes, to_u64, to_usize};

/// What is here of a heap.
#[derive(Debug, Default)]
pub(super) struct Heap {
    header: Option<fractal::Header>,
    /// Direct blocks, by where they start in the heap.
    blocks: BTreeMap<u64, Block>,
    /// Huge objects that a B-tree finds, by their key.
    huge: BTreeMap<u64, HugeObject>,
    /// Those of them that are kept because others will ask for them.
    kept: BTreeMap<Address, (Bytes, FileOffset)>,
    /// Bytes of blocks and of what is kept: the most that objects are in all, for an honest heap has
    /// each of them once.
    holds: u64,
}

#[derive(Debug)]
struct Block {
    at: FileOffset,
    bytes: Bytes,
    /// Whether its bytes are not those of the file.
    filtered: bool,
}

/// An object of a heap.
#[derive(Debug)]
pub(super) enum Found {
    /// Its bytes, and where they are in the file.
    Here(Bytes, FileOffset),
    /// It is by itself in the file.
    Huge(HugeObject),
}

impl Found {
    /// Bytes of what the heap holds, by an ID of so many bytes. An object may be in its ID: one that is
    /// no longer takes nothing. A huge one that is not here is charged when it is wanted.
    pub(super) fn takes(&self, id_length: usize) -> u64 {
        match self {
            Self::Here(body, _) if body.len() > id_length => to_u64(body.len()),
            Self::Here(..) | Self::Huge(_) => 0,
        }
    }
}

impl Heap {
    /// The bytes of a heap's IDs; `None` if the heap's header could not be read.
    pub(super) fn id_length(&self) -> Option<u16> {
        self.header.as_ref().map(|header| header.id_length)
    }

    pub(super) fn is_filtered(&self) -> bool {
        self.header.as_ref().is_some_and(fractal::Header::is_filtered)
    }

    /// Bytes of its blocks, and of the huge objects that are kept.
    pub(super) fn holds(&self) -> u64 {
        self.holds
    }

    /// The object with this ID.
    pub(super) fn object(&self, id: &[u8], sizes: Sizes) -> Result<Found> {
        let Some(header) = &self.header else {
            return Err(unsupported("a message whose heap could not be read"));
        };
        match HeapId::decode(id, header, sizes)? {
            HeapId::Managed { offset, length } => self.managed(offset, length),
            HeapId::Tiny(body) => Ok(Found::Here(body.into(), FileOffset(0))),
            HeapId::Huge(Huge::Direct(object)) => Ok(self.huge(object)),
            HeapId::Huge(Huge::Key(key)) => match self.huge.get(&key) {
                Some(&object) => Ok(self.huge(object)),
                None => Err(invalid(key, "a huge object that the heap lacks")),
            },
        }
    }

    fn huge(&self, object: HugeObject) -> Found {
        match self.kept.get(&object.address) {
            Some((bytes, at)) => Found::Here(bytes.clone(), *at),
            None => Found::Huge(object),
        }
    }

    /// The bytes of an object in a block.
    fn managed(&self, offset: u64, length: u64) -> Result<Found> {
        let (start, block) = self
            .blocks
            .range(..=offset)
            .next_back()
            .ok_or_else(|| invalid(offset, "an object in a block that the heap lacks"))?;
        let within = offset.saturating_sub(*start);
        let end = within.saturating_add(length);
        if end > to_u64(block.bytes.len()) {
            return Err(invalid(offset, "an object that reaches out of its block"));
        }
        let inside = if block.filtered { 0 } else { within };
        let place = FileOffset(block.at.0.saturating_add(inside));
        Ok(Found::Here(block.bytes.slice(to_usize(within)..to_usize(end)), place))
    }
}

impl Walk {
    /// A heap's header has arrived.
    pub(super) fn fractal_heap(&mut self, id: StoreId, bytes: &Bytes) -> Result<()> {
        let sizes = self.sizes()?;
        let header = fractal::Header::decode(bytes, sizes, self.checksums)?;
        self.charge_bytes(fractal::Header::size(sizes))?;
        filter::check(&header.filters).map_err(|failure| undone(&failure))?;
        // The B-tree of objects whose IDs say where they are is for those who free them
        // (`heap_ids_with_objects.h5`).
        let by_key = header.huge_btree.filter(|_| !header.huge_ids_are_places(sizes));
        if let Some(huge) = by_key {
            let size = crate::btree::v2::Header::size(sizes);
            self.store_want(id, huge, size, Then::BtreeV2(Tree::Huge(id)));
        }
        let (root, rows) = (header.root, header.root_rows);
        let direct = Direct { offset: 0, size: header.table.start, filtered: header.filtered_root };
        let size = fractal::indirect_size(&header, rows, sizes);
        if let Some(heap) = self.heap_mut(id) {
            heap.header = Some(header);
        }
        match (root, rows) {
            (Some(root), 0) => self.direct_block_at(id, root, direct),
            (Some(root), _) => self.store_want(id, root, size, Then::HeapIndirect(id, 0, rows)),
            (None, _) => {}
        }
        self.store_part_done(id);
        Ok(())
    }

    fn direct_block_at(&mut self, id: StoreId, address: Address, block: Direct) {
        self.store_want(id, address, block.stored_size(), Then::HeapDirect(id, block));
    }

    /// An indirect block of `rows` rows has arrived, which starts at `offset` of the heap.
    pub(super) fn heap_indirect(
        &mut self,
        id: StoreId,
        offset: u64,
        rows: u16,
        bytes: &Bytes,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        let owner = self.store(id).map(|(owner, _)| owner);
        let header = self.heap(id).and_then(|heap| heap.header.clone());
        let (Some(owner), Some(header)) = (owner, header) else { return Ok(()) };
        let children = fractal::decode_indirect(bytes, &header, offset, rows, sizes)?;
        self.charge_bytes(fractal::indirect_size(&header, rows, sizes))?;
        for (address, block) in children.direct {
            self.direct_block_at(id, address, block);
        }
        for (offset, below, address) in children.indirect {
            // Each is smaller than the block it is in, which ends every path.
            let smaller = match below < rows {
                true => self.first_visit(owner, address, Structure::FractalHeap, None),
                false => Err(invalid(below.into(), "a block as large as its parent")),
            };
            let size = fractal::indirect_size(&header, below, sizes);
            match smaller {
                Ok(()) => {
                    self.store_want(id, address, size, Then::HeapIndirect(id, offset, below));
                }
                Err(error) => self.store_problem(id, error),
            }
        }
        self.store_part_done(id);
        Ok(())
    }

    /// A direct block has arrived.
    pub(super) fn heap_direct(
        &mut self,
        id: StoreId,
        direct: Direct,
        at: FileOffset,
        bytes: &Bytes,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        let stored = direct.stored_size();
        self.charge_bytes(stored)?;
        let stored = bytes.slice(..to_usize(stored).min(bytes.len()));
        let Some(header) = self.heap(id).and_then(|heap| heap.header.clone()) else {
            return Ok(());
        };
        let bytes = match direct.filtered {
            Some(how) => self.unfiltered(&stored, &header, how.filter_mask, direct.size)?,
            None => stored,
        };
        header.check_direct(&bytes, sizes)?;
        let block = Block { at, bytes, filtered: direct.filtered.is_some() };
        if let Some(heap) = self.heap_mut(id) {
            heap.holds = heap.holds.saturating_add(to_u64(block.bytes.len()));
            heap.blocks.insert(direct.offset, block);
        }
        self.store_part_done(id);
        Ok(())
    }

    /// What was stored, as it was before the heap's filters.
    fn unfiltered(
        &mut self,
        stored: &[u8],
        header: &fractal::Header,
        mask: u32,
        size: u64,
    ) -> Result<Bytes> {
        self.charge_inflated(size)?;
        let plain = filter::decode(stored, &header.filters, mask, to_usize(size));
        plain.map(Bytes::from).map_err(|failure| undone(&failure))
    }

    /// Records of the B-tree of huge objects: place and key.
    pub(super) fn huge_records<'a>(
        &mut self,
        id: StoreId,
        records: impl Iterator<Item = &'a [u8]>,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        let keeps = self.store(id).is_some_and(|(_, holds)| holds.keeps_huge_objects());
        let Some(heap) = self.heap_mut(id) else { return Ok(()) };
        let filtered = heap.is_filtered();
        let mut found = Vec::new();
        for record in records {
            let mut cursor = Cursor::new(record, Structure::BtreeV2);
            let object = HugeObject::decode(&mut cursor, filtered, sizes)?;
            heap.huge.insert(cursor.length(sizes)?, object);
            found.push(object);
        }
        for object in found.into_iter().filter(|_| keeps) {
            self.huge_object_at(id, object)?;
        }
        Ok(())
    }

    pub(super) fn huge_object_at(&mut self, id: StoreId, object: HugeObject) -> Result<()> {
        self.charge_bytes(object.stored_size())?;
        let then = Then::HeapHuge(id, object);
        self.store_want(id, object.address, object.stored_size(), then);
        Ok(())
    }

    /// A huge object has arrived.
    pub(super) fn heap_huge(
        &mut self,
        id: StoreId,
        object: HugeObject,
        at: FileOffset,
        bytes: &Bytes,
    ) -> Result<()> {
        let stored = bytes.slice(..to_usize(object.stored_size()).min(bytes.len()));
        let header = self.heap(id).and_then(|heap| heap.header.clone());
        let body = match (object.filtered, header) {
            (Some(how), Some(header)) => {
                self.unfiltered(&stored, &header, how.filter_mask, object.size)?
            }
            _ => stored,
        };
        match self.store(id) {
            Some((_, holds)) if holds.keeps_huge_objects() => {
                if let Some(heap) = self.heap_mut(id) {
                    heap.holds = heap.holds.saturating_add(to_u64(body.len()));
                    heap.kept.insert(object.address, (body, at));
                }
            }
            _ => self.dense_message(id, &body, at)?,
        }
        self.store_part_done(id);
        Ok(())
    }

    /// Charges bytes that filters are undone to.
    fn charge_inflated(&mut self, size: u64) -> Result<()> {
        self.inflated_bytes = self.inflated_bytes.saturating_add(size);
        let max = self.limits.inflated_bytes;
        if self.inflated_bytes > max {
            return Err(limit("inflated_bytes", max, Structure::FractalHeap));
        }
        Ok(())
    }
}

fn invalid(value: u64, why: &'static str) -> Error {
    Error::new(Kind::Invalid { value, why }, Structure::FractalHeap, 0)
}

fn undone(failure: &Failure) -> Error {
    let kind = match failure {
        Failure::Unknown(id) => Kind::Filter { id: *id },
        Failure::Invalid(why) => Kind::Invalid { value: 0, why },
    };
    Error::new(kind, Structure::FractalHeap, 0)
}
