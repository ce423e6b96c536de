//! Chunk indexes of layout version 4 and later: arrays by chunk number, and version 2 B-trees.

use bytes::Bytes;

use super::objects::HeaderBlock;
use super::{Then, Walk};
use crate::btree::v2::{Header as TreeHeader, Node};
use crate::chunk_index::extensible_array::{self, Children, SuperBlock};
use crate::chunk_index::fixed_array::{self, DataBlock, Page};
use crate::chunk_index::{Element, Record};
use crate::error::Result;
use crate::message::Layout;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, to_u64};

/// A part of an array.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    FixedHeader,
    FixedData,
    FixedPage(Page),
    ExtensibleHeader,
    ExtensibleIndex,
    ExtensibleSuper(SuperBlock),
    /// By its number among the data blocks found so far.
    ExtensibleData(usize),
}

/// What is known of a dataset's array.
#[derive(Debug, Default)]
pub(super) struct Array {
    fixed: Option<fixed_array::Header>,
    fixed_data: Option<Address>,
    extensible: Option<extensible_array::Header>,
    data_blocks: Vec<extensible_array::DataBlock>,
    /// Chunks by their number: where they are only the dataspace tells.
    pub(super) numbered: Vec<(u64, Record)>,
}

impl Part {
    /// Whether it may name other parts, and not only chunks.
    pub(super) const fn names_more(self) -> bool {
        !matches!(self, Self::FixedPage(_) | Self::ExtensibleData(_))
    }

    pub(super) const fn structure(self) -> Structure {
        match self {
            Self::FixedHeader | Self::FixedData | Self::FixedPage(_) => Structure::FixedArray,
            _ => Structure::ExtensibleArray,
        }
    }
}

impl Walk {
    /// Wants an array's header.
    pub(super) fn chunk_array(
        &mut self,
        id: HeaderBlock,
        address: Address,
        part: Part,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        let size = match part {
            Part::FixedHeader => fixed_array::Header::size(sizes),
            _ => extensible_array::Header::size(sizes),
        };
        self.part_at(id, address, size, part);
        Ok(())
    }

    /// Wants a part. One that cannot be had does not keep the others from being looked at, so that the
    /// same is wrong with them in whichever order they arrive.
    fn part_at(&mut self, id: HeaderBlock, address: Address, size: u64, part: Part) {
        let wanted = self
            .first_visit(id, address, part.structure(), None)
            .and_then(|()| self.want(address, size, size, Then::ArrayPart(id, part)));
        if let Err(error) = wanted {
            self.chunks_lost(id, error);
        }
    }

    /// A part of an array has arrived.
    pub(super) fn array_part(&mut self, id: HeaderBlock, part: Part, bytes: &Bytes) -> Result<()> {
        match part {
            Part::FixedHeader | Part::FixedData | Part::FixedPage(_) => {
                self.fixed_array_part(id, part, bytes)
            }
            _ => self.extensible_array_part(id, part, bytes),
        }
    }

    fn fixed_array_part(&mut self, id: HeaderBlock, part: Part, bytes: &Bytes) -> Result<()> {
        let sizes = self.sizes()?;
        if let Part::FixedHeader = part {
            let header = fixed_array::Header::decode(bytes, sizes, self.checksums)?;
            self.charge_bytes(fixed_array::Header::size(sizes))?;
            if let Some(array) = self.array_mut(id) {
                array.fixed = Some(header);
                array.fixed_data = header.data_block;
            }
            let Some(address) = header.data_block else { return Ok(()) };
            self.part_at(id, address, header.data_block_size(sizes), Part::FixedData);
            return Ok(());
        }
        let array = self.array_mut(id);
        let Some((header, data)) = array.and_then(|array| array.fixed.zip(array.fixed_data)) else {
            return Ok(());
        };
        if let Part::FixedPage(page) = part {
            let elements = header.page(bytes, page, sizes)?;
            self.charge_bytes(header.page_size(page.elements))?;
            return self.numbered(id, elements);
        }
        let block = header.data_block(bytes, sizes)?;
        self.charge_bytes(header.data_block_size(sizes))?;
        match block {
            DataBlock::Elements(elements) => self.numbered(id, elements),
            DataBlock::Pages(pages) => {
                for page in pages {
                    let address = Address(data.0.saturating_add(page.position));
                    let size = header.page_size(page.elements);
                    self.part_at(id, address, size, Part::FixedPage(page));
                }
                Ok(())
            }
        }
    }

    fn extensible_array_part(&mut self, id: HeaderBlock, part: Part, bytes: &Bytes) -> Result<()> {
        let sizes = self.sizes()?;
        if let Part::ExtensibleHeader = part {
            let header = extensible_array::Header::decode(bytes, sizes, self.checksums)?;
            self.charge_bytes(extensible_array::Header::size(sizes))?;
            if let Some(array) = self.array_mut(id) {
                array.extensible = Some(header);
            }
            let Some(address) = header.index_block else { return Ok(()) };
            self.part_at(id, address, header.index_block_size(sizes), Part::ExtensibleIndex);
            return Ok(());
        }
        let Some(array) = self.array_mut(id) else { return Ok(()) };
        let Some(header) = array.extensible else { return Ok(()) };
        let (children, size) = match part {
            Part::ExtensibleSuper(block) => {
                let size = header.super_block_size(block, sizes);
                (header.super_block(bytes, block, sizes)?, size)
            }
            Part::ExtensibleData(number) => {
                let Some(block) = array.data_blocks.get(number) else { return Ok(()) };
                let elements = header.data_block(bytes, block, sizes)?;
                let size = header.data_block_size(block, sizes);
                (Children { elements, ..Children::default() }, size)
            }
            _ => (header.index_block(bytes, sizes)?, header.index_block_size(sizes)),
        };
        self.charge_bytes(size)?;
        self.numbered(id, children.elements)?;
        for (address, block) in children.super_blocks {
            let size = header.super_block_size(block, sizes);
            self.part_at(id, address, size, Part::ExtensibleSuper(block));
        }
        for (address, block) in children.data_blocks {
            let size = header.data_block_size(&block, sizes);
            let Some(array) = self.array_mut(id) else { return Ok(()) };
            let number = array.data_blocks.len();
            array.data_blocks.push(block);
            self.part_at(id, address, size, Part::ExtensibleData(number));
        }
        Ok(())
    }

    fn numbered(&mut self, id: HeaderBlock, elements: Vec<(u64, Record)>) -> Result<()> {
        self.charge_chunks(to_u64(elements.len()))?;
        if let Some(array) = self.array_mut(id) {
            array.numbered.extend(elements);
        }
        Ok(())
    }

    /// A node of a version 2 B-tree of chunks: an address each, a size and filter mask if chunks are
    /// filtered (type 11), and where the chunk is, in chunks.
    pub(super) fn chunk_records(
        &mut self,
        id: HeaderBlock,
        header: &TreeHeader,
        node: &Node<'_>,
    ) -> Result<()> {
        let sizes = self.sizes()?;
        let superblock = self.superblock.clone();
        let Some(block) = self.objects.block_mut(id) else { return Ok(()) };
        let (Some(superblock), Some(chunks)) = (superblock, block.chunks.as_mut()) else {
            return Ok(());
        };
        let Some(layout @ Layout::Chunked { chunk_shape, .. }) = &block.layout else {
            return Ok(());
        };
        let size = u64::from(header.record_size);
        let places = to_u64(chunk_shape.len()).saturating_mul(8);
        let filtered = header.record_type == 11;
        let element = u8::try_from(size.saturating_sub(places)).unwrap_or(u8::MAX);
        let probe = Cursor::new(&[], Structure::BtreeV2);
        let element = Element::new(&probe, filtered.into(), element, sizes)?;
        let before = chunks.table.len();
        for record in node.records() {
            let mut cursor = Cursor::new(record, Structure::BtreeV2);
            let Record { address, filtered } = element.decode(&mut cursor, sizes)?;
            let Some(address) = address else { continue };
            let at = superblock.locate(address)?;
            let (size, mask) = filtered.unwrap_or((layout.chunk_bytes(), 0));
            let offset = chunk_shape
                .iter()
                .map(|extent| Ok(cursor.u64()?.saturating_mul(*extent)))
                .collect::<Result<Vec<u64>>>()?;
            chunks.table.push(offset.into_iter(), at, size, mask);
        }
        let found = chunks.table.len().saturating_sub(before);
        self.charge_chunks(to_u64(found))
    }

    fn array_mut(&mut self, id: HeaderBlock) -> Option<&mut Array> {
        self.objects.block_mut(id)?.chunks.as_mut().map(|chunks| &mut chunks.array)
    }
}
