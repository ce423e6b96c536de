//! What a sidecar may take in memory: an entry of a few bytes, or of less than one where it is compressed, is held as
//! far more.

/// Bytes that may be held for each one that is stored, and however few these are. Of real sidecars, a reference is
/// stored in two bytes and more, and held in a hundred; most of them take a tenth of this.
const MULTIPLE: u64 = 45;
const SPARE: u64 = 40 << 20;

/// What may still be held of a sidecar.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { left: SPARE }
    }

    /// Allows for so many bytes that are stored.
    pub(super) fn grow(&mut self, stored: usize) {
        self.left = self.left.saturating_add((stored as u64).saturating_mul(MULTIPLE));
    }

    /// Takes bytes that are to be held.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.left.checked_sub(bytes as u64);
        self.left = left.ok_or("it holds more than a sidecar of its size can")?;
        Ok(())
    }

    /// Bytes that one text may have which grows as it is written, and is held up to three times over.
    pub(super) fn text(&self) -> usize {
        usize::try_from(self.left / 3).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_follows_what_is_stored() {
        let mut budget = Budget::new();
        budget.grow(10);
        let most = usize::try_from(SPARE).unwrap() + 450;
        assert_eq!(budget.text(), most / 3);
        assert!(budget.charge(most + 1).is_err());
        assert_eq!(budget.charge(most), Ok(()));
        assert!(budget.charge(1).is_err());
    }
}
