//! Wants that have not been sent yet.
//!
//! What leads on goes first: bytes that may name further bytes. The others, most of them the leaves of
//! chunk indexes, gather meanwhile, and those that lie near each other are fetched together.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use h5meta::Want;

use super::plan::{Policy, joins};

/// What is wanted and not sent, and what is sent and not here.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// By where it starts.
    wanted: BTreeMap<u64, Wanted>,
    /// Where those start that lead on.
    leading: BTreeSet<u64>,
    /// Reads on the wire: start and end.
    in_flight: BTreeSet<(u64, u64)>,
    /// Bytes of them.
    bytes: u64,
    /// The pages that metadata is in, if the file has such.
    pages: Option<Pages>,
}

/// Pages of one size, from where the file's addresses begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages {
    pub(super) base: u64,
    pub(super) size: u64,
}

#[derive(Clone, Copy, Debug)]
struct Wanted {
    /// The end of what is needed.
    min: u64,
    /// The end of what is probably needed.
    hint: u64,
    round: u64,
}

/// A read that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) range: Range<u64>,
    pub(super) round: u64,
}

impl Pool {
    /// From now on whole pages are read.
    pub(super) fn set_pages(&mut self, pages: Option<Pages>) {
        self.pages = pages;
    }

    /// Adds wants, unless a read on the wire brings them.
    pub(super) fn want(&mut self, wants: Vec<Want>, round: u64) {
        for want in wants {
            let start = want.at.0;
            let needed = start..start.saturating_add(want.min);
            if self.is_coming(&needed) {
                continue;
            }
            let hint = start.saturating_add(want.hint.max(want.min));
            let all = self.pages.map_or(start..hint, |pages| pages.around(start..hint));
            self.add(all.start, Wanted { min: needed.end, hint: all.end, round }, want.names_more);
        }
    }

    fn add(&mut self, at: u64, new: Wanted, leads: bool) {
        let add = |old: &mut Wanted| {
            old.min = old.min.max(new.min);
            old.hint = old.hint.max(new.hint);
            old.round = old.round.max(new.round);
        };
        self.wanted.entry(at).and_modify(add).or_insert(new);
        if leads {
            self.leading.insert(at);
        }
    }

    fn is_coming(&self, needed: &Range<u64>) -> bool {
        let before = self.in_flight.range(..=(needed.start, u64::MAX)).rev();
        // Reads overlap rarely: looking further back would only save a read of the same bytes.
        before.take(4).any(|&(_, end)| needed.end <= end)
    }

    /// A read was sent.
    pub(super) fn sent(&mut self, read: &Read) {
        self.in_flight.insert((read.range.start, read.range.end));
        self.bytes = self.bytes.saturating_add(read.range.end - read.range.start);
    }

    /// A read was answered, with so many bytes. What it happened to bring is wanted no more.
    pub(super) fn arrived(&mut self, read: &Read, bytes: u64) {
        let range = &read.range;
        self.in_flight.remove(&(range.start, range.end));
        self.bytes = self.bytes.saturating_sub(range.end - range.start);
        let end = range.start.saturating_add(bytes);
        let within = self.wanted.range(range.start..end);
        let brought: Vec<u64> =
            within.filter(|(_, wanted)| wanted.min <= end).map(|(&at, _)| at).collect();
        for at in brought {
            self.remove(at);
        }
    }

    fn remove(&mut self, at: u64) -> Option<(Wanted, bool)> {
        Some((self.wanted.remove(&at)?, self.leading.remove(&at)))
    }

    /// The next reads to send, each with its round: as many as the policy has room for.
    pub(super) fn take(&mut self, policy: &Policy, length: Option<u64>) -> Vec<Read> {
        let mut reads = Vec::new();
        while self.in_flight.len() < policy.concurrency.max(1)
            && (self.bytes < policy.bytes_in_flight || self.in_flight.is_empty())
            && let Some(seed) = self.seed()
        {
            let Some(read) = self.around(seed, policy, length) else { continue };
            self.sent(&read);
            reads.push(read);
        }
        reads
    }

    /// What the next read is for.
    fn seed(&self) -> Option<u64> {
        let other = || self.wanted.first_key_value().map(|(&at, _)| at);
        self.leading.first().copied().or_else(other)
    }

    /// The read for the want at `seed`, and for those around that are near enough; `None` if there is
    /// nothing to read, since the file ends before.
    fn around(&mut self, seed: u64, policy: &Policy, length: Option<u64>) -> Option<Read> {
        let mut range = seed..self.wanted.get(&seed)?.hint;
        for (&at, before) in self.wanted.range(..seed).rev() {
            if !joins(&(at..before.hint), &range, policy) {
                break;
            }
            range = at..before.hint.max(range.end);
        }
        for (&at, after) in self.wanted.range(seed.saturating_add(1)..) {
            if !joins(&range, &(at..after.hint), policy) {
                break;
            }
            range.end = after.hint.max(range.end);
        }
        let largest = range.start.saturating_add(policy.max_request.max(1));
        range.end = range.end.min(length.unwrap_or(u64::MAX)).min(largest);
        if range.is_empty() {
            self.remove(seed);
            return None;
        }
        let within: Vec<u64> = self.wanted.range(range.clone()).map(|(&at, _)| at).collect();
        let mut round = 0;
        for at in within {
            let Some((wanted, leads_on)) = self.remove(at) else { continue };
            round = round.max(wanted.round);
            // What the read does not bring to its end stays wanted, behind it.
            if wanted.hint > range.end {
                self.add(range.end, wanted, leads_on);
            }
        }
        Some(Read { range, round })
    }
}

impl Pages {
    /// The whole pages that a range is in.
    fn around(self, range: Range<u64>) -> Range<u64> {
        let down = |at: u64| {
            let within = at.saturating_sub(self.base).checked_rem(self.size).unwrap_or(0);
            at.saturating_sub(within)
        };
        let last = down(range.end.saturating_sub(1));
        down(range.start)..range.end.max(last.saturating_add(self.size))
    }
}
