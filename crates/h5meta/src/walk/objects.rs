//! Object headers: their blocks, and what their messages name.

use std::collections::HashMap;

use bytes::Bytes;

use super::chunks::Chunks;
use super::groups::SymbolTableState;
use super::{Then, Walk, limit};
use crate::error::{Error, Kind, Result};
use crate::message::{ChunkIndex, Layout, LinkTarget, MaybeShared, Message, SharedAt};
use crate::model::Effect;
use crate::object_header::{self, Format, MessageType, RawMessage};
use crate::spec::Structure;
use crate::wire::{Address, FileOffset, to_u64, to_usize};

/// What is asked for before a header's size is known: enough for nearly all, since a header that is
/// larger costs a round trip, and 2 KiB cost little more than 256 bytes. libhdf5 also allocates small
/// metadata in blocks of 2 KiB, so that what was made together is often brought along.
pub(super) const HEADER_HINT: u64 = 2048;
/// A version 1 prefix, and more than any version 2 prefix.
pub(super) const HEADER_MIN: u64 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ObjectId(usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct BlockId(usize);

/// The objects found so far, each by its header's address.
#[derive(Debug, Default)]
pub(super) struct Objects {
    states: Vec<ObjectState>,
    by_address: HashMap<Address, ObjectId>,
    root: Option<ObjectId>,
}

/// What is known of an object so far.
#[derive(Debug)]
pub(super) struct ObjectState {
    pub(super) address: Address,
    /// Known once the header's first block is.
    pub(super) format: Option<Format>,
    blocks: Vec<Block>,
    /// An old-style group's links.
    pub(super) symbol_table: Option<SymbolTableState>,
    /// A chunked dataset's chunks.
    pub(super) chunks: Option<Chunks>,
}

/// A header block's messages.
#[derive(Debug, Default)]
struct Block {
    messages: Vec<Message>,
    /// The blocks that its continuation messages name, in order.
    continuations: Vec<BlockId>,
}

impl Objects {
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    pub(super) fn set_root(&mut self, root: ObjectId) {
        self.root = Some(root);
    }

    pub(super) fn root(&self) -> Option<ObjectId> {
        self.root
    }

    pub(super) fn find(&self, address: Address) -> Option<ObjectId> {
        self.by_address.get(&address).copied()
    }

    pub(super) fn get(&self, id: ObjectId) -> Option<&ObjectState> {
        self.states.get(id.0)
    }

    pub(super) fn get_mut(&mut self, id: ObjectId) -> Option<&mut ObjectState> {
        self.states.get_mut(id.0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ObjectId, &ObjectState)> {
        self.states.iter().enumerate().map(|(n, state)| (ObjectId(n), state))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (ObjectId, &mut ObjectState)> {
        self.states.iter_mut().enumerate().map(|(n, state)| (ObjectId(n), state))
    }
}

impl ObjectState {
    fn new(address: Address) -> Self {
        Self {
            address,
            format: None,
            // The first block has a place before it has arrived.
            blocks: vec![Block::default()],
            symbol_table: None,
            chunks: None,
        }
    }

    /// The messages in the order in which the header's blocks continue each other, whatever the
    /// order in which they arrived.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        let mut order = vec![BlockId(0)];
        let mut next = 0;
        while let Some(block) = order.get(next).and_then(|id| self.blocks.get(id.0)) {
            order.extend(&block.continuations);
            next = next.saturating_add(1);
        }
        order.into_iter().filter_map(|id| self.blocks.get(id.0)).flat_map(|block| &block.messages)
    }
}

impl Walk {
    /// The object whose header is at `address`; its header is wanted if it is new.
    pub(super) fn object(&mut self, address: Address) -> Result<ObjectId> {
        if let Some(id) = self.objects.find(address) {
            return Ok(id);
        }
        if to_u64(self.objects.len()) >= self.limits.objects {
            return Err(limit("objects", self.limits.objects, Structure::ObjectHeader));
        }
        let id = ObjectId(self.objects.len());
        self.objects.states.push(ObjectState::new(address));
        self.objects.by_address.insert(address, id);
        let then = Then::Header(id);
        if let Err(error) = self.want(address, HEADER_MIN, HEADER_HINT, then) {
            self.fail(then, error)?;
        }
        Ok(id)
    }

    /// An object header's first block has arrived.
    pub(super) fn header(&mut self, id: ObjectId, at: FileOffset, bytes: &Bytes) -> Result<()> {
        let header = object_header::decode(bytes)?;
        if let Some(state) = self.objects.get_mut(id) {
            state.format = Some(header.format);
        }
        self.messages(id, BlockId(0), at, &header.messages)
    }

    /// A continuation block of `length` bytes has arrived.
    pub(super) fn continuation(
        &mut self,
        id: ObjectId,
        block: BlockId,
        length: u64,
        at: FileOffset,
        bytes: &Bytes,
    ) -> Result<()> {
        let Some(format) = self.objects.get(id).and_then(|state| state.format) else {
            return Ok(());
        };
        let bytes = bytes.get(..to_usize(length)).unwrap_or(bytes);
        let messages = object_header::decode_continuation(bytes, format)?;
        self.messages(id, block, at, &messages)
    }

    /// Acts on a block's messages: whatever they name is wanted now.
    fn messages(
        &mut self,
        id: ObjectId,
        block: BlockId,
        at: FileOffset,
        raw: &[RawMessage<'_>],
    ) -> Result<()> {
        let sizes = self.sizes()?;
        for raw in raw {
            let place = FileOffset(at.0.saturating_add(raw.position));
            if !raw.message_type.is_known() && raw.flags.must_be_known() {
                let kind = Kind::Invalid {
                    value: raw.message_type.0.into(),
                    why: "a message of unknown type that says it must be known",
                };
                let error = Error::new(kind, Structure::UnknownMessage, 0).at(place);
                self.problem(id, Effect::Object, error);
                continue;
            }
            let done = Message::decode(raw, sizes)
                .and_then(|message| self.message(id, block, message, place));
            if let Err(error) = done {
                if error.is_limit() && error.structure() == Structure::ObjectHeader {
                    return Err(error);
                }
                self.problem(id, effect_of(raw.message_type), error.at(place));
            }
        }
        self.retry_attributes_of(id);
        Ok(())
    }

    fn message(
        &mut self,
        id: ObjectId,
        block: BlockId,
        message: Message,
        place: FileOffset,
    ) -> Result<()> {
        match &message {
            Message::Continuation(continuation) => {
                self.first_visit(id, continuation.address, Structure::ObjectHeader)?;
                let Some(next) = self.new_block(id, block) else { return Ok(()) };
                let length = continuation.length;
                let then = Then::Continuation(id, next, length);
                return self.want(continuation.address, length, length, then);
            }
            Message::SymbolTable(table) => self.symbol_table(id, *table)?,
            Message::Link(link) => {
                if let LinkTarget::Hard(address) = link.target {
                    self.object(address)?;
                }
            }
            Message::Layout(Layout::Chunked { chunk_shape, index, .. }) => {
                self.chunk_index(id, chunk_shape.len(), *index)?;
            }
            Message::Datatype(MaybeShared::At(SharedAt::Object(address))) => {
                self.object(*address)?;
            }
            Message::Attribute(MaybeShared::Here(attribute)) => {
                self.attribute(id, attribute, place)?;
            }
            _ => {}
        }
        let state = self.objects.get_mut(id);
        if let Some(block) = state.and_then(|state| state.blocks.get_mut(block.0)) {
            block.messages.push(message);
        }
        Ok(())
    }

    /// A place for the messages of a block that `parent` continues in.
    fn new_block(&mut self, id: ObjectId, parent: BlockId) -> Option<BlockId> {
        let state = self.objects.get_mut(id)?;
        let new = BlockId(state.blocks.len());
        state.blocks.get_mut(parent.0)?.continuations.push(new);
        state.blocks.push(Block::default());
        Some(new)
    }

    fn chunk_index(&mut self, id: ObjectId, rank: usize, index: ChunkIndex) -> Result<()> {
        let chunks = Chunks::new(rank);
        if let Some(state) = self.objects.get_mut(id) {
            state.chunks = Some(chunks);
        }
        self.walk_chunk_index(id, rank, index)
    }
}

/// What is lost with a message that cannot be read.
fn effect_of(message_type: MessageType) -> Effect {
    match message_type {
        MessageType::DATASPACE | MessageType::DATATYPE => Effect::Data,
        MessageType::LAYOUT | MessageType::FILTER_PIPELINE | MessageType::EXTERNAL_FILES => {
            Effect::Data
        }
        MessageType::LINK | MessageType::LINK_INFO | MessageType::SYMBOL_TABLE => Effect::Links,
        MessageType::ATTRIBUTE | MessageType::ATTRIBUTE_INFO => Effect::Attribute(String::new()),
        MessageType::CONTINUATION => Effect::Object,
        _ => Effect::Detail,
    }
}
