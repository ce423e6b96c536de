//! `cargo xtask parity [FILE...]`: our sidecars, read through fsspec, zarr and xarray, against h5py.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::python::python;
use crate::{call, root};

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let python = python()?;
    let program = program()?;
    let out = root().join("target/parity");
    std::fs::create_dir_all(&out)?;
    let files = if arguments.is_empty() {
        testfiles()?
    } else {
        arguments.iter().map(PathBuf::from).collect()
    };
    let mut failed = Vec::new();
    for file in &files {
        println!("== {}", file.display());
        if let Err(error) = compare(&python, &program, file, &out) {
            println!("{error:#}");
            failed.push(file.display().to_string());
        }
    }
    println!("{} files, {} with wrong or missing datasets", files.len(), failed.len());
    if !failed.is_empty() {
        bail!("{}", failed.join(", "));
    }
    Ok(())
}

/// The program to try: `H5SIDECAR`, or a release build of this workspace.
fn program() -> anyhow::Result<PathBuf> {
    if let Some(program) = std::env::var_os("H5SIDECAR") {
        return Ok(PathBuf::from(program));
    }
    call(Command::new("cargo").args(["build", "--release", "--package", "h5sidecar"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    Ok(root().join(target).join("release/h5sidecar"))
}

/// Every dataset is equal, or the report says why it is not in the sidecar.
fn compare(python: &Path, program: &Path, file: &Path, out: &Path) -> anyhow::Result<()> {
    let name = file.file_name().unwrap_or_default();
    let (sidecar, report) = (out.join(name).with_extension("json"), out.join("report.json"));
    let mut index = Command::new(program);
    index.arg("index").arg(file).arg("--quiet").arg("--output").arg(&sidecar);
    index.arg("--follow-external");
    call(index.arg("--report").arg(&report))?;
    let mut parity = Command::new(python);
    // libhdf5 looks for external files in the working directory unless it is told otherwise.
    parity.env("HDF5_EXTFILE_PREFIX", "${ORIGIN}");
    parity.arg(root().join("tests/python/parity.py")).arg(&sidecar).arg(file);
    call(parity.arg("--report").arg(&report))
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
