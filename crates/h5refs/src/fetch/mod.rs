//! The fetch: what the walk wants, through as few dependent round trips as the file allows.
//!
//! There is no wave barrier. A piece that lands is decoded while others are on the wire, and what it
//! names is asked for at once. Only where more is wanted than may be in flight do wants queue up, and
//! then they are merged by [`plan()`].
//!
//! What a walk costs is `rounds x time to the first byte + requests / request rate + bytes /
//! bandwidth`; [`Policy`] says how the three are traded, and [`Pace`] how it follows what they cost here.

mod counters;
mod gather;
mod pace;
mod plan;
mod pool;

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use h5meta::wire::Checksums;
use h5meta::{FileOffset, Index, Limits, Need, Problem, Walk, Want};
use tokio::time::Instant;

pub use counters::{Counters, Trace};
pub use pace::Pace;
pub use plan::{Policy, plan};

use self::gather::{Gather, Short, cut};
use self::pool::{Pages, Pool, Read};
use crate::error::{Error, Result};
use crate::source::{Piece, Source};

/// Reads of this machine's disk that go to another thread together.
const TOGETHER: usize = 64;

/// How a file is read, and what that may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) limits: &'a Limits,
    pub(crate) checksums: Checksums,
}

impl Reading<'_> {
    /// Reads a file's metadata.
    pub(crate) async fn index(
        self,
        source: &dyn Source,
        counters: &Counters,
    ) -> Result<(Index, Vec<Problem>)> {
        let mut walk = Walk::new(self.limits.clone());
        walk.set_checksums(self.checksums);
        self::walk(walk, source, self.policy, counters).await
    }
}

/// Reads a file's metadata with a walk that has not begun: all of it, and nothing else.
///
/// # Errors
/// `Malformed` if the file is not HDF5 or broken as a whole; the storage errors of `source`.
pub async fn walk(
    mut walk: Walk,
    source: &dyn Source,
    policy: &Policy,
    counters: &Counters,
) -> Result<(Index, Vec<Problem>)> {
    let malformed = |error| Error::malformed(source.url(), error);
    if let Some(bytes) = source.whole() {
        walk.supply_whole(bytes);
        walk.next().map_err(malformed)?;
        counters.objects(walk.objects_found());
        return walk.finish().map_err(malformed);
    }

    walk.keep_at_most(policy.keep);
    let mut pace = Pace { near: source.is_near(), ..Pace::default() };
    let (base, mut policy) = (policy, pace.adapt(policy));
    let mut pool = Pool::default();
    let mut in_flight = FuturesUnordered::new();
    let first = Read { range: 0..policy.first_read.max(1), round: 1 };
    pool.sent(&first);
    in_flight.push(send(source, first, counters));
    while let Some((read, took, piece)) = in_flight.next().await {
        let Piece { at, bytes, file_len } = piece?;
        let begun = std::time::Instant::now();
        pace.observe(source.first_byte(), bytes.len() as u64, took);
        policy = pace.adapt(base);
        pool.arrived(&read, bytes.len() as u64);
        if let Some(length) = file_len {
            if walk.length().is_none() && length <= policy.whole_file_below {
                pool.want(
                    vec![whole(at, bytes.len() as u64, length)],
                    read.round.saturating_add(1),
                );
            }
            walk.set_length(length);
        }
        walk.supply(FileOffset(at), bytes);
        if let Need::Bytes(wants) = walk.next().map_err(malformed)? {
            pool.set_pages(pages(&walk, &policy));
            pool.want(wants, read.round.saturating_add(1));
        }
        counters.objects(walk.objects_found());
        for read in pool.take(&policy, walk.length()) {
            in_flight.push(send(source, read, counters));
        }
        pace.decoding += begun.elapsed();
    }
    counters.measured(pace);
    if walk.next().map_err(malformed)? != Need::Done {
        let reason = "the server gave fewer bytes than the file has, without an error";
        return Err(Error::passing(source.url(), reason));
    }
    walk.finish().map_err(malformed)
}

/// The pages that metadata is read in: other metadata is in the rest of each.
fn pages(walk: &Walk, policy: &Policy) -> Option<Pages> {
    let (base, size) = walk.pages()?;
    (size <= policy.max_request).then_some(Pages { base: base.0, size })
}

/// All of a file that a read did not bring.
fn whole(at: u64, bytes: u64, length: u64) -> Want {
    let at = at.saturating_add(bytes);
    let rest = length.saturating_sub(at);
    Want { at: FileOffset(at), min: rest, hint: rest, names_more: true }
}

/// Reads many ranges of a file, merged as the policy says; gives the bytes of each, in their order.
///
/// # Errors
/// The storage errors of `source`; `ShortBody` if a range is not all inside the file.
pub async fn read_ranges(
    source: &dyn Source,
    ranges: &[Range<u64>],
    policy: &Policy,
    counters: &Counters,
) -> Result<Vec<Bytes>> {
    let short = |Short { asked, received }| Error::ShortBody {
        location: crate::error::redact(source.url()),
        asked,
        received: received as u64,
    };
    if let Some(whole) = source.whole() {
        let parts = ranges.iter().map(|range| {
            let part = cut(range, 0, &whole);
            let received = part.len();
            let is_whole = received as u64 == range.end.saturating_sub(range.start);
            is_whole.then_some(part).ok_or_else(|| short(Short { asked: range.clone(), received }))
        });
        return parts.collect();
    }
    let policy = &Pace { near: source.is_near(), ..Pace::default() }.adapt(policy);
    let reads = plan(ranges, policy, None);
    let mut gather = Gather::new(ranges, &reads);
    let round = counters.next_round();
    let batches = batches(reads, if source.is_near() { TOGETHER } else { 1 });
    let mut landing = futures::stream::iter(batches)
        .map(|reads| send_all(source, reads, round, counters))
        .buffer_unordered(policy.concurrency.max(1));
    while let Some(pieces) = landing.next().await {
        for (read, piece) in pieces? {
            gather.take(&read, &piece).map_err(short)?;
        }
    }
    Ok(gather.finish())
}

/// A file's length, if the answer to a read of its first byte tells it.
///
/// # Errors
/// The storage errors of `source`.
pub(crate) async fn length(source: &dyn Source, counters: &Counters) -> Result<Option<u64>> {
    if let Some(whole) = source.whole() {
        return Ok(Some(whole.len() as u64));
    }
    let read = Read { range: 0..1, round: counters.next_round() };
    let (_, _, piece) = send(source, read, counters).await;
    Ok(piece?.file_len)
}

/// Reads in batches of so many, of a few bytes each: those of many go alone.
fn batches(reads: Vec<Range<u64>>, most: usize) -> Vec<Vec<Range<u64>>> {
    const BYTES: u64 = 1 << 20;
    let mut batches: Vec<Vec<Range<u64>>> = Vec::new();
    let mut bytes = 0_u64;
    for read in reads {
        bytes = bytes.saturating_add(read.end - read.start);
        match batches.last_mut().filter(|last| last.len() < most && bytes <= BYTES) {
            Some(last) => last.push(read),
            None => {
                bytes = read.end - read.start;
                batches.push(vec![read]);
            }
        }
    }
    batches
}

/// Sends reads of one round at one go; each with what it brought.
async fn send_all(
    source: &dyn Source,
    reads: Vec<Range<u64>>,
    round: u64,
    counters: &Counters,
) -> Result<Vec<(Range<u64>, Piece)>> {
    // In flight is one of them, and the others wait for it.
    let mut sent = Some(counters.sent(round));
    let pieces = source.read_several(reads.clone()).await?;
    for piece in &pieces {
        let sent = sent.take().unwrap_or_else(|| counters.sent(round));
        sent.landed(piece.bytes.len() as u64);
    }
    Ok(reads.into_iter().zip(pieces).collect())
}

/// Sends a read, counted; tells how long it took.
async fn send(
    source: &dyn Source,
    read: Read,
    counters: &Counters,
) -> (Read, Duration, Result<Piece>) {
    let start = Instant::now();
    let sent = counters.sent(read.round);
    let piece = source.read(read.range.clone()).await;
    if let Ok(piece) = &piece {
        sent.landed(piece.bytes.len() as u64);
    }
    (read, start.elapsed(), piece)
}
