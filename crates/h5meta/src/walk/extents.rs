//! The bytes supplied so far, by file offset.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::wire::{FileOffset, to_u64, to_usize};

/// Pieces of a file that do not overlap.
#[derive(Debug, Default)]
pub(super) struct Extents {
    pieces: BTreeMap<u64, Bytes>,
    length: Option<u64>,
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
            let known = self.known_from(at);
            if known > at {
                let skip = to_usize(known.saturating_sub(at)).min(rest.len());
                rest = rest.split_off(skip);
                at = known;
                continue;
            }
            let next = self.pieces.range(at..).next().map_or(u64::MAX, |(&next, _)| next);
            let fits = to_usize(next.saturating_sub(at)).min(rest.len());
            let more = rest.split_off(fits);
            self.pieces.insert(at, rest);
            at = at.saturating_add(to_u64(fits));
            rest = more;
        }
        self.run_around(start)
    }

    /// Where the piece at `at` ends, or `at` if there is none.
    fn known_from(&self, at: u64) -> u64 {
        match self.pieces.range(..=at).next_back() {
            Some((&start, piece)) => start.saturating_add(to_u64(piece.len())).max(at),
            None => at,
        }
    }

    /// The unbroken run of pieces that `at` is in.
    fn run_around(&self, at: u64) -> Range<u64> {
        let mut end = at;
        while self.known_from(end) > end {
            end = self.known_from(end);
        }
        let mut start = at;
        for (&piece_start, piece) in self.pieces.range(..=at).rev() {
            if piece_start.saturating_add(to_u64(piece.len())) < start {
                break;
            }
            start = piece_start;
        }
        start..end
    }

    /// Bytes known without a break from `at` on.
    pub(super) fn available(&self, at: FileOffset) -> u64 {
        self.run_around(at.0).end.saturating_sub(at.0)
    }

    /// Whether the `min` bytes from `at` on are known.
    pub(super) fn has(&self, at: FileOffset, min: u64) -> bool {
        let mut end = at.0;
        let wanted = at.0.saturating_add(min);
        while end < wanted {
            let known = self.known_from(end);
            if known == end {
                return false;
            }
            end = known;
        }
        true
    }

    /// Whether the `min` bytes from `at` on can never be known.
    pub(super) fn is_past_end(&self, at: FileOffset, min: u64) -> bool {
        self.length.is_some_and(|length| at.0.saturating_add(min) > length)
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
        while to_u64(joined.len()) < min {
            let next = self.prefix(FileOffset(at.0.saturating_add(to_u64(joined.len()))));
            joined.extend_from_slice(&next);
        }
        Some(joined.freeze())
    }

    /// What one piece holds from `at` on: perhaps nothing.
    pub(super) fn prefix(&self, at: FileOffset) -> Bytes {
        let Some((&start, piece)) = self.pieces.range(..=at.0).next_back() else {
            return Bytes::new();
        };
        let skip = to_usize(at.0.saturating_sub(start));
        if skip < piece.len() { piece.slice(skip..) } else { Bytes::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(range: Range<u8>) -> Bytes {
        Bytes::from_iter(range)
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
        assert_eq!(extents.available(FileOffset(8)), 4);
        assert!(extents.has(FileOffset(8), 4) && !extents.has(FileOffset(8), 5));
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
}
