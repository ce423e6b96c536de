//! Fixed arrays (`FAHD`, `FADB`): chunks of a dataset that cannot grow.
//!
//! Spec: VII.C, "The Fixed Array Index".

use binrw::BinRead;

use super::{Element, Record};
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Checksums, Cursor, RawAddress, RawLength, Sizes, to_u64};

/// A fixed array's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the elements are.
    pub element: Element,
    /// Elements in the array.
    pub elements: u64,
    /// Elements in a page, if there are more than that.
    pub page_elements: u64,
    /// The data block; `None` if there is none yet.
    pub data_block: Option<Address>,
    /// Whether its blocks' checksums are verified.
    pub checksums: Checksums,
}

#[derive(BinRead)]
#[br(little, import(sizes: Sizes))]
struct Fields {
    version: u8,
    client: u8,
    element_size: u8,
    page_bits: u8,
    #[br(args(sizes))]
    elements: RawLength,
    #[br(args(sizes))]
    data_block: RawAddress,
}

/// A data block's elements, or where its pages are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataBlock {
    /// All elements that have a chunk, with their numbers.
    Elements(Vec<(u64, Record)>),
    /// The pages that were written.
    Pages(Vec<Page>),
}

/// A page of a data block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it starts in the data block, in bytes.
    pub position: u64,
    /// The number of its first element.
    pub first: u64,
    /// Its elements.
    pub elements: u64,
}

impl Header {
    /// Decodes a fixed array's header.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, `Checksum`, or `Invalid` elements.
    pub fn decode(bytes: &[u8], sizes: Sizes, checksums: Checksums) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, Structure::FixedArray);
        cursor.signature(b"FAHD")?;
        let fields: Fields = cursor.fixed(Self::size(sizes).saturating_sub(8), (sizes,))?;
        cursor.known_version(fields.version, &[0])?;
        cursor.checksum(checksums)?;
        let page_elements = 1_u64.checked_shl(fields.page_bits.into());
        Ok(Self {
            element: Element::new(&cursor, fields.client, fields.element_size, sizes)?,
            elements: fields.elements.0,
            page_elements: page_elements.unwrap_or(u64::MAX),
            data_block: fields.data_block.0,
            checksums,
        })
    }

    /// The bytes of a header, checksum included.
    #[must_use]
    pub fn size(sizes: Sizes) -> u64 {
        to_u64(sizes.o()).saturating_add(to_u64(sizes.l())).saturating_add(12)
    }

    /// The bytes of the data block, without its pages if it has any.
    #[must_use]
    pub fn data_block_size(&self, sizes: Sizes) -> u64 {
        let rest = match self.is_paged() {
            true => self.bitmap_size(),
            false => self.elements.saturating_mul(self.element.size.into()),
        };
        to_u64(sizes.o()).saturating_add(rest).saturating_add(10)
    }

    /// Decodes the data block: its elements, or which pages it has.
    ///
    /// # Errors
    /// `Truncated`, `Signature`, `Version`, `Checksum`, or `Invalid` elements.
    pub fn data_block(&self, bytes: &[u8], sizes: Sizes) -> Result<DataBlock> {
        let mut cursor = Cursor::new(bytes, Structure::FixedArray);
        cursor.signature(b"FADB")?;
        cursor.version(&[0])?;
        cursor.u8()?; // client
        cursor.address(sizes)?; // of the header
        cursor.mark(if self.is_paged() { "paged data block" } else { "data block" });
        if !self.is_paged() {
            let elements = self.element.decode_run(&mut cursor, 0, self.elements, sizes)?;
            cursor.checksum(self.checksums)?;
            return Ok(DataBlock::Elements(elements));
        }
        let bitmap = cursor.take(self.bitmap_size())?;
        cursor.checksum(self.checksums)?;
        let start = cursor.position();
        let stride = self.page_size(self.page_elements);
        let mut pages = Vec::new();
        for (byte, bits) in (0_u64..).zip(bitmap) {
            for bit in (0..8_u64).filter(|bit| bits & (0x80 >> bit) != 0) {
                let page = byte.saturating_mul(8).saturating_add(bit);
                let first = page.saturating_mul(self.page_elements);
                let Some(left) = self.elements.checked_sub(first).filter(|left| *left > 0) else {
                    continue;
                };
                pages.push(Page {
                    position: start.saturating_add(page.saturating_mul(stride)),
                    first,
                    elements: left.min(self.page_elements),
                });
            }
        }
        Ok(DataBlock::Pages(pages))
    }

    /// Decodes a page's elements.
    ///
    /// # Errors
    /// `Truncated`, `Checksum`, or `Invalid` elements.
    pub fn page(&self, bytes: &[u8], page: Page, sizes: Sizes) -> Result<Vec<(u64, Record)>> {
        let mut cursor = Cursor::new(bytes, Structure::FixedArray);
        let elements = self.element.decode_run(&mut cursor, page.first, page.elements, sizes)?;
        cursor.checksum(self.checksums)?;
        Ok(elements)
    }

    /// The bytes of a page of so many elements, checksum included.
    #[must_use]
    pub fn page_size(&self, elements: u64) -> u64 {
        elements.saturating_mul(self.element.size.into()).saturating_add(4)
    }

    fn is_paged(&self) -> bool {
        self.elements > self.page_elements
    }

    /// A bit a page says whether it was written, the first page's highest.
    fn bitmap_size(&self) -> u64 {
        self.elements.div_ceil(self.page_elements.max(1)).div_ceil(8)
    }
}
