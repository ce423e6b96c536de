//! What the end-to-end tests share: servers in this process, on the loopback address, gone when
//! dropped; files in memory; the test files and their snapshots.

#![expect(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests that cannot go on shall panic"
)]

pub mod granule;
pub mod http_server;
pub mod memory;
pub mod network;
pub mod peak;
pub mod s3_server;
pub mod snapshot;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use h5refs::render::{Layout, Rendered};
use h5refs::sidecar::Sidecar;
use h5refs::source::{Environment, SourceOptions};
use serde_json::Value;

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A test file.
pub fn testdata(name: &str) -> PathBuf {
    workspace().join("testdata").join(name)
}

/// The HDF5 files of `testdata/`, by name.
pub fn testfiles() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(testdata(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".h5") || name.ends_with(".nc"))
        .collect();
    names.sort();
    assert!(names.len() > 30, "testdata/ is there");
    names
}

/// Options that depend on nothing of the machine, however busy it is.
pub fn options() -> SourceOptions {
    let mut options = SourceOptions::default();
    options.environment = Environment::empty();
    options.connect_timeout = Duration::from_secs(5);
    options.read_timeout = Duration::from_secs(4);
    options.retries = 2;
    options
}

/// Bytes in which every position can be told from its neighbours.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

/// A sidecar's references, without the document that has all metadata once more.
pub fn references(made: &Sidecar) -> BTreeMap<String, Value> {
    let mut layout = Layout::default();
    layout.consolidated = false;
    let Rendered::File(json) = made.render(layout).unwrap() else { return BTreeMap::new() };
    let mut document: Value = serde_json::from_slice(&json).unwrap();
    serde_json::from_value(document["refs"].take()).unwrap()
}
