//! The fuzz targets' seeds and past findings, through the properties that the targets check: what fuzzing once
//! found stays found, on every compiler.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use e2e::{testdata, workspace};
use h5sidecar_fuzz::{Property, TARGETS};

/// Test files that are replayed: larger ones take long without optimisation.
const SMALL: u64 = 64 << 10;

/// What targets of whole files are given of `testdata/`.
const WHOLE_FILES: [&str; 3] = ["walk", "walk_split", "refs"];

/// The inputs of a target below `fuzz/`.
fn inputs(kind: &str, target: &str) -> Vec<PathBuf> {
    files(&workspace().join("fuzz").join(kind).join(target))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

/// Calls a property with each input; the ones it does not hold of.
fn broken(property: Property, inputs: &[PathBuf]) -> Vec<String> {
    let is_broken = |path: &&PathBuf| {
        let bytes = fs::read(path).unwrap();
        catch_unwind(|| property(&bytes)).is_err()
    };
    inputs.iter().filter(is_broken).map(|path| path.display().to_string()).collect()
}

#[test]
fn seeds_and_findings_are_what_they_should_be() {
    for (target, property) in TARGETS {
        let seeds = inputs("seeds", target);
        assert!(!seeds.is_empty(), "{target} has no seeds");
        let inputs = [seeds, inputs("regressions", target)].concat();
        let broken = broken(property, &inputs);
        assert!(broken.is_empty(), "{target} does not hold of {broken:#?}");
    }
}

#[test]
fn test_files_are_what_they_should_be() {
    let folders = ["", "not_hdf5", "parts", "elsewhere"];
    let mut inputs: Vec<PathBuf> =
        folders.iter().flat_map(|folder| files(&testdata(folder))).collect();
    inputs.retain(|path| fs::metadata(path).unwrap().len() <= SMALL);
    assert!(inputs.len() > 80, "testdata/ is there");
    for (target, property) in TARGETS {
        if WHOLE_FILES.contains(&target) {
            let broken = broken(property, &inputs);
            assert!(broken.is_empty(), "{target} does not hold of {broken:#?}");
        }
    }
}

/// A target by another name, or one that is not built, would be replayed by nobody.
#[test]
fn every_folder_and_every_target_is_one() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len(), "two targets of one name");
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let programs: BTreeSet<String> =
        files(&workspace().join("fuzz/fuzz_targets")).iter().map(stem).collect();
    assert_eq!(programs, targets, "fuzz_targets/ and TARGETS");
    let manifest = fs::read_to_string(workspace().join("fuzz/Cargo.toml")).unwrap();
    for target in &targets {
        assert!(manifest.contains(&format!("name = \"{target}\"\n")), "{target}: Cargo.toml");
    }
    for kind in ["seeds", "regressions"] {
        for entry in fs::read_dir(workspace().join("fuzz").join(kind)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(targets.contains(&name), "fuzz/{kind}/{name} is of no target");
        }
    }
    let coverage = fs::read_to_string(workspace().join("docs/coverage.md")).unwrap();
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = coverage.lines().map(cells).filter(|row| row.len() == 8 && row[6] != "---");
    let mut named = 0;
    for row in rows.filter(|row| row[6] != "fuzz target" && !row[6].is_empty()) {
        assert!(targets.contains(&row[6]), "docs/coverage.md: {row:?}");
        named += 1;
    }
    assert!(named > 100, "docs/coverage.md has rows");
}

/// The repository holds what a search begins with, not what it comes to.
#[test]
fn seeds_are_less_than_a_megabyte() {
    let seeds = TARGETS.iter().flat_map(|(target, _)| inputs("seeds", target));
    let bytes: u64 = seeds.map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(bytes < 1_000_000, "{bytes} bytes");
}
