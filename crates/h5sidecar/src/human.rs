//! Numbers, names and messages for people.

use std::io::Write as _;
use std::time::Duration;

use h5refs::error::scrub;
use h5refs::fetch::{Counters, Policy};
use h5refs::source::TrafficSummary;

use crate::plain::{shown, shown_lines};

/// Says something on standard error. That nobody listens is no failure.
pub fn say(message: &str) {
    let _ = std::io::stderr().write_all(message.as_bytes());
}

/// `12,345`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `5.2 MB`: decimal units, as stores bill them.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if n < 1000 {
        return format!("{n} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = n as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `1 dataset`, `2 datasets`.
pub fn plural(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(n))
}

/// What was sent, in a line; nothing if nothing was.
#[must_use]
pub fn traffic(summary: &TrafficSummary) -> Option<String> {
    let first_byte = summary.first_byte?;
    let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    Some(format!(
        "{} sent, {} of them again, at most {} at once; answered after {} at the least, {} in the median, {} at \
         99 of 100",
        plural(summary.requests, "request"),
        count(summary.retries),
        count(summary.peak_in_flight),
        millis(first_byte.min),
        millis(first_byte.p50),
        millis(first_byte.p99),
    ))
}

/// What reading was seen to cost, and how it was done for that; `None` if nothing was read.
#[must_use]
pub fn pace(counters: &Counters, policy: &Policy) -> Option<String> {
    let pace = counters.pace()?;
    let trace = counters.trace();
    let adapted = pace.adapt(policy);
    let first_byte = pace.first_byte.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    let speed = pace
        .speed
        .map_or_else(String::new, |speed| format!(", {:.0} MB/s a connection", speed / 1e6));
    Some(format!(
        "at most {} at once; first byte after {first_byte:.1} ms{speed}; gaps below {} were read, files below {} \
         whole; {:.2} s of decoding",
        plural(trace.peak_in_flight, "request"),
        bytes(adapted.gap),
        bytes(adapted.whole_file_below),
        pace.decoding.as_secs_f64(),
    ))
}

/// What is wrong with a file, and what can be done about it.
pub fn fault(error: &h5meta::Error) -> String {
    match error.kind() {
        h5meta::Kind::Checksum { .. } => format!("{error} (--no-verify passes over checksums)"),
        _ => error.to_string(),
    }
}

/// An error as it can be shown, and what can be done about it.
pub fn failure(error: &anyhow::Error) -> String {
    let text = match error.downcast_ref::<h5refs::Error>() {
        Some(h5refs::Error::Malformed { location, error }) => {
            format!("{location}: {}", fault(error))
        }
        _ => format!("{error:#}"),
    };
    match error.is::<h5refs::Error>() {
        true => shown(&scrub(&text)),
        // What a tool said that was run, for one.
        false => shown_lines(&scrub(&text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(5_218_227), "5.2 MB");
        assert_eq!(bytes(999_990), "1.0 MB");
        assert_eq!(plural(1, "dataset"), "1 dataset");
        assert_eq!(plural(2, "dataset"), "2 datasets");
    }
}
