//! Dense storage: links and attributes in a fractal heap, found through a version 2 B-tree.
//!
//! The B-tree's records are heap IDs, the heap's blocks hold the messages. Both are walked at once, and
//! joined when all of both is here.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::attributes::unsupported;
use super::btree_v2::Tree;
use super::objects::HeaderBlock;
use super::{Then, Walk};
use crate::error::{Error, Kind, Result};
use crate::heap::fractal::{self, HeapId, Huge};
use crate::message::{Link, Message, RawAttribute};
use crate::model::Effect;
use crate::object_header::MessageFlags;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, FileOffset, to_u64, to_usize};

/// The dense stores found so far.
#[derive(Debug, Default)]
pub(super) struct Dense {
    stores: Vec<Store>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct StoreId(usize);

/// What a store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Links,
    Attributes,
    /// Messages of other objects.
    Shared,
}

/// An object's dense links, or attributes.
#[derive(Debug)]
struct Store {
    owner: HeaderBlock,
    holds: Holds,
    heap: Option<fractal::Header>,
    /// Direct blocks, by where they start in the heap.
    blocks: BTreeMap<u64, Block>,
    /// Huge objects that a B-tree finds, by their key: where they are, and their bytes.
    huge: BTreeMap<u64, (Address, u64)>,
    /// The records of the B-tree of names.
    records: Vec<Vec<u8>>,
    /// Blocks and nodes that are still to arrive.
    outstanding: usize,
}

#[derive(Debug)]
struct Block {
    at: FileOffset,
    bytes: Bytes,
}

impl Walk {
    /// Wants both halves of a store.
    pub(super) fn dense(
        &mut self,
        owner: HeaderBlock,
        holds: Holds,
        heap: Address,
        name_index: Address,
    ) -> Result<()> {
        let id = self.new_store(owner, holds);
        let size = fractal::Header::size(self.sizes()?);
        self.store_want(id, heap, size, Then::FractalHeap(id));
        let size = crate::btree::v2::Header::size(self.sizes()?);
        self.store_want(id, name_index, size, Then::BtreeV2(Tree::Dense(id)));
        Ok(())
    }

    /// Wants a heap of shared messages.
    pub(super) fn shared_heap(&mut self, owner: HeaderBlock, heap: Address) -> Result<StoreId> {
        let id = self.new_store(owner, Holds::Shared);
        let size = fractal::Header::size(self.sizes()?);
        self.store_want(id, heap, size, Then::FractalHeap(id));
        Ok(id)
    }

    fn new_store(&mut self, owner: HeaderBlock, holds: Holds) -> StoreId {
        let id = StoreId(self.dense.stores.len());
        self.dense.stores.push(Store {
            owner,
            holds,
            heap: None,
            blocks: BTreeMap::new(),
            huge: BTreeMap::new(),
            records: Vec::new(),
            outstanding: 0,
        });
        id
    }

    /// The bytes of an object of a heap that is all here.
    pub(super) fn store_object(&self, id: StoreId, heap_id: &[u8]) -> Result<Bytes> {
        let sizes = self.sizes()?;
        let store = self.dense.stores.get(id.0);
        let Some((store, header)) = store.and_then(|store| Some((store, store.heap.as_ref()?)))
        else {
            return Err(unsupported("a message whose heap could not be read"));
        };
        match HeapId::decode(heap_id, header, sizes)? {
            HeapId::Managed { offset, length } => Ok(store.managed(offset, length)?.0),
            HeapId::Tiny(body) => Ok(body.into()),
            HeapId::Huge(_) => Err(unsupported("a huge shared message")),
        }
    }

    /// Wants a part of a store.
    pub(super) fn store_want(&mut self, id: StoreId, address: Address, size: u64, then: Then) {
        if let Some(store) = self.dense.stores.get_mut(id.0) {
            store.outstanding = store.outstanding.saturating_add(1);
        }
        if let Err(error) = self.want(address, size, size, then) {
            self.store_lost(id, error);
        }
    }

    /// A part of a store cannot be read: what is in the others still can.
    pub(super) fn store_lost(&mut self, id: StoreId, error: Error) {
        self.store_problem(id, error);
        self.store_part_done(id);
    }

    pub(super) fn store_problem(&mut self, id: StoreId, error: Error) {
        let Some(store) = self.dense.stores.get(id.0) else { return };
        let (owner, effect) = (store.owner, store.holds.effect());
        self.problem(owner.object, effect, error);
    }

    /// A part of a store has arrived, or never will. After the last one the halves are joined.
    pub(super) fn store_part_done(&mut self, id: StoreId) {
        let Some(store) = self.dense.stores.get_mut(id.0) else { return };
        store.outstanding = store.outstanding.saturating_sub(1);
        if store.outstanding > 0 {
            return;
        }
        if store.holds == Holds::Shared {
            return self.shared_heap_done();
        }
        for record in std::mem::take(&mut store.records) {
            if let Err(error) = self.dense_record(id, &record) {
                self.store_problem(id, error);
            }
        }
    }

    /// Whose a store is, and what it holds.
    pub(super) fn store(&self, id: StoreId) -> Option<(HeaderBlock, Holds)> {
        self.dense.stores.get(id.0).map(|store| (store.owner, store.holds))
    }

    pub(super) fn store_records(&mut self, id: StoreId, records: impl Iterator<Item = Vec<u8>>) {
        if let Some(store) = self.dense.stores.get_mut(id.0) {
            store.records.extend(records);
        }
    }

    /// A heap's header has arrived.
    pub(super) fn fractal_heap(&mut self, id: StoreId, bytes: &Bytes) -> Result<()> {
        let sizes = self.sizes()?;
        let header = fractal::Header::decode(bytes, sizes, self.checksums)?;
        self.charge_bytes(fractal::Header::size(sizes))?;
        if header.filtered {
            let kind = Kind::Unsupported { what: "a fractal heap with filters" };
            return Err(Error::new(kind, Structure::FractalHeap, 0));
        }
        if let Some(huge) = header.huge_btree {
            let size = crate::btree::v2::Header::size(sizes);
            self.store_want(id, huge, size, Then::BtreeV2(Tree::Huge(id)));
        }
        let (root, rows, start) = (header.root, header.root_rows, header.table.start);
        let size = fractal::indirect_size(&header, rows, sizes);
        if let Some(store) = self.dense.stores.get_mut(id.0) {
            store.heap = Some(header);
        }
        match (root, rows) {
            (Some(root), 0) => self.store_want(id, root, start, Then::HeapDirect(id, 0, start)),
            (Some(root), _) => self.store_want(id, root, size, Then::HeapIndirect(id, 0, rows)),
            (None, _) => {}
        }
        self.store_part_done(id);
        Ok(())
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
        let Some(store) = self.dense.stores.get(id.0) else { return Ok(()) };
        let (owner, Some(header)) = (store.owner, store.heap.clone()) else { return Ok(()) };
        let children = fractal::decode_indirect(bytes, &header, offset, rows, sizes)?;
        self.charge_bytes(fractal::indirect_size(&header, rows, sizes))?;
        for (offset, size, address) in children.direct {
            self.store_want(id, address, size, Then::HeapDirect(id, offset, size));
        }
        for (offset, below, address) in children.indirect {
            // Each is smaller than the block it is in, which ends every path.
            let why = "a block as large as its parent";
            let smaller = match below < rows {
                true => self.first_visit(owner, address, Structure::FractalHeap, None),
                false => {
                    let kind = Kind::Invalid { value: below.into(), why };
                    Err(Error::new(kind, Structure::FractalHeap, 0))
                }
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

    /// A direct block of `size` bytes has arrived, which starts at `offset` of the heap.
    pub(super) fn heap_direct(
        &mut self,
        id: StoreId,
        offset: u64,
        size: u64,
        at: FileOffset,
        bytes: &Bytes,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        self.charge_bytes(size)?;
        let block = bytes.slice(..to_usize(size).min(bytes.len()));
        let Some(store) = self.dense.stores.get_mut(id.0) else { return Ok(()) };
        if let Some(header) = &store.heap {
            header.check_direct(&block, sizes)?;
        }
        store.blocks.insert(offset, Block { at, bytes: block });
        self.store_part_done(id);
        Ok(())
    }

    /// A record of the B-tree: the message that it leads to is acted on.
    fn dense_record(&mut self, id: StoreId, record: &[u8]) -> Result<()> {
        let sizes = self.sizes()?;
        let Some(store) = self.dense.stores.get(id.0) else { return Ok(()) };
        // Without a heap there is a problem already.
        let Some(header) = &store.heap else { return Ok(()) };
        let heap_id = store.holds.heap_id(record, header)?;
        match HeapId::decode(heap_id, header, sizes)? {
            HeapId::Managed { offset, length } => {
                let (body, place) = store.managed(offset, length)?;
                self.dense_message(id, &body, place)
            }
            HeapId::Tiny(body) => self.dense_message(id, &body, FileOffset(0)),
            HeapId::Huge(Huge::Direct { address, length }) => {
                self.heap_huge_at(id, address, length)
            }
            HeapId::Huge(Huge::Key(key)) => match store.huge.get(&key) {
                Some(&(address, length)) => self.heap_huge_at(id, address, length),
                None => {
                    let kind =
                        Kind::Invalid { value: key, why: "a huge object that the heap lacks" };
                    Err(Error::new(kind, Structure::FractalHeap, 0))
                }
            },
            HeapId::Huge(Huge::Filtered) => Err(unsupported("a huge object with filters")),
        }
    }

    fn heap_huge_at(&mut self, id: StoreId, address: Address, length: u64) -> Result<()> {
        self.charge_bytes(length)?;
        self.store_want(id, address, length, Then::HeapHuge(id, length));
        Ok(())
    }

    /// Records of the B-tree of huge objects: address, length, key.
    pub(super) fn huge_records<'a>(
        &mut self,
        id: StoreId,
        records: impl Iterator<Item = &'a [u8]>,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        let Some(store) = self.dense.stores.get_mut(id.0) else { return Ok(()) };
        for record in records {
            let mut cursor = Cursor::new(record, Structure::BtreeV2);
            let address = cursor.address(sizes)?;
            let (length, key) = (cursor.length(sizes)?, cursor.length(sizes)?);
            if let Some(address) = address {
                store.huge.insert(key, (address, length));
            }
        }
        Ok(())
    }

    /// A huge object has arrived.
    pub(super) fn heap_huge(
        &mut self,
        id: StoreId,
        length: u64,
        at: FileOffset,
        bytes: &Bytes,
    ) -> Result<()> {
        let body = bytes.get(..to_usize(length)).unwrap_or(bytes);
        self.dense_message(id, body, at)?;
        self.store_part_done(id);
        Ok(())
    }

    /// A link or attribute message, as if it were in the header.
    fn dense_message(&mut self, id: StoreId, body: &[u8], place: FileOffset) -> Result<()> {
        let sizes = self.sizes()?;
        let Some(store) = self.dense.stores.get(id.0) else { return Ok(()) };
        let owner = store.owner;
        let done = match store.holds {
            Holds::Links => Link::decode(body, sizes)
                .and_then(|link| self.message(owner, Message::Link(link), place)),
            Holds::Attributes => RawAttribute::decode(sizes)(body)
                .and_then(|attribute| self.attribute(owner.object, attribute, place)),
            Holds::Shared => Ok(()),
        };
        done.map_err(|error| error.at(place))
    }
}

impl Store {
    /// The bytes of an object in a block, and where they are in the file.
    fn managed(&self, offset: u64, length: u64) -> Result<(Bytes, FileOffset)> {
        let outside = |why| {
            let kind = Kind::Invalid { value: offset, why };
            Error::new(kind, Structure::FractalHeap, 0)
        };
        let (start, block) = self
            .blocks
            .range(..=offset)
            .next_back()
            .ok_or_else(|| outside("an object in a block that the heap lacks"))?;
        let within = offset.saturating_sub(*start);
        let end = within.saturating_add(length);
        if end > to_u64(block.bytes.len()) {
            return Err(outside("an object that reaches out of its block"));
        }
        let place = FileOffset(block.at.0.saturating_add(within));
        Ok((block.bytes.slice(to_usize(within)..to_usize(end)), place))
    }
}

impl Holds {
    fn effect(self) -> Effect {
        match self {
            Self::Links => Effect::Links,
            Self::Attributes => Effect::Attribute(String::new()),
            // Those whose messages are lost say so.
            Self::Shared => Effect::Detail,
        }
    }

    /// The record type of the B-tree of names.
    pub(super) const fn record_type(self) -> u8 {
        match self {
            Self::Links => 5,
            Self::Attributes => 8,
            // Found by heap ID alone: there is no B-tree of names.
            Self::Shared => 7,
        }
    }

    /// The heap ID in a record of the B-tree of names.
    fn heap_id<'a>(self, record: &'a [u8], heap: &fractal::Header) -> Result<&'a [u8]> {
        let mut cursor = Cursor::new(record, Structure::BtreeV2);
        match self {
            // A hash of the name comes before it.
            Self::Links => {
                cursor.u32()?;
                cursor.take(heap.id_length.into())
            }
            // The message's flags, creation order and hash come behind it.
            Self::Attributes => {
                let id = cursor.take(heap.id_length.into())?;
                if MessageFlags(cursor.u8()?).is_shared() {
                    return Err(unsupported("a dense attribute that is shared"));
                }
                Ok(id)
            }
            Self::Shared => Err(unsupported("shared messages by name")),
        }
    }
}
