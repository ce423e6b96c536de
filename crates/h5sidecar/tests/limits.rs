//! `--limit`: what stops is said, by name.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::path::Path;
use std::process::Command;

/// Exit code, standard error.
fn index(file: &str, arguments: &[&str]) -> (i32, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(file);
    let output = Command::new(env!("CARGO_BIN_EXE_h5sidecar"))
        .args(["index", path.to_str().unwrap(), "-o", "-", "--strict"])
        .args(arguments)
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_limit_that_is_exceeded_is_said() {
    // Of the whole file, and of one group.
    let (code, said) = index("chunks_btree_v1.h5", &["--limit", "chunks=2"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("more than the limit chunks=2 allows"), "{said}");
    let (code, said) = index("superblock_v0.h5", &["--limit", "links=1", "--limit", "depth=7"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("more than the limit links=1 allows"), "{said}");
    // Of the sidecar: small chunks stay where they are, what could not be read there is reported.
    let (code, said) = index("atl03_mini.h5", &["--limit", "inline_bytes=10kB"]);
    assert!(code == 0 && said.contains("29,361 byte ranges, 180 inlined"), "{said}");
    let (code, said) = index("vlen_strings.h5", &["--limit", "inline_bytes=20"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("more than the limit inline_bytes allows (20 bytes)"), "{said}");
    let (code, said) = index("vlen_strings.h5", &["--limit", "decoded_bytes=1B"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("more than the limit decoded_bytes allows"), "{said}");
}

#[test]
fn limits_have_names_and_numbers() {
    for (limit, why) in [
        ("lynx=2", "there is no such limit; there are objects, links,"),
        ("links", "NAME=VALUE"),
        ("links=", "links="),
        ("links=many", "links=many"),
        ("links=-1", "links=-1"),
    ] {
        let (code, said) = index("superblock_v0.h5", &["--limit", limit]);
        assert!(code == 1 && said.contains(why), "{limit}: {said}");
    }
    let help =
        Command::new(env!("CARGO_BIN_EXE_h5sidecar")).args(["index", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for (name, default, _) in h5refs::limits::all() {
        assert!(help.contains(&format!("{name}={default}: ")), "{name}");
    }
}
