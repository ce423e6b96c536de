//! `cargo xtask parity [FILE|FOLDER...]`: our sidecars and kerchunk's against h5py, dataset by dataset.
//! `cargo xtask formats`: every form of a sidecar, opened by xarray.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python::python;
use crate::{call, root};

const DOCUMENT: &str = "docs/parity.md";

/// Of the files named, or `testdata/` and, if `H5_CORPUS` says where there is one, a corpus.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let (options, files): (Vec<_>, Vec<_>) =
        arguments.iter().partition(|argument| argument.starts_with("--"));
    let mut command = script("parity.py")?;
    // libhdf5 looks for external files in the working directory unless it is told otherwise.
    command.env("HDF5_EXTFILE_PREFIX", "${ORIGIN}");
    for option in options {
        command.arg(option);
        if option == "--write" {
            command.arg(root().join(DOCUMENT));
        }
    }
    if files.is_empty() {
        command.args(testfiles()?);
        command.args(std::env::var_os("H5_CORPUS").map(|corpus| Path::new(&corpus).join("files")));
    } else {
        command.args(files);
    }
    call(&mut command)
}

pub(crate) fn formats(arguments: &[String]) -> anyhow::Result<()> {
    call(script("formats.py")?.args(arguments))
}

/// One of the scripts of tests/python, and the program for it to try.
fn script(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(python()?);
    command.arg(root().join("tests/python").join(name)).arg("--program").arg(program()?);
    Ok(command)
}

/// The program to try: `H5SIDECAR`, or a release build of this workspace.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    if let Some(program) = std::env::var_os("H5SIDECAR") {
        return Ok(PathBuf::from(program));
    }
    call(Command::new("cargo").args(["build", "--release", "--package", "h5sidecar"]))?;
    Ok(release().join("h5sidecar"))
}

/// Where release builds are.
pub(crate) fn release() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    root().join(target).join("release")
}

fn testfiles() -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("testdata"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "h5" || extension == "nc") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
