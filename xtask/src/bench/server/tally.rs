//! What clients asked for, counted where they cannot forget anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts since the server started, or since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    requests: AtomicU64,
    bytes: AtomicU64,
    in_flight: AtomicU64,
    peak: AtomicU64,
}

/// What one client asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Requests of every kind, not of ranges only.
    pub(crate) requests: u64,
    /// Bytes of bodies that were sent.
    pub(crate) bytes: u64,
    /// The most requests that were being answered at one time.
    pub(crate) peak: u64,
}

impl Seen {
    /// Both together, one after the other.
    pub(crate) fn and(self, later: Self) -> Self {
        Self {
            requests: self.requests + later.requests,
            bytes: self.bytes + later.bytes,
            peak: self.peak.max(later.peak),
        }
    }
}

impl Tally {
    /// What was counted since this was last called.
    pub(crate) fn take(&self) -> Seen {
        Seen {
            requests: self.requests.swap(0, Relaxed),
            bytes: self.bytes.swap(0, Relaxed),
            peak: self.peak.swap(self.in_flight.load(Relaxed), Relaxed),
        }
    }

    /// A request is in flight until what is returned is dropped.
    pub(super) fn asked(self: &Arc<Self>) -> Asked {
        self.requests.fetch_add(1, Relaxed);
        let in_flight = self.in_flight.fetch_add(1, Relaxed) + 1;
        self.peak.fetch_max(in_flight, Relaxed);
        Asked(Arc::clone(self))
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Asked(Arc<Tally>);

impl Asked {
    pub(super) fn sent(&self, bytes: usize) {
        self.0.bytes.fetch_add(bytes as u64, Relaxed);
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
