//! The test files with faults, many times over: whatever is wrong with one, its sidecar is right or there is none,
//! soon. `cargo xtask mutate` tries more, optimised.

use bytes::Bytes;
use e2e::{testdata, testfiles, workspace};
use h5sidecar_fuzz::trials::failures;

/// Mutated files in all: without optimisation each takes 10 ms.
const MUTATIONS: usize = 2_000;

#[test]
fn mutated_files_have_right_sidecars_or_none() {
    let read = |name: String| {
        let bytes = std::fs::read(testdata(&name)).unwrap();
        (name, Bytes::from(bytes))
    };
    let mut files: Vec<_> = testfiles().into_iter().map(read).collect();
    files.retain(|(_, bytes)| bytes.len() < 1 << 20);
    let failures = failures(&files, 0..MUTATIONS, &workspace().join("target/mutations"));
    assert!(failures.is_empty(), "{failures:#?}");
}
