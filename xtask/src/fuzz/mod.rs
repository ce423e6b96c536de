//! `cargo xtask fuzz [TARGET]... [--seconds N] [--seeds]`: the fuzz targets, on nightly.
//!
//! Each begins with its seeds, past findings and what earlier runs kept in `fuzz/corpus/`; those of whole files with
//! `testdata/` too. At the end: how much was tried and what it reached. With `--seeds`, the seeds are chosen anew.

mod seeds;
mod stats;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use self::stats::Stats;
use crate::{printed, root};

/// Bytes that a target may take, ours and libFuzzer's with what it keeps, and seconds for one input.
const MEMORY_MB: u64 = 512;
const TIMEOUT: u64 = 10;

/// Test files that are seeds.
const SMALL: u64 = 64 << 10;

#[derive(Debug, Default, PartialEq, Eq)]
struct Arguments {
    targets: Vec<String>,
    seconds: Option<u64>,
    seeds: bool,
}

/// How a target was run.
struct Outcome {
    target: String,
    stats: Stats,
    /// What it found, as the file that shows it.
    found: Option<String>,
}

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let arguments = parse(arguments)?;
    let targets = targets(&arguments.targets)?;
    if arguments.seeds {
        return seeds::choose(&targets);
    }
    let testdata = testdata()?;
    let mut outcomes = Vec::new();
    for target in targets {
        outcomes.push(try_out(&target, arguments.seconds.unwrap_or(60), &testdata)?);
    }
    println!("{}", stats::table(outcomes.iter().map(|it| (&*it.target, &it.stats))));
    let found: Vec<&Outcome> = outcomes.iter().filter(|it| it.found.is_some()).collect();
    if found.is_empty() {
        return Ok(());
    }
    for Outcome { target, found, .. } in &found {
        let input = found.as_deref().unwrap_or_default();
        eprintln!(
            "{target} found something: fuzz/{input}\n  \
             see it:     cargo +nightly fuzz run {target} {input}    (in fuzz/)\n  \
             smaller:    cargo +nightly fuzz tmin {target} {input}\n  \
             then:       copy it to fuzz/regressions/{target}/<what was wrong>; it is a test from then on\n  \
             and:        cargo test -p e2e --test fuzz_replay    (fails until it is mended)"
        );
    }
    bail!("findings of {} targets", found.len());
}

fn parse(arguments: &[String]) -> anyhow::Result<Arguments> {
    let mut parsed = Arguments::default();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => {
                let value = arguments.next().context("--seconds needs a number")?;
                parsed.seconds = Some(value.parse().with_context(|| format!("--seconds {value}"))?);
            }
            "--seeds" => parsed.seeds = true,
            option if option.starts_with('-') => bail!("no option {option}"),
            target => parsed.targets.push(target.to_owned()),
        }
    }
    Ok(parsed)
}

/// The targets that are wanted, all if none is named.
fn targets(wanted: &[String]) -> anyhow::Result<Vec<String>> {
    let listed = printed(cargo_fuzz().arg("list"))
        .context("cargo-fuzz and a nightly compiler are needed: cargo install cargo-fuzz")?;
    let all: Vec<String> = listed.lines().map(str::to_owned).collect();
    if let Some(unknown) = wanted.iter().find(|wanted| !all.contains(wanted)) {
        bail!("no target {unknown}; there are {}", all.join(", "));
    }
    Ok(if wanted.is_empty() { all } else { wanted.to_vec() })
}

fn cargo_fuzz() -> Command {
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz"]).current_dir(folder());
    if std::env::var_os("ASAN_OPTIONS").is_none() {
        // What is freed is kept for a while to find uses of it, 256 MB of it: half of what a target may take.
        command.env("ASAN_OPTIONS", "quarantine_size_mb=16");
    }
    command
}

fn folder() -> PathBuf {
    root().join("fuzz")
}

fn try_out(target: &str, seconds: u64, testdata: &Path) -> anyhow::Result<Outcome> {
    let corpus = folder().join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let mut command = cargo_fuzz();
    command.args(["run", target]).arg(corpus);
    for kind in ["seeds", "regressions"] {
        let inputs = folder().join(kind).join(target);
        if inputs.is_dir() {
            command.arg(inputs);
        }
    }
    if is_of_whole_files(target) {
        command.arg(testdata);
    }
    command.args(["--", "-print_final_stats=1", &format!("-max_total_time={seconds}")]);
    command.args(limits(target));
    let dictionary = if target == "sidecar" { "sidecar" } else { "h5" };
    command.arg(format!("-dict=dictionaries/{dictionary}.dict"));

    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let mut stats = Stats::default();
    let mut found = None;
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            let line = line?;
            eprintln!("{line}");
            stats.read(&line);
            let artifact = line.split_once("Test unit written to ").map(|(_, path)| path);
            if let Some(path) = artifact {
                let path = path.rsplit_once("fuzz/artifacts/").map_or(path, |(_, path)| path);
                found = Some(format!("artifacts/{path}"));
            }
        }
    }
    let status = child.wait()?;
    if !status.success() && found.is_none() {
        bail!("{target} did not run: {status}");
    }
    Ok(Outcome { target: target.to_owned(), stats, found })
}

fn is_of_whole_files(target: &str) -> bool {
    matches!(target, "walk" | "walk_split" | "refs")
}

/// What libFuzzer holds a target to. Structures are small, and what is longer than it need be slow.
fn limits(target: &str) -> [String; 3] {
    let length = match target {
        "walk" | "walk_split" | "refs" => SMALL,
        "sidecar" => 16 << 10,
        "grid" => 128,
        _ => 4 << 10,
    };
    [
        format!("-max_len={length}"),
        format!("-rss_limit_mb={MEMORY_MB}"),
        format!("-timeout={TIMEOUT}"),
    ]
}

/// The small test files, in a folder of their own.
fn testdata() -> anyhow::Result<PathBuf> {
    let copies = root().join("target/fuzz-testdata");
    fs::create_dir_all(&copies)?;
    for folder in ["", "parts", "not_hdf5"] {
        for entry in fs::read_dir(root().join("testdata").join(folder))? {
            let entry = entry?;
            let meta = entry.metadata()?;
            let is_text = entry.path().extension().is_some_and(|it| it == "md" || it == "json");
            if meta.is_file() && meta.len() <= SMALL && !is_text {
                fs::copy(entry.path(), copies.join(entry.file_name()))?;
            }
        }
    }
    Ok(copies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_targets_and_options() {
        let parse = |text: &str| parse(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let parsed = parse("walk refs --seconds 300").unwrap();
        assert_eq!(parsed.targets, ["walk", "refs"]);
        assert_eq!(parsed.seconds, Some(300));
        assert!(!parsed.seeds && parse("--seeds").unwrap().seeds);
        for wrong in ["--seconds", "--seconds x", "--second 3"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
