//! The bytes supplied so far, by file offset.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::wire::{FileOffset, to_u64, to_usize};

/// Pieces of a file that do not overlap.
#[derive(Debug, Default)]
pub(super) struct Extents {
    pieces: BTreeMap<u64, Bytes>,
    /// Where each unbroken run of pieces starts and ends, however many pieces it is.
    runs: BTreeMap<u64, u64>,
    length: Option<u64>,
    /// Bytes that count in place of the file's, from where they belong: see `lay_over`.
    over: BTreeMap<u64, Bytes>,
    /// Where the pieces start, those that came first before the others.
    arrived: VecDeque<u64>,
    /// Bytes of all pieces.
    kept: u64,
}

impl Extents {
    pub(super) fn set_length(&mut self, length: u64) {
        self.length = Some(length);
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Keeps what of `bytes` is new. Gives the run of bytes now known around it.
    pub(super) fn insert(&mut self, at: FileOffset, bytes: Bytes) -> Range<u64> {
        let (start, mut rest) = (at.0, bytes);
        let mut at = start;
        while !rest.is_empty() {
            // What is there already stays; what is not, up to the next piece, is added.
            let known = self.known_until(at);
            if known > at {
                let skip = to_usize(known.saturating_sub(at)).min(rest.len());
                rest = rest.split_off(skip);
                at = known;
                continue;
            }
            let next = self.pieces.range(at..).next().map_or(u64::MAX, |(&next, _)| next);
            let fits = to_usize(next.saturating_sub(at)).min(rest.len());
            let more = rest.split_off(fits);
            self.kept = self.kept.saturating_add(to_u64(rest.len()));
            self.arrived.push_back(at);
            self.pieces.insert(at, rest);
            at = at.saturating_add(to_u64(fits));
            rest = more;
        }
        self.join(start..at)
    }

    /// Joins a range, all of it known now, with the runs that it touches.
    fn join(&mut self, range: Range<u64>) -> Range<u64> {
        let before = self.runs.range(..=range.start).next_back();
        let before = before.filter(|&(_, &end)| end >= range.start);
        let start = before.map_or(range.start, |(&start, _)| start);
        let mut end = range.end;
        while let Some((&next, &next_end)) = self.runs.range(start..=end).next() {
            end = end.max(next_end);
            self.runs.remove(&next);
        }
        if end > start {
            self.runs.insert(start, end);
        }
        start..end
    }

    /// Forgets the pieces that came first, until there are no more than `most` bytes. Those that are
    /// needed stay.
    pub(super) fn forget(&mut self, most: u64, is_needed: impl Fn(&Range<u64>) -> bool) {
        // Not all of them each time: where nearly all are needed that would take the square.
        let mut candidates = self.arrived.len().min(16);
        while self.kept > most && candidates > 0 {
            candidates = candidates.saturating_sub(1);
            let Some(start) = self.arrived.pop_front() else { return };
            let length = self.pieces.get(&start).map_or(0, |piece| to_u64(piece.len()));
            let range = start..start.saturating_add(length);
            if is_needed(&range) {
                self.arrived.push_back(start);
                continue;
            }
            self.pieces.remove(&start);
            self.kept = self.kept.saturating_sub(length);
            self.part(range);
        }
    }

    /// Takes a range that is all in one run out of it.
    fn part(&mut self, range: Range<u64>) {
        let Some((&start, &end)) = self.runs.range(..=range.start).next_back() else { return };
        self.runs.remove(&start);
        for rest in [start..range.start, range.end..end] {
            if !rest.is_empty() {
                self.runs.insert(rest.start, rest.end);
            }
        }
    }

    /// Where the run that `at` is in ends, or `at` if it is in none.
    fn known_until(&self, at: u64) -> u64 {
        self.runs.range(..=at).next_back().map_or(at, |(_, &end)| end.max(at))
    }

    /// Puts bytes in place of the file's own, whether those have arrived or not. `false` if there are
    /// others in the same place.
    pub(super) fn lay_over(&mut self, at: FileOffset, bytes: Bytes) -> bool {
        let end = at.0.saturating_add(to_u64(bytes.len()));
        let before = self.over.range(..end).next_back();
        let free =
            before.is_none_or(|(start, other)| start.saturating_add(to_u64(other.len())) <= at.0);
        if free && !bytes.is_empty() {
            self.over.insert(at.0, bytes);
        }
        free
    }

    /// Whether the `min` bytes from `at` on are known.
    pub(super) fn has(&self, at: FileOffset, min: u64) -> bool {
        // Behind the last offset there is nothing.
        let Some(end) = at.0.checked_add(min) else { return false };
        let mut known = at.0;
        while known < end {
            let next = match self.laid_over(known) {
                Ok(over) => known.saturating_add(to_u64(over.len())),
                Err(until) => self.known_until(known).min(until),
            };
            if next == known {
                return false;
            }
            known = next;
        }
        true
    }

    /// The bytes that are laid over the file's from `at` on, or where the next such bytes start.
    fn laid_over(&self, at: u64) -> Result<Bytes, u64> {
        if let Some((start, bytes)) = self.over.range(..=at).next_back() {
            let skip = to_usize(at.saturating_sub(*start));
            if skip < bytes.len() {
                return Ok(bytes.slice(skip..));
            }
        }
        Err(self.over.range(at..).next().map_or(u64::MAX, |(start, _)| *start))
    }

    /// Bytes that the file has from `at` on, whether or not they are known.
    pub(super) fn in_file(&self, at: FileOffset) -> u64 {
        self.length.unwrap_or(0).saturating_sub(at.0)
    }

    /// Whether the `min` bytes from `at` on can never be known.
    pub(super) fn is_past_end(&self, at: FileOffset, min: u64) -> bool {
        // No file is so long that it has a byte behind the last offset.
        let Some(end) = at.0.checked_add(min) else { return true };
        let past = self.length.is_some_and(|length| end > length);
        past && !(self.laid_over(at.0).is_ok() && self.has(at, min))
    }

    /// At least `min` bytes from `at` on, without a copy where one piece holds them.
    pub(super) fn slice(&self, at: FileOffset, min: u64) -> Option<Bytes> {
        let first = self.prefix(at);
        if to_u64(first.len()) >= min {
            return Some(first);
        }
        if !self.has(at, min) {
            return None;
        }
        let mut joined = BytesMut::with_capacity(to_usize(min));
        while joined.len() < to_usize(min) {
            let next = self.prefix(FileOffset(at.0.saturating_add(to_u64(joined.len()))));
            // The last piece may be the rest of the file: no more of it is copied than is asked for.
            let missing = to_usize(min).saturating_sub(joined.len());
            if next.is_empty() {
                return None;
            }
            joined.extend_from_slice(next.get(..missing).unwrap_or(&next));
        }
        Some(joined.freeze())
    }

    /// What one piece holds from `at` on: perhaps nothing.
    pub(super) fn prefix(&self, at: FileOffset) -> Bytes {
        let until = match self.laid_over(at.0) {
            Ok(over) => return over,
            Err(until) => until,
        };
        let Some((&start, piece)) = self.pieces.range(..=at.0).next_back() else {
            return Bytes::new();
        };
        let skip = to_usize(at.0.saturating_sub(start));
        let end = to_usize(until.saturating_sub(start)).min(piece.len());
        if skip < end { piece.slice(skip..end) } else { Bytes::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(range: Range<u8>) -> Bytes {
        Bytes::from_iter(range)
    }

    #[test]
    fn nothing_is_known_where_offsets_end() {
        let mut extents = Extents::default();
        extents.insert(FileOffset(0), piece(0..40));
        for at in [u64::MAX, u64::MAX - 5] {
            assert!(!extents.has(FileOffset(at), 11));
            assert_eq!(extents.slice(FileOffset(at), 11), None);
            assert!(extents.is_past_end(FileOffset(at), 11), "whatever the length is");
        }
    }

    #[test]
    fn overlapping_pieces_are_kept_once() {
        let mut extents = Extents::default();
        assert_eq!(extents.insert(FileOffset(10), piece(10..20)), 10..20);
        assert_eq!(extents.insert(FileOffset(30), piece(30..40)), 30..40);
        assert_eq!(extents.insert(FileOffset(5), piece(5..50)), 5..50);
        assert_eq!(extents.slice(FileOffset(5), 45).unwrap(), piece(5..50));
        let total: usize = extents.pieces.values().map(Bytes::len).sum();
        assert_eq!(total, 45);
    }

    #[test]
    fn a_slice_may_span_pieces_but_no_gap() {
        let mut extents = Extents::default();
        extents.insert(FileOffset(0), piece(0..10));
        assert_eq!(extents.insert(FileOffset(10), piece(10..12)), 0..12);
        extents.insert(FileOffset(13), piece(13..20));
        assert_eq!(extents.slice(FileOffset(8), 4).unwrap(), piece(8..12));
        assert_eq!(extents.slice(FileOffset(8), 5), None);
        assert!(extents.has(FileOffset(8), 4) && !extents.has(FileOffset(8), 5));
    }

    #[test]
    fn however_many_pieces_a_run_is_one() {
        let mut extents = Extents::default();
        for at in (0..200).rev().chain(0..200) {
            extents.insert(FileOffset(at.into()), piece(at..at + 1));
        }
        assert_eq!((extents.pieces.len(), extents.runs.len()), (200, 1));
        assert_eq!(extents.insert(FileOffset(200), Bytes::new()), 0..200);
        assert_eq!(extents.insert(FileOffset(300), Bytes::new()), 300..300);
        assert_eq!(extents.slice(FileOffset(3), 190).unwrap(), piece(3..193));
        assert_eq!(extents.runs.len(), 1);
    }

    #[test]
    fn what_came_first_is_forgotten_unless_it_is_needed() {
        let mut extents = Extents::default();
        for at in [40, 0, 10, 20] {
            extents.insert(FileOffset(at.into()), piece(at..at + 10));
        }
        extents.forget(20, |range| range.contains(&5));
        assert_eq!(extents.runs, BTreeMap::from([(0, 10), (20, 30)]));
        assert_eq!(extents.slice(FileOffset(22), 3).unwrap(), piece(22..30));
        assert!(!extents.has(FileOffset(8), 4) && !extents.has(FileOffset(40), 1));
        // It may come again, and is then the last.
        assert_eq!(extents.insert(FileOffset(5), piece(5..25)), 0..30);
        extents.forget(10, |_| false);
        assert_eq!(extents.runs, BTreeMap::from([(10, 20)]));
        extents.forget(0, |_| true);
        assert_eq!(extents.kept, 10);
    }

    #[test]
    fn what_lies_past_the_end_is_known_to() {
        let mut extents = Extents::default();
        assert!(!extents.is_past_end(FileOffset(90), 20));
        extents.set_length(100);
        assert!(extents.is_past_end(FileOffset(90), 20));
        assert!(!extents.is_past_end(FileOffset(90), 10));
        assert!(extents.is_past_end(FileOffset(u64::MAX), 10));
    }

    #[test]
    fn what_is_laid_over_counts() {
        let mut extents = Extents::default();
        extents.set_length(100);
        assert!(extents.lay_over(FileOffset(10), piece(200..205)));
        assert!(!extents.lay_over(FileOffset(8), piece(0..3)), "it overlaps");
        assert!(extents.lay_over(FileOffset(15), piece(210..212)), "side by side");
        assert!(extents.has(FileOffset(10), 7) && !extents.has(FileOffset(9), 2));
        assert_eq!(
            extents.slice(FileOffset(10), 7).unwrap()[..],
            [200, 201, 202, 203, 204, 210, 211]
        );
        // The file's own bytes are around it, before and after they arrive.
        extents.insert(FileOffset(0), piece(0..40));
        assert_eq!(extents.slice(FileOffset(8), 4).unwrap()[..], [8, 9, 200, 201]);
        assert_eq!(extents.slice(FileOffset(16), 3).unwrap()[..], [211, 17, 18]);
        assert_eq!(extents.slice(FileOffset(0), 8).unwrap().len(), 10);
        // What is laid over may be where the file has no bytes.
        assert!(extents.lay_over(FileOffset(200), piece(0..9)));
        assert!(
            !extents.is_past_end(FileOffset(200), 9) && extents.is_past_end(FileOffset(200), 10)
        );
    }
}
