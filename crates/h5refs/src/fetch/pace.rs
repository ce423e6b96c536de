//! What reading costs here, as the reads so far show it, and what to make of that.

use std::time::Duration;

use super::plan::Policy;

/// Requests that a program can have answered in a second, about: what it takes to make one, and what stores
/// allow. With the speed of a connection it says what a request costs in bytes.
const REQUESTS_PER_SECOND: f64 = 1_500.0;
/// Round trips that are saved where a file is read whole, about.
const ROUNDS_SAVED: f64 = 4.0;
/// Reads that tell the speed of a connection have this many bytes at least.
const LARGE: u64 = 256 << 10;

/// What a system call costs, in bytes that could be copied meanwhile: twice as much costs nothing where the file
/// is in memory, and is read in vain where it is on a disk.
const NEAR_GAP: u64 = 8 << 10;
/// Reads of this machine's disk at once: enough for a disk to have some to choose from. Each takes a thread.
const NEAR_READS: usize = 16;

/// What the reads so far have shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Pace {
    /// The time to the first byte, at best.
    pub first_byte: Option<Duration>,
    /// Bytes a second of one connection, at best: what is slower has waited for others, here or there.
    pub speed: Option<f64>,
    /// Whether a read is a system call and no round trip: then there is no pace to be measured, for what it
    /// takes is threads' waiting for each other.
    pub near: bool,
    /// The time that the processor took for what arrived: decoding, and planning what to read next.
    pub decoding: Duration,
}

impl Pace {
    /// A read of so many bytes took so long. `first_byte` is the time to the first one, if that is known:
    /// else it is at most what the shortest read took.
    pub(super) fn observe(&mut self, first_byte: Option<Duration>, bytes: u64, took: Duration) {
        let least = first_byte.unwrap_or(took);
        let first_byte = self.first_byte.map_or(least, |before| before.min(least));
        self.first_byte = Some(first_byte);
        let seconds = took.saturating_sub(first_byte).as_secs_f64();
        if bytes >= LARGE && seconds > 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            let speed = bytes as f64 / seconds;
            self.speed = Some(self.speed.map_or(speed, |before| before.max(speed)));
        }
    }

    /// The policy for what was seen: with it as it is where nothing was, or where it is not to adapt.
    #[must_use]
    pub fn adapt(&self, policy: &Policy) -> Policy {
        let mut adapted = policy.clone();
        if self.near && policy.adapt {
            adapted.gap = NEAR_GAP.min(policy.gap);
            adapted.concurrency = NEAR_READS.min(policy.concurrency);
            return adapted;
        }
        if let (true, Some(first_byte), Some(speed)) = (policy.adapt, self.first_byte, self.speed) {
            adapted.gap = whole(speed / REQUESTS_PER_SECOND).clamp(4 << 10, 256 << 10);
            let saved = speed * first_byte.as_secs_f64() * ROUNDS_SAVED;
            adapted.whole_file_below = whole(saved).clamp(policy.first_read, 16 << 20);
        }
        adapted
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is no number becomes 0, what is too large the largest"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_gap_is_what_a_request_costs() {
        let policy = Policy { adapt: true, ..Policy::default() };
        let mut pace = Pace::default();
        assert_eq!(pace.adapt(&policy), policy);
        // 9 MB in 0.1 s after 30 ms: 90 MB/s.
        pace.observe(Some(30 * MS), 9_000_000, 130 * MS);
        let near = pace.adapt(&policy);
        assert_eq!((near.gap, near.whole_file_below), (60_000, 10_800_000));
        // 1 MB/s.
        let mut pace = Pace::default();
        pace.observe(Some(100 * MS), 1_000_000, 1100 * MS);
        let far = pace.adapt(&policy);
        assert_eq!((far.gap, far.whole_file_below), (4 << 10, policy.first_read));
        assert_eq!(pace.adapt(&Policy { adapt: false, ..Policy::default() }).gap, policy.gap);
    }

    #[test]
    fn near_by_little_is_read_that_is_not_wanted() {
        let pace = Pace { near: true, ..Pace::default() };
        let near = pace.adapt(&Policy::default());
        assert_eq!((near.gap, near.concurrency), (NEAR_GAP, NEAR_READS));
        assert_eq!(pace.adapt(&Policy::fixed()), Policy::fixed());
        let careful = Policy { gap: 1, concurrency: 2, ..Policy::default() };
        let near = pace.adapt(&careful);
        assert_eq!((near.gap, near.concurrency), (1, 2));
    }

    #[test]
    fn without_first_bytes_the_shortest_read_tells() {
        let mut pace = Pace::default();
        pace.observe(None, 1 << 20, 50 * MS);
        assert_eq!(pace.speed, None, "which part of it was the wait is not known");
        pace.observe(None, 2048, 30 * MS);
        pace.observe(None, 1 << 20, 40 * MS);
        let speed = pace.speed.unwrap();
        assert!((speed - (1 << 20) as f64 / 0.01).abs() < 1.0, "{speed}");
    }
}
