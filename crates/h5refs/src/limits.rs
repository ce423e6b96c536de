//! What a sidecar may cost: budgets by name, and those that follow the length of the file.
//!
//! [`h5meta::Limits`] bounds what reading the metadata costs. What makes more of a file than it is goes into the
//! sidecar: chunks that decode to a thousand times their bytes, links that lead to the same objects on many paths,
//! one small chunk that a thousand records name. Each has a budget of its own, and none may be many times the
//! file's own length: an honest file has no use for more.

use std::io::{self, Write};

use crate::kerchunk;
use crate::sidecar::Options;

/// How many times its own length a file may bring into its sidecar of what [`Budget`]s bound, and how much however
/// short it is, in bytes.
const MULTIPLE: u64 = 16;
const SPARE: u64 = 32 << 20;

/// Budgets of this crate, as [`h5meta::Limits::ALL`] has the others.
const OWN: [Own; 3] = [
    Own {
        name: "inline_bytes",
        about: "Bytes that one file may put into its sidecar, in all. Small chunks beyond stay where they are; \
            what could not be read there is reported.",
        of: |options| &mut options.references.inline_bytes,
    },
    Own {
        name: "decoded_bytes",
        about: "Bytes that chunks are decoded to for the sidecar, in all: strings, and what no codecs can say.",
        of: |options| &mut options.references.decoded_bytes,
    },
    Own {
        name: "document_bytes",
        about: "Bytes of attributes, types, fill values and dimension names, in all: a reference of eight bytes is \
            written as the path that it leads to.",
        of: |options| &mut options.references.document_bytes,
    },
];

struct Own {
    name: &'static str,
    about: &'static str,
    of: fn(&mut Options) -> &mut u64,
}

/// Every budget: its name, its default, and what it is.
pub fn all() -> Vec<(&'static str, u64, &'static str)> {
    let mut defaults = Options::default();
    let own = OWN.iter().map(|own| (own.name, *(own.of)(&mut defaults), own.about));
    h5meta::Limits::ALL.iter().copied().chain(own).collect()
}

/// Sets the budget of that name; `false` if there is none.
#[must_use]
pub fn set(options: &mut Options, name: &str, value: u64) -> bool {
    match OWN.iter().find(|own| own.name == name) {
        Some(own) => *(own.of)(options) = value,
        None => return options.limits.set(name, value),
    }
    true
}

/// What a file may bring into its sidecar.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budgets {
    pub(crate) inline: Budget,
    pub(crate) decoded: Budget,
    pub(crate) documents: Budget,
    /// For the pieces that contiguous datasets are cut into: without them they are whole, and nothing is lost.
    pub(crate) pieces: Budget,
}

impl Budgets {
    pub(crate) fn new(options: &kerchunk::Options, file_length: Option<u64>) -> Self {
        Self {
            inline: Budget::new("inline_bytes", options.inline_bytes, file_length),
            decoded: Budget::new("decoded_bytes", options.decoded_bytes, file_length),
            documents: Budget::new("document_bytes", options.document_bytes, file_length),
            pieces: Budget::new("document_bytes", options.document_bytes, file_length),
        }
    }

    /// Takes the bytes of chunks that are decoded, to be inlined.
    ///
    /// # Errors
    /// Why there are too many.
    pub(crate) fn decode(&mut self, bytes: u64) -> Result<(), String> {
        self.decoded.charge(bytes)?;
        self.inline.charge(bytes)
    }
}

/// `most` bytes, and fewer of a short file.
pub(crate) fn of_file(most: u64, file_length: Option<u64>) -> u64 {
    let all = file_length.map_or(u64::MAX, |length| length.saturating_mul(MULTIPLE));
    most.min(all.saturating_add(SPARE))
}

/// What of a budget is left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget {
    name: &'static str,
    most: u64,
    left: u64,
}

impl Budget {
    /// A budget of `most` bytes, and less for a short file.
    pub(crate) fn new(name: &'static str, most: u64, file_length: Option<u64>) -> Self {
        let most = of_file(most, file_length);
        Self { name, most, left: most }
    }

    /// Takes bytes from it.
    ///
    /// # Errors
    /// There are not as many left, and none are taken: why, as a reason.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), String> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| self.spent())?;
        Ok(())
    }

    /// Sees whether there are as many bytes left.
    ///
    /// # Errors
    /// Why there are not.
    pub(crate) fn has(&self, bytes: u64) -> Result<(), String> {
        if self.left < bytes { Err(self.spent()) } else { Ok(()) }
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Why there is no more.
    pub(crate) fn spent(&self) -> String {
        let Self { name, most, .. } = self;
        format!("more than the limit {name} allows ({most} bytes for this file)")
    }
}

/// Writes nowhere, to see that what is written of a file is no longer than its documents may be.
///
/// # Errors
/// Why it is longer.
pub fn fits(
    options: &Options,
    file_length: Option<u64>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    write(&mut Budget::new("document_bytes", options.references.document_bytes, file_length))
}

impl Write for Budget {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.charge(bytes.len() as u64).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_one_name() {
        let mut options = Options::default();
        let all = all();
        for (name, default, _) in &all {
            assert!(set(&mut options, name, default / 2), "{name}");
            assert_eq!(all.iter().filter(|(other, ..)| other == name).count(), 1, "{name}");
        }
        assert_eq!(options.references.inline_bytes, Options::default().references.inline_bytes / 2);
        assert_eq!(options.limits.objects, 5_000_000);
        assert!(!set(&mut options, "object", 1));
    }

    #[test]
    fn a_budget_is_no_more_than_the_file_can_mean() {
        assert_eq!(Budget::new("x", 100, None).left(), 100);
        assert_eq!(Budget::new("x", u64::MAX, Some(10)).left(), SPARE + 160);
        assert_eq!(Budget::new("x", u64::MAX, Some(u64::MAX)).left(), u64::MAX);
        let mut budget = Budget::new("x", 100, Some(0));
        assert_eq!(budget.charge(60), Ok(()));
        let why = budget.charge(41).unwrap_err();
        assert_eq!(why, "more than the limit x allows (100 bytes for this file)");
        assert_eq!((budget.left(), budget.charge(40)), (40, Ok(())));
    }
}
