//! Dense storage: links and attributes in a fractal heap, found through a version 2 B-tree.
//!
//! The B-tree's records are heap IDs, the heap's blocks hold the messages. Both are walked at once, and
//! joined when all of both is here.

use super::attributes::unsupported;
use super::btree_v2::Tree;
use super::budget::overlapping;
use super::heaps::{Found, Heap};
use super::objects::HeaderBlock;
use super::{Then, Walk};
use crate::error::{Error, Result};
use crate::heap::fractal;
use crate::message::{Link, Message, RawAttribute};
use crate::model::Effect;
use crate::object_header::{MessageFlags, MessageType};
use crate::spec::Structure;
use crate::wire::{Address, Cursor, FileOffset};

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
    heap: Heap,
    /// The records of the B-tree of names.
    records: Vec<Vec<u8>>,
    /// Blocks and nodes that are still to arrive.
    outstanding: usize,
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
            heap: Heap::default(),
            records: Vec::new(),
            outstanding: 0,
        });
        id
    }

    pub(super) fn heap(&self, id: StoreId) -> Option<&Heap> {
        self.dense.stores.get(id.0).map(|store| &store.heap)
    }

    pub(super) fn heap_mut(&mut self, id: StoreId) -> Option<&mut Heap> {
        self.dense.stores.get_mut(id.0).map(|store| &mut store.heap)
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
        let records = std::mem::take(&mut store.records);
        if self.share_bytes(id, &records) {
            return self.store_problem(id, overlapping(Structure::FractalHeap));
        }
        for record in records {
            if let Err(error) = self.dense_record(id, &record) {
                self.store_problem(id, error);
            }
        }
    }

    /// Whether messages are longer in all than their heap. Records that all name one long message would
    /// take the square of the file.
    fn share_bytes(&self, id: StoreId, records: &[Vec<u8>]) -> bool {
        let (Some(store), Ok(sizes)) = (self.dense.stores.get(id.0), self.sizes()) else {
            return false;
        };
        let Some(id_length) = store.heap.id_length() else { return false };
        let takes = |record: &Vec<u8>| match store.holds.heap_id(record, id_length) {
            Ok(Place::Heap(id)) => {
                store.heap.object(id, sizes).map_or(0, |found| found.takes(id.len()))
            }
            _ => 0,
        };
        records.iter().map(takes).fold(0, u64::saturating_add) > store.heap.holds()
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

    /// A record of the B-tree: the message that it leads to is acted on.
    fn dense_record(&mut self, id: StoreId, record: &[u8]) -> Result<()> {
        let sizes = self.sizes()?;
        let Some(store) = self.dense.stores.get(id.0) else { return Ok(()) };
        // Without a heap there is a problem already.
        let Some(id_length) = store.heap.id_length() else { return Ok(()) };
        let heap_id = match store.holds.heap_id(record, id_length)? {
            Place::Heap(heap_id) => heap_id,
            Place::SharedHeap(heap_id) => {
                let owner = store.owner;
                self.put_off(owner, MessageType::ATTRIBUTE, heap_id, FileOffset(0));
                return Ok(());
            }
        };
        match store.heap.object(heap_id, sizes)? {
            Found::Here(body, place) => self.dense_message(id, &body, place),
            Found::Huge(object) => self.huge_object_at(id, object),
        }
    }

    /// A link or attribute message, as if it were in the header.
    pub(super) fn dense_message(
        &mut self,
        id: StoreId,
        body: &[u8],
        place: FileOffset,
    ) -> Result<()> {
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

/// Where the message of a record is.
enum Place<'a> {
    /// In the object's own heap, by ID.
    Heap(&'a [u8]),
    /// In the heap of messages that many objects have.
    SharedHeap([u8; 8]),
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

    /// Whether huge objects are kept for those who will ask for them, or are messages of the owner.
    pub(super) const fn keeps_huge_objects(self) -> bool {
        matches!(self, Self::Shared)
    }

    /// The heap ID in a record of the B-tree of names.
    fn heap_id(self, record: &[u8], id_length: u16) -> Result<Place<'_>> {
        let mut cursor = Cursor::new(record, Structure::BtreeV2);
        match self {
            // A hash of the name comes before it.
            Self::Links => {
                cursor.u32()?;
                cursor.take(id_length.into()).map(Place::Heap)
            }
            // The message's flags, creation order and hash come behind it.
            Self::Attributes => {
                let own = cursor.clone().take(id_length.into())?;
                let shared = cursor.array()?;
                match MessageFlags(cursor.u8()?).is_shared() {
                    true => Ok(Place::SharedHeap(shared)),
                    false => Ok(Place::Heap(own)),
                }
            }
            Self::Shared => Err(unsupported("shared messages by name")),
        }
    }
}
