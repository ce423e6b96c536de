//! A sidecar against its file: whether its documents make sense, every reference is inside the file, the file
//! is the version that the sidecar is of, and chunks decode to what their array says they are.
//!
//! | file | what |
//! |---|---|
//! | `read` | a sidecar of any format, as documents and references |
//! | `json` | kerchunk reference JSON |
//! | `tables` | kerchunk's tables |
//! | `entries` | JSON objects, an entry at a time |
//! | `compact` | documents as text |
//! | `budget` | how much is held of it |
//! | `array` | what a `.zarray` says |
//! | `check` | everything that shows without reading the file |
//! | `decode` | a chunk, through its codecs |
//! | `faults` | what is wrong, as far as it is kept |
//! | `document` | a sidecar alone, without its files |
//! | `work` | how much is decoded |
//!
//! The sidecar may be anyone's: what it says is a claim, and the files that it names are opened because its
//! user asks for that. A sidecar from elsewhere leads to no file of this machine.

mod array;
mod budget;
mod check;
mod compact;
mod decode;
mod document;
mod entries;
mod faults;
mod json;
mod read;
mod tables;
mod work;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub use self::document::Document;

use self::check::Checked;
use self::decode::Undecoded;
use self::faults::Faults;
use self::read::{Chunk, Stored};
use self::work::{Decoded, Work};
use crate::error::{Error, Result};
use crate::fetch::{self, Counters, Policy, Trace};
use crate::sidecar::version;
use crate::source::{Opener, Source, Version, local_path};

/// How a sidecar is verified.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Chunks that are decoded: the first of every array, and so many more, evenly. Default 1000.
    pub sample: u64,
    /// How the file is read.
    pub policy: Policy,
    /// The file that the references are of, whatever they call it.
    pub file: Option<String>,
    /// What was reported of a file when its sidecar was made ([`Sidecar::report`]), by what that calls the file:
    /// which version it was, for sidecars that do not say it themselves, and how much the sidecar had.
    ///
    /// [`Sidecar::report`]: crate::sidecar::Sidecar::report
    pub reported: BTreeMap<String, serde_json::Value>,
    /// Bytes that the sidecar may have, unpacked. Default 4 GiB.
    pub max_sidecar: u64,
    /// Bytes that a chunk may have, decoded. Default 1 GiB.
    pub max_chunk: u64,
    /// Files that the sidecar may lead to. Default 1000.
    pub max_files: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sample: 1000,
            policy: Policy::default(),
            file: None,
            reported: BTreeMap::new(),
            max_sidecar: 4 << 30,
            max_chunk: 1 << 30,
            max_files: 1000,
        }
    }
}

/// What is wrong with a sidecar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Fault {
    /// The key concerned; empty for the sidecar as a whole.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Fault {
    fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key: key.into(), reason: reason.into() }
    }
}

/// A file that references are of.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct VerifiedFile {
    /// Where it is.
    pub file: String,
    /// Which version of it is there now.
    pub version: Version,
}

/// What came of verifying a sidecar.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Verified {
    /// Groups and arrays.
    pub groups: u64,
    /// Arrays.
    pub arrays: u64,
    /// Chunks that are byte ranges.
    pub referenced_chunks: u64,
    /// Chunks that are in the sidecar.
    pub inlined_chunks: u64,
    /// Chunks that were decoded, and are what their array says.
    pub decoded: u64,
    /// Chunks that were to be decoded and could not be, by codec: there is no decoder here.
    pub not_decoded: BTreeMap<String, u64>,
    /// The files that references are of.
    pub files: Vec<VerifiedFile>,
    /// What is wrong, in order.
    pub faults: Vec<Fault>,
    /// What it cost.
    pub trace: Trace,
    /// How long it took.
    pub elapsed: Duration,
}

impl Verified {
    /// The report, for scripts.
    #[must_use]
    pub fn report(&self, sidecar: &str) -> serde_json::Value {
        serde_json::json!({
            "sidecar": crate::error::redact(sidecar),
            "right": self.faults.is_empty(),
            "groups": self.groups,
            "arrays": self.arrays,
            "referenced_chunks": self.referenced_chunks,
            "inlined_chunks": self.inlined_chunks,
            "decoded": self.decoded,
            "not_decoded": self.not_decoded,
            "files": self.files,
            "faults": self.faults,
            "io": self.trace,
            "seconds": self.elapsed.as_secs_f64(),
        })
    }
}

/// Verifies the sidecar at `location`.
///
/// # Errors
/// `NoSidecar` for what is none in any of the formats; the storage errors of it and of the files it leads to.
pub async fn verify(
    location: &str,
    opener: &Opener,
    options: &Options,
    counters: &Counters,
) -> Result<Verified> {
    let start = Instant::now();
    let mut checked = check::check(read::read(location, opener, options).await?);
    let files = open(location, &checked, opener, options).await?;
    let referenced = checked.referenced();
    let mut verified = Verified {
        groups: checked.groups,
        arrays: checked.arrays.len() as u64,
        referenced_chunks: referenced,
        inlined_chunks: (checked.chunks.len() as u64).saturating_sub(referenced),
        ..Verified::default()
    };
    let mut faults = std::mem::take(&mut checked.faults);
    let mut lengths: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, source) in &files {
        let length = fetch::length(&**source, counters).await?;
        let version = version(&**source, length);
        lengths.insert(name, version.length.unwrap_or(u64::MAX));
        let file = crate::error::redact(source.url());
        // Of several files the sidecar itself does not say which one it means.
        let own = checked.recorded.as_ref().filter(|_| files.len() == 1);
        for recorded in
            own.into_iter().chain(options.reported.get(&file).map(|report| &report["version"]))
        {
            faults.extend(of_version(&file, recorded, &version));
        }
        verified.files.push(VerifiedFile { file, version });
    }
    // What is absent reads as fill values; which file it would be of shows only if there is one.
    let report = match verified.files.as_slice() {
        [one] => options.reported.get(&one.file),
        [] if options.reported.len() == 1 => options.reported.values().next(),
        _ => None,
    };
    if let Some(report) = report {
        faults.extend(verified.missing(&report["counts"]));
    }
    faults.extend(check::outside(&checked.chunks, &lengths));

    let mut inline: Vec<&Chunk> = Vec::new();
    let mut stored: BTreeMap<&str, Vec<&Chunk>> = BTreeMap::new();
    for chunk in checked.sample(options.sample) {
        match &chunk.stored {
            Stored::Inline(_) => inline.push(chunk),
            Stored::Range { file, .. } => stored.entry(file).or_default().push(chunk),
        }
    }
    let mut work = Work::new(&checked, lengths.values().copied(), options.max_chunk);
    verified.decode_inline(&checked, &inline, &mut work, &mut faults);
    for (file, chunks) in stored {
        let Some(source) = files.get(file) else { continue };
        let length = lengths.get(file).copied().unwrap_or(0);
        let mut chunks = chunks.into_iter().filter_map(|chunk| {
            let Stored::Range { range, .. } = &chunk.stored else { return None };
            let range = range.clone().unwrap_or(0..length);
            // What is not inside has been said.
            (range.end <= length).then_some((chunk, range))
        });
        let mut next = chunks.next();
        // So many bytes at a time: what is decoded is not kept.
        while let Some(first) = next.take() {
            let mut some = vec![first];
            let mut left = options.max_chunk.min(BATCH).saturating_sub(length_of(&some[0].1));
            for (chunk, range) in chunks.by_ref() {
                match left.checked_sub(length_of(&range)) {
                    Some(rest) if some.len() < CHUNKS => {
                        left = rest;
                        some.push((chunk, range));
                    }
                    _ => {
                        next = Some((chunk, range));
                        break;
                    }
                }
            }
            let ranges: Vec<_> = some.iter().map(|(_, range)| range.clone()).collect();
            let read = fetch::read_ranges(&**source, &ranges, &options.policy, counters).await?;
            let read: Vec<_> = some.iter().map(|(chunk, _)| *chunk).zip(read).collect();
            verified.count(&checked, work.decode(&checked, &read), &mut faults);
        }
    }
    verified.faults = faults.finish();
    verified.trace = counters.trace();
    verified.elapsed = start.elapsed();
    Ok(verified)
}

/// The files that references are of, by what the sidecar calls them.
async fn open(
    sidecar: &str,
    checked: &Checked,
    opener: &Opener,
    options: &Options,
) -> Result<BTreeMap<Arc<str>, Arc<dyn Source>>> {
    let mut files: BTreeMap<Arc<str>, Arc<dyn Source>> = BTreeMap::new();
    let is_local = |location: &str| matches!(local_path(location), Ok(Some(_)));
    for chunk in &checked.chunks {
        let Stored::Range { file, .. } = &chunk.stored else { continue };
        if files.contains_key(file) {
            continue;
        }
        if files.len() as u64 >= options.max_files {
            return Err(Error::no_sidecar(
                sidecar,
                format!("more than {} files", options.max_files),
            ));
        }
        if let Some(named) = &options.file {
            if !files.is_empty() {
                let reason = "the sidecar has references of several files";
                return Err(Error::usage(named, reason));
            }
            files.insert(Arc::clone(file), opener.open(named).await?);
            continue;
        }
        if is_local(file) && !is_local(sidecar) {
            let reason =
                format!("it leads to a file of this machine: {file} (--file says which one)");
            return Err(Error::no_sidecar(sidecar, reason));
        }
        files.insert(Arc::clone(file), opener.open_found(file).await?);
    }
    Ok(files)
}

/// Where a file is another than the version that was recorded.
fn of_version(file: &str, recorded: &serde_json::Value, version: &Version) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut compare = |name: &str, found: serde_json::Value| {
        let recorded = &recorded[name];
        if !recorded.is_null() && !found.is_null() && *recorded != found {
            let reason = format!("{file} is another: its {name} was {recorded}, now {found}");
            faults.push(Fault::new("", reason));
        }
    };
    compare("length", version.length.into());
    compare("etag", version.etag.clone().into());
    faults
}

fn length_of(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// Bytes of chunks that are held at once, and chunks that are decoded.
const BATCH: u64 = 256 << 20;
const CHUNKS: usize = 1 << 16;

impl Verified {
    /// What was there when the sidecar was made, and is not now. Links may have given it more.
    fn missing(&self, counted: &serde_json::Value) -> Vec<Fault> {
        let chunks = self.referenced_chunks.saturating_add(self.inlined_chunks);
        let number = |name: &str| counted[name].as_u64().unwrap_or(0);
        let were = number("referenced_chunks").saturating_add(number("inlined_chunks"));
        let kinds = [
            ("groups", number("groups"), self.groups),
            ("arrays", number("arrays"), self.arrays),
            ("chunks", were, chunks),
        ];
        let lacking = kinds.into_iter().filter(|(_, were, are)| are < were);
        lacking
            .map(|(kind, were, are)| {
                Fault::new("", format!("{are} {kind} of {were} that there were"))
            })
            .collect()
    }

    /// Decodes chunks that are in the sidecar itself, so many at a time.
    fn decode_inline(
        &mut self,
        checked: &Checked,
        chunks: &[&Chunk],
        work: &mut Work,
        faults: &mut Faults,
    ) {
        for chunks in chunks.chunks(CHUNKS) {
            let bytes = |chunk: &&Chunk| match &chunk.stored {
                Stored::Inline(bytes) => bytes.clone(),
                Stored::Range { .. } => Bytes::new(),
            };
            let chunks: Vec<_> = chunks.iter().map(|chunk| (*chunk, bytes(chunk))).collect();
            self.count(checked, work.decode(checked, &chunks), faults);
        }
    }

    fn count(&mut self, checked: &Checked, decoded: Vec<Decoded<'_>>, faults: &mut Faults) {
        for (chunk, decoded) in decoded {
            match decoded {
                Ok(()) => self.decoded += 1,
                Err(Undecoded::Unknown(what)) => {
                    *self.not_decoded.entry(what.as_ref().into()).or_default() += 1;
                }
                Err(Undecoded::Wrong(why)) => {
                    let path = &checked.arrays[chunk.array].path;
                    faults.push(Fault::new(chunk.key.clone(), format!("/{path}: {why}")));
                }
            }
        }
    }
}
