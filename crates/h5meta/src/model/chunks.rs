//! A dataset's chunks, in columns: a dataset may have millions.

use crate::wire::{FileOffset, to_u64};

/// Where the chunks of one dataset are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChunkTable {
    rank: usize,
    /// `rank` numbers a chunk.
    offsets: Vec<u64>,
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    at: FileOffset,
    size: u64,
    filter_mask: u32,
}

/// One chunk of a [`ChunkTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Its first element, in elements, a dimension at a time.
    pub offset: &'a [u64],
    /// Where its bytes are.
    pub at: FileOffset,
    /// How many bytes are stored, after filters.
    pub size: u64,
    /// Bit n is set if filter n was skipped.
    pub filter_mask: u32,
}

impl ChunkTable {
    /// An empty table for a dataset of `rank` dimensions.
    #[must_use]
    pub fn new(rank: usize) -> Self {
        Self { rank, offsets: Vec::new(), places: Vec::new() }
    }

    /// Bytes that each of its chunks takes.
    pub(crate) fn bytes_a_chunk(&self) -> u64 {
        to_u64(size_of::<Place>()).saturating_add(to_u64(self.rank).saturating_mul(8))
    }

    /// Makes room for so many chunks more, and no more than that: growing would take as much again, and more.
    pub(crate) fn reserve(&mut self, chunks: usize) {
        self.offsets.reserve_exact(chunks.saturating_mul(self.rank));
        self.places.reserve_exact(chunks);
    }

    /// Adds a chunk; dimensions beyond the rank are ignored, missing ones are 0.
    pub(crate) fn push(
        &mut self,
        offset: impl Iterator<Item = u64>,
        at: FileOffset,
        size: u64,
        filter_mask: u32,
    ) {
        self.offsets.extend(offset.chain(std::iter::repeat(0)).take(self.rank));
        self.places.push(Place { at, size, filter_mask });
    }

    /// The number of chunks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no chunk.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The bytes of all chunks together.
    #[must_use]
    pub fn stored_size(&self) -> u64 {
        self.places.iter().fold(0, |sum, place| sum.saturating_add(place.size))
    }

    /// The chunks, by offset.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Chunk<'_>> {
        self.places.iter().enumerate().map(|(n, place)| Chunk {
            offset: self.offset(n),
            at: place.at,
            size: place.size,
            filter_mask: place.filter_mask,
        })
    }

    fn offset(&self, n: usize) -> &[u64] {
        let start = n.saturating_mul(self.rank);
        self.offsets.get(start..start.saturating_add(self.rank)).unwrap_or_default()
    }

    /// Puts the chunks in order of offset: they arrive in the order the network gives.
    pub(crate) fn sort(&mut self) {
        // The place decides between two chunks of one offset, which only a broken file has.
        let key = |n: usize| (self.offset(n), self.places.get(n).map(|place| place.at));
        if (1..self.len()).all(|n| key(n.saturating_sub(1)) <= key(n)) {
            return;
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_unstable_by_key(|&n| key(n));
        let mut table = Self::new(self.rank);
        for n in order {
            if let Some(&Place { at, size, filter_mask }) = self.places.get(n) {
                table.push(self.offset(n).iter().copied(), at, size, filter_mask);
            }
        }
        *self = table;
    }
}
