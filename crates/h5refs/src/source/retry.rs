//! When to send a request again. Pure but for the jitter.

use std::time::Duration;

/// The delay before the first retry; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(100);
/// The longest delay of our own making.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest delay a server may ask for with `Retry-After`; a server that wants more gets this.
const LONGEST_ASKED: Duration = Duration::from_secs(30);

/// The longest that a server may have us wait for one answer, in all.
const LONGEST_IN_ALL: Duration = Duration::from_secs(120);

/// The retries left for one request, and the delay before each.
#[derive(Debug)]
pub(crate) struct Retries {
    left: u32,
    delay: Duration,
    /// How long a server may still have us wait.
    patience: Duration,
}

impl Retries {
    pub(crate) fn new(retries: u32) -> Self {
        Self { left: retries, delay: FIRST, patience: LONGEST_IN_ALL }
    }

    /// How long to wait before the next try, or `None` if there shall be none.
    ///
    /// Half of the delay is chance, so that hundreds of requests refused together do not come back together.
    /// A server that says when to come back (`asked`) is obeyed, up to half a minute, and
    /// two minutes in all.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let half = self.delay / 2;
        let own = half + half.mul_f64(fastrand::f64());
        self.delay = (self.delay * 2).min(LONGEST);
        let asked = asked.unwrap_or_default().min(LONGEST_ASKED).min(self.patience);
        self.patience -= asked;
        Some(asked.max(own))
    }
}

/// Reads `Retry-After` in seconds; the form with a date is rare and left to the usual delay.
pub(crate) fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_within_bounds_and_end() {
        let mut retries = Retries::new(20);
        let delays: Vec<_> = std::iter::from_fn(|| retries.next(None)).collect();
        assert_eq!(delays.len(), 20);
        for (i, delay) in delays.iter().enumerate() {
            let full = (FIRST * 2u32.pow(i.min(10) as u32)).min(LONGEST);
            assert!(*delay >= full / 2 && *delay <= full, "{i}: {delay:?}");
        }
    }

    #[test]
    fn a_server_is_obeyed_within_reason() {
        let mut retries = Retries::new(3);
        assert_eq!(retries.next(retry_after("2")), Some(Duration::from_secs(2)));
        assert_eq!(retries.next(retry_after("86400")), Some(LONGEST_ASKED));
        assert!(retries.next(retry_after("0")).unwrap() >= FIRST * 2);
        assert_eq!(retries.next(None), None);
        let mut retries = Retries::new(100);
        let waited: Duration = (0..100).filter_map(|_| retries.next(retry_after("86400"))).sum();
        assert!(waited >= LONGEST_IN_ALL && waited <= LONGEST_IN_ALL + LONGEST * 96, "{waited:?}");
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), None);
    }
}
