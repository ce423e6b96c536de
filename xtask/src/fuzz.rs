//! `cargo xtask fuzz [TARGET] [--seconds N]`: the fuzz targets, on nightly, seeded from `testdata/`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::{call, printed, root};

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let (targets, seconds) = parse(arguments)?;
    let seeds = seeds()?;
    let fuzz = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(["+nightly", "fuzz"]).args(arguments).current_dir(root().join("fuzz"));
        command
    };
    let listed =
        printed(&mut fuzz(&["list"])).context("cargo-fuzz is needed: cargo install cargo-fuzz")?;
    let all: Vec<&str> = listed.lines().collect();
    for target in &targets {
        if !all.contains(&target.as_str()) {
            bail!("no target {target}; there are {}", all.join(", "));
        }
    }
    for target in all {
        if !targets.is_empty() && !targets.iter().any(|wanted| wanted == target) {
            continue;
        }
        let corpus = root().join("fuzz/corpus").join(target);
        fs::create_dir_all(&corpus)?;
        let mut command = fuzz(&["run", target]);
        command.arg(&corpus).arg(&seeds).args(["--", "-dict=dictionaries/h5.dict"]);
        call(command.arg(format!("-max_total_time={seconds}")))?;
    }
    Ok(())
}

fn parse(arguments: &[String]) -> anyhow::Result<(Vec<String>, u64)> {
    let mut targets = Vec::new();
    let mut seconds = 60;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => {
                let value = arguments.next().context("--seconds needs a number")?;
                seconds = value.parse().with_context(|| format!("--seconds {value}"))?;
            }
            target => targets.push(target.to_owned()),
        }
    }
    Ok((targets, seconds))
}

/// The small test files, in a folder of their own.
fn seeds() -> anyhow::Result<PathBuf> {
    let seeds = root().join("target/fuzz-seeds");
    fs::create_dir_all(&seeds)?;
    for entry in fs::read_dir(root().join("testdata"))? {
        let entry = entry?;
        let small = entry.metadata()?.is_file() && entry.metadata()?.len() <= 64 << 10;
        if small && entry.path().extension().is_some_and(|extension| extension != "md") {
            fs::copy(entry.path(), seeds.join(entry.file_name()))?;
        }
    }
    Ok(seeds)
}
