//! `h5sidecar bench`: how long it takes to prepare a file in each of the formats that clouds like, and what
//! that brings.
//!
//! Each row is one format and one tool. A row whose tool is missing says so, and has no number; what a row
//! makes is read back before its time counts. Tools are run as processes of their own, ours too, so that all
//! are timed in the same way, and their memory is theirs.

pub mod child;
pub mod machine;
pub mod report;

mod original;
mod repacked;
mod sidecar;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use h5refs::error::redact;
use h5refs::fetch::Policy;
use h5refs::source::{Opener, SourceOptions};

use self::machine::Machine;
use self::report::{Outcome, Report, Row, Table};

/// The rows in their order: a short name, and what it means.
pub const ROWS: [(&str, &str); 9] = [
    ("original", "original: opened and listed"),
    ("sidecar", "sidecar: h5sidecar"),
    ("kerchunk", "sidecar through libhdf5: kerchunk"),
    ("repacked", "repacked: h5sidecar"),
    ("h5repack", "repacked: h5repack"),
    ("sidecar-of-repacked", "sidecar of repacked: h5sidecar"),
    ("kerchunk-of-repacked", "sidecar of repacked through libhdf5: kerchunk"),
    ("geoparquet", "GeoParquet"),
    ("flatgeobuf", "FlatGeobuf"),
];

/// What is to be measured.
#[derive(Debug)]
pub struct Plan {
    /// The file: a path or a URL.
    pub file: String,
    /// The rows wanted, by their short names.
    pub rows: Vec<String>,
    /// How often each is run.
    pub repeat: u32,
    /// How long one run may take.
    pub patience: Duration,
    /// Chunks of fewer stored bytes than this go into sidecars themselves, ours and kerchunk's.
    pub inline_threshold: u64,
    /// The program that makes our sidecars.
    pub program: PathBuf,
    /// What tells it how files are reached, and libhdf5's tools where they can be told.
    pub storage_arguments: Vec<OsString>,
    /// The same, for what is read here.
    pub storage: SourceOptions,
    /// How our program reads.
    pub policy: Policy,
    /// The command line, for the report.
    pub command: String,
}

impl Plan {
    /// The service that is asked in place of the store's own. What is given with a file that is in no store is asked
    /// by nobody, and may be anything.
    fn endpoint(&self) -> Option<&str> {
        let (scheme, _) = self.file.split_once("://")?;
        let others = ["file", "http", "https"];
        let is_other = others.iter().any(|other| scheme.eq_ignore_ascii_case(other));
        self.storage.endpoint.as_deref().filter(|_| !is_other)
    }
}

/// A plan that is being carried out.
struct Bench<'a> {
    plan: &'a Plan,
    opener: Opener,
    /// Where everything that is made goes. Removed at the end.
    folder: tempfile::TempDir,
}

/// Measures the rows of a plan, one after the other, and says to `progress` which is next.
///
/// # Errors
/// If there is no place to write to, or the file cannot be read at all.
pub async fn run(plan: &Plan, progress: impl Fn(&str)) -> anyhow::Result<Report> {
    let opener = Opener::new(plan.storage.clone());
    let bench = Bench { plan, opener, folder: tempfile::tempdir()? };
    let machine = Machine::this(vec![bench.store().await?]);
    let mut rows = Vec::new();
    for (key, what) in ROWS {
        if plan.rows.iter().any(|wanted| wanted == key) {
            progress(what);
            rows.push(Row::new(key, what, bench.outcome(key).await));
        }
    }
    let name = redact(&plan.file);
    Ok(Report {
        title: format!("{name}: formats, and what it takes to make them"),
        command: plan.command.clone(),
        date: now(),
        machine,
        notes: notes(plan),
        tables: vec![Table { title: "Formats".to_owned(), rows }],
    })
}

/// The date, as HTTP has it.
#[must_use]
pub fn now() -> String {
    httpdate::fmt_http_date(SystemTime::now())
}

impl Bench<'_> {
    async fn outcome(&self, key: &str) -> Outcome {
        let outcome = match key {
            "original" => self.original().await,
            "sidecar" => self.sidecar(&self.plan.file).await,
            "kerchunk" => self.kerchunk(&self.plan.file).await,
            "h5repack" => self.h5repack().await,
            "sidecar-of-repacked" => match self.repacked_file() {
                Some(file) => self.sidecar(&file).await,
                None => Ok(no_repacked_file()),
            },
            "kerchunk-of-repacked" => match self.repacked_file() {
                Some(file) => self.kerchunk(&file).await,
                None => Ok(no_repacked_file()),
            },
            _ => Ok(Outcome::NotRun { reason: "not built".to_owned() }),
        };
        let mut outcome =
            outcome.unwrap_or_else(|error| Outcome::Failed { reason: format!("{error:#}") });
        // Tools quote what they were given. In a text it is not known for one location where a password has a
        // space or a quote in it; here it is.
        if let Outcome::Failed { reason } | Outcome::NotRun { reason } = &mut outcome {
            for location in [Some(&*self.plan.file), self.plan.endpoint()].into_iter().flatten() {
                *reason = reason.replace(location, &redact(location));
            }
        }
        outcome
    }

    /// Where the file is, and how long one byte of it takes.
    async fn store(&self) -> anyhow::Result<String> {
        let source = self.opener.open(&self.plan.file).await?;
        // The first answer waits for a connection too.
        source.read(0..1).await?;
        let mut latencies = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            source.read(0..1).await?;
            latencies.push(start.elapsed());
        }
        latencies.sort_unstable();
        let median = latencies.get(2).copied().unwrap_or_default().as_secs_f64();
        let scheme = self.plan.file.split_once("://").map_or("local file", |(scheme, _)| scheme);
        let at = self.plan.endpoint().map(|at| format!(" at {}", redact(at)));
        let at = at.unwrap_or_default();
        Ok(format!("{scheme}{at}; one byte takes {:.2} ms, the median of 5", median * 1e3))
    }
}

fn no_repacked_file() -> Outcome {
    Outcome::NotRun { reason: "no repacked file: the h5repack row made none".to_owned() }
}

fn notes(plan: &Plan) -> Vec<String> {
    let threshold = plan.inline_threshold;
    vec![
        "speed is against the first row; memory is the peak of the row's process, with what its \
         language takes"
            .to_owned(),
        "original is our own reader, and lists every object and chunk; it makes nothing".to_owned(),
        format!(
            "both sidecars have chunks below {threshold} bytes inlined, which have to be read for \
             that; the seconds of kerchunk are without Python's start and imports, ours with all"
        ),
        "sidecars are checked by h5sidecar verify: every reference, and 1,000 chunks decoded or more"
            .to_owned(),
    ]
}
