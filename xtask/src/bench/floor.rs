//! The least that a file's metadata can take: `depth x latency + requests / rate + bytes / bandwidth`.
//!
//! Depth, requests and bytes are those of a walk that reads exactly what it needs, each piece as soon as
//! its address is known, and nothing twice. Rate and bandwidth are what the server gives to everyone
//! together. To read more than is needed can save rounds and requests, so that a good plan may come out
//! below this; nobody who reads one thing after the other does.

use std::path::Path;
use std::time::Duration;

use h5refs::fetch::{Counters, Policy, Trace};
use h5refs::sidecar::{self, Options};
use h5refs::source::{self, SourceOptions};
use h5sidecar::bench::report::{Measured, Spread};
use h5sidecar::human::{bytes, count};

use super::load::Rate;

/// What the store can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store {
    pub(crate) latency: Duration,
    /// Small answers.
    pub(crate) small: Rate,
    /// Large answers.
    pub(crate) large: Rate,
}

/// The floor of a file, with chunks below `inline` bytes read too.
pub(crate) async fn floor(file: &Path, inline: u64, store: Store) -> anyhow::Result<Measured> {
    let source = source::open(&file.display().to_string(), &SourceOptions::default()).await?;
    let mut options = Options::default();
    options.policy = Policy::exact();
    options.references.inline_threshold = inline;
    let counters = Counters::default();
    let trace = sidecar::sidecar(&*source, &options, &counters).await?.trace;
    Ok(Measured {
        seconds: Spread::of(&[seconds(&trace, store)]),
        requests: Some(trace.requests),
        bytes_read: Some(trace.bytes),
        checked: format!(
            "{} rounds of {} ms + {} requests at {:.0}/s + {} at {}/s",
            trace.waves,
            store.latency.as_millis(),
            count(trace.requests),
            store.small.requests,
            bytes(trace.bytes),
            megabytes(store.large.bytes),
        ),
        ..Measured::default()
    })
}

fn seconds(trace: &Trace, store: Store) -> f64 {
    #[expect(clippy::as_conversions, reason = "counts far below where floats are exact")]
    let [rounds, requests, bytes] = [trace.waves, trace.requests, trace.bytes].map(|n| n as f64);
    rounds * store.latency.as_secs_f64()
        + requests / store.small.requests
        + bytes / store.large.bytes
}

fn megabytes(rate: f64) -> String {
    format!("{:.0} MB", rate / 1e6)
}
