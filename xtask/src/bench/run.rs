//! A row: its process run, timed, counted by the server, and what it made checked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use h5sidecar::bench::child::{self, Ended, Ran};
use h5sidecar::bench::report::{Measured, Outcome, Row, Spread};
use h5sidecar::human::{bytes, count, plural};
use serde_json::Value;

use super::check::{self, Chunks};
use super::floor::{self, Store};
use super::rows::{Way, Who};
use super::server::{BUCKET, Seen, Server};
use crate::root;

/// A row that takes longer than this is not run again.
const LONG: f64 = 60.0;

/// What all rows need.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) server: Server,
    pub(crate) store: Store,
    /// The file that is served, on this machine.
    pub(crate) granule: PathBuf,
    pub(crate) chunks: Chunks,
    /// The environment's Python.
    pub(crate) python: PathBuf,
    /// Our program.
    pub(crate) program: PathBuf,
    /// Where rows write to.
    pub(crate) folder: PathBuf,
    pub(crate) repeat: u32,
    pub(crate) patience: Duration,
}

impl Runner {
    /// One row, of the file that is far away or of the same file here.
    pub(crate) async fn row(&self, way: &Way, remote: bool) -> Row {
        let outcome = match way.who {
            Who::Nobody(inline) => {
                floor::floor(&self.granule, inline, self.store).await.map(Outcome::Computed)
            }
            _ => self.measured(way, remote).await,
        };
        let failed = |error| Outcome::Failed { reason: format!("{error:#}") };
        Row::new(way.key, way.what, outcome.unwrap_or_else(failed))
    }

    async fn measured(&self, way: &Way, remote: bool) -> anyhow::Result<Outcome> {
        let output = self.folder.join(format!("{}.out", way.key));
        let location = match remote {
            true => format!("s3://{BUCKET}/{}", self.key()?),
            false => self.granule.display().to_string(),
        };
        let mut command = self.command(way.who, &location, &output);
        let (mut times, mut last) = (Vec::new(), None);
        while times.len() < usize::try_from(self.repeat.max(1))? {
            // What an earlier run made shall not be taken for this one's.
            let _ = std::fs::remove_file(&output);
            self.server.tally().take();
            let ran = child::run(&mut command, self.patience)?;
            let seen = self.server.tally().take();
            if let Some(reason) = self.failure(&ran, seen) {
                return Ok(Outcome::Failed { reason });
            }
            let seconds = match way.who {
                Who::Ours(_) | Who::OursMapped(_) => ran.seconds,
                _ => printed(&ran)?,
            };
            times.push(seconds);
            last = Some((ran, seen));
            if seconds > LONG {
                break;
            }
        }
        let (ran, seen) = last.context("nothing was run")?;
        let checked = match way.who {
            Who::Chunks(_) => self.chunks.check_list(&output)?,
            Who::References(_) => self.chunks.check_references(&output)?,
            Who::Ours(_) | Who::OursMapped(_) | Who::Nobody(_) => {
                let same = self.chunks.check_references(&output)?;
                format!("{same}; {}", check::check_sidecar(&output, &self.granule).await?)
            }
        };
        let counted = |n: u64| remote.then_some(n);
        let sidecar = !matches!(way.who, Who::Chunks(_));
        Ok(Outcome::Ok(Measured {
            seconds: Spread::of(&times),
            output_bytes: sidecar.then_some(std::fs::metadata(&output)?.len()),
            requests: counted(seen.requests),
            bytes_read: counted(seen.bytes),
            peak_in_flight: counted(seen.peak),
            peak_memory: ran.peak_memory,
            checked,
        }))
    }

    fn command(&self, who: Who, location: &str, output: &Path) -> Command {
        let mut command = match who {
            Who::References(name) | Who::Chunks(name) => {
                let mut command = Command::new(&self.python);
                command.arg(root().join("tests/python/bench/peers.py"));
                command.args([name, location]).arg(output);
                command
            }
            Who::Ours(inline) | Who::OursMapped(inline) | Who::Nobody(inline) => {
                let mut command = Command::new(&self.program);
                command.args(["index", "--quiet", "--format", "json"]);
                command.args(["--inline-threshold", &inline.to_string()]);
                command.arg("--output").arg(output).arg(location);
                if matches!(who, Who::OursMapped(_)) {
                    command.arg("--mmap");
                }
                command
            }
        };
        command.envs(self.server.environment());
        command
    }

    fn failure(&self, ran: &Ran, seen: Seen) -> Option<String> {
        match &ran.ended {
            Ended::Well => None,
            Ended::Failed(reason) => Some(reason.clone()),
            Ended::Killed => Some(format!(
                "killed after {}, {} requests and {}",
                plural(self.patience.as_secs(), "second"),
                count(seen.requests),
                bytes(seen.bytes)
            )),
        }
    }

    fn key(&self) -> anyhow::Result<&str> {
        self.granule.file_name().and_then(|name| name.to_str()).context("a name")
    }
}

/// What a script says that its work took.
fn printed(ran: &Ran) -> anyhow::Result<f64> {
    let line = ran.printed.lines().last().unwrap_or_default();
    let said: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
    said["seconds"].as_f64().with_context(|| line.to_owned())
}
