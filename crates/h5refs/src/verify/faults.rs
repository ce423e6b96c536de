//! What is wrong with a sidecar, as far as it is kept.

use super::Fault;

/// Faults that are kept: who has so many needs no more, and a sidecar can have as many as it has bytes.
const MOST: usize = 100_000;

/// Faults, the first of them, and how many more there were.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    kept: Vec<Fault>,
    more: u64,
}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        match self.kept.len() < MOST {
            true => self.kept.push(fault),
            false => self.more += 1,
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
    }
}
