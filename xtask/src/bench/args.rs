//! What `cargo xtask bench` can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::Parser;

use super::rows;
use super::server::Distance;

/// Times every way to make a sidecar on one granule, served from a store that is far away.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", max_term_width = 100)]
pub(crate) struct Args {
    /// The granule: of 5 MB, of 380 MB with 30,000 chunks, or of 7 GB with 549,000
    #[arg(long, value_enum, default_value = "medium")]
    pub(crate) scale: Scale,
    /// A file to use in place of the granule made for the scale
    #[arg(long, value_name = "FILE")]
    pub(crate) granule: Option<PathBuf>,
    /// Milliseconds from a request to the first byte of its answer
    #[arg(long, default_value = "30ms", value_parser = milliseconds, value_name = "TIME")]
    pub(crate) ttfb: Duration,
    /// Bytes a second of each connection
    #[arg(long, default_value = "90MB", value_parser = rate, value_name = "SIZE")]
    pub(crate) bandwidth: ByteSize,
    /// Only these rows, with commas between
    #[arg(long, value_delimiter = ',', value_name = "ROW", value_parser = rows::key)]
    pub(crate) rows: Vec<String>,
    /// Run each row so often, but those that take more than a minute once
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) repeat: u32,
    /// Seconds after which a row is ended, and has failed
    #[arg(long, default_value_t = 1800, value_name = "SECONDS")]
    pub(crate) timeout: u64,
    /// Fail unless every row is there, ours is right, and ours is faster than kerchunk's
    #[arg(long)]
    pub(crate) check: bool,
    /// Put the tables into README.md and docs/benchmark.md, as the last of this scale
    #[arg(long)]
    pub(crate) write: bool,
    /// Only serve the granule, until interrupted, and say how it is reached
    #[arg(long)]
    pub(crate) serve_only: bool,
    /// The port to serve on; by default any that is free
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
}

impl Args {
    pub(crate) fn distance(&self) -> Distance {
        #[expect(
            clippy::as_conversions,
            reason = "bytes a second, far below where floats are exact"
        )]
        let bandwidth = self.bandwidth.as_u64().max(1) as f64;
        Distance { ttfb: self.ttfb, bandwidth }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scale {
    Mini,
    Medium,
    Full,
}

impl Scale {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mini => "mini",
            Self::Medium => "medium",
            Self::Full => "full",
        }
    }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix("ms").unwrap_or(text);
    let milliseconds: u32 = number.trim().parse().map_err(|error| format!("{error}"))?;
    Ok(Duration::from_millis(milliseconds.into()))
}

fn rate(text: &str) -> Result<ByteSize, String> {
    text.strip_suffix("/s").unwrap_or(text).parse()
}
