//! The fetch: what the walk wants, through as few dependent round trips as the file allows.
//!
//! There is no wave barrier. A piece that lands is decoded while others are on the wire, and what it
//! names is asked for at once. Only where more is wanted than may be in flight do wants queue up, and
//! then they are merged by [`plan()`].
//!
//! What a walk costs is `rounds x time to the first byte + requests / request rate + bytes /
//! bandwidth`; [`Policy`] says how the three are traded.

mod counters;
mod plan;
mod pool;

use std::ops::Range;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use h5meta::wire::Checksums;
use h5meta::{FileOffset, Index, Limits, Need, Problem, Walk};

pub use counters::{Counters, Trace};
pub use plan::{Policy, plan};

use self::pool::Pool;
use crate::error::{Error, Result};
use crate::source::{Piece, Source};

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

    let mut pool = Pool::default();
    let mut in_flight = FuturesUnordered::new();
    let first = 0..policy.first_read.max(1);
    pool.sent(first.clone());
    in_flight.push(read(source, first, 1, counters));
    while let Some((asked, round, piece)) = in_flight.next().await {
        let Piece { at, bytes, file_len } = piece?;
        if let Some(length) = file_len {
            walk.set_length(length);
        }
        pool.arrived(&asked, &bytes);
        walk.supply(FileOffset(at), bytes);
        if let Need::Bytes(wants) = walk.next().map_err(malformed)? {
            pool.want(wants, round.saturating_add(1));
        }
        counters.objects(walk.objects_found());
        let free = policy.concurrency.max(1).saturating_sub(in_flight.len());
        for (range, round) in pool.take(free, policy, walk.length()) {
            in_flight.push(read(source, range, round, counters));
        }
    }
    if walk.next().map_err(malformed)? != Need::Done {
        let reason = "the server gave fewer bytes than the file has, without an error";
        return Err(Error::passing(source.url(), reason));
    }
    walk.finish().map_err(malformed)
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
    let short = |asked: &Range<u64>, received: usize| Error::ShortBody {
        location: crate::error::redact(source.url()),
        asked: asked.clone(),
        received: received as u64,
    };
    let cut = |range: &Range<u64>, at: u64, bytes: &Bytes| {
        let position = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let start = position(range.start.saturating_sub(at)).min(bytes.len());
        let end = position(range.end.saturating_sub(at)).min(bytes.len());
        let part = bytes.slice(start..end);
        if part.len() as u64 == range.end - range.start {
            Ok(part)
        } else {
            Err(short(range, part.len()))
        }
    };
    if let Some(whole) = source.whole() {
        return ranges.iter().map(|range| cut(range, 0, &whole)).collect();
    }
    // A copy of each part, so that a large read is not kept alive by the small parts it brought.
    let mut parts = vec![Bytes::new(); ranges.len()];
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|&n| ranges[n].start);
    let reads = plan(ranges, policy, None);
    let round = counters.next_round();
    let mut landing = futures::stream::iter(reads)
        .map(|range| read(source, range, round, counters))
        .buffer_unordered(policy.concurrency.max(1));
    while let Some((asked, _, piece)) = landing.next().await {
        let piece = piece?;
        let first = order.partition_point(|&n| ranges[n].start < asked.start);
        for &n in order.iter().skip(first) {
            if ranges[n].start >= asked.end {
                break;
            }
            parts[n] = Bytes::copy_from_slice(&cut(&ranges[n], piece.at, &piece.bytes)?);
        }
    }
    Ok(parts)
}

/// A file's length, if the answer to a read of its first byte tells it.
///
/// # Errors
/// The storage errors of `source`.
pub(crate) async fn length(source: &dyn Source, counters: &Counters) -> Result<Option<u64>> {
    if let Some(whole) = source.whole() {
        return Ok(Some(whole.len() as u64));
    }
    let (_, _, piece) = read(source, 0..1, counters.next_round(), counters).await;
    Ok(piece?.file_len)
}

/// One read, counted.
async fn read(
    source: &dyn Source,
    range: Range<u64>,
    round: u64,
    counters: &Counters,
) -> (Range<u64>, u64, Result<Piece>) {
    let sent = counters.sent(round);
    let piece = source.read(range.clone()).await;
    if let Ok(piece) = &piece {
        sent.landed(piece.bytes.len() as u64);
    }
    (range, round, piece)
}
