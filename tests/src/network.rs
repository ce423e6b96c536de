//! A network in simulated time: what a read takes there, on any machine, on every run the same.
//!
//! In a runtime whose clock is paused, waiting takes no time and the clock jumps to what is waited
//! for; so a run takes as long as its reads do, and computing takes nothing.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use h5refs::Result;
use h5refs::source::{Piece, Source};
use tokio::time::Instant;

/// What reading costs.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// From a request to its first byte.
    pub first_byte: Duration,
    /// Requests answered in a second, of all connections together.
    pub requests: f64,
    /// Bytes a second of one connection.
    pub connection: f64,
    /// Bytes a second of all connections together.
    pub bandwidth: f64,
}

impl Speed {
    /// A store in the same region: 30 ms to the first byte, 90 MB/s a connection. A small machine can ask it
    /// 4,000 times a second, and take in 300 MB/s.
    pub const REGION: Self = Self {
        first_byte: Duration::from_millis(30),
        requests: 4_000.0,
        connection: 90e6,
        bandwidth: 300e6,
    };

    /// The cost of a plan by the model: `rounds x first byte + requests / rate + bytes / bandwidth`.
    #[must_use]
    pub fn cost(&self, waves: u64, requests: u64, bytes: u64) -> f64 {
        waves as f64 * self.first_byte.as_secs_f64()
            + requests as f64 / self.requests
            + bytes as f64 / self.bandwidth
    }
}

/// A source behind a network.
#[derive(Debug)]
pub struct Network<S> {
    source: S,
    speed: Speed,
    /// When the next request can be sent, and the next bytes.
    free: Mutex<Option<(Instant, Instant)>>,
}

impl<S> Network<S> {
    /// The source behind a network of this speed.
    pub fn new(source: S, speed: Speed) -> Self {
        Self { source, speed, free: Mutex::default() }
    }

    /// When a request that is sent now is answered.
    fn turn(&self, bytes: u64) -> Instant {
        let now = Instant::now();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (request, line) = free.unwrap_or((now, now));
        let sent = request.max(now);
        let begins = sent + self.speed.first_byte;
        let shared =
            line.max(begins) + Duration::from_secs_f64(bytes as f64 / self.speed.bandwidth);
        let own = begins + Duration::from_secs_f64(bytes as f64 / self.speed.connection);
        *free = Some((sent + Duration::from_secs_f64(1.0 / self.speed.requests), shared));
        shared.max(own)
    }
}

#[async_trait]
impl<S: Source> Source for Network<S> {
    fn url(&self) -> &str {
        self.source.url()
    }

    fn first_byte(&self) -> Option<Duration> {
        Some(self.speed.first_byte)
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        let piece = self.source.read(range).await?;
        let ends = self.turn(piece.bytes.len() as u64);
        tokio::time::sleep_until(ends).await;
        Ok(piece)
    }
}
