//! The project's own tasks: `cargo xtask <task>`.

#[cfg(feature = "bench")]
mod bench;
mod coverage;
mod fixtures;
mod fuzz;
mod miri;
#[cfg(feature = "bench")]
mod mutate;
mod parity;
mod python;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};

type Task = fn(&[String]) -> anyhow::Result<()>;

const TASKS: &[(&str, Task, &str)] = &[
    ("ci", ci, "everything that has to pass before a change lands"),
    ("tidy", tidy::run, "the rules no compiler checks: module docs, file sizes, dependencies"),
    ("coverage", coverage::run, "which structures are read: docs/coverage.md (--check: is it so?)"),
    ("fixtures", fixtures::run, "do the scripts still make testdata/ as it is? (--write: make it)"),
    ("parity", parity::run, "our sidecars and kerchunk's against h5py (--write: docs/parity.md)"),
    ("formats", parity::formats, "every form of a sidecar, opened by xarray, against h5netcdf"),
    ("fuzz", fuzz::run, "run the fuzz targets: fuzz [TARGET]... [--seconds N] [--seeds]"),
    ("mutate", mutate, "test files with faults, through all of a sidecar (--count N)"),
    ("miri", miri::run, "the tests of the product's one unsafe block, under Miri, on nightly"),
    ("bench", bench, "time every way to make a sidecar, on a store far away (--scale, --help)"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = arguments.split_first().map_or(("", &[][..]), |(name, rest)| (name, rest));
    let Some((_, task, _)) = TASKS.iter().find(|(task, ..)| *task == name) else {
        eprintln!("cargo xtask <task>");
        for (task, _, what) in TASKS {
            eprintln!("  {task:<10}{what}");
        }
        return ExitCode::from(1);
    };
    match task(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn ci(_: &[String]) -> anyhow::Result<()> {
    call(Command::new("bash").arg(".ci/run").current_dir(root()))
}

#[cfg(not(feature = "bench"))]
fn bench(arguments: &[String]) -> anyhow::Result<()> {
    optimised("bench", arguments)
}

#[cfg(not(feature = "bench"))]
fn mutate(arguments: &[String]) -> anyhow::Result<()> {
    optimised("mutate", arguments)
}

/// A task in a build of its own: it needs our crates, or a server and its dependencies, and to be fast. Our program
/// is built with it, for the two share most of theirs.
#[cfg(not(feature = "bench"))]
fn optimised(task: &str, arguments: &[String]) -> anyhow::Result<()> {
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--package", "xtask", "--package", "h5sidecar"]);
    call(build.args(["--features", "xtask/bench"]).current_dir(root()))?;
    let release = parity::release();
    let program = std::env::var_os("H5SIDECAR").unwrap_or(release.join("h5sidecar").into());
    let mut again = Command::new(release.join("xtask"));
    call(again.env("H5SIDECAR", program).arg(task).args(arguments))
}

#[cfg(feature = "bench")]
use bench::run as bench;
#[cfg(feature = "bench")]
use mutate::run as mutate;

/// The workspace's folder.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// Runs a command to its end; a failure says which.
fn call(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{command:?}");
    let status = command.status().with_context(|| format!("cannot run {shown}"))?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

/// What a command prints.
fn printed(command: &mut Command) -> anyhow::Result<String> {
    let shown = format!("{command:?}");
    let output = command.output().with_context(|| format!("cannot run {shown}"))?;
    if !output.status.success() {
        bail!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}
