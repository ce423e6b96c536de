//! From reads back to the ranges that were wanted: several may lie in one read, and one in several.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;

use crate::source::Piece;

/// Ranges whose bytes arrive with reads, in any order.
#[derive(Debug)]
pub(super) struct Gather<'a> {
    ranges: &'a [Range<u64>],
    /// Where a read begins, and a range that it has bytes of: in order.
    of_read: Vec<(u64, usize)>,
    /// The ranges that are whole.
    whole: Vec<Bytes>,
    /// What has arrived of those that lie in several reads, by where it begins.
    parts: BTreeMap<usize, BTreeMap<u64, Bytes>>,
}

/// That a range is not all there: which one, and how many of its bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Short {
    pub(super) asked: Range<u64>,
    pub(super) received: usize,
}

impl<'a> Gather<'a> {
    /// `reads` are in order, do not overlap, and cover the ranges.
    pub(super) fn new(ranges: &'a [Range<u64>], reads: &[Range<u64>]) -> Self {
        let mut of_read = Vec::with_capacity(ranges.len());
        for (n, range) in ranges.iter().enumerate() {
            let first = reads.partition_point(|read| read.end <= range.start);
            let those = reads.iter().skip(first).take_while(|read| read.start < range.end);
            of_read.extend(those.map(|read| (read.start, n)));
        }
        of_read.sort_unstable();
        Self { ranges, of_read, whole: vec![Bytes::new(); ranges.len()], parts: BTreeMap::new() }
    }

    /// Takes what a read brought, of which a copy is kept: a large read shall not be kept alive by the small parts
    /// that are wanted of it.
    ///
    /// # Errors
    /// A range that the read brought less of than it was asked for.
    pub(super) fn take(&mut self, read: &Range<u64>, piece: &Piece) -> Result<(), Short> {
        let first = self.of_read.partition_point(|(start, _)| *start < read.start);
        let those = self.of_read.iter().skip(first).take_while(|(start, _)| *start == read.start);
        for &(_, n) in those {
            let range = &self.ranges[n];
            let part = range.start.max(read.start)..range.end.min(read.end);
            let bytes = Bytes::copy_from_slice(&cut(&part, piece.at, &piece.bytes));
            let is_short = (bytes.len() as u64) < part.end - part.start;
            if part == *range && !is_short {
                self.whole[n] = bytes;
                continue;
            }
            let parts = self.parts.entry(n).or_default();
            parts.insert(part.start, bytes);
            if is_short {
                let received = parts.values().map(Bytes::len).sum();
                return Err(Short { asked: range.clone(), received });
            }
        }
        Ok(())
    }

    /// The bytes of each range, once all reads are there.
    pub(super) fn finish(mut self) -> Vec<Bytes> {
        for (n, parts) in self.parts {
            self.whole[n] = parts.into_values().collect::<Vec<_>>().concat().into();
        }
        self.whole
    }
}

/// The bytes of a range, as many as there are, of those that begin at `at`.
pub(super) fn cut(range: &Range<u64>, at: u64, bytes: &Bytes) -> Bytes {
    let position = |to: u64| usize::try_from(to.saturating_sub(at)).unwrap_or(usize::MAX);
    let start = position(range.start).min(bytes.len());
    let end = position(range.end).min(bytes.len());
    bytes.slice(start..end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::{Policy, plan};

    fn piece(file: &Bytes, read: &Range<u64>) -> Piece {
        Piece { at: read.start, bytes: cut(read, 0, file), file_len: None }
    }

    /// However ranges lie in each other, and however small the reads are.
    #[test]
    fn every_range_gets_its_bytes() {
        let file: Bytes = (0..=u8::MAX).cycle().take(1200).collect::<Vec<_>>().into();
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..500 {
            let ranges: Vec<Range<u64>> = (0..random.usize(..20))
                .map(|_| {
                    let start = random.u64(..1000);
                    start..start + random.u64(..200)
                })
                .collect();
            let max_request = 1 + random.u64(..100);
            let policy = Policy { gap: random.u64(..50), max_request, ..Policy::default() };
            let mut reads = plan(&ranges, &policy, None);
            let mut gather = Gather::new(&ranges, &reads);
            random.shuffle(&mut reads);
            for read in &reads {
                gather.take(read, &piece(&file, read)).unwrap();
            }
            let expected: Vec<Bytes> = ranges.iter().map(|range| cut(range, 0, &file)).collect();
            assert_eq!(gather.finish(), expected);
        }
    }

    #[test]
    fn a_file_that_ends_before_is_short() {
        let file = Bytes::from_static(&[7; 25]);
        let range = 5..30;
        let mut gather = Gather::new(std::slice::from_ref(&range), &[5..20, 20..30]);
        gather.take(&(5..20), &piece(&file, &(5..20))).unwrap();
        let short = gather.take(&(20..30), &piece(&file, &(20..30)));
        assert_eq!(short, Err(Short { asked: 5..30, received: 20 }));
    }
}
