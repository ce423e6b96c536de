//! Object headers: their blocks, and what their messages name.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::chunks::Chunks;
use super::dense::Holds;
use super::effect::effect_of;
use super::elsewhere::External;
use super::groups::SymbolTableState;
use super::{Then, Walk, limit};
use crate::error::{Error, Kind, Result};
use crate::message::attribute_info::AttributeInfo;
use crate::message::link_info::LinkInfo;
use crate::message::{Continuation, Datatype, Layout, LinkTarget, MaybeShared, Message, SharedAt};
use crate::model::Effect;
use crate::object_header::{self, Format, RawMessage};
use crate::spec::Structure;
use crate::wire::{Address, FileOffset, to_u64, to_usize};

/// What is asked for before a header's size is known: enough for nearly all, since a header that is
/// larger costs a round trip, and 2 KiB cost little more than 256 bytes. libhdf5 also allocates small
/// metadata in blocks of 2 KiB, so that what was made together is often brought along.
pub(super) const HEADER_HINT: u64 = 2048;
/// The smallest header: one of version 2 without messages.
pub(super) const HEADER_MIN: u64 = 11;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ObjectId(usize);

/// A block of an object's header. What a message names belongs to the block that it came in, so that
/// a header with two messages where one is allowed reads alike in whichever order its blocks arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct HeaderBlock {
    pub(super) object: ObjectId,
    /// 0 is the first; the others are numbered as they are found.
    index: usize,
}

impl HeaderBlock {
    pub(super) const fn first(object: ObjectId) -> Self {
        Self { object, index: 0 }
    }
}

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
    /// The blocks that continuation messages name, by their place and length.
    continued: HashMap<(Address, u64), usize>,
    /// Blocks that are still to arrive.
    outstanding: usize,
    /// Messages of all blocks so far.
    pub(super) messages: u64,
    /// Its datatype, once all blocks have arrived.
    datatype: Option<Arc<Datatype>>,
}

/// What a header block says. Of messages of one kind the first counts.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) messages: Vec<Message>,
    /// The blocks that its continuation messages name, in order.
    continuations: Vec<usize>,
    /// How a dataset is stored.
    pub(super) layout: Option<Layout>,
    /// A chunked dataset's chunks.
    pub(super) chunks: Option<Chunks>,
    /// An old-style group's links.
    pub(super) symbol_table: Option<SymbolTableState>,
    /// A dataset's external files.
    pub(super) external: Option<External>,
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

    pub(super) fn block_mut(&mut self, block: HeaderBlock) -> Option<&mut Block> {
        self.get_mut(block.object)?.blocks.get_mut(block.index)
    }

    /// The datatype of the object at `address`, once its header is complete.
    pub(super) fn datatype_at(&self, address: Address) -> Option<&Arc<Datatype>> {
        self.get(self.find(address)?)?.datatype.as_ref()
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
            continued: HashMap::new(),
            outstanding: 1,
            messages: 0,
            datatype: None,
        }
    }

    /// Whether all of the header has arrived, or been found missing.
    pub(super) fn is_complete(&self) -> bool {
        self.outstanding == 0
    }

    /// The blocks in the order in which they continue each other, whatever the order in which they
    /// arrived: breadth first.
    fn order(&self) -> Vec<usize> {
        let mut seen = vec![false; self.blocks.len()];
        let mut order: Vec<usize> = Vec::new();
        let mut follow = |order: &mut Vec<usize>, index: usize| match seen.get_mut(index) {
            Some(seen) if !*seen => {
                *seen = true;
                order.push(index);
            }
            _ => {}
        };
        follow(&mut order, 0);
        let mut next = 0;
        while let Some(block) = order.get(next).and_then(|&index| self.blocks.get(index)) {
            block.continuations.iter().for_each(|&index| follow(&mut order, index));
            next = next.saturating_add(1);
        }
        order
    }

    /// The blocks, in order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.order().into_iter().filter_map(|index| self.blocks.get(index))
    }

    /// Takes the layout that counts, the first in order, and its chunks.
    pub(super) fn take_chunks(&mut self) -> Option<(Layout, Option<Chunks>)> {
        let blocks = self.order().into_iter();
        let first = blocks
            .into_iter()
            .find(|&index| self.blocks.get(index).is_some_and(|block| block.layout.is_some()))?;
        let block = self.blocks.get_mut(first)?;
        Some((block.layout.take()?, block.chunks.take()))
    }
}

impl Walk {
    /// The object whose header is at `address`; its header is wanted if it is new.
    pub(super) fn object(&mut self, address: Address) -> Result<ObjectId> {
        if let Some(id) = self.objects.find(address) {
            return Ok(id);
        }
        let max = self.limits.objects;
        if to_u64(self.objects.len()) >= max {
            return Err(self.exhaust(limit("objects", max, Structure::ObjectHeader)));
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
        let header = object_header::decode(bytes, self.checksums)?;
        self.charge_bytes(header.size)?;
        if let Some(state) = self.objects.get_mut(id) {
            state.format = Some(header.format);
        }
        self.messages(HeaderBlock::first(id), at, &header.messages)
    }

    /// A continuation block of `length` bytes has arrived.
    pub(super) fn continuation(
        &mut self,
        block: HeaderBlock,
        length: u64,
        at: FileOffset,
        bytes: &Bytes,
    ) -> Result<()> {
        let Some(format) = self.objects.get(block.object).and_then(|state| state.format) else {
            return Ok(());
        };
        self.charge_bytes(length)?;
        let bytes = bytes.get(..to_usize(length)).unwrap_or(bytes);
        let messages = object_header::decode_continuation(bytes, format, self.checksums)?;
        self.messages(block, at, &messages)
    }

    /// A block of an object's header has arrived, or never will. After the last one the object has
    /// the datatype that attributes may wait for.
    pub(super) fn block_done(&mut self, id: ObjectId) {
        let Some(state) = self.objects.get_mut(id) else { return };
        state.outstanding = state.outstanding.saturating_sub(1);
        if !state.is_complete() {
            return;
        }
        let datatypes = state.blocks().flat_map(|block| &block.messages);
        let datatype = datatypes.into_iter().find_map(|message| match message {
            Message::Datatype(datatype) => Some(datatype.here().cloned()),
            _ => None,
        });
        state.datatype = datatype.flatten();
        self.extension_done(id);
        self.retry_attributes_of(id);
    }

    /// Acts on a block's messages: whatever they name is wanted now.
    fn messages(
        &mut self,
        block: HeaderBlock,
        at: FileOffset,
        raw: &[RawMessage<'_>],
    ) -> Result<()> {
        let (id, sizes) = (block.object, self.sizes()?);
        if let Some(state) = self.objects.get_mut(id) {
            state.messages = state.messages.saturating_add(to_u64(raw.len()));
        }
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
            if raw.flags.is_shared()
                && let Ok(SharedAt::Heap(heap_id)) = SharedAt::decode(raw.body, sizes)
            {
                self.put_off(block, raw.message_type, heap_id, place);
                continue;
            }
            let done =
                Message::decode(raw, sizes).and_then(|message| self.message(block, message, place));
            if let Err(error) = done {
                self.problem(id, effect_of(raw.message_type), error.at(place));
            }
        }
        self.block_done(id);
        Ok(())
    }

    pub(super) fn message(
        &mut self,
        block: HeaderBlock,
        message: Message,
        place: FileOffset,
    ) -> Result<()> {
        match &message {
            Message::Continuation(continuation) => return self.continued(block, *continuation),
            Message::SymbolTable(table) => return self.symbol_table(block, *table),
            Message::Layout(_) => {}
            Message::Link(link) => {
                if let LinkTarget::Hard(address) = link.target {
                    self.object(address)?;
                }
            }
            Message::Datatype(MaybeShared::At(SharedAt::Object(address))) => {
                self.object(*address)?;
            }
            Message::LinkInfo(LinkInfo { heap: Some(heap), name_index: Some(index) }) => {
                self.dense(block, Holds::Links, *heap, *index)?;
            }
            Message::AttributeInfo(AttributeInfo { heap: Some(heap), name_index: Some(index) }) => {
                self.dense(block, Holds::Attributes, *heap, *index)?;
            }
            // Nothing of these is looked at again.
            Message::Other(_) => return Ok(()),
            _ => {}
        }
        match message {
            Message::Attribute(MaybeShared::Here(attribute)) => {
                return self.attribute(block.object, attribute, place);
            }
            Message::Layout(layout) => return self.layout(block, layout),
            Message::ExternalFiles(files) => return self.external_files(block, files),
            message => {
                if let Some(block) = self.objects.block_mut(block) {
                    block.messages.push(message);
                }
            }
        }
        Ok(())
    }

    /// Wants the block that `parent` continues in, unless another block does so too.
    fn continued(
        &mut self,
        parent: HeaderBlock,
        Continuation { address, length }: Continuation,
    ) -> Result<()> {
        let at = self.locate(address)?;
        let object = parent.object;
        let Some(state) = self.objects.get_mut(object) else { return Ok(()) };
        let new = state.blocks.len();
        let index = *state.continued.entry((address, length)).or_insert(new);
        if let Some(parent) = state.blocks.get_mut(parent.index) {
            parent.continuations.push(index);
        }
        if index != new {
            return Err(Error::new(Kind::Cycle, Structure::ObjectHeader, 0).at(at));
        }
        state.blocks.push(Block::default());
        let then = Then::Continuation(HeaderBlock { object, index }, length);
        self.want(address, length, length, then)?;
        if let Some(state) = self.objects.get_mut(object) {
            state.outstanding = state.outstanding.saturating_add(1);
        }
        Ok(())
    }

    /// How a dataset is stored: its chunk index is walked.
    fn layout(&mut self, id: HeaderBlock, layout: Layout) -> Result<()> {
        let Some(block) = self.objects.block_mut(id) else { return Ok(()) };
        if block.layout.is_some() {
            return Ok(());
        }
        let mut index = None;
        if let Layout::Chunked { chunk_shape, index: of, .. } = &layout {
            block.chunks = Some(Chunks::new(chunk_shape.len()));
            index = Some(*of);
        }
        let mapped = match &layout {
            Layout::Virtual { collection, .. } => *collection,
            _ => None,
        };
        block.layout = Some(layout);
        self.virtual_dataset(mapped);
        match index {
            Some(index) => self.walk_chunk_index(id, index),
            None => Ok(()),
        }
    }
}
