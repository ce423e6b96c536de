//! Messages that are kept once for many objects, in the fractal heaps of the shared message table.
//!
//! A message that is there is put off until all heaps are here, and then acted on as if it were in its
//! header.

use bytes::Bytes;

use super::attributes::unsupported;
use super::dense::StoreId;
use super::effect::effect_of;
use super::heaps::Found;
use super::objects::{HeaderBlock, ObjectId};
use super::{Then, Walk};
use crate::error::Result;
use crate::message::shared_message_table::SharedMessageTable;
use crate::message::{Dataspace, Datatype, MaybeShared, Message, RawAttribute, SharedAt};
use crate::object_header::{MessageFlags, MessageType, RawMessage};
use crate::shared_message::{Index, decode_table, table_size};
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
        let done = self.shared_body(message_type, id).and_then(|body| {
            let flags = MessageFlags(0);
            let raw = RawMessage { message_type, flags, position: 0, body: &body };
            let message = Message::decode(&raw, self.sizes()?)?;
            self.message(block, message, place)
        });
        if let Err(error) = done {
            self.problem(block.object, effect_of(message_type), error.at(place));
        }
    }

    /// An attribute whose datatype or dataspace is in a heap: with both in place, or put off (`None`).
    pub(super) fn with_shared_parts(
        &mut self,
        object: ObjectId,
        raw: RawAttribute,
        place: FileOffset,
    ) -> Result<Option<RawAttribute>> {
        let RawAttribute { datatype, dataspace, .. } = &raw;
        let in_heap = |at: Option<SharedAt>| match at {
            Some(SharedAt::Heap(id)) => Some(id),
            _ => None,
        };
        let (datatype_id, dataspace_id) = (in_heap(datatype.at()), in_heap(dataspace.at()));
        if datatype_id.is_none() && dataspace_id.is_none() {
            return Ok(Some(raw));
        }
        if !self.shared.is_ready() {
            self.shared.attributes.push((object, raw, place));
            return Ok(None);
        }
        let mut raw = raw;
        if let Some(id) = datatype_id {
            let body = self.shared_body(MessageType::DATATYPE, id)?;
            raw.datatype = MaybeShared::Here(Datatype::decode(&body)?);
        }
        if let Some(id) = dataspace_id {
            let body = self.shared_body(MessageType::DATASPACE, id)?;
            raw.dataspace = MaybeShared::Here(Dataspace::decode(self.sizes()?)(&body)?);
        }
        Ok(Some(raw))
    }

    fn shared_body(&self, message_type: MessageType, id: [u8; 8]) -> Result<Bytes> {
        let index = self.shared.indexes.iter().find(|(index, _)| index.has(message_type));
        let (_, store) =
            index.ok_or_else(|| unsupported("a shared message of a type without a heap"))?;
        let sizes = self.sizes()?;
        match self.heap(*store).map(|heap| heap.object(&id, sizes)).transpose()? {
            Some(Found::Here(body, _)) => Ok(body),
            _ => Err(unsupported("a huge shared message that could not be read")),
        }
    }
}
