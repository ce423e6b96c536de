//! Wants that have not been sent yet.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use h5meta::Want;

use super::plan::{Policy, plan};

/// What is wanted and not sent, and what is sent and not here.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// By where it starts: what is needed, what is hinted at, and the round it belongs to.
    wanted: BTreeMap<u64, Wanted>,
    /// Reads on the wire.
    in_flight: Vec<Range<u64>>,
}

#[derive(Clone, Copy, Debug)]
struct Wanted {
    /// The end of what is needed.
    min: u64,
    /// The end of what is probably needed.
    hint: u64,
    round: u64,
}

impl Pool {
    /// Adds wants, unless a read on the wire brings them.
    pub(super) fn want(&mut self, wants: Vec<Want>, round: u64) {
        for Want { at, min, hint } in wants {
            let needed = at.0..at.0.saturating_add(min);
            if self.in_flight.iter().any(|read| covers(read, &needed)) {
                continue;
            }
            let hint = at.0.saturating_add(hint.max(min));
            self.add(at.0, Wanted { min: needed.end, hint, round });
        }
    }

    fn add(&mut self, at: u64, new: Wanted) {
        let add = |old: &mut Wanted| {
            old.min = old.min.max(new.min);
            old.hint = old.hint.max(new.hint);
            old.round = old.round.max(new.round);
        };
        self.wanted.entry(at).and_modify(add).or_insert(new);
    }

    /// A read was sent.
    pub(super) fn sent(&mut self, range: Range<u64>) {
        self.in_flight.push(range);
    }

    /// A read was answered. What it happened to bring is wanted no more.
    pub(super) fn arrived(&mut self, asked: &Range<u64>, bytes: &Bytes) {
        self.in_flight.retain(|read| read != asked);
        let got = asked.start..asked.start.saturating_add(bytes.len() as u64);
        let brought: Vec<u64> = self
            .wanted
            .range(got.clone())
            .filter(|(_, wanted)| wanted.min <= got.end)
            .map(|(&at, _)| at)
            .collect();
        for at in brought {
            self.wanted.remove(&at);
        }
    }

    /// The next reads to send, `free` at most, in order of offset; each with its round.
    pub(super) fn take(
        &mut self,
        free: usize,
        policy: &Policy,
        length: Option<u64>,
    ) -> Vec<(Range<u64>, u64)> {
        if free == 0 || self.wanted.is_empty() {
            return Vec::new();
        }
        let ranges: Vec<_> = self.wanted.iter().map(|(&at, wanted)| at..wanted.hint).collect();
        let mut reads = Vec::new();
        for read in plan(&ranges, policy, length).into_iter().take(free) {
            let starts = self.wanted.range(read.clone()).map(|(&at, _)| at).collect::<Vec<_>>();
            // A part of a range that was split has no start of its own: it goes with the part before.
            let before = reads.last().map_or(1, |(_, round)| *round);
            let round = starts.iter().filter_map(|at| self.wanted.get(at)).map(|w| w.round).max();
            for at in starts {
                let Some(wanted) = self.wanted.remove(&at) else { continue };
                // What the read does not bring to its end stays wanted, behind it.
                if wanted.hint > read.end {
                    self.add(read.end, wanted);
                }
            }
            self.in_flight.push(read.clone());
            reads.push((read, round.unwrap_or(before)));
        }
        reads
    }
}

fn covers(read: &Range<u64>, needed: &Range<u64>) -> bool {
    read.start <= needed.start && needed.end <= read.end
}
