//! Durations counted by size: fixed memory, however many there are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Steps that each doubling is cut into: a duration is told to half a step, about 3 %.
const STEPS: usize = 16;
/// Doublings from a microsecond to beyond an hour.
const DOUBLINGS: usize = 32;

/// Durations from a microsecond on, in steps that grow with them.
#[derive(Debug)]
pub(super) struct Histogram {
    counts: Vec<AtomicU64>,
    /// Microseconds.
    min: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        let counts = (0..STEPS * DOUBLINGS).map(|_| AtomicU64::default()).collect();
        Self { counts, min: AtomicU64::new(u64::MAX) }
    }
}

impl Histogram {
    pub(super) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).clamp(1, u64::MAX - 1);
        self.min.fetch_min(micros, Ordering::Relaxed);
        if let Some(count) = self.counts.get(step(micros).min(self.counts.len() - 1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The shortest; `None` if there is none.
    pub(super) fn min(&self) -> Option<Duration> {
        let micros = self.min.load(Ordering::Relaxed);
        (micros != u64::MAX).then(|| Duration::from_micros(micros))
    }

    /// What `share` (0 to 1) of all do not exceed, but for half a step; `None` if there is none.
    pub(super) fn quantile(&self, share: f64) -> Option<Duration> {
        let counts: Vec<u64> =
            self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let all: u64 = counts.iter().sum();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a share of a count is one"
        )]
        let rank = ((all as f64 * share).ceil() as u64).max(1);
        let mut below = 0;
        let found = counts.iter().position(|count| {
            below += count;
            below >= rank
        })?;
        // The middle of a step may lie before the shortest of all.
        Some(middle(found).max(self.min()?))
    }
}

/// The number of the step that a duration is in.
fn step(micros: u64) -> usize {
    let doubling = micros.max(1).ilog2();
    let rest = u128::from(micros - (1 << doubling)) * STEPS as u128;
    let within = usize::try_from(rest >> doubling).unwrap_or(STEPS - 1);
    doubling as usize * STEPS + within
}

/// The middle of a step.
fn middle(step: usize) -> Duration {
    let (doubling, within) = (step / STEPS, step % STEPS);
    let first = 1_u64 << doubling;
    let halves = u64::try_from(2 * within + 1).unwrap_or(1);
    Duration::from_micros(first + first * halves / (2 * STEPS as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_three_percent() {
        let times = Histogram::default();
        assert_eq!((times.min(), times.quantile(0.5)), (None, None));
        for millis in 1..=1000 {
            times.record(Duration::from_millis(millis));
        }
        assert_eq!(times.min(), Some(Duration::from_millis(1)));
        for (share, millis) in [(0.01, 10.0), (0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = times.quantile(share).unwrap().as_secs_f64() * 1000.0;
            assert!((found / millis - 1.0).abs() < 0.035, "{share}: {found}");
        }
    }

    #[test]
    fn no_duration_is_too_short_or_too_long() {
        for duration in [Duration::ZERO, Duration::MAX, Duration::from_micros(1)] {
            let times = Histogram::default();
            times.record(duration);
            assert!(times.quantile(0.99).is_some(), "{duration:?}");
        }
    }

    #[test]
    fn steps_are_in_order() {
        let steps: Vec<usize> = (1..100_000).map(step).collect();
        assert!(steps.is_sorted());
        for micros in 1..100_000_u64 {
            let found = middle(step(micros)).as_secs_f64() * 1e6;
            assert!((found / micros as f64 - 1.0).abs() < 0.035 || micros < 32, "{micros} {found}");
        }
    }
}
