//! Chunks of what no Zarr reader can follow: their text goes into the sidecar, as numcodecs' `vlen-utf8`
//! has it.
//!
//! Of a variable-length string a global heap ID is stored: the string is looked up. Of a reference to an
//! object its address is: the text is the path of the object.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use h5meta::filter::{self, Failure, decode};
use h5meta::heap::global::{Collection, HeapId};
use h5meta::message::{Dataspace, Filter};
use h5meta::model::{Dataset, Storage};
use h5meta::wire::Cursor;
use h5meta::{Address, Sizes, Structure};

use super::{Options, codec};

/// What the elements of a chunk stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Variable-length strings.
    Strings,
    /// References to objects.
    Objects,
}

/// What it takes to look the strings of a dataset up.
#[derive(Clone, Debug)]
pub(super) struct Text {
    meaning: Meaning,
    filters: Arc<[Filter]>,
    element_size: u32,
}

impl Text {
    pub(super) fn new(
        meaning: Meaning,
        element_size: u32,
        dataset: &Dataset,
        options: &Options,
    ) -> Result<Self, String> {
        let (filters, chunk_shape) = match &dataset.storage {
            Storage::Chunked { chunk_shape, .. } => (&*dataset.filters, &**chunk_shape),
            _ => (&[][..], &[][..]),
        };
        if let Err(Failure::Unknown(id)) = filter::check(filters) {
            let named = filters.iter().find(|filter| filter.id == id).map_or("", codec::name);
            return Err(format!("filter {id} ({named})"));
        }
        // Each string takes four bytes for its length, if no more; a chunk may be larger than all.
        let elements = dataset.dataspace.as_ref().and_then(Dataspace::elements);
        let in_chunk = chunk_shape.iter().try_fold(1_u64, |n, &extent| n.checked_mul(extent));
        let most = options.max_inline_vlen / 4;
        if [elements, in_chunk].iter().any(|n| n.is_none_or(|n| n > most)) {
            let most = options.max_inline_vlen;
            return Err(format!("more than {most} bytes of variable-length strings"));
        }
        Ok(Self { meaning, filters: filters.into(), element_size })
    }

    /// A chunk of this shape.
    pub(super) fn chunk(&self, raw: Raw, filter_mask: u32, shape: &[u64]) -> TextChunk {
        let elements = shape.iter().fold(1_u64, |n, &extent| n.saturating_mul(extent));
        TextChunk {
            raw,
            filters: Arc::clone(&self.filters),
            filter_mask,
            meaning: self.meaning,
            elements: usize::try_from(elements).unwrap_or(usize::MAX),
            element_size: usize::try_from(self.element_size).unwrap_or(usize::MAX),
        }
    }
}

/// A chunk of strings that have not been looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextChunk {
    /// Its bytes, or where they are.
    pub(crate) raw: Raw,
    /// The filters it went through, and which of them were skipped.
    pub(super) filters: Arc<[Filter]>,
    pub(super) filter_mask: u32,
    pub(super) meaning: Meaning,
    /// Strings in it.
    pub(super) elements: usize,
    /// Bytes of an element.
    pub(super) element_size: usize,
}

/// A chunk's bytes, or where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Raw {
    Stored(Range<u64>),
    Here(Bytes),
}

/// A chunk's strings, by where they are.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    ids: Vec<Id>,
}

#[derive(Clone, Debug)]
enum Id {
    /// Bytes of a string, and where it is.
    Heap(u32, HeapId),
    /// What a reference leads to.
    Object(Option<Address>),
}

impl TextChunk {
    /// Bytes of its elements, without filters.
    pub(crate) fn decoded_size(&self) -> u64 {
        self.elements.saturating_mul(self.element_size) as u64
    }

    /// The strings' places, from the chunk's stored bytes.
    pub(crate) fn ids(&self, stored: &[u8], sizes: Sizes) -> Result<Ids, String> {
        let size = self.elements.saturating_mul(self.element_size);
        let plain = decode(stored, &self.filters, self.filter_mask, size)
            .map_err(|failure| format!("a chunk of {failure}"))?;
        let mut cursor = Cursor::new(&plain, Structure::Data);
        let mut ids = Vec::with_capacity(self.elements.min(plain.len()));
        for _ in 0..self.elements {
            let mut element = |_| match self.meaning {
                Meaning::Strings => {
                    let length = cursor.u32()?;
                    Ok::<_, h5meta::Error>(Id::Heap(length, HeapId::decode(&mut cursor, sizes)?))
                }
                // Address 0 is where a superblock is, and what is never written.
                Meaning::Objects => {
                    let address = cursor.address(sizes)?;
                    Ok(Id::Object(address.filter(|address| address.0 != 0)))
                }
            };
            ids.push(element(()).map_err(|error| error.to_string())?);
        }
        Ok(Ids { ids })
    }
}

impl Ids {
    /// The collections that the strings are in.
    pub(crate) fn collections(&self, wanted: &mut BTreeSet<Address>) {
        wanted.extend(self.ids.iter().filter_map(|id| match id {
            Id::Heap(1.., id) => id.collection,
            _ => None,
        }));
    }

    /// The strings as `vlen-utf8` has them: their number, then each with its length before it. What is
    /// not UTF-8 is U+FFFD, as a Zarr reader can have nothing else. `None` if they are more than `most` bytes.
    pub(crate) fn encode(
        &self,
        collection: impl Fn(Address) -> Result<Arc<Collection>, String>,
        path: impl Fn(Address) -> Option<String>,
        most: u64,
    ) -> Result<Option<Vec<u8>>, String> {
        let count = |n: usize| u32::try_from(n).map_err(|_| "a string of 4 GiB".to_owned());
        let mut encoded = count(self.ids.len())?.to_le_bytes().to_vec();
        for id in &self.ids {
            let text = match id {
                Id::Heap(length @ 1.., HeapId { collection: Some(address), object }) => {
                    let collection = collection(*address)?;
                    let bytes = collection.object(*object);
                    let bytes = bytes.ok_or("a string that its heap collection lacks")?;
                    let bytes = bytes.get(..*length as usize).unwrap_or(bytes);
                    String::from_utf8_lossy(h5meta::value::until_nul(bytes)).into()
                }
                // What was deleted, and what never was, has no path.
                Id::Object(Some(address)) => path(*address).unwrap_or_default(),
                _ => String::new(),
            };
            encoded.extend(count(text.len())?.to_le_bytes());
            encoded.extend(text.as_bytes());
            // Elements are few bytes, and may all lead to the same long string.
            if encoded.len() as u64 > most {
                return Ok(None);
            }
        }
        Ok(Some(encoded))
    }
}
