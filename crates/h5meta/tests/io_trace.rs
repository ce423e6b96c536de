//! The I/O of each test file, as reviewed text: how many dependent round trips (waves), how many
//! requests, how many bytes. A lost round trip shows in the diff.
//!
//! The driver is the exact one: it waits for a whole wave, supplies every want as hinted, clipped to
//! the end of the file, and coalesces nothing. `BLESS=1 cargo test -p h5meta --test io_trace` writes
//! the snapshot anew.
//!
//! How deep `atl03_mini.h5` is: the superblock; a B-tree node and then a symbol node for each of up to
//! five groups in each other (the caches in symbol tables bring the node along with the header); then
//! a dataset's header, and its chunk B-tree of up to three levels, or its continuation blocks. That is
//! twelve and more for the deepest pointers; what hints bring along by chance makes eleven of them.

#![expect(clippy::unwrap_used, clippy::as_conversions, reason = "a test")]

mod support;

use std::fmt::Write as _;

use bytes::Bytes;
use support::{driven, files, supply_exactly};

#[test]
fn waves_requests_and_bytes_are_as_reviewed() {
    let mut text = String::from(
        "# file: waves / wants / bytes wanted, of the file's bytes; then wants and bytes a wave.\n",
    );
    for (name, file) in files() {
        text.push_str(&trace(&name, &file));
    }
    let snapshot = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/io_trace.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(snapshot, &text).unwrap();
    }
    let reviewed = std::fs::read_to_string(snapshot).unwrap();
    for (now, then) in text.lines().zip(reviewed.lines()) {
        assert_eq!(now, then, "if this is better, or right: BLESS=1 and commit the difference");
    }
    assert_eq!(text.lines().count(), reviewed.lines().count());
}

fn trace(name: &str, file: &Bytes) -> String {
    let mut waves = Vec::new();
    let outcome = driven(file, |walk, wants| {
        assert!(!wants.is_empty(), "{name}: a wave that wants nothing");
        let ends = |at: u64, hint| at.saturating_add(hint).min(file.len() as u64);
        let bytes: u64 = wants.iter().map(|want| ends(want.at.0, want.hint) - want.at.0).sum();
        waves.push((wants.len(), bytes));
        supply_exactly(file, walk, &wants);
    });
    let wants: usize = waves.iter().map(|wave| wave.0).sum();
    let bytes: u64 = waves.iter().map(|wave| wave.1).sum();
    let mut text = format!("{name}: {} / {wants} / {bytes} of {}", waves.len(), file.len());
    match outcome {
        Err(error) => write!(text, " ({error})").unwrap(),
        Ok((index, problems)) => {
            let datasets = index.datasets().count();
            write!(text, " ({datasets} datasets, {} problems)", problems.len()).unwrap();
        }
    }
    text.push('\n');
    for (wants, bytes) in waves {
        writeln!(text, "    {wants} {bytes}").unwrap();
    }
    text
}
