//! What the tests of the walk share: the test files, and drivers that supply them.

#![allow(clippy::allow_attributes, dead_code, reason = "each test uses a part of it")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use h5meta::{Error, FileOffset, Index, Limits, Need, Problem, Walk, Want};

pub(crate) mod counting;
pub(crate) mod forge;

/// What a walk ends with.
pub(crate) type Outcome = Result<(Index, Vec<Problem>), Error>;

/// The directory of the test files.
pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// Every test file with its name, in order; those that are not HDF5, or no whole file, included.
pub(crate) fn files() -> Vec<(String, Bytes)> {
    let mut files = Vec::new();
    for below in ["", "not_hdf5/", "parts/"] {
        for entry in std::fs::read_dir(directory().join(below)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            // Nor the sidecar that the README's example leaves beside its file.
            if path.is_file() && !name.ends_with(".md") && !name.ends_with(".json") {
                files.push((format!("{below}{name}"), std::fs::read(path).unwrap().into()));
            }
        }
    }
    files.sort();
    assert!(files.len() > 30, "the test files are there");
    files
}

/// The test files that a test may read many times.
pub(crate) fn small_files() -> Vec<(String, Bytes)> {
    files().into_iter().filter(|(_, bytes)| bytes.len() < 1 << 20).collect()
}

/// The test file of that name.
pub(crate) fn file(name: &str) -> Bytes {
    std::fs::read(directory().join(name)).unwrap().into()
}

/// Everything that a walk found, as text: two walks are equal if this is.
pub(crate) fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    match outcome {
        Err(error) => writeln!(text, "error: {error}"),
        Ok((index, problems)) => {
            let objects = &index.objects;
            writeln!(
                text,
                "{:#?}\n{:?}\n{objects:#?}\n{problems:#?}",
                index.superblock, index.file_length
            )
        }
    }
    .unwrap();
    text
}

/// The walk of a file that is supplied at once.
pub(crate) fn whole(file: &Bytes) -> Outcome {
    let mut walk = Walk::new(Limits::default());
    walk.supply_whole(file.clone());
    assert_eq!(walk.next()?, Need::Done, "all of the file is here");
    walk.finish()
}

/// The walk of a file as a driver supplies it: `supply` is given each wave of wants, and says by
/// supplying which bytes arrive before the next.
pub(crate) fn driven(file: &Bytes, mut supply: impl FnMut(&mut Walk, Vec<Want>)) -> Outcome {
    let mut walk = Walk::new(Limits::default());
    walk.set_length(file.len() as u64);
    loop {
        match walk.next()? {
            Need::Done => return walk.finish(),
            Need::Bytes(wants) => supply(&mut walk, wants),
        }
    }
}

/// The bytes of a range, as far as the file has them.
pub(crate) fn cut(file: &Bytes, at: u64, length: u64) -> Bytes {
    let end = at.saturating_add(length).min(file.len() as u64);
    file.slice(at.min(end) as usize..end as usize)
}

/// Supplies exactly what is hinted, clipped to the file.
pub(crate) fn supply_exactly(file: &Bytes, walk: &mut Walk, wants: &[Want]) {
    for want in wants {
        walk.supply(want.at, cut(file, want.at.0, want.hint));
    }
}

/// Supplies a range in pieces of the sizes that `size` gives.
pub(crate) fn supply_in_pieces(
    file: &Bytes,
    walk: &mut Walk,
    (at, length): (u64, u64),
    mut size: impl FnMut() -> u64,
) {
    let bytes = cut(file, at, length);
    let mut done = 0;
    while done < bytes.len() as u64 {
        let piece = cut(&bytes, done, size().max(1));
        let next = done + piece.len() as u64;
        walk.supply(FileOffset(at + done), piece);
        done = next;
    }
}
