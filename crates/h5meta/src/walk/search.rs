//! Where the superblock is: at byte 0, or behind a user block at 512, 1024, 2048 and so on.
//!
//! Spec: II.A. Byte 0 is looked at alone, since nearly every file starts there; else all the other
//! places are wanted at once, so that the search costs one round trip more and not one each.

use bytes::Bytes;

use super::{Step, Then, Walk, Want};
use crate::error::{Error, Kind, Result};
use crate::spec::Structure;
use crate::superblock::{self, ForeignFormat, SIGNATURE};
use crate::wire::{FileOffset, to_u64, to_usize};

#[derive(Debug, Default)]
pub(super) struct Search {
    /// Places not looked at yet.
    outstanding: u64,
    /// Whether the places past byte 0 have been wanted.
    wide: bool,
    /// The first place with a signature; others may be part of the file's data.
    found: Option<FileOffset>,
}

impl Walk {
    pub(super) fn search_at(&mut self, at: FileOffset) {
        self.search.outstanding = self.search.outstanding.saturating_add(1);
        let want =
            Want { at, min: to_u64(SIGNATURE.len()), hint: superblock::LARGEST, names_more: true };
        self.queue.push(Step { want, then: Then::Signature }, &self.extents);
    }

    pub(super) fn signature(&mut self, at: FileOffset, bytes: &Bytes) -> Result<()> {
        if bytes.starts_with(&SIGNATURE) {
            self.search.found = Some(self.search.found.unwrap_or(at).min(at));
        }
        self.searched()
    }

    /// One place was looked at. After the last one it is decided.
    pub(super) fn searched(&mut self) -> Result<()> {
        self.search.outstanding = self.search.outstanding.saturating_sub(1);
        if self.search.outstanding > 0 {
            return Ok(());
        }
        if let Some(at) = self.search.found {
            let want = Want {
                at,
                min: to_u64(SIGNATURE.len()),
                hint: superblock::LARGEST,
                names_more: true,
            };
            self.queue.push(Step { want, then: Then::Superblock }, &self.extents);
            return Ok(());
        }
        let length = self.extents.length().unwrap_or(0);
        let places: Vec<FileOffset> = superblock::places(length).skip(1).collect();
        if self.search.wide || places.is_empty() {
            // What the file is instead is told by its start, of which more may be known by chance.
            let min = length.min(superblock::LARGEST);
            let want = Want { at: FileOffset(0), min, hint: min, names_more: false };
            self.queue.push(Step { want, then: Then::Foreign }, &self.extents);
            return Ok(());
        }
        self.search.wide = true;
        for at in places {
            self.search_at(at);
        }
        Ok(())
    }

    /// No place has a signature: the file is not HDF5.
    pub(super) fn foreign(&self, bytes: &Bytes) -> Error {
        let start = bytes.get(..to_usize(superblock::LARGEST)).unwrap_or(bytes);
        Error::new(Kind::NotHdf5(ForeignFormat::of(start)), Structure::Superblock, 0)
    }
}
