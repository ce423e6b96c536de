//! Requests on the wire: how many there may be at once, and what they cost.
//!
//! All files that an [`Opener`](super::Opener) opens share one budget of requests in flight, so that many files
//! at once load a server no more than one does. A request has its part of the budget from before it is sent
//! until its body has arrived, and none while a retry of it is waited for.

mod histogram;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::histogram::Histogram;

/// The requests of all sources of one opener: counted while they run, and bounded.
///
/// Every request counts that is really sent: redirects and retries, and with object stores the look-ups of
/// credentials too.
#[derive(Debug)]
pub struct Traffic {
    slots: Arc<Semaphore>,
    requests: AtomicU64,
    retries: AtomicU64,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
    first_byte: Histogram,
}

/// The counts of [`Traffic`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct TrafficSummary {
    /// Requests sent, retries among them.
    pub requests: u64,
    /// Requests of reads that were sent again.
    pub retries: u64,
    /// The most requests that were in flight at once.
    pub peak_in_flight: u64,
    /// How long servers took to answer; `None` if none did.
    pub first_byte: Option<FirstByte>,
}

/// Times from a request to the headers of its answer; making the connection is in them, where one was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct FirstByte {
    /// The shortest.
    pub min: Duration,
    /// The median, to about 3 %.
    pub p50: Duration,
    /// What 99 of 100 did not exceed, to about 3 %.
    pub p99: Duration,
}

impl Traffic {
    /// No traffic yet, with `concurrency` requests at once at most (at least one).
    pub(crate) fn new(concurrency: usize) -> Arc<Self> {
        let slots = Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)));
        Arc::new(Self {
            slots,
            requests: AtomicU64::default(),
            retries: AtomicU64::default(),
            in_flight: AtomicU64::default(),
            peak_in_flight: AtomicU64::default(),
            first_byte: Histogram::default(),
        })
    }

    /// The counts now.
    #[must_use]
    pub fn summary(&self) -> TrafficSummary {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let time = |share| self.first_byte.quantile(share);
        let first_byte = self.first_byte.min().zip(time(0.5)).zip(time(0.99));
        TrafficSummary {
            requests: load(&self.requests),
            retries: load(&self.retries),
            peak_in_flight: load(&self.peak_in_flight),
            first_byte: first_byte.map(|((min, p50), p99)| FirstByte { min, p50, p99 }),
        }
    }

    /// The shortest time from a request to the headers of its answer.
    pub(crate) fn first_byte(&self) -> Option<Duration> {
        self.first_byte.min()
    }

    /// Waits for a place on the wire. It is taken until what is returned is dropped.
    pub(crate) async fn enter(self: &Arc<Self>) -> OnWire {
        // The semaphore is never closed.
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        self.peak_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        OnWire { traffic: Arc::clone(self), _slot: slot, sent: Instant::now() }
    }
}

/// A place on the wire: one request at a time, several one after the other where a redirect is followed.
#[derive(Debug)]
pub(crate) struct OnWire {
    traffic: Arc<Traffic>,
    _slot: Option<OwnedSemaphorePermit>,
    sent: Instant,
}

impl OnWire {
    /// A request is sent now; `again` says whether it is a retry.
    pub(crate) fn send(&mut self, again: bool) {
        self.traffic.requests.fetch_add(1, Ordering::Relaxed);
        self.traffic.retries.fetch_add(again.into(), Ordering::Relaxed);
        self.sent = Instant::now();
    }

    /// The headers of its answer are here.
    pub(crate) fn answered(&self) {
        self.traffic.first_byte.record(self.sent.elapsed());
    }
}

impl Drop for OnWire {
    fn drop(&mut self) {
        self.traffic.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_more_than_the_budget_is_on_the_wire() {
        let traffic = Traffic::new(2);
        let (first, _second) = (traffic.enter().await, traffic.enter().await);
        let third = traffic.enter();
        let mut third = std::pin::pin!(third);
        let waited = tokio::time::timeout(Duration::from_millis(20), &mut third).await;
        assert!(waited.is_err());
        drop(first);
        let _third = third.await;
        assert_eq!(traffic.summary().peak_in_flight, 2);
    }

    #[tokio::test]
    async fn what_is_sent_is_counted() {
        let traffic = Traffic::new(0);
        assert_eq!(traffic.summary(), TrafficSummary::default());
        let mut on_wire = traffic.enter().await;
        for again in [false, true, false] {
            on_wire.send(again);
            on_wire.answered();
        }
        let summary = traffic.summary();
        assert_eq!((summary.requests, summary.retries, summary.peak_in_flight), (3, 1, 1));
        assert!(summary.first_byte.is_some_and(|times| times.p99 < Duration::from_secs(1)));
    }
}
