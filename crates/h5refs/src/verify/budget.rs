//! What a sidecar may take in memory: an entry of a few bytes, or of less than one where it is compressed, is held as
//! far more.

/// Bytes that may be held for each one that is stored, for each one that these unpack to, and however few there are. A
/// reference of a real sidecar is some sixty bytes of text, and held in twice as many.
const OF_STORED: u64 = 45;
const OF_UNPACKED: u64 = 4;
const SPARE: u64 = 40 << 20;

/// However few bytes of tables there are: where all references are alike they take next to none.
const SPARE_OF_TABLES: u64 = 256 << 20;

/// What may still be held of a sidecar.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    /// Of so many bytes that are JSON, and of as many that they unpack to.
    pub(super) fn of_json(stored: usize, unpacked: usize) -> Self {
        let stored = (stored as u64).saturating_mul(OF_STORED);
        let unpacked = (unpacked as u64).saturating_mul(OF_UNPACKED);
        Self { left: stored.max(unpacked).saturating_add(SPARE) }
    }

    pub(super) fn of_tables() -> Self {
        Self { left: SPARE_OF_TABLES }
    }

    /// Allows for so many bytes of a table.
    pub(super) fn grow(&mut self, stored: usize) {
        self.left = self.left.saturating_add((stored as u64).saturating_mul(OF_STORED));
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
    fn what_is_held_follows_what_there_is() {
        let mut tables = Budget::of_tables();
        tables.grow(10);
        assert_eq!(tables.charge(usize::try_from(SPARE_OF_TABLES).unwrap() + 450), Ok(()));
        assert!(tables.charge(1).is_err());
        let mut budget = Budget::of_json(10, 200);
        let most = usize::try_from(SPARE).unwrap() + 800;
        assert_eq!(budget.text(), most / 3);
        assert!(budget.charge(most + 1).is_err());
        assert_eq!(budget.charge(most), Ok(()));
        assert!(budget.charge(1).is_err());
    }
}
