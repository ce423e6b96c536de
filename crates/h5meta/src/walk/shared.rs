//! Messages that are kept once for many objects, in the fractal heaps of the shared message table.
//!
//! A message that is there is put off until all heaps are here, and then acted on as if it were in its
//! header. It is read once, however many headers name it: what it says is shared.

use std::collections::HashMap;

use bytes::Bytes;

use super::attributes::{AttributeId, Use, unsupported};
use super::budget::overlapping;
use super::dense::StoreId;
use super::effect::effect_of;
use super::heaps::Found;
use super::objects::{HeaderBlock, ObjectId};
use super::{Then, Walk};
use crate::error::Result;
use crate::message::shared_message_table::SharedMessageTable;
use crate::message::{MaybeShared, Message, RawAttribute, SharedAt};
use crate::object_header::{MessageFlags, MessageType, RawMessage};
use crate::shared_message::{Index, decode_table, table_size};
use crate::spec::Structure;
use crate::wire::FileOffset;

/// The table, and the messages that wait for it.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Whether the table has arrived.
    table: bool,
    indexes: Vec<(Index, StoreId)>,
    /// Heaps that are not all here.
    outstanding: usize,
    messages: Vec<PutOff>,
    attributes: Vec<(ObjectId, RawAttribute, FileOffset)>,
    /// Those that were read, by what their headers say of them.
    read: HashMap<(MessageType, [u8; 8]), Result<Read>>,
    /// Bytes that these are in their heaps.
    read_bytes: u64,
}

/// What a shared message says.
#[derive(Clone, Debug)]
enum Read {
    Attribute(AttributeId),
    Other(Message),
}

/// A message that is in a heap.
#[derive(Clone, Copy, Debug)]
struct PutOff {
    block: HeaderBlock,
    message_type: MessageType,
    id: [u8; 8],
    /// Where the header says so.
    place: FileOffset,
}

impl Shared {
    fn is_ready(&self) -> bool {
        self.table && self.outstanding == 0
    }

    /// What still waits at the end: there is no table, or it could not be read.
    pub(super) fn left(&self) -> impl Iterator<Item = (ObjectId, MessageType, FileOffset)> {
        let messages = self.messages.iter();
        let messages = messages.map(|put| (put.block.object, put.message_type, put.place));
        let attributes = self.attributes.iter();
        messages.chain(attributes.map(|(id, _, place)| (*id, MessageType::ATTRIBUTE, *place)))
    }
}

impl Walk {
    /// Wants the table.
    pub(super) fn shared_table(&mut self, owner: HeaderBlock, at: SharedMessageTable) {
        let size = self.sizes().map_or(0, |sizes| table_size(at.indexes, sizes));
        let then = Then::SharedTable(owner, at.indexes);
        if let Err(error) = self.want(at.address, size, size, then) {
            self.problem(owner.object, super::Effect::Detail, error);
        }
    }

    /// The table has arrived: its heaps are wanted.
    pub(super) fn shared_table_here(
        &mut self,
        owner: HeaderBlock,
        indexes: u8,
        bytes: &Bytes,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        let table = decode_table(bytes, indexes, sizes, self.checksums)?;
        self.charge_bytes(table_size(indexes, sizes))?;
        self.shared.table = true;
        // One more than there are heaps, so that none is the last before all are wanted.
        self.shared.outstanding = table.len().saturating_add(1);
        for index in table {
            match index.heap {
                Some(heap) => {
                    let store = self.shared_heap(owner, heap)?;
                    self.shared.indexes.push((index, store));
                }
                None => self.shared_heap_done(),
            }
        }
        self.shared_heap_done();
        Ok(())
    }

    /// A heap is all here. After the last one what was put off is acted on.
    pub(super) fn shared_heap_done(&mut self) {
        self.shared.outstanding = self.shared.outstanding.saturating_sub(1);
        if !self.shared.is_ready() {
            return;
        }
        for put_off in std::mem::take(&mut self.shared.messages) {
            self.shared_message(put_off);
        }
        for (object, attribute, place) in std::mem::take(&mut self.shared.attributes) {
            if let Err(error) = self.attribute(object, attribute, place) {
                self.problem(object, effect_of(MessageType::ATTRIBUTE), error.at(place));
            }
        }
    }

    /// A header says that a message is in a heap.
    pub(super) fn put_off(
        &mut self,
        block: HeaderBlock,
        message_type: MessageType,
        id: [u8; 8],
        place: FileOffset,
    ) {
        let put_off = PutOff { block, message_type, id, place };
        match self.shared.is_ready() {
            true => self.shared_message(put_off),
            false => self.shared.messages.push(put_off),
        }
    }

    fn shared_message(&mut self, PutOff { block, message_type, id, place }: PutOff) {
        let done = self.shared_read(message_type, id).and_then(|read| match read {
            Read::Attribute(attribute) => {
                self.attributes.uses.push(Use { object: block.object, attribute, place });
                Ok(())
            }
            Read::Other(message) => self.message(block, message, place),
        });
        if let Err(error) = done {
            self.problem(block.object, effect_of(message_type), error.at(place));
        }
    }

    /// An attribute; `None` if its datatype or dataspace is in a heap that is not all here, and it is put off.
    pub(super) fn unless_put_off(
        &mut self,
        object: ObjectId,
        raw: RawAttribute,
        place: FileOffset,
    ) -> Option<RawAttribute> {
        let needs_heap = in_heap(raw.datatype.at()).or(in_heap(raw.dataspace.at())).is_some();
        if needs_heap && !self.shared.is_ready() {
            self.shared.attributes.push((object, raw, place));
            return None;
        }
        Some(raw)
    }

    /// An attribute with its datatype and dataspace in place, if they are in a heap.
    pub(super) fn with_shared_parts(&mut self, mut raw: RawAttribute) -> Result<RawAttribute> {
        if let Some(id) = in_heap(raw.datatype.at())
            && let Read::Other(Message::Datatype(datatype)) =
                self.shared_read(MessageType::DATATYPE, id)?
        {
            raw.datatype = datatype;
        }
        if let Some(id) = in_heap(raw.dataspace.at())
            && let Read::Other(Message::Dataspace(dataspace)) =
                self.shared_read(MessageType::DATASPACE, id)?
        {
            raw.dataspace = dataspace;
        }
        Ok(raw)
    }

    /// What a message says that is in a heap: of what was read before, the same.
    fn shared_read(&mut self, message_type: MessageType, id: [u8; 8]) -> Result<Read> {
        if let Some(read) = self.shared.read.get(&(message_type, id)) {
            return read.clone();
        }
        let body = self.shared_body(message_type, id);
        let read = body.and_then(|body| self.read_shared(message_type, &body));
        self.shared.read.insert((message_type, id), read.clone());
        read
    }

    fn read_shared(&mut self, message_type: MessageType, body: &[u8]) -> Result<Read> {
        let raw = RawMessage { message_type, flags: MessageFlags(0), position: 0, body };
        match Message::decode(&raw, self.sizes()?)? {
            Message::Attribute(MaybeShared::Here(raw)) => {
                self.new_attribute(raw).map(Read::Attribute)
            }
            message @ (Message::Dataspace(_)
            | Message::Datatype(_)
            | Message::FillValue(_)
            | Message::FillValueOld(_)
            | Message::FilterPipeline(_)) => Ok(Read::Other(message)),
            _ => Err(unsupported("a shared message of a type that is never shared")),
        }
    }

    fn shared_body(&mut self, message_type: MessageType, id: [u8; 8]) -> Result<Bytes> {
        let index = self.shared.indexes.iter().find(|(index, _)| index.has(message_type));
        let (_, store) =
            index.ok_or_else(|| unsupported("a shared message of a type without a heap"))?;
        let sizes = self.sizes()?;
        let found = self.heap(*store).map(|heap| heap.object(&id, sizes)).transpose()?;
        if let Some(found) = &found {
            self.charge_shared(found.takes(id.len()))?;
        }
        match found {
            Some(Found::Here(body, _)) => Ok(body),
            _ => Err(unsupported("a huge shared message that could not be read")),
        }
    }

    /// Charges a message that is read for the first time: IDs of messages that lie in each other are stopped.
    fn charge_shared(&mut self, bytes: u64) -> Result<()> {
        self.shared.read_bytes = self.shared.read_bytes.saturating_add(bytes);
        // An honest heap has each message once.
        let heaps = self.shared.indexes.iter().filter_map(|(_, store)| self.heap(*store));
        let held = heaps.map(|heap| heap.holds()).fold(0, u64::saturating_add);
        match self.shared.read_bytes > held {
            true => Err(self.exhaust(overlapping(Structure::FractalHeap))),
            false => Ok(()),
        }
    }
}

fn in_heap(at: Option<SharedAt>) -> Option<[u8; 8]> {
    match at {
        Some(SharedAt::Heap(id)) => Some(id),
        _ => None,
    }
}
