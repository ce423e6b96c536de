//! What all that is followed may cost: mappings are short, and may all show the same chunks.

use crate::limits::Room;

/// What a chunk takes that is shown, besides its place along each dimension, in bytes.
const CHUNK: u64 = 96;
const DIMENSION: u64 = 16;

/// The same of a block: a selection on each side.
const BLOCK: u64 = 128;
const LINES: u64 = 64;

/// Chunks that are looked at for each that is shown, and for each byte: each mapping looks at all chunks of its
/// source, which takes far less than to show one.
const LOOKS: u64 = 50;
const LOOKS_A_BYTE: u64 = 4;

/// The budget of one file, with those that it leads to.
#[derive(Debug)]
pub(super) struct Budget {
    /// Chunks that may be shown, whatever the files' length.
    most: u64,
    /// Bytes of the files.
    length: u64,
    shown: u64,
    looked_at: u64,
    /// Bytes that what is followed takes.
    taken: u64,
}

impl Budget {
    pub(super) fn new(most: u64) -> Self {
        Self { most, length: 0, shown: 0, looked_at: 0, taken: 0 }
    }

    /// Another file is read: it may show what chunks it has.
    pub(super) fn read(&mut self, length: Option<u64>) {
        self.length = self.length.saturating_add(length.unwrap_or(0));
    }

    pub(super) fn look_at(&mut self, chunks: u64) -> Result<(), String> {
        self.looked_at = self.looked_at.saturating_add(chunks);
        let most = self.most.saturating_mul(LOOKS);
        within(self.looked_at, most.min(self.bytes().saturating_mul(LOOKS_A_BYTE)))
    }

    /// A chunk is shown, of which so many bytes are kept here.
    pub(super) fn show(&mut self, rank: usize, bytes: usize) -> Result<(), String> {
        self.shown = self.shown.saturating_add(1);
        within(self.shown, self.most)?;
        self.take(CHUNK, DIMENSION.saturating_mul(rank as u64).saturating_add(bytes as u64))
    }

    /// A block of a mapping is found, by a path of so many bytes.
    pub(super) fn find(&mut self, rank: usize, path: usize) -> Result<(), String> {
        self.take(BLOCK, LINES.saturating_mul(rank as u64).saturating_add(path as u64))
    }

    fn take(&mut self, each: u64, further: u64) -> Result<(), String> {
        self.taken = self.taken.saturating_add(each).saturating_add(further);
        within(self.taken, self.half())
    }

    fn bytes(&self) -> u64 {
        Room::of_file(Some(self.length)).left()
    }

    /// What is followed may take half of the room in the sidecar: nothing else shall be lost for it.
    fn half(&self) -> u64 {
        self.bytes() / 2
    }

    /// The room in a sidecar of all these files, less what has been taken.
    pub(super) fn room(&self) -> Room {
        let room = Room::of_file(Some(self.length));
        room.spend(self.taken.min(self.half()));
        room
    }
}

fn within(taken: u64, most: u64) -> Result<(), String> {
    if taken > most { Err("more chunks of other files than are followed".into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_follows_the_length_of_the_files() {
        let shown = |lengths: &[u64]| {
            let mut budget = Budget::new(20_000_000);
            lengths.iter().for_each(|&length| budget.read(Some(length)));
            (0..).take_while(|_| budget.show(1, 0).is_ok()).count()
        };
        // Far more than a short file has; of long ones a chunk for every few bytes.
        assert!((100_000..200_000).contains(&shown(&[1000])));
        assert!(shown(&[1000, 100_000_000]) > 5_000_000);
        assert_eq!(shown(&[1000, 1 << 40]), 20_000_000);
    }
}
