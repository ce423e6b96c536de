//! References that wait for bytes: nothing here does I/O. What is to be read is named, and put in place by
//! whoever has read it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::text::TextChunk;
use super::transcode::ToDecode;
use super::{Entry, Key, Reference, References};

impl References {
    /// The byte ranges of the chunks that are to be inlined.
    #[must_use]
    pub fn to_inline(&self) -> Vec<Range<u64>> {
        let range = |(_, reference): &Entry| match reference {
            Reference::ToInline(range) => Some(range.clone()),
            _ => None,
        };
        self.entries.iter().filter_map(range).collect()
    }

    /// Puts chunks in place, in the order of [`References::to_inline`].
    pub fn inline(&mut self, chunks: Vec<Bytes>) {
        let pending = self.entries.iter_mut().map(|(_, reference)| reference);
        let pending = pending.filter(|reference| matches!(reference, Reference::ToInline(_)));
        for (reference, bytes) in pending.zip(chunks) {
            *reference = Reference::Inline((*bytes).into());
        }
    }

    /// The chunks that are to be decoded, with their keys.
    pub(crate) fn to_decode(&self) -> Vec<(Key, ToDecode)> {
        let chunk = |(key, reference): &Entry| match reference {
            Reference::ToDecode(chunk) => Some((key.clone(), (**chunk).clone())),
            _ => None,
        };
        self.entries.iter().filter_map(chunk).collect()
    }

    /// Decodes chunks and puts them in place, each with its stored bytes. An array of which one cannot be
    /// decoded is taken out.
    pub(crate) fn decode(&mut self, chunks: impl Iterator<Item = ((Key, ToDecode), Bytes)>) {
        let mut lost = BTreeMap::new();
        for ((key, chunk), stored) in chunks {
            match chunk.decode(&stored) {
                Ok(plain) => self.put(&key, (*plain).into()),
                Err(why) => {
                    lost.entry(key.path().to_owned()).or_insert(why);
                }
            }
        }
        self.take_out(lost);
    }

    /// The byte ranges of other files that are to be inlined, by file.
    pub(crate) fn to_inline_elsewhere(&self) -> BTreeMap<Arc<str>, Vec<Range<u64>>> {
        let mut ranges: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (_, reference) in &self.entries {
            if let Reference::Elsewhere(at) = reference
                && at.inline
            {
                ranges.entry(Arc::clone(&at.file)).or_default().push(at.range.clone());
            }
        }
        ranges
    }

    /// Puts chunks of another file in place, in the order of [`References::to_inline_elsewhere`].
    pub(crate) fn inline_elsewhere(&mut self, of: &str, chunks: Vec<Bytes>) {
        let pending = self.entries.iter_mut().map(|(_, reference)| reference);
        let pending = pending.filter(|reference| {
            matches!(reference, Reference::Elsewhere(at) if at.inline && *at.file == *of)
        });
        for (reference, bytes) in pending.zip(chunks) {
            *reference = Reference::Inline((*bytes).into());
        }
    }

    /// The chunks of strings that are to be looked up, with their keys.
    pub(crate) fn texts(&self) -> Vec<(Key, TextChunk)> {
        let text = |(key, reference): &Entry| match reference {
            Reference::Text(chunk) => Some((key.clone(), (**chunk).clone())),
            _ => None,
        };
        self.entries.iter().filter_map(text).collect()
    }

    /// Puts a chunk in place.
    pub(crate) fn put(&mut self, key: &Key, bytes: Box<[u8]>) {
        if let Some((_, reference)) = self.find(key).and_then(|n| self.entries.get_mut(n)) {
            *reference = Reference::Inline(bytes);
        }
    }
}
