//! The frontier: steps that are ready, steps that wait for bytes, wants not yet told.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use super::Want;
use super::extents::Extents;
use super::step::Step;

#[derive(Debug, Default)]
pub(super) struct Queue {
    ready: VecDeque<Step>,
    /// By the offset of what they want.
    waiting: BTreeMap<u64, Waiting>,
    /// The most bytes that any step has waited for.
    longest: u64,
    fresh: Vec<Want>,
}

/// Steps that wait for bytes from one offset on.
#[derive(Debug, Default)]
struct Waiting {
    steps: Vec<Step>,
    /// The most of them that has been wanted. What is on its way is not told again.
    told: (u64, u64),
}

impl Queue {
    /// Adds a step: ready if its bytes are here, or can never be; else it waits and is told.
    pub(super) fn push(&mut self, step: Step, extents: &Extents) {
        let Want { at, min, hint, .. } = step.want;
        if extents.has(at, min) || extents.is_past_end(at, min) {
            self.ready.push_back(step);
            return;
        }
        let waiting = self.waiting.entry(at.0).or_default();
        let (told_min, told_hint) = waiting.told;
        if min > told_min || hint > told_hint {
            self.fresh.push(step.want);
            waiting.told = (min.max(told_min), hint.max(told_hint));
        }
        waiting.steps.push(step);
        self.longest = self.longest.max(min);
    }

    /// Whether a step waits for bytes of this range.
    pub(super) fn needs(&self, range: &Range<u64>) -> bool {
        let first = range.start.saturating_sub(self.longest);
        let mut steps =
            self.waiting.range(first..range.end).flat_map(|(_, waiting)| &waiting.steps);
        steps.any(|Step { want, .. }| want.at.0.saturating_add(want.min) > range.start)
    }

    /// The next step whose bytes are here, or can never be.
    pub(super) fn ready(&mut self) -> Option<Step> {
        self.ready.pop_front()
    }

    /// The wants that have not been told before.
    pub(super) fn fresh(&mut self) -> Vec<Want> {
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.sort_unstable();
        fresh.dedup();
        fresh
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.waiting.is_empty()
    }

    /// The bytes of `run` are all here now: makes steps in it ready.
    pub(super) fn wake(&mut self, run: Range<u64>, extents: &Extents) {
        self.wake_if(run, |want| extents.has(want.at, want.min));
    }

    /// The file ends at `length`: steps that want more can only fail.
    pub(super) fn wake_past(&mut self, length: u64) {
        self.wake_if(0..u64::MAX, |want| want.at.0.saturating_add(want.min) > length);
    }

    fn wake_if(&mut self, starts: Range<u64>, can_run: impl Fn(&Want) -> bool) {
        let mut emptied = Vec::new();
        for (&at, Waiting { steps, .. }) in self.waiting.range_mut(starts) {
            steps.retain(|step| {
                let wakes = can_run(&step.want);
                if wakes {
                    self.ready.push_back(*step);
                }
                !wakes
            });
            if steps.is_empty() {
                emptied.push(at);
            }
        }
        for at in emptied {
            self.waiting.remove(&at);
        }
    }
}
