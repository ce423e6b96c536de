//! Names that are made to do something: to a terminal, to whoever reads a report, to what reads a sidecar.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use e2e::testdata;
use serde_json::Value;

/// Clears the screen, begins another line, writes the other way round, and is another terminal's escape: no longer
/// than the name that it replaces.
const HOSTILE: &str = "\u{1b}[2J\n\u{202e}\u{9b}m-\u{2028}\u{7f}x";

fn run(arguments: &[&str], directory: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_h5sidecar"));
    command.args(arguments).current_dir(directory).stdin(Stdio::null()).output().unwrap()
}

/// A file with a dataset of that name.
fn hostile() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(testdata("layouts.h5")).unwrap();
    let name = b"contiguous_unallocated\0";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    let mut hostile = HOSTILE.as_bytes().to_vec();
    assert!(hostile.len() < name.len());
    hostile.resize(name.len(), 0);
    bytes[at..at + name.len()].copy_from_slice(&hostile);
    std::fs::write(directory.path().join("a.h5"), bytes).unwrap();
    directory
}

/// Whether a terminal would show it as it is: lines of characters.
fn is_harmless(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).unwrap();
    text.chars()
        .all(|c| c == '\n' || (!c.is_control() && !"\u{202e}\u{2028}\u{2029}\u{2066}".contains(c)))
}

#[test]
fn names_in_a_file_do_nothing_to_a_terminal() {
    let (directory, name) = (hostile(), HOSTILE);
    let shown = "\\u{1b}[2J\\n\\u{202e}\\u{9b}m-\\u{2028}\\u{7f}x";
    let list = run(&["ls", "a.h5", "--chunks"], directory.path());
    assert!(list.status.success());
    let text = String::from_utf8(list.stdout.clone()).unwrap();
    assert!(
        text.lines().any(|line| line.starts_with(shown) || line.trim_start().starts_with(shown)),
        "{text}"
    );
    assert!(is_harmless(&list.stdout) && is_harmless(&list.stderr));

    let json = run(&["ls", "a.h5", "--json"], directory.path());
    assert!(is_harmless(&json.stdout));
    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    let paths: Vec<&str> = document["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["path"].as_str().unwrap())
        .collect();
    assert!(paths.contains(&&*format!("/{name}")), "{paths:?}");

    let output = run(&["index", "a.h5", "--report", "-", "-v"], directory.path());
    assert!(output.status.success());
    assert!(is_harmless(&output.stdout) && is_harmless(&output.stderr));
    let sidecar = std::fs::read(directory.path().join("a.h5.json")).unwrap();
    let printed = run(&["index", "a.h5", "-o", "-", "-q"], directory.path());
    assert_eq!(printed.stdout, sidecar, "standard output is a file like any other");
    assert!(is_harmless(&sidecar));
    let sidecar: Value = serde_json::from_slice(&sidecar).unwrap();
    assert!(sidecar["refs"][format!("{name}/.zarray")].is_string(), "the key is the name itself");

    let verified = run(&["verify", "a.h5.json"], directory.path());
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    // What is wrong is said with its key.
    let text = std::fs::read_to_string(directory.path().join("a.h5.json")).unwrap();
    let broken = text.replace("\\\"compressor\\\"", "\\\"compresser\\\"");
    assert_ne!(broken, text);
    std::fs::write(directory.path().join("b.json"), broken).unwrap();
    for more in [&[][..], &["--json"]] {
        let verified = run(&[&["verify", "b.json"], more].concat(), directory.path());
        assert!(is_harmless(&verified.stdout) && is_harmless(&verified.stderr));
    }
}

/// Its own, and what other tools say of it.
#[cfg(unix)]
#[test]
fn nor_in_reports_of_benchmarks() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = hostile();
    let file = format!("{HOSTILE}\u{7}.h5");
    std::fs::rename(directory.path().join("a.h5"), directory.path().join(&file)).unwrap();
    // What it makes is another file, which is found to lack the dataset of that name; python3 says what it was given.
    let tools = tempfile::tempdir().unwrap();
    let other = testdata("superblock_v0.h5");
    for (name, script) in [
        ("h5repack", format!("for last; do :; done\n/bin/cp '{}' \"$last\"", other.display())),
        ("python3", "case \"$2\" in *SingleHdf5*) echo \"no $3\" >&2; exit 1;; esac".to_owned()),
    ] {
        let path = tools.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n[ \"$1\" = --version ] && exit\n{script}\n"))
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for form in ["--json", "--csv", "--markdown", "--svg"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_h5sidecar"));
        command.args(["bench", &file, form, "-"]).env("PATH", tools.path());
        let output = command.current_dir(directory.path()).stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(is_harmless(&output.stdout) && is_harmless(&output.stderr), "{form}: {text:?}");
        assert_eq!(output.status.code(), Some(2), "two rows have failed: {text}");
        assert!(text.contains("is not what it was") || form == "--svg", "{form}: {text}");
    }
}

#[test]
fn nor_do_names_of_files_and_what_is_wrong_with_them() {
    let directory = tempfile::tempdir().unwrap();
    let names: &[&str] = match cfg!(unix) {
        true => &["\u{1b}]0;x\u{7}\n\u{202e}.h5", "h5sidecar: \r\u{9b}2J.h5"],
        false => &["\u{202e}.h5", "\u{2028}.h5"],
    };
    for name in names {
        std::fs::copy(testdata("layouts.h5"), directory.path().join(name)).unwrap();
    }
    std::fs::write(directory.path().join(format!("no{}", names[0])), "not HDF5").unwrap();
    for arguments in [
        &["index", "*.h5", "--report", "-", "-v"][..],
        &["index", "*.h5", "--if-stale", "-v"],
        &["index", "*.h5", "--if-stale", "-v"],
        &["ls", names[0]],
        &["ls", &format!("no{}", names[0])],
        &["ls", &format!("gone{}", names[0])],
        &["index", names[0], "-o", &format!("{}/x", names[0])],
        &["index", names[0], "--group", names[0]],
        &["index", names[0], "--include", &format!("[{}", names[0])],
        &["index", names[0], "--jobs", names[0]],
        &["verify", &format!("{}.json", names[0])],
        &["verify", names[0]],
    ] {
        let output = run(arguments, directory.path());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            is_harmless(&output.stdout) && is_harmless(&output.stderr),
            "{arguments:?}: {said:?}"
        );
        assert!(!(output.stdout.is_empty() && output.stderr.is_empty()), "{arguments:?}");
    }
}

/// What stands in references leads readers to the file, whatever it is called, in every format.
#[test]
fn every_format_can_say_every_name() {
    for name in [
        "a \"b\" c.h5",
        "50%25 %.h5",
        "back\\slash.h5",
        "é\u{2028}\u{2029}.h5",
        "{x}.h5",
        "#?&=.h5",
        "tab\t\n.h5",
        "base64:x.h5",
        "[\"a\",0,1].h5",
    ] {
        if cfg!(windows) && name.contains(['"', '\\', '?', ':', '\t']) {
            continue;
        }
        let directory = tempfile::tempdir().unwrap();
        std::fs::copy(testdata("layouts.h5"), directory.path().join(name)).unwrap();
        let formats = [
            &["-o", "x.json"][..],
            &["-o", "y.json", "--templates"],
            &["-o", "z.json.gz"],
            &["-o", "x.parq"],
        ];
        for format in formats {
            let output = run(&[&["index", name], format].concat(), directory.path());
            assert!(output.status.success(), "{name:?} {format:?} {output:?}");
            let verified = run(&["verify", format[1], "--all", "--json"], directory.path());
            assert!(verified.status.success(), "{name:?} {format:?} {verified:?}");
            let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
            assert_eq!(report["files"][0]["file"], name, "{report}");
        }
        let text = std::fs::read(directory.path().join("x.json")).unwrap();
        let sidecar: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(sidecar["refs"]["contiguous/0.0"][0], name);
    }
}
