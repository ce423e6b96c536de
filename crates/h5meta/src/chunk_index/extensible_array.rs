//! Extensible arrays (`EAHD`, `EAIB`, `EASB`, `EADB`): chunks of a dataset with one unlimited dimension.
//!
//! Spec: VII.D, "The Extensible Array Index".
//!
//! The first elements are in the index block; the others in data blocks that grow by super blocks:
//! super block `u` has `2^(u/2)` data blocks of `2^((u+1)/2)` times the least number of elements each.
//! The index block points to the data blocks of the first super blocks itself.

use binrw::BinRead;

use super::{Element, Record};
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Checksums, Cursor, RawAddress, RawLength, Sizes, to_u64, to_usize};

/// An extensible array's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the elements are.
    pub element: Element,
    /// Bits of an element's number.
    max_bits: u8,
    /// Elements in the index block.
    in_index_block: u8,
    /// Elements in the smallest data block.
    min_elements: u64,
    /// Data block addresses in the smallest super block that is a block.
    min_pointers: u64,
    /// Elements in a page of a data block, if there are more than that.
    page_elements: u64,
    /// The index block; `None` if there is none yet.
    pub index_block: Option<Address>,
    /// Whether its blocks' checksums are verified.
    pub checksums: Checksums,
}

#[derive(BinRead)]
#[br(little, import(sizes: Sizes))]
struct Fields {
    version: u8,
    client: u8,
    element_size: u8,
    max_bits: u8,
    in_index_block: u8,
    min_elements: u8,
    min_pointers: u8,
    page_bits: u8,
    #[br(count = 6, args { inner: (sizes,) })]
    _statistics: Vec<RawLength>,
    #[br(args(sizes))]
    index_block: RawAddress,
}

/// What an index block or a super block holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Children {
    /// Elements that have a chunk, with their numbers.
    pub elements: Vec<(u64, Record)>,
    /// Data blocks that were written.
    pub data_blocks: Vec<(Address, DataBlock)>,
    /// Super blocks that were written.
    pub super_blocks: Vec<(Address, SuperBlock)>,
}

/// A data block: which elements it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataBlock {
    /// The number of its first element.
    pub first: u64,
    /// Its elements.
    pub elements: u64,
    /// Which of its pages were written; `None` if all of it was.
    pages: Option<Vec<bool>>,
}

/// A super block, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuperBlock(u8);

impl Header {
    /// Decodes an extensible array's header.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, `Checksum`, or `Invalid` elements and parameters.
    pub fn decode(bytes: &[u8], sizes: Sizes, checksums: Checksums) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, Structure::ExtensibleArray);
        cursor.signature(b"EAHD")?;
        let fields: Fields = cursor.fixed(Self::size(sizes).saturating_sub(8), (sizes,))?;
        cursor.known_version(fields.version, &[0])?;
        cursor.checksum(checksums)?;
        let Fields { max_bits, min_elements, min_pointers, page_bits, .. } = fields;
        if !min_elements.is_power_of_two() || !min_pointers.is_power_of_two() {
            return Err(cursor.invalid(min_elements, "block sizes that are no powers of two"));
        }
        if !(1..=64).contains(&max_bits) || u32::from(max_bits) < min_elements.ilog2() {
            return Err(cursor.invalid(max_bits, "a number of bits that cannot be"));
        }
        Ok(Self {
            element: Element::new(&cursor, fields.client, fields.element_size, sizes)?,
            max_bits,
            in_index_block: fields.in_index_block,
            min_elements: min_elements.into(),
            min_pointers: min_pointers.into(),
            page_elements: 1_u64.checked_shl(page_bits.into()).unwrap_or(u64::MAX),
            index_block: fields.index_block.0,
            checksums,
        })
    }

    /// The bytes of a header, checksum included.
    #[must_use]
    pub fn size(sizes: Sizes) -> u64 {
        let statistics = to_u64(sizes.l()).saturating_mul(6);
        to_u64(sizes.o()).saturating_add(statistics).saturating_add(16)
    }

    /// The bytes of the index block.
    #[must_use]
    pub fn index_block_size(&self, sizes: Sizes) -> u64 {
        let elements = u64::from(self.in_index_block).saturating_mul(self.element.size.into());
        let blocks = self.direct_data_blocks().saturating_add(self.super_block_pointers().into());
        let addresses = blocks.saturating_mul(to_u64(sizes.o()));
        self.prefix_size(sizes, false).saturating_add(elements).saturating_add(addresses)
    }

    /// Decodes the index block.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, `Checksum`, or `Invalid` elements.
    pub fn index_block(&self, bytes: &[u8], sizes: Sizes) -> Result<Children> {
        let mut cursor = self.prefix(bytes, b"EAIB", false, sizes)?;
        cursor.mark("index block");
        let mut children = Children {
            elements: self.element.decode_run(&mut cursor, 0, self.in_index_block.into(), sizes)?,
            ..Children::default()
        };
        let mut first = u64::from(self.in_index_block);
        for number in 0..self.direct_super_blocks() {
            let SuperBlockShape { blocks, elements } = self.shape(number);
            for _ in 0..blocks {
                if let Some(address) = cursor.address(sizes)? {
                    let block = DataBlock { first, elements, pages: None };
                    children.data_blocks.push((address, block));
                }
                first = first.saturating_add(elements);
            }
        }
        for number in 0..self.super_block_pointers() {
            if let Some(address) = cursor.address(sizes)? {
                let number = number.saturating_add(self.direct_super_blocks());
                children.super_blocks.push((address, SuperBlock(number)));
            }
        }
        cursor.checksum(self.checksums)?;
        Ok(children)
    }

    /// The bytes of a super block.
    #[must_use]
    pub fn super_block_size(&self, block: SuperBlock, sizes: Sizes) -> u64 {
        let SuperBlockShape { blocks, elements } = self.shape(block.0);
        let each = self.bitmap_size(elements).saturating_add(to_u64(sizes.o()));
        self.prefix_size(sizes, true).saturating_add(blocks.saturating_mul(each))
    }

    /// Decodes a super block.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, or `Checksum`.
    pub fn super_block(&self, bytes: &[u8], block: SuperBlock, sizes: Sizes) -> Result<Children> {
        let mut cursor = self.prefix(bytes, b"EASB", true, sizes)?;
        cursor.mark("super block");
        let SuperBlockShape { blocks, elements } = self.shape(block.0);
        // One bit a page, block after block, although room is made block by block.
        let bitmap = cursor.take(self.bitmap_size(elements).saturating_mul(blocks))?;
        let pages = self.pages_of(elements);
        cursor.clone().take(blocks.saturating_mul(to_u64(sizes.o())))?;
        let mut children = Children::default();
        let mut first = self.first_element(block.0);
        for number in 0..blocks {
            if let Some(address) = cursor.address(sizes)? {
                let before = number.saturating_mul(pages);
                let written = (0..pages).map(|page| has_bit(bitmap, before.saturating_add(page)));
                let pages = self.is_paged(elements).then(|| written.collect());
                children.data_blocks.push((address, DataBlock { first, elements, pages }));
            }
            first = first.saturating_add(elements);
        }
        cursor.checksum(self.checksums)?;
        Ok(children)
    }

    /// The bytes of a data block, its pages included.
    #[must_use]
    pub fn data_block_size(&self, block: &DataBlock, sizes: Sizes) -> u64 {
        let elements = block.elements.saturating_mul(self.element.size.into());
        let pages = match self.is_paged(block.elements) {
            true => self.pages_of(block.elements),
            false => 0,
        };
        let checksums = pages.saturating_mul(4);
        self.prefix_size(sizes, true).saturating_add(elements).saturating_add(checksums)
    }

    /// Decodes a data block's elements, of the pages that were written.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, `Checksum`, or `Invalid` elements.
    pub fn data_block(
        &self,
        bytes: &[u8],
        block: &DataBlock,
        sizes: Sizes,
    ) -> Result<Vec<(u64, Record)>> {
        let mut cursor = self.prefix(bytes, b"EADB", true, sizes)?;
        cursor.mark(if self.is_paged(block.elements) { "paged data block" } else { "data block" });
        if !self.is_paged(block.elements) {
            let elements =
                self.element.decode_run(&mut cursor, block.first, block.elements, sizes)?;
            cursor.checksum(self.checksums)?;
            return Ok(elements);
        }
        cursor.checksum(self.checksums)?;
        let page_size = self.page_elements.saturating_mul(self.element.size.into());
        let mut elements = Vec::new();
        for page in 0..self.pages_of(block.elements) {
            let bytes = cursor.take(page_size)?;
            if !block.has_page(page) {
                cursor.take(4)?;
                continue;
            }
            cursor.checksum_of(bytes, self.checksums)?;
            let first = block.first.saturating_add(page.saturating_mul(self.page_elements));
            let mut page = Cursor::new(bytes, Structure::ExtensibleArray);
            elements.extend(self.element.decode_run(
                &mut page,
                first,
                self.page_elements,
                sizes,
            )?);
        }
        Ok(elements)
    }

    fn prefix<'a>(
        &self,
        bytes: &'a [u8],
        signature: &[u8; 4],
        has_offset: bool,
        sizes: Sizes,
    ) -> Result<Cursor<'a>> {
        let mut cursor = Cursor::new(bytes, Structure::ExtensibleArray);
        cursor.signature(signature)?;
        cursor.version(&[0])?;
        cursor.u8()?; // client
        cursor.address(sizes)?; // of the header
        if has_offset {
            cursor.take(self.offset_size())?;
        }
        Ok(cursor)
    }

    /// Signature, version, client, header address, block offset if any, and the checksum behind it all.
    fn prefix_size(&self, sizes: Sizes, has_offset: bool) -> u64 {
        let offset = if has_offset { self.offset_size() } else { 0 };
        to_u64(sizes.o()).saturating_add(offset).saturating_add(10)
    }

    fn offset_size(&self) -> u64 {
        u64::from(self.max_bits.div_ceil(8))
    }

    fn is_paged(&self, elements: u64) -> bool {
        elements > self.page_elements
    }

    /// Pages of a data block that has any: both sizes are powers of two.
    fn pages_of(&self, elements: u64) -> u64 {
        elements.checked_div(self.page_elements).unwrap_or(0)
    }

    /// A bit a page of a data block, the first page's highest.
    fn bitmap_size(&self, elements: u64) -> u64 {
        match self.is_paged(elements) {
            true => self.pages_of(elements).div_ceil(8),
            false => 0,
        }
    }

    /// Super blocks of which the index block has the data blocks itself.
    fn direct_super_blocks(&self) -> u8 {
        u8::try_from(self.min_pointers.ilog2().saturating_mul(2)).unwrap_or(u8::MAX)
    }

    /// Data blocks in the index block.
    fn direct_data_blocks(&self) -> u64 {
        self.min_pointers.saturating_sub(1).saturating_mul(2)
    }

    /// Super blocks in the index block.
    fn super_block_pointers(&self) -> u8 {
        let bits = u32::from(self.max_bits).saturating_sub(self.min_elements.ilog2());
        let all = u8::try_from(bits.saturating_add(1)).unwrap_or(u8::MAX);
        all.saturating_sub(self.direct_super_blocks())
    }

    fn shape(&self, number: u8) -> SuperBlockShape {
        let power = |exponent: u8| 1_u64.checked_shl(exponent.into()).unwrap_or(u64::MAX);
        let elements = power(number.div_ceil(2)).saturating_mul(self.min_elements);
        SuperBlockShape { blocks: power(number / 2), elements }
    }

    /// The number of a super block's first element.
    fn first_element(&self, number: u8) -> u64 {
        (0..number).fold(u64::from(self.in_index_block), |first, number| {
            let SuperBlockShape { blocks, elements } = self.shape(number);
            first.saturating_add(blocks.saturating_mul(elements))
        })
    }
}

struct SuperBlockShape {
    /// Data blocks.
    blocks: u64,
    /// Elements of each.
    elements: u64,
}

impl DataBlock {
    fn has_page(&self, page: u64) -> bool {
        match &self.pages {
            Some(pages) => pages.get(to_usize(page)).copied().unwrap_or(false),
            None => true,
        }
    }
}

/// A bit of a bitmap, of which each byte's highest comes first.
fn has_bit(bitmap: &[u8], bit: u64) -> bool {
    let byte = bitmap.get(to_usize(bit / 8)).copied().unwrap_or(0);
    byte & (0x80 >> (bit % 8)) != 0
}
