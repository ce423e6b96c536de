//! Attributes: values that may need a committed datatype, or the global heap, to be read.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use super::objects::ObjectId;
use super::{Then, Walk};
use crate::error::{Error, Kind, Result};
use crate::heap::global::{self, Collection, HeapId};
use crate::message::{Dataspace, Datatype, MaybeShared, RawAttribute, SharedAt};
use crate::spec::Structure;
use crate::value::{GlobalHeap, Reader, Value};
use crate::wire::{Address, FileOffset};

/// Attributes, and the global heap collections they need.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) states: Vec<AttributeState>,
    /// Which objects have which: a message that is kept once for many objects is read once.
    pub(super) uses: Vec<Use>,
    collections: HashMap<Address, Slot>,
    /// Attributes that wait for a committed datatype.
    waiting_for_object: HashMap<ObjectId, Vec<AttributeId>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct AttributeId(pub(super) usize);

/// An object has an attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) object: ObjectId,
    pub(super) attribute: AttributeId,
    /// Where its header, or its heap, says so.
    pub(super) place: FileOffset,
}

#[derive(Debug)]
pub(super) struct AttributeState {
    pub(super) name: Vec<u8>,
    datatype: MaybeShared<Arc<Datatype>>,
    pub(super) dataspace: Dataspace,
    /// Its bytes, until they are read.
    data: Vec<u8>,
    /// Collections on their way.
    waiting: usize,
    pub(super) outcome: Option<Result<Vec<Value>>>,
}

/// A collection, and who waits for it.
#[derive(Debug)]
pub(super) enum Slot {
    Wanted(Vec<AttributeId>),
    Here(Collection),
    Lost(Error),
}

impl Attributes {
    fn get(&self, id: AttributeId) -> Option<&AttributeState> {
        self.states.get(id.0)
    }

    pub(super) fn collection_at(&self, address: Address) -> Option<&Slot> {
        self.collections.get(&address)
    }
}

impl AttributeState {
    /// Its datatype, wherever that is.
    pub(super) fn datatype<'a>(&'a self, walk: &'a Walk) -> Option<&'a Arc<Datatype>> {
        walk.resolve_datatype(&self.datatype)
    }
}

impl Walk {
    /// An attribute message of an object has arrived.
    pub(super) fn attribute(
        &mut self,
        object: ObjectId,
        raw: RawAttribute,
        place: FileOffset,
    ) -> Result<()> {
        let Some(raw) = self.unless_put_off(object, raw, place) else { return Ok(()) };
        let attribute = self.new_attribute(raw)?;
        self.attributes.uses.push(Use { object, attribute, place });
        Ok(())
    }

    /// An attribute that was not read before: its value is read, or what it needs is wanted.
    pub(super) fn new_attribute(&mut self, raw: RawAttribute) -> Result<AttributeId> {
        let RawAttribute { name, datatype, dataspace, data } = self.with_shared_parts(raw)?;
        let MaybeShared::Here(dataspace) = dataspace else {
            return Err(unsupported("a shared dataspace"));
        };
        let holder = match datatype {
            MaybeShared::At(SharedAt::Object(address)) => Some(self.object(address)?),
            _ => None,
        };
        let id = AttributeId(self.attributes.states.len());
        self.attributes.states.push(AttributeState {
            name,
            datatype,
            dataspace,
            data,
            waiting: 0,
            outcome: None,
        });
        let incomplete = |id: &ObjectId| self.objects.get(*id).is_some_and(|o| !o.is_complete());
        match holder.filter(incomplete) {
            Some(holder) => {
                self.attributes.waiting_for_object.entry(holder).or_default().push(id);
            }
            None => self.read_attribute(id),
        }
        Ok(id)
    }

    /// An object's header is complete: attributes may have waited for its datatype.
    pub(super) fn retry_attributes_of(&mut self, object: ObjectId) {
        for id in self.attributes.waiting_for_object.remove(&object).unwrap_or_default() {
            self.read_attribute(id);
        }
    }

    /// Reads a value. If collections are missing they are wanted, and it is read again when all of
    /// them are here: what they hold may name others.
    fn read_attribute(&mut self, id: AttributeId) {
        while let Some(missing) = self.try_attribute(id) {
            let mut waiting = 0_usize;
            for address in missing {
                if self.want_collection(address, Some(id)) {
                    waiting = waiting.saturating_add(1);
                }
            }
            if waiting > 0 {
                if let Some(state) = self.attributes.states.get_mut(id.0) {
                    state.waiting = waiting;
                }
                return;
            }
        }
    }

    /// Reads a value with what is here; gives the collections that it lacks, if it does.
    fn try_attribute(&mut self, id: AttributeId) -> Option<BTreeSet<Address>> {
        let state = self.attributes.get(id)?;
        let datatype = state.datatype(self)?;
        let sizes = self.sizes().ok()?;
        let heap = Heap { collections: &self.attributes.collections, missing: RefCell::default() };
        let budget = self.limits.attribute_elements.min(self.most());
        let heap_bytes = self.most();
        let mut reader = Reader { sizes, heap: &heap, budget, heap_bytes };
        // A count that does not fit is more than any budget.
        let count = state.dataspace.elements().unwrap_or(u64::MAX);
        let outcome = reader.elements(datatype, &state.data, count);
        let used = budget.saturating_sub(reader.budget);
        let copied = heap_bytes.saturating_sub(reader.heap_bytes);
        let missing = heap.missing.into_inner();
        if !missing.is_empty() {
            return Some(missing);
        }
        if let Some(state) = self.attributes.states.get_mut(id.0) {
            state.outcome = Some(outcome);
            state.data = Vec::new();
        }
        self.charge_elements(used);
        self.charge_heap_bytes(copied);
        None
    }

    /// Whether the collection is on its way. An attribute that wants it is read when it is here.
    pub(super) fn want_collection(&mut self, address: Address, id: Option<AttributeId>) -> bool {
        match self.attributes.collections.get_mut(&address) {
            Some(Slot::Wanted(waiting)) => {
                waiting.extend(id);
                return true;
            }
            Some(Slot::Here(_) | Slot::Lost(_)) => return false,
            None => {}
        }
        let wanted = self.want(address, 16, global::SMALLEST, Then::Collection(address));
        let coming = wanted.is_ok();
        let slot = match wanted {
            Ok(()) => Slot::Wanted(id.into_iter().collect()),
            Err(error) => Slot::Lost(error),
        };
        self.attributes.collections.insert(address, slot);
        coming
    }

    /// A collection has arrived.
    pub(super) fn collection(&mut self, address: Address, bytes: &Bytes) -> Result<()> {
        let collection = Collection::decode(bytes, self.sizes()?)?;
        self.charge_bytes(collection.size())?;
        self.settle(address, Slot::Here(collection));
        Ok(())
    }

    /// A collection cannot be read.
    pub(super) fn collection_lost(&mut self, address: Address, error: Error) {
        self.settle(address, Slot::Lost(error));
    }

    fn settle(&mut self, address: Address, slot: Slot) {
        if let Some(Slot::Wanted(waiting)) = self.attributes.collections.insert(address, slot) {
            for id in waiting {
                let Some(state) = self.attributes.states.get_mut(id.0) else { continue };
                state.waiting = state.waiting.saturating_sub(1);
                if state.waiting == 0 {
                    self.read_attribute(id);
                }
            }
        }
    }

    /// A datatype, from the committed one if it is shared; `None` while that has not been read.
    pub(super) fn resolve_datatype<'a>(
        &'a self,
        datatype: &'a MaybeShared<Arc<Datatype>>,
    ) -> Option<&'a Arc<Datatype>> {
        match datatype {
            MaybeShared::Here(datatype) => Some(datatype),
            MaybeShared::At(SharedAt::Object(address)) => self.objects.datatype_at(*address),
            MaybeShared::At(SharedAt::Heap(_)) => None,
        }
    }
}

/// The collections that are here; what is asked of others is noted.
struct Heap<'a> {
    collections: &'a HashMap<Address, Slot>,
    missing: RefCell<BTreeSet<Address>>,
}

impl GlobalHeap for Heap<'_> {
    fn object(&self, id: HeapId) -> Result<Option<Bytes>> {
        let Some(address) = id.collection else { return Ok(Some(Bytes::new())) };
        match self.collections.get(&address) {
            Some(Slot::Here(collection)) => match collection.object(id.object) {
                Some(object) => Ok(Some(object.clone())),
                None => {
                    let value = id.object.into();
                    let kind = Kind::Invalid { value, why: "an object the collection lacks" };
                    Err(Error::new(kind, Structure::GlobalHeap, 0))
                }
            },
            Some(Slot::Lost(error)) => Err(error.clone()),
            Some(Slot::Wanted(_)) | None => {
                self.missing.borrow_mut().insert(address);
                Ok(None)
            }
        }
    }
}

pub(super) fn unsupported(what: &'static str) -> Error {
    Error::new(Kind::Unsupported { what }, Structure::SharedMessage, 0)
}
