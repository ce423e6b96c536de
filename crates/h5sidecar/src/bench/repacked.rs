//! The row of h5repack: the file with its metadata together, in pages.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::Context as _;
use h5meta::model::{Dataset, Index};
use h5refs::fetch::Counters;
use h5refs::sidecar::{self, Options};

use super::Bench;
use super::report::{Measured, Outcome};
use crate::human::plural;

/// Bytes of a page: of those that were tried for such files, what reads well.
const PAGE: &str = "4194304";

impl Bench<'_> {
    pub(super) async fn h5repack(&self) -> anyhow::Result<Outcome> {
        let not_run = |reason: &str| Ok(Outcome::NotRun { reason: reason.to_owned() });
        let file = &self.plan.file;
        if file.contains("://") {
            return not_run("h5repack reads local files only");
        }
        if Command::new("h5repack").arg("--version").output().is_err() {
            return not_run("no h5repack on the path");
        }
        let repacked = self.folder.path().join("repacked.h5");
        let mut command = Command::new("h5repack");
        command.args(["-S", "PAGE", "-G", PAGE]).arg(file).arg(&repacked);
        let (ran, seconds) = match self.repeated(&mut command, |ran| Ok(ran.seconds))? {
            Ok(ran) => ran,
            Err(outcome) => return Ok(outcome),
        };
        let repacked = repacked.to_str().context("a path that is not Unicode")?;
        let (before, after) = (self.listed(file).await?, self.listed(repacked).await?);
        if let Some(path) = differing(&before, &after) {
            let reason = format!("{path} is not what it was");
            // A file that is wrong is no file to be indexed.
            std::fs::remove_file(repacked)?;
            return Ok(Outcome::Failed { reason });
        }
        Ok(Outcome::Ok(Measured {
            seconds,
            output_bytes: Some(std::fs::metadata(repacked)?.len()),
            peak_memory: ran.peak_memory,
            checked: format!(
                "{} of the same shapes and types",
                plural(after.len() as u64, "dataset")
            ),
            ..Measured::default()
        }))
    }

    /// What the h5repack row made.
    pub(super) fn repacked_file(&self) -> Option<String> {
        let file = self.folder.path().join("repacked.h5");
        file.exists().then(|| file.to_str().map(str::to_owned)).flatten()
    }

    async fn listed(&self, file: &str) -> anyhow::Result<BTreeMap<String, Dataset>> {
        let source = self.opener.open(file).await?;
        let options = Options::default();
        let (index, _): (Index, _) =
            sidecar::index(&*source, &options, &Counters::default()).await?;
        let datasets = index.datasets();
        Ok(datasets.map(|(object, dataset)| (object.path.clone(), dataset.clone())).collect())
    }
}

/// A dataset that one file has and the other has not, or has otherwise.
fn differing<'a>(
    before: &'a BTreeMap<String, Dataset>,
    after: &'a BTreeMap<String, Dataset>,
) -> Option<&'a String> {
    let same = |path: &String| match (before.get(path), after.get(path)) {
        (Some(before), Some(after)) => {
            before.dataspace == after.dataspace && before.size() == after.size()
        }
        _ => false,
    };
    before.keys().chain(after.keys()).find(|path| !same(path))
}
