//! The rows of sidecars: ours, and kerchunk's.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use h5refs::fetch::Counters;
use h5refs::verify::{self, verify};
use serde_json::Value;

use super::Bench;
use super::child::{self, Ended, Ran};
use super::report::{Measured, Outcome, Spread};
use crate::human::plural;

/// What has kerchunk make a sidecar, and prints how long that took.
const KERCHUNK: &str = include_str!("kerchunk.py");

/// Has Python import nothing from the current directory, which is where a file of strangers may lie, and a
/// `fsspec.py` of theirs beside it: with `-c` that directory is the first to be searched. `-I` would leave out what
/// `pip install --user` has installed, too, and `-P` is not known before Python 3.11. What is imported here is
/// built in.
const NOT_HERE: &str = "import sys; sys.path[:] = [place for place in sys.path if place]\n";

/// `python3` with a script and, yet to come, its arguments.
fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg("-c").arg(format!("{NOT_HERE}{script}"));
    command
}

impl Bench<'_> {
    /// The program's own `index`, as anyone would run it.
    pub(super) async fn sidecar(&self, file: &str) -> anyhow::Result<Outcome> {
        let sidecar = self.folder.path().join("sidecar.json");
        let report = self.folder.path().join("report.json");
        let mut command = Command::new(&self.plan.program);
        command.args(["index", "--quiet", "--inline-threshold"]);
        command.arg(self.plan.inline_threshold.to_string());
        command.arg("--output").arg(&sidecar).arg("--report").arg(&report);
        command.args(&self.plan.storage_arguments).arg("--").arg(file);
        let (ran, spread) = match self.repeated(&mut command, |ran| Ok(ran.seconds))? {
            Ok(ran) => ran,
            Err(outcome) => return Ok(outcome),
        };
        let report: Value = serde_json::from_str(std::fs::read_to_string(&report)?.trim())?;
        let io = |name: &str| report["io"][name].as_u64();
        let measured = Measured {
            seconds: spread,
            output_bytes: Some(std::fs::metadata(&sidecar)?.len()),
            requests: io("requests"),
            bytes_read: io("bytes"),
            peak_in_flight: io("peak_in_flight"),
            peak_memory: ran.peak_memory,
            checked: String::new(),
        };
        self.verified(&sidecar, file, measured).await
    }

    /// kerchunk, if the `python3` of the path has it.
    pub(super) async fn kerchunk(&self, file: &str) -> anyhow::Result<Outcome> {
        let probe = python("import kerchunk.hdf, ujson").output();
        let lacking = match probe {
            Ok(output) if output.status.success() => None,
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                Some(said.lines().last().unwrap_or("python3 failed").to_owned())
            }
            Err(error) => Some(format!("python3: {error}")),
        };
        if let Some(reason) = lacking {
            return Ok(Outcome::NotRun { reason });
        }
        let sidecar = self.folder.path().join("kerchunk.json");
        let mut command = python(KERCHUNK);
        command.arg(file).arg(&sidecar);
        command.arg(self.plan.inline_threshold.to_string());
        command.arg(if self.plan.storage.anonymous { "anonymous" } else { "" });
        if let Some(endpoint) = self.plan.endpoint() {
            command.env("AWS_ENDPOINT_URL", endpoint);
        }
        let (ran, spread) = match self.repeated(&mut command, printed_seconds)? {
            Ok(ran) => ran,
            Err(outcome) => return Ok(outcome),
        };
        let measured = Measured {
            seconds: spread,
            output_bytes: Some(std::fs::metadata(&sidecar)?.len()),
            peak_memory: ran.peak_memory,
            ..Measured::default()
        };
        self.verified(&sidecar, file, measured).await
    }

    /// Runs a command as often as is wanted. The inner error is a row that came to nothing.
    pub(super) fn repeated(
        &self,
        command: &mut Command,
        seconds: impl Fn(&Ran) -> anyhow::Result<f64>,
    ) -> anyhow::Result<Result<(Ran, Spread), Outcome>> {
        let mut times = Vec::new();
        let mut last = None;
        for _ in 0..self.plan.repeat.max(1) {
            let ran = child::run(command, self.plan.patience)
                .with_context(|| command.get_program().display().to_string())?;
            match &ran.ended {
                Ended::Well => times.push(seconds(&ran)?),
                Ended::Failed(reason) => {
                    return Ok(Err(Outcome::Failed { reason: reason.clone() }));
                }
                Ended::Killed => {
                    let patience = self.plan.patience.as_secs();
                    let reason = format!("killed after {}", plural(patience, "second"));
                    return Ok(Err(Outcome::Failed { reason }));
                }
            }
            last = Some(ran);
        }
        let ran = last.context("nothing was run")?;
        Ok(Ok((ran, Spread::of(&times))))
    }

    /// The time counts if the sidecar fits its file.
    async fn verified(
        &self,
        sidecar: &Path,
        file: &str,
        measured: Measured,
    ) -> anyhow::Result<Outcome> {
        let mut options = verify::Options::default();
        options.file = Some(file.to_owned());
        options.policy = self.plan.policy.clone();
        let place = sidecar.to_str().context("a path that is not Unicode")?;
        let verified = verify(place, &self.opener, &options, &Counters::default()).await?;
        if let Some(fault) = verified.faults.first() {
            let faults = plural(verified.faults.len() as u64, "fault");
            let reason = format!("{faults}: {}: {}", fault.key, fault.reason);
            return Ok(Outcome::Failed { reason });
        }
        let checked = format!(
            "{}, {}, of which {} decoded",
            plural(verified.arrays, "array"),
            plural(verified.referenced_chunks + verified.inlined_chunks, "chunk"),
            verified.decoded
        );
        Ok(Outcome::Ok(Measured { checked, ..measured }))
    }
}

/// What a script says that its work took.
fn printed_seconds(ran: &Ran) -> anyhow::Result<f64> {
    let line = ran.printed.lines().last().unwrap_or_default();
    line.trim().parse().with_context(|| format!("no number of seconds: {line}"))
}
