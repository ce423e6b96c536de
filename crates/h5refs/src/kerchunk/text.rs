//! Chunks of variable-length strings: their text goes into the sidecar.
//!
//! What is stored of such a chunk is a global heap ID an element, which no Zarr reader can follow. The
//! text is looked up here, and written as numcodecs' `vlen-utf8` has it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use h5meta::filter::decode;
use h5meta::heap::global::{Collection, HeapId};
use h5meta::message::Filter;
use h5meta::message::datatype::StringType;
use h5meta::wire::Cursor;
use h5meta::{Address, Sizes, Structure};

/// A chunk of strings that have not been looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextChunk {
    /// Its bytes, or where they are.
    pub(crate) raw: Raw,
    /// The filters it went through, and which of them were skipped.
    pub(super) filters: Arc<[Filter]>,
    pub(super) filter_mask: u32,
    /// Strings in it.
    pub(super) elements: usize,
    /// Bytes of an ID.
    pub(super) element_size: usize,
    pub(super) string: StringType,
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
    ids: Vec<(u32, HeapId)>,
    string: StringType,
}

impl TextChunk {
    /// The strings' places, from the chunk's stored bytes.
    pub(crate) fn ids(&self, stored: &[u8], sizes: Sizes) -> Result<Ids, String> {
        let size = self.elements.saturating_mul(self.element_size);
        let plain = decode(stored, &self.filters, self.filter_mask, size)
            .map_err(|failure| format!("a chunk of {failure}"))?;
        let mut cursor = Cursor::new(&plain, Structure::Data);
        let mut ids = Vec::with_capacity(self.elements.min(plain.len()));
        for _ in 0..self.elements {
            let mut element = |_| {
                let length = cursor.u32()?;
                Ok::<_, h5meta::Error>((length, HeapId::decode(&mut cursor, sizes)?))
            };
            ids.push(element(()).map_err(|error| error.to_string())?);
        }
        Ok(Ids { ids, string: self.string })
    }
}

impl Ids {
    /// The collections that the strings are in.
    pub(crate) fn collections(&self, wanted: &mut BTreeSet<Address>) {
        let used = self.ids.iter().filter(|(length, _)| *length > 0);
        wanted.extend(used.filter_map(|(_, id)| id.collection));
    }

    /// The strings as `vlen-utf8` has them: their number, then each with its length before it. What is
    /// not UTF-8 is U+FFFD, as a Zarr reader can have nothing else.
    pub(crate) fn encode(
        &self,
        collection: impl Fn(Address) -> Result<Arc<Collection>, String>,
    ) -> Result<Vec<u8>, String> {
        let count = |n: usize| u32::try_from(n).map_err(|_| "a string of 4 GiB".to_owned());
        let mut encoded = count(self.ids.len())?.to_le_bytes().to_vec();
        for (length, id) in &self.ids {
            let mut text = String::new();
            if let (1.., Some(address)) = (length, id.collection) {
                let collection = collection(address)?;
                let object = collection.object(id.object);
                let object = object.ok_or("a string that its heap collection lacks")?;
                let bytes = object.get(..*length as usize).unwrap_or(object);
                text = String::from_utf8_lossy(h5meta::value::unpadded(bytes, self.string)).into();
            }
            encoded.extend(count(text.len())?.to_le_bytes());
            encoded.extend(text.as_bytes());
        }
        Ok(encoded)
    }
}
