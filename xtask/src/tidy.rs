//! `cargo xtask tidy`: the rules that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::{printed, root};

/// Lines of a file before its tests. A longer one has a second idea in it.
const LONGEST: usize = 400;

/// Folders of the parser in which every file is about a structure of the specification.
const DECODERS: [&str; 7] =
    ["btree", "heap", "message", "object_header", "selection", "superblock", "symbol_table.rs"];

/// What the parser must not depend on: it does no I/O and starts no threads.
const NOT_IN_PARSER: [&str; 6] =
    ["tokio", "reqwest", "object_store", "hyper", "rayon", "serde_json"];

/// What would bring C, or an assembler, into the build.
const NOT_IN_BUILD: [&str; 10] = [
    "cc",
    "cmake",
    "bindgen",
    "ring",
    "aws-lc-rs",
    "aws-lc-sys",
    "openssl-sys",
    "libz-sys",
    "zstd-sys",
    "hdf5-metno-sys",
];

/// The files that may have `unsafe` in them: the one that maps files, and the tests' counting allocators.
const UNSAFE: [&str; 3] =
    ["crates/h5meta/src/mmap.rs", "crates/h5meta/tests/support/counting.rs", "tests/src/peak.rs"];

pub(crate) fn run(_: &[String]) -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for folder in ["crates", "tests", "xtask", "fuzz"] {
        for file in rust_files(&root().join(folder))? {
            check_file(&file, &mut faults)?;
        }
    }
    check_tree("h5meta", &NOT_IN_PARSER, &mut faults)?;
    check_tree("h5sidecar", &NOT_IN_BUILD, &mut faults)?;
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        bail!("{} faults", faults.len());
    }
    Ok(())
}

fn check_file(file: &Path, faults: &mut Vec<String>) -> anyhow::Result<()> {
    let shown = file.strip_prefix(root()).unwrap_or(file).display().to_string();
    let text = fs::read_to_string(file)?;
    let tests = shown.ends_with("tests.rs") || shown.contains("/tests/");
    // Tests in a sibling file are part of the module they test.
    if !text.starts_with("//!") && !shown.ends_with("tests.rs") {
        faults.push(format!("{shown}: does not start with what the module is for (//!)"));
    }
    let code = text.split("#[cfg(test)]").next().unwrap_or_default().lines().count();
    if code > LONGEST && !tests {
        faults.push(format!("{shown}: {code} lines before its tests, {LONGEST} at most"));
    }
    let is_allowed = UNSAFE.iter().any(|allowed| shown.ends_with(allowed));
    let is_product = shown.starts_with("crates/") || shown.starts_with("tests/");
    if is_product
        && !is_allowed
        && let Some(line) = unsafe_line(&text)
    {
        faults.push(format!("{shown}:{line}: unsafe; only {} may have it", UNSAFE.join(", ")));
    }
    let decoder =
        DECODERS.iter().any(|room| shown.starts_with(&format!("crates/h5meta/src/{room}")));
    if decoder && !tests && !text.contains("Spec:") {
        faults.push(format!("{shown}: names no section of the specification (Spec: ...)"));
    }
    Ok(())
}

/// The first line that has the word, or what turns off its lint, in its code.
fn unsafe_line(text: &str) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let has = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        code.split(|c| !is_word(c)).any(|word| word == "unsafe" || word == "unsafe_code")
    };
    text.lines().position(has).map(|line| line + 1)
}

fn check_tree(package: &str, banned: &[&str], faults: &mut Vec<String>) -> anyhow::Result<()> {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--package", package, "--edges", "normal,build", "--prefix", "none"]);
    let listed = printed(tree.args(["--format", "{p}"]).current_dir(root()))?;
    for line in listed.lines() {
        let name = line.split(' ').next().unwrap_or_default();
        if banned.contains(&name) {
            faults.push(format!("{package} depends on {name}"));
        }
    }
    Ok(())
}

fn rust_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
