//! `cargo xtask mutate [--count N] [--first N]`: the test files with faults, through all of a sidecar.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use h5sidecar_fuzz::trials::failures;

use crate::root;

/// Larger test files take too long, so often.
const LARGEST: usize = 1 << 20;

/// Faults that are tried before it is said how many have been.
const PART: usize = 10_000;

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let (mut first, mut count) = (0, 100_000);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut number = || -> anyhow::Result<usize> {
            let value = arguments.next().with_context(|| format!("{argument} needs a number"))?;
            value.parse().with_context(|| format!("{argument} {value}"))
        };
        match argument.as_str() {
            "--count" => count = number()?,
            "--first" => first = number()?,
            other => bail!("no option {other}; there are --count N and --first N"),
        }
    }
    let files = files(&root().join("testdata"))?;
    let start = Instant::now();
    let last = first.saturating_add(count);
    let mut failed = Vec::new();
    for from in (first..last).step_by(PART) {
        // Where to look if it ends the process.
        eprint!("\rfrom {from}");
        let part = from..last.min(from.saturating_add(PART));
        failed.extend(failures(&files, part, &root().join("target/mutations")));
    }
    eprintln!();
    println!(
        "{count} mutations of {} files in {:.1} s",
        files.len(),
        start.elapsed().as_secs_f64()
    );
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("\n")) }
}

/// The HDF5 files of a folder, in order.
fn files(folder: &Path) -> anyhow::Result<Vec<(String, Bytes)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_hdf5 =
            path.extension().is_some_and(|extension| extension == "h5" || extension == "nc");
        if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| is_hdf5) {
            files.push((name.to_owned(), Bytes::from(std::fs::read(&path)?)));
        }
    }
    files.retain(|(_, bytes)| bytes.len() < LARGEST);
    files.sort();
    Ok(files)
}
