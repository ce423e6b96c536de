//! What a sidecar may cost: budgets by name, and those that follow the length of the file.
//!
//! [`h5meta::Limits`] bounds what reading the metadata costs. What makes more of a file than it is goes into the
//! sidecar: chunks that decode to a thousand times their bytes, links that lead to the same objects on many paths,
//! one small chunk that a thousand records name. Each has a budget of its own, and all together have the room that
//! follows the file's length: an honest file has no use for more.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::kerchunk;
use crate::sidecar::Options;

/// How many times its own length a file may bring into its sidecar in all, and how much however short it is, in bytes.
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

/// The bytes that a file may still bring into its sidecar, however it does: clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    most: u64,
    left: Arc<AtomicU64>,
}

impl Room {
    /// That of a file of this length.
    pub(crate) fn of_file(length: Option<u64>) -> Self {
        let all = length.map_or(u64::MAX, |length| length.saturating_mul(MULTIPLE));
        let most = all.saturating_add(SPARE);
        Self { most, left: Arc::new(most.into()) }
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> u64 {
        self.left.load(Relaxed)
    }

    /// Takes bytes from it.
    ///
    /// # Errors
    /// There are not as many left, and none are taken: why, as a reason.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), String> {
        let take = |left: u64| left.checked_sub(bytes);
        self.left.fetch_update(Relaxed, Relaxed, take).map(|_| ()).map_err(|_| self.spent())
    }

    /// Takes what something has cost already, as far as it is there.
    pub(crate) fn spend(&self, bytes: u64) {
        self.left.store(self.left().saturating_sub(bytes), Relaxed);
    }

    fn spent(&self) -> String {
        format!("more than a file of this length may bring into its sidecar ({} bytes)", self.most)
    }
}

/// What a file may bring into its sidecar, by what it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budgets {
    pub(crate) inline: Budget,
    /// Of what is decoded, and not held for long.
    pub(crate) decoded: Budget,
    pub(crate) documents: Budget,
    /// For the pieces that contiguous datasets are cut into: without them they are whole, and nothing is lost.
    pub(crate) pieces: Budget,
    /// What all of them take from.
    pub(crate) room: Room,
}

impl Budgets {
    pub(crate) fn new(options: &kerchunk::Options, room: &Room) -> Self {
        let budget = |name, most| Budget::new(name, most, room);
        Self {
            inline: budget("inline_bytes", options.inline_bytes),
            decoded: Budget { passed: Some(0), ..budget("decoded_bytes", options.decoded_bytes) },
            documents: budget("document_bytes", options.document_bytes),
            // Half of it: nothing else shall be lost for them.
            pieces: budget("document_bytes", options.document_bytes.min(room.left() / 2)),
            room: room.clone(),
        }
    }

    /// Takes the bytes of chunks that are decoded, to be inlined.
    ///
    /// # Errors
    /// Why there are too many.
    pub(crate) fn decode(&mut self, bytes: u64) -> Result<(), String> {
        self.inline.charge(bytes)?;
        self.decoded.left =
            self.decoded.left.checked_sub(bytes).ok_or_else(|| self.decoded.spent())?;
        Ok(())
    }
}

/// What of a budget is left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget {
    name: &'static str,
    most: u64,
    left: u64,
    room: Room,
    /// Bytes taken for what is gone soon, if it is for that: the room has to have as many, and keeps them.
    passed: Option<u64>,
}

impl Budget {
    /// A budget of `most` bytes, which are in this room.
    pub(crate) fn new(name: &'static str, most: u64, room: &Room) -> Self {
        Self { name, most, left: most, room: room.clone(), passed: None }
    }

    /// Takes bytes from it.
    ///
    /// # Errors
    /// There are not as many left, and none are taken: why, as a reason.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), String> {
        self.has(bytes)?;
        match &mut self.passed {
            Some(passed) => *passed = passed.saturating_add(bytes),
            None => self.room.take(bytes)?,
        }
        self.left = self.left.saturating_sub(bytes);
        Ok(())
    }

    /// Sees whether there are as many bytes left.
    ///
    /// # Errors
    /// Why there are not.
    pub(crate) fn has(&self, bytes: u64) -> Result<(), String> {
        if self.left() < bytes { Err(self.spent()) } else { Ok(()) }
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> u64 {
        self.left.min(self.room_left())
    }

    fn room_left(&self) -> u64 {
        self.room.left().saturating_sub(self.passed.unwrap_or(0))
    }

    /// Why there is no more.
    pub(crate) fn spent(&self) -> String {
        let Self { name, most, .. } = self;
        match self.left <= self.room_left() {
            true => format!("more than the limit {name} allows ({most} bytes)"),
            false => self.room.spent(),
        }
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
    let room = Room::of_file(file_length);
    write(&mut Budget::new("document_bytes", options.references.document_bytes, &room))
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
        let of = |most, length| Budget::new("x", most, &Room::of_file(length)).left();
        assert_eq!(of(100, None), 100);
        assert_eq!(of(u64::MAX, Some(10)), SPARE + 160);
        assert_eq!(of(u64::MAX, Some(u64::MAX)), u64::MAX);
        let mut budget = Budget::new("x", 100, &Room::of_file(Some(0)));
        assert_eq!(budget.charge(60), Ok(()));
        let why = budget.charge(41).unwrap_err();
        assert_eq!(why, "more than the limit x allows (100 bytes)");
        assert_eq!((budget.left(), budget.charge(40)), (40, Ok(())));
    }

    /// One takes what another has left; what only passes is not taken, and has to be there.
    #[test]
    fn budgets_share_their_room() {
        let room = Room::of_file(Some(0));
        let mut budgets = Budgets::new(&kerchunk::Options::default(), &room);
        assert_eq!(budgets.decoded.charge(SPARE - 100), Ok(()));
        assert_eq!((room.left(), budgets.decoded.left()), (SPARE, 100));
        assert_eq!(budgets.documents.charge(SPARE - 50), Ok(()));
        assert_eq!((budgets.inline.left(), budgets.decoded.left()), (50, 0));
        let why = "more than a file of this length may bring into its sidecar (33554432 bytes)";
        assert_eq!(budgets.inline.charge(51), Err(why.into()));
        assert_eq!(budgets.decoded.charge(1), Err(why.into()));
        assert_eq!((room.take(51), room.take(50)), (Err(why.into()), Ok(())));
        room.spend(1);
        assert_eq!((room.left(), budgets.documents.left()), (0, 0));
    }
}
