//! The other files: each opened once, however many datasets name it, and only so many.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use h5meta::{Index, Problem};

use super::budget::Budget;
use super::place::Allowed;
use super::{Follow, FollowedFile, name};
use crate::error::Error;
use crate::fetch::{self, Counters, Reading, Trace};
use crate::links::Resolver;
use crate::source::{Source, name_in_references};

/// Files that are read at one time: each has requests in flight of its own.
pub(super) const AT_ONCE: usize = 8;

/// The files followed so far, by location.
#[derive(Debug)]
pub(super) struct Files<'a> {
    follow: &'a Follow,
    /// Where the file is that names the others.
    location: &'a str,
    /// What references call it.
    url: &'a str,
    reading: Reading<'a>,
    counters: &'a Counters,
    allowed: Allowed<'a>,
    /// Where the files of names are, and what references call them.
    places: BTreeMap<String, Result<(String, String), String>>,
    known: BTreeMap<String, Known>,
    /// That a file changed while it was read, if one did: then nothing of it is certain.
    changed: Option<Error>,
    /// What they may cost.
    pub(super) budget: Budget,
    /// What is at paths in them.
    pub(super) resolver: Resolver,
}

/// What is known of a file: what it was opened as, and what came of it.
#[derive(Debug, Default)]
struct Known {
    /// What references call it.
    url: String,
    /// Whether it was asked for by its own name. That the block after the last has no file is no loss.
    named: bool,
    hdf5: Option<Outcome<Arc<Hdf5>>>,
    raw: Option<Outcome<Arc<Raw>>>,
}

/// A file, or no such file, or why it cannot be read.
pub(super) type Outcome<T> = Result<Option<T>, String>;

/// An HDF5 file that was walked.
#[derive(Debug)]
pub(super) struct Hdf5 {
    /// What references call it.
    pub(super) url: Arc<str>,
    pub(super) source: Arc<dyn Source>,
    pub(super) index: Index,
    pub(super) problems: Vec<Problem>,
}

/// A file of raw data.
#[derive(Debug)]
pub(super) struct Raw {
    /// What references call it.
    pub(super) url: Arc<str>,
    pub(super) source: Arc<dyn Source>,
    /// Its bytes, if they could be told.
    pub(super) length: Option<u64>,
}

impl<'a> Files<'a> {
    pub(super) fn new(
        follow: &'a Follow,
        location: &'a str,
        url: &'a str,
        reading: Reading<'a>,
        counters: &'a Counters,
    ) -> Self {
        let allowed = Allowed::new(location, &follow.below);
        Self {
            follow,
            location,
            url,
            reading,
            counters,
            allowed,
            places: BTreeMap::new(),
            known: BTreeMap::new(),
            changed: None,
            budget: Budget::new(follow.max_chunks),
            resolver: Resolver::default(),
        }
    }

    /// Whether a name is that of the file itself.
    pub(super) fn is_own(&self, name: &str) -> bool {
        let is_here = |place: name::Beside| place.location == self.location;
        name == "." || name::beside(self.location, name).is_ok_and(is_here)
    }

    /// Reads HDF5 files of these names, several at a time.
    pub(super) async fn read_all(&mut self, names: &[String]) {
        self.read_new(names).await;
        for name in names {
            let place = self.place(name).ok();
            if let Some(known) = place.and_then(|(location, _)| self.known.get_mut(&location)) {
                known.named = true;
            }
        }
    }

    async fn read_new(&mut self, names: &[String]) {
        let mut new = BTreeMap::new();
        for name in names {
            if let Ok((location, url)) = self.place(name)
                && self.known.get(&location).is_none_or(|known| known.hdf5.is_none())
            {
                new.insert(location, url);
            }
        }
        let (follow, reading) = (self.follow, self.reading);
        let reads = new.into_iter().take(self.left()).map(|(location, url)| async move {
            let counters = Counters::default();
            let read = read(follow, &location, &url, reading, &counters).await;
            (location, url, read, counters.trace())
        });
        let done: Vec<_> = futures::stream::iter(reads).buffered(AT_ONCE).collect().await;
        self.count(done.iter().map(|(.., trace)| trace));
        for (location, url, read, _) in done {
            let outcome = self.outcome(read);
            if let Ok(Some(file)) = &outcome {
                self.budget.read(file.index.file_length);
            }
            let known = self.known.entry(location).or_default();
            (known.url, known.hdf5) = (url, Some(outcome));
        }
    }

    /// The HDF5 file of this name, which is read if it is new.
    pub(super) async fn hdf5(&mut self, name: &str) -> Outcome<Arc<Hdf5>> {
        let (location, _) = self.place(name)?;
        self.read_new(&[name.to_owned()]).await;
        match self.known.get(&location).and_then(|known| known.hdf5.clone()) {
            Some(outcome) => outcome,
            None => Err(self.too_many()),
        }
    }

    /// The file of raw data of this name, which is opened if it is new.
    pub(super) async fn raw(&mut self, name: &str) -> Outcome<Arc<Raw>> {
        let (location, url) = self.place(name)?;
        if let Some(outcome) = self.known.get(&location).and_then(|known| known.raw.clone()) {
            return outcome;
        }
        if self.left() == 0 {
            return Err(self.too_many());
        }
        let opened = open(self.follow, &location, &url, self.counters).await;
        let outcome = self.outcome(opened);
        let known = self.known.entry(location).or_default();
        (known.url, known.named, known.raw) = (url, true, Some(outcome.clone()));
        outcome
    }

    /// What was followed, for the report.
    pub(super) fn report(&self) -> Vec<FollowedFile> {
        let followed = |known: &Known| {
            let outcome = known.hdf5.as_ref().map(|outcome| outcome.as_ref().map(Option::is_some));
            let raw = || known.raw.as_ref().map(|outcome| outcome.as_ref().map(Option::is_some));
            let (found, reason) = match outcome.or_else(raw)? {
                Ok(false) if !known.named => return None,
                Ok(found) => (found, None),
                Err(reason) => (false, Some(reason.clone())),
            };
            Some(FollowedFile { file: crate::error::redact(&known.url), found, reason })
        };
        let mut report: Vec<_> = self.known.values().filter_map(followed).collect();
        report.sort_by(|a, b| a.file.cmp(&b.file));
        report
    }

    /// The first change of a file that was seen.
    pub(super) fn changed(&mut self) -> Option<Error> {
        self.changed.take()
    }

    fn outcome<T>(&mut self, result: Result<T, Error>) -> Outcome<T> {
        match result {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => {
                let reason = error.to_string();
                if matches!(error, Error::Changed { .. }) {
                    self.changed.get_or_insert(error);
                }
                Err(reason)
            }
        }
    }

    /// Where the file of a name is, and what references call it.
    fn place(&mut self, name: &str) -> Result<(String, String), String> {
        if let Some(place) = self.places.get(name) {
            return place.clone();
        }
        let place = self.allowed.place(name, self.url);
        self.places.insert(name.to_owned(), place.clone());
        place
    }

    /// How many more may be opened.
    fn left(&self) -> usize {
        let most = usize::try_from(self.follow.max_files).unwrap_or(usize::MAX);
        most.saturating_sub(self.known.len())
    }

    fn too_many(&self) -> String {
        format!("more than {} other files (--max-files)", self.follow.max_files)
    }

    fn count<'t>(&self, traces: impl Iterator<Item = &'t Trace>) {
        let mut rounds = 0;
        for trace in traces {
            self.counters.include(trace);
            rounds = rounds.max(trace.waves);
        }
        self.counters.include_rounds(rounds);
    }
}

async fn read(
    follow: &Follow,
    location: &str,
    url: &str,
    reading: Reading<'_>,
    counters: &Counters,
) -> Result<Arc<Hdf5>, Error> {
    let source = follow.opener.open_found(location).await?;
    let (index, problems) = reading.index(&*source, counters).await?;
    let url = Arc::from(name_in_references(url)?);
    Ok(Arc::new(Hdf5 { url, source, index, problems }))
}

async fn open(
    follow: &Follow,
    location: &str,
    url: &str,
    counters: &Counters,
) -> Result<Arc<Raw>, Error> {
    let source = follow.opener.open_found(location).await?;
    let length = match source.whole() {
        Some(whole) => Some(whole.len() as u64),
        // The first byte, for the length that comes with it.
        None => fetch::length(&*source, counters).await?,
    };
    Ok(Arc::new(Raw { url: Arc::from(name_in_references(url)?), source, length }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Policy;
    use crate::source::{Opener, SourceOptions};

    /// What was read of it before is of another version.
    #[test]
    fn a_change_is_more_than_a_file_that_cannot_be_read() {
        let follow = Follow::new(Arc::new(Opener::new(SourceOptions::default())));
        let (policy, limits) = (Policy::default(), h5meta::Limits::default());
        let checksums = h5meta::wire::Checksums::default();
        let reading = Reading { policy: &policy, limits: &limits, checksums };
        let counters = Counters::default();
        let mut files = Files::new(&follow, "a.h5", "a.h5", reading, &counters);
        assert!(matches!(files.outcome::<()>(Err(Error::missing("b.h5", "none"))), Ok(None)));
        assert!(files.outcome::<()>(Err(Error::refused("b.h5", "no"))).is_err());
        assert!(files.changed().is_none());
        assert!(files.outcome::<()>(Err(Error::changed("b.h5", "it is longer"))).is_err());
        assert!(matches!(files.changed(), Some(Error::Changed { .. })));
    }
}
