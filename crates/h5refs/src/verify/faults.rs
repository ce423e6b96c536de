//! What is wrong with a sidecar, as far as it is kept.

use super::Fault;

/// Faults that are kept: who has so many needs no more, and a sidecar can have as many as it has bytes.
const MOST: usize = 100_000;

/// Bytes of their texts that are kept, for the same reason.
const MOST_BYTES: usize = 16 << 20;

/// Faults, the first of them, and how many more there were.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    kept: Vec<Fault>,
    bytes: usize,
    more: u64,
}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        let bytes = self.bytes.saturating_add(fault.key.len()).saturating_add(fault.reason.len());
        if self.kept.len() < MOST && bytes <= MOST_BYTES {
            self.bytes = bytes;
            self.kept.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// In order.
    pub(super) fn finish(mut self) -> Vec<Fault> {
        if self.more > 0 {
            self.kept.push(Fault::new("", format!("{} faults more than are listed", self.more)));
        }
        self.kept.sort();
        self.kept
    }
}

impl Extend<Fault> for Faults {
    fn extend<T: IntoIterator<Item = Fault>>(&mut self, faults: T) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_not_kept_are_counted() {
        let mut faults = Faults::default();
        faults.extend((0..MOST + 7).rev().map(|n| Fault::new(format!("{n:06}"), "wrong")));
        let faults = faults.finish();
        assert_eq!(faults.len(), MOST + 1);
        assert_eq!(faults[0].reason, "7 faults more than are listed");
        assert!(faults.is_sorted());
        let mut long = Faults::default();
        long.extend((0..50).map(|_| Fault::new("x".repeat(1 << 20), "wrong")));
        assert_eq!(long.finish()[0].reason, "35 faults more than are listed");
    }
}
