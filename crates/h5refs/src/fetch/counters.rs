//! What a run has cost so far: counted, for progress bars, summaries and tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Pace;

/// Counts that a run adds to and others may read meanwhile.
#[derive(Debug, Default)]
pub struct Counters {
    requests: AtomicU64,
    bytes: AtomicU64,
    objects: AtomicU64,
    rounds: AtomicU64,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
    pace: Mutex<Option<Pace>>,
}

/// The counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Trace {
    /// Reads sent. Retries of a source are its own.
    pub requests: u64,
    /// Bytes received.
    pub bytes: u64,
    /// The longest chain of reads of which each had to wait for the one before.
    pub waves: u64,
    /// The most reads that were in flight at once.
    pub peak_in_flight: u64,
    /// Objects found.
    pub objects: u64,
}

impl Counters {
    /// The counts now.
    #[must_use]
    pub fn trace(&self) -> Trace {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Trace {
            requests: load(&self.requests),
            bytes: load(&self.bytes),
            waves: load(&self.rounds),
            peak_in_flight: load(&self.peak_in_flight),
            objects: load(&self.objects),
        }
    }

    /// What reads were seen to cost, once a file has been walked.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn measured(&self, pace: Pace) {
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner) = Some(pace);
    }

    /// Adds what another file cost, that was read after this one; its own objects are not counted.
    pub(crate) fn include(&self, other: &Trace) {
        self.requests.fetch_add(other.requests, Ordering::Relaxed);
        self.bytes.fetch_add(other.bytes, Ordering::Relaxed);
        self.peak_in_flight.fetch_max(other.peak_in_flight, Ordering::Relaxed);
    }

    /// Adds the rounds of files that were read at one time: those of the slowest.
    pub(crate) fn include_rounds(&self, rounds: u64) {
        self.rounds.fetch_add(rounds, Ordering::Relaxed);
    }

    pub(super) fn objects(&self, found: u64) {
        self.objects.store(found, Ordering::Relaxed);
    }

    /// The round after all that were sent.
    pub(super) fn next_round(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed).saturating_add(1)
    }

    /// A read of this round is sent; it is in flight until what is returned is dropped.
    pub(super) fn sent(&self, round: u64) -> Sent<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.rounds.fetch_max(round, Ordering::Relaxed);
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        self.peak_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        Sent(self)
    }
}

/// A read in flight.
#[derive(Debug)]
pub(super) struct Sent<'a>(&'a Counters);

impl Sent<'_> {
    pub(super) fn landed(self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
