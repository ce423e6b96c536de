//! From a source to a sidecar: walk, reference, inline, render.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
pub use h5meta::wire::Checksums;
use h5meta::{Index, Limits, Problem};
use serde_json::{Value, json};

use crate::document;
use crate::embed::{File, embed};
use crate::error::{Error, Result};
use crate::fetch::{self, Counters, Policy, Reading, Trace};
use crate::follow::{self, Follow, Followed, FollowedFile, Origin};
use crate::kerchunk::{self, Counts, LeftOut, NotReferenced, References, Tree};
use crate::render::{Layout, Rendered, check, render, write};
use crate::source::{Remembering, Source, Version, name_in_references};

/// The attribute that says which version of its file a sidecar is of.
pub const SOURCE_VERSION: &str = "h5sidecar_source";

/// How a sidecar is made.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// What goes into it.
    pub references: kerchunk::Options,
    /// How the file is read.
    pub policy: Policy,
    /// What reading it may cost.
    pub limits: Limits,
    /// Whether its metadata checksums are verified.
    pub checksums: Checksums,
    /// What the references call the file. If unset, what the source calls it, less what of a URL may be
    /// secret: user, password, query.
    pub url: Option<String>,
    /// Whether the sidecar says which version of the file it is of: its length, and its entity tag if it has
    /// one, in the attribute [`SOURCE_VERSION`] of the root group.
    pub record_version: bool,
    /// How files that datasets have their data in are opened. If unset, they are not.
    pub follow: Option<Follow>,
}

/// A sidecar, and what there is to say of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sidecar {
    /// The references.
    pub references: Arc<References>,
    /// What they call the file.
    pub url: String,
    /// Which version of it they are of. Times are left out: a copy has another.
    pub version: Version,
    /// What it holds.
    pub counts: Counts,
    /// Datasets of the file that it does not hold.
    pub not_referenced: Vec<NotReferenced>,
    /// Links of the file that are not in the sidecar.
    pub links: Vec<LeftOut>,
    /// The other files that were followed, if any were to be.
    pub files: Option<Vec<FollowedFile>>,
    /// What of the file could not be read.
    pub problems: Vec<Problem>,
    /// What it cost.
    pub trace: Trace,
    /// How long it took.
    pub elapsed: Duration,
}

/// Reads a file's metadata and makes its sidecar.
///
/// # Errors
/// `Malformed` if the file is not HDF5 or broken as a whole; the storage errors of `source`. What is
/// wrong with single objects is in the sidecar's `problems` and `not_referenced`.
pub async fn sidecar(
    source: &dyn Source,
    options: &Options,
    counters: &Counters,
) -> Result<Sidecar> {
    let start = Instant::now();
    if let Some(url) = options.url.as_deref().filter(|url| crate::error::redact(url) != **url) {
        let reason = "what references are to call the file has a user, a password or a query, which may be \
                      secret; all who get the sidecar would have it";
        return Err(Error::usage(url, reason));
    }
    let source: &dyn Source = &Remembering::new(source);
    let (mut index, problems) = options.reading().index(source, counters).await?;
    let url = match &options.url {
        Some(url) => url.clone(),
        None => name_in_references(source.url())?,
    };
    let origin = Origin {
        location: source.url(),
        url: &url,
        reading: options.reading(),
        counters,
        codecs: options.references.codecs,
    };
    let followed = match &options.follow {
        Some(follow) => follow::follow(&mut index, &problems, origin, follow).await?,
        None => Followed::nothing(&index),
    };
    let tilings = &followed.tilings;
    let room = &followed.room;
    let tree = Tree::of(&index, &options.references, room)
        .map_err(|reason| Error::Usage { location: crate::error::redact(source.url()), reason })?;
    let mut references =
        References::following(&index, &problems, tree, tilings, &options.references, room);
    let length = index.file_length;
    let file = File {
        source,
        index: &index,
        length: length.unwrap_or(u64::MAX),
        policy: &options.policy,
        counters,
    };
    embed(&mut references, file, options.references.max_inline_vlen).await?;
    drop(index);
    let (mut ranges, to_decode) = (references.to_inline(), references.to_decode());
    let inlined = ranges.len();
    ranges.extend(to_decode.iter().map(|(_, chunk)| chunk.range.clone()));
    let mut chunks = fetch::read_ranges(source, &ranges, &options.policy, counters).await?;
    let stored = chunks.split_off(inlined);
    references.inline(chunks);
    references.decode(to_decode.into_iter().zip(stored));
    for (file, chunks) in followed.read(references.to_inline_elsewhere(), origin).await? {
        references.inline_elsewhere(&file, chunks);
    }
    source.unchanged().await?;
    for other in followed.sources.values() {
        other.unchanged().await?;
    }
    references.place(options.references.max_linked.min(room.left()));
    let version = version(source, length);
    if options.record_version {
        references.set_attribute(SOURCE_VERSION, json!(version));
    }
    Ok(Sidecar {
        counts: references.counts,
        not_referenced: std::mem::take(&mut references.not_referenced),
        links: std::mem::take(&mut references.links),
        references: Arc::new(references),
        url,
        version,
        files: options.follow.is_some().then_some(followed.files),
        problems,
        trace: counters.trace(),
        elapsed: start.elapsed(),
    })
}

/// What tells this version of a file from others, wherever it is.
pub(crate) fn version(source: &dyn Source, length: Option<u64>) -> Version {
    let version = source.version();
    Version { modified: None, length: version.length.or(length), ..version }
}

/// Reads a file's metadata.
///
/// # Errors
/// As [`sidecar`].
pub async fn index(
    source: &dyn Source,
    options: &Options,
    counters: &Counters,
) -> Result<(Index, Vec<Problem>)> {
    let read = options.reading().index(source, counters).await?;
    source.unchanged().await?;
    Ok(read)
}

impl Options {
    fn reading(&self) -> Reading<'_> {
        Reading { policy: &self.policy, limits: &self.limits, checksums: self.checksums }
    }
}

impl Sidecar {
    /// The sidecar in a format.
    ///
    /// # Errors
    /// `Usage` for a file whose name the format cannot say.
    pub fn render(&self, layout: Layout) -> Result<Rendered> {
        let failed = |reason| Error::Usage { location: self.url.clone(), reason };
        render(&self.references, &self.url, layout).map_err(failed)
    }

    /// Writes the sidecar in one of the formats that are one file: never all of it is in memory.
    ///
    /// # Errors
    /// Those of `out`, and what [`Sidecar::render`] has errors for.
    pub fn write_to(&self, layout: Layout, out: &mut dyn io::Write) -> io::Result<()> {
        check(&self.references, &self.url, layout).map_err(io::Error::other)?;
        write(&self.references, &self.url, layout, out)
    }

    /// The sidecar as kerchunk reference JSON.
    ///
    /// # Errors
    /// As [`Sidecar::render`]; none without templates.
    pub fn json(&self) -> Result<Bytes> {
        match self.render(Layout::default())? {
            Rendered::File(bytes) => Ok(bytes),
            Rendered::Directory(_) => Ok(Bytes::new()),
        }
    }

    /// Whether nothing of the file's data is lost: each dataset is in the sidecar or has no data, and each
    /// other file that was followed was there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let mut files = self.files.iter().flatten();
        self.problems.is_empty()
            && files.all(|file| file.found)
            && !self.not_referenced.iter().any(|dataset| dataset.lost)
    }

    /// That the file is shorter than it says, if it is: what is missing of it nobody knows.
    #[must_use]
    pub fn cut_off(&self) -> Option<&h5meta::Error> {
        let mut errors = self.problems.iter().map(|problem| &problem.error);
        errors.find(|error| matches!(error.kind(), h5meta::Kind::CutOff { .. }))
    }

    /// The report, for scripts.
    #[must_use]
    pub fn report(&self, location: &str) -> Value {
        let mut report = json!({
            "file": crate::error::redact(location),
            "version": self.version,
            "complete": self.is_complete(),
            "codecs": self.references.codecs(),
            "counts": self.counts,
            "not_referenced": self.not_referenced,
            "links": self.links,
            "problems": self.problems.iter().map(document::problem).collect::<Vec<_>>(),
            "io": self.trace,
            "seconds": self.elapsed.as_secs_f64(),
        });
        if let Some(files) = &self.files {
            report["files"] = json!(files);
        }
        report
    }
}
