//! The program as a user runs it: what it writes, says and returns.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn testdata(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "testdata", name].iter().collect();
    path.canonicalize().unwrap().into_os_string().into_string().unwrap()
}

fn run(arguments: &[&str], directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_h5sidecar"))
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn copied(name: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(testdata(name), directory.path().join(name)).unwrap();
    directory
}

#[test]
fn a_sidecar_is_written_beside_its_file() {
    let directory = copied("layouts.h5");
    let output = run(&["index", "layouts.h5"], directory.path());
    assert_eq!(code(&output), 0);
    assert!(output.stdout.is_empty());
    let said = stderr(&output);
    assert!(said.contains("layouts.h5 -> layouts.h5.json"), "{said}");
    assert!(
        said.contains("10 of 11 datasets") && said.contains("/null: a null dataspace"),
        "{said}"
    );

    let json = std::fs::read(directory.path().join("layouts.h5.json")).unwrap();
    let document: Value = serde_json::from_slice(&json).unwrap();
    // The file is called what the user called it.
    assert_eq!(document["refs"]["contiguous/0.0"][0], "layouts.h5");
}

#[test]
fn a_dash_is_standard_output() {
    let directory = copied("layouts.h5");
    let arguments = ["index", "layouts.h5", "-o", "-", "--url", "s3://bucket/layouts.h5", "-q"];
    let output = run(&arguments, directory.path());
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["refs"]["contiguous/0.0"][0], "s3://bucket/layouts.h5");
    assert!(!directory.path().join("layouts.h5.json").exists());
}

#[test]
fn the_inline_threshold_is_the_users() {
    let directory = copied("layouts.h5");
    let inlined = |threshold: &str| {
        let arguments = ["index", "layouts.h5", "-o", "-", "--inline-threshold", threshold];
        let output = run(&arguments, directory.path());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        document["refs"]["contiguous/0.0"].is_string()
    };
    // It has 2772 bytes; fewer than the threshold are inlined.
    assert!(!inlined("0") && !inlined("2772") && inlined("2773"));
}

#[test]
fn several_files_go_to_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (testdata("layouts.h5"), testdata("superblock_v0.h5"));
    let output = run(&["index", &a, &b, "-o", "./"], directory.path());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(directory.path().join("layouts.h5.json").exists());
    assert!(directory.path().join("superblock_v0.h5.json").exists());
    // One file cannot hold two sidecars.
    let output = run(&["index", &a, &b, "-o", "both.json"], directory.path());
    assert_eq!(code(&output), 1);
    assert!(!directory.path().join("both.json").exists());
}

#[test]
fn a_bad_file_does_not_stop_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let (bad, good) = (testdata("not_hdf5/tiff.tif"), testdata("layouts.h5"));
    let arguments = ["index", &bad, "missing.h5", &good, "-o", "./", "--report", "report.jsonl"];
    let output = run(&arguments, directory.path());
    // The worst of 4 (not HDF5), 3 (no such file) and 0.
    assert_eq!(code(&output), 4);
    assert!(directory.path().join("layouts.h5.json").exists());
    let report = std::fs::read_to_string(directory.path().join("report.jsonl")).unwrap();
    let lines: Vec<Value> =
        report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[0]["exit"], &lines[1]["exit"]), (&4.into(), &3.into()));
    assert_eq!(lines[2]["complete"], true);
}

#[test]
fn files_of_other_formats_are_named() {
    let directory = tempfile::tempdir().unwrap();
    for (file, named) in [
        ("not_hdf5/netcdf3.nc", "NetCDF-3"),
        ("not_hdf5/tiff.tif", "TIFF"),
        ("not_hdf5/gzipped.h5.gz", "gzip"),
        ("not_hdf5/error_page.h5", "HTML"),
        ("not_hdf5/empty.h5", "empty"),
        ("not_hdf5/truncated.h5", "it was cut off"),
    ] {
        let output = run(&["index", &testdata(file), "-o", "out.json"], directory.path());
        let said = stderr(&output);
        assert_eq!(code(&output), 4, "{said}");
        assert!(said.contains(named) && said.lines().count() == 1, "{said}");
        assert!(!directory.path().join("out.json").exists(), "{file}");
    }
}

#[test]
fn a_part_of_a_file_is_not_the_file() {
    let directory = tempfile::tempdir().unwrap();
    for (file, named) in [
        ("parts/family_v0.h5", "in parts of 4096 bytes; `h5repart`"),
        ("parts/family_v2.h5", "in parts of 4096 bytes; `h5repart`"),
        ("parts/split_metadata.h5", "(%s-metadata.h5, %s-raw.h5); `h5repack`"),
    ] {
        let output = run(&["index", &testdata(file), "-o", "out.json"], directory.path());
        let said = stderr(&output);
        assert_eq!(code(&output), 4, "{said}");
        assert!(said.contains(named) && said.lines().count() == 1, "{said}");
        assert!(!directory.path().join("out.json").exists(), "{file}");
    }
}

#[test]
fn strict_turns_losses_into_a_failure() {
    let directory = copied("external_and_virtual.h5");
    let file = "external_and_virtual.h5";
    let output = run(&["index", file], directory.path());
    assert_eq!(code(&output), 0);
    assert!(stderr(&output).contains("2 not in the sidecar"), "{}", stderr(&output));
    let output = run(&["index", file, "--strict", "--report", "r.json", "-q"], directory.path());
    assert_eq!(code(&output), 2);
    // The sidecar is written all the same: what it holds is right.
    assert!(directory.path().join("external_and_virtual.h5.json").exists());
    let report = std::fs::read(directory.path().join("r.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let paths: Vec<&str> = report["not_referenced"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["/external", "/virtual"]);
}

/// A download that ended early: whatever is asked for, it is not passed over.
#[test]
fn a_file_that_is_cut_off_is_said_to_be() {
    let directory = copied("superblock_v0.h5");
    let path = directory.path().join("superblock_v0.h5");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 8]).unwrap();
    for arguments in [&["-q"][..], &[], &["-q", "--if-stale"], &["-q", "--if-stale"]] {
        let output = run(&[&["index", "superblock_v0.h5"], arguments].concat(), directory.path());
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{arguments:?}: {said}");
        assert!(said.contains("superblock_v0.h5: ") && said.contains("it was cut off"), "{said}");
        assert!(directory.path().join("superblock_v0.h5.json").exists());
    }
}

#[test]
fn other_files_are_followed_if_asked_for() {
    let directory = copied("external.h5");
    std::fs::create_dir(directory.path().join("elsewhere")).unwrap();
    let raw = "elsewhere/raw_0.bin";
    std::fs::copy(testdata(raw), directory.path().join(raw)).unwrap();
    let output = run(&["index", "external.h5"], directory.path());
    let said = stderr(&output);
    assert!(said.contains("/one: its data is elsewhere (external): elsewhere/raw_0.bin"), "{said}");

    let arguments = ["--follow-external", "--inline-threshold", "0", "--report", "r.json"];
    let arguments = [&["index", "external.h5"], &arguments[..]].concat();
    let output = run(&arguments, directory.path());
    let said = stderr(&output);
    assert!(said.contains("1 other file followed"), "{said}");
    assert!(said.contains("/three: no such file: elsewhere/raw_1.bin"), "{said}");
    let read = |name: &str| std::fs::read(directory.path().join(name)).unwrap();
    let document: Value = serde_json::from_slice(&read("external.h5.json")).unwrap();
    assert_eq!(document["refs"]["one/0.0"], serde_json::json!([raw, 16, 80]));
    let report: Value = serde_json::from_slice(&read("r.json")).unwrap();
    assert_eq!(report["files"][1], serde_json::json!({ "file": raw, "found": true }));
    // Without all of its data it is not complete.
    let output = run(&["index", "external.h5", "--follow-external", "--strict"], directory.path());
    assert_eq!(code(&output), 2);
}

/// `--follow-below` is what a name that leads out of the file's directory needs.
#[test]
fn other_files_elsewhere_are_followed_where_they_may_be() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("in")).unwrap();
    std::fs::copy(testdata("elsewhere/raw_0.bin"), directory.path().join("raw_0.bin")).unwrap();
    let mut bytes = std::fs::read(testdata("external.h5")).unwrap();
    let (old, new) = (b"elsewhere/raw_0.bin", b"../raw_0.bin\0\0\0\0\0\0\0");
    let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
    bytes[at..at + old.len()].copy_from_slice(new);
    std::fs::write(directory.path().join("in/a.h5"), bytes).unwrap();
    let follow = |more: &[&str]| {
        let arguments =
            ["index", "a.h5", "-o", "-", "--follow-external", "--inline-threshold", "0"];
        let output = run(&[&arguments, more].concat(), &directory.path().join("in"));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        (document["refs"]["one/0.0"].clone(), stderr(&output))
    };
    let (reference, said) = follow(&[]);
    assert_eq!(reference, Value::Null);
    assert!(said.contains("/one: \"../raw_0.bin\" is not followed: "), "{said}");
    assert!(said.contains("(--follow-below PLACE allows another)"), "{said}");
    let (reference, said) = follow(&["--follow-below", "elsewhere", "--follow-below", "../in/.."]);
    assert_eq!(reference, serde_json::json!(["../raw_0.bin", 16, 80]), "{said}");
    let output = run(&["index", "a.h5", "--follow-below", ".."], directory.path());
    assert_eq!(code(&output), 1, "it is of use with --follow-external only");
}

#[test]
fn a_wrong_checksum_is_an_error_unless_passed_over() {
    let directory = copied("superblock_v3.h5");
    let file = directory.path().join("superblock_v3.h5");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[44] ^= 1; // in the superblock's checksum
    std::fs::write(&file, bytes).unwrap();
    let refused = run(&["ls", "superblock_v3.h5"], directory.path());
    assert_eq!(code(&refused), 4);
    let said = stderr(&refused);
    assert!(
        said.contains("superblock at 0x30: checksum") && said.contains("--no-verify"),
        "{said}"
    );
    let read = run(&["ls", "superblock_v3.h5", "--no-verify"], directory.path());
    assert_eq!((code(&read), stderr(&read)), (0, String::new()));
}

#[test]
fn wrong_usage_is_one() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [
        &["index"][..],
        &["index", "--no-such-option", "a"],
        &["frobnicate"],
        &["index", "ftp://host/a.h5"],
        &["index", "."],
    ] {
        let output = run(arguments, directory.path());
        assert_eq!(code(&output), 1, "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).is_empty());
    }
    for arguments in [&["--help"][..], &["index", "--help"], &["--version"]] {
        assert_eq!(code(&run(arguments, directory.path())), 0);
    }
}

#[test]
fn an_output_that_cannot_be_written_leaves_nothing() {
    let directory = copied("layouts.h5");
    let output = run(&["index", "layouts.h5", "-o", "no/such/directory.json"], directory.path());
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("there is no directory"), "{}", stderr(&output));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

/// What the user can only ask differently is found before any work is done.
#[test]
fn places_that_cannot_be_are_wrong_usage() {
    let directory = copied("layouts.h5");
    std::fs::create_dir(directory.path().join("taken")).unwrap();
    std::fs::write(directory.path().join("taken/mine"), "").unwrap();
    std::fs::create_dir(directory.path().join("layouts.h5.json")).unwrap();
    for (arguments, says) in [
        (&["-o", "no/"][..], "no such directory"),
        (&["-o", "no/x.json"], "there is no directory"),
        (&["-o", "https://host/x.json"], "no uploads"),
        (&["--format", "parquet", "-o", "taken/mine"], "nothing is replaced"),
        (&[], "is a directory"),
        (&["-o", "x.json", "--report", "no/r"], "--report: no/r: there is no directory"),
        (&["-o", "x.json", "--report", "taken"], "--report: taken: is a directory"),
        (&["-o", "x.json.gz", "--format", "json"], "by its name this is json.gz, by --format json"),
        (
            &["-o", "x.json", "--format", "json.zst"],
            "by its name this is json, by --format json.zst",
        ),
        (&["-o", "x.parq", "--format", "json"], "by its name this is parq, by --format json"),
    ] {
        let output = run(&[&["index", "layouts.h5"], arguments].concat(), directory.path());
        let said = stderr(&output);
        assert_eq!(code(&output), 1, "{arguments:?}: {said}");
        assert!(said.contains(says) && said.lines().count() == 1, "{arguments:?}: {said}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
    // A name that says nothing can be anything.
    let output = run(&["index", "layouts.h5", "-o", "x", "--format=json.gz"], directory.path());
    assert_eq!(code(&output), 0);
    assert!(std::fs::read(directory.path().join("x")).unwrap().starts_with(b"\x1f\x8b"));
}

#[test]
fn ls_shows_the_tree() {
    let directory = copied("chunks_btree_v1.h5");
    let output = run(&["ls", "chunks_btree_v1.h5"], directory.path());
    assert_eq!(code(&output), 0);
    let listed = String::from_utf8(output.stdout).unwrap();
    let edges = listed.lines().find(|line| line.contains("edges")).unwrap();
    assert!(edges.contains("[21, 33]") && edges.contains("btree_v1"), "{edges}");
    let with_chunks = run(&["ls", "--chunks", "chunks_btree_v1.h5"], directory.path()).stdout;
    let with_chunks = String::from_utf8(with_chunks).unwrap();
    assert!(
        with_chunks.contains("[0, 0]  ") && with_chunks.lines().count() > listed.lines().count()
    );
}

#[test]
fn ls_shows_links_of_every_kind() {
    let directory = copied("compact_links.h5");
    let output = run(&["ls", "compact_links.h5"], directory.path());
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(listed.contains(" -> ") && listed.contains("also /"), "{listed}");
}

#[test]
fn ls_prints_the_index_for_scripts() {
    let directory = copied("chunks_btree_v1.h5");
    let output = run(&["ls", "--json", "chunks_btree_v1.h5"], directory.path());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let objects = document["objects"].as_array().unwrap();
    let edges = objects.iter().find(|object| object["path"] == "/edges").unwrap();
    assert_eq!(edges["type"], "dataset");
    assert_eq!(edges["layout"], "chunked");
    assert_eq!(edges["index_type"], "btree_v1");
    let first = &edges["chunks"][0];
    assert_eq!(first[0], serde_json::json!([0, 0]));
    assert!(first[1].is_u64() && first[2].is_u64() && first[3] == 0);
    assert!(document["problems"].as_array().unwrap().is_empty());
}

/// Whole or not at all, as a tree and as a document.
#[test]
fn ls_prints_no_more_than_its_budget_allows() {
    let directory = copied("chunks_btree_v1.h5");
    for how in ["--chunks", "--json"] {
        let args = ["ls", how, "chunks_btree_v1.h5", "--limit", "document_bytes=1000"];
        let output = run(&args, directory.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("limit document_bytes allows (1000 bytes"), "{said}");
        assert_eq!((code(&output), output.stdout.len()), (4, 0));
    }
}

/// `h5sidecar ls ... | head -1` is no failure.
#[cfg(unix)]
#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let mut listing = Command::new(env!("CARGO_BIN_EXE_h5sidecar"))
        .args(["ls", "--chunks", &testdata("atl03_mini.h5")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(listing.stdout.take());
    let output = listing.wait_with_output().unwrap();
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
}

/// A slip on the command line must not cost the file it is about.
#[test]
fn nothing_that_is_read_or_written_is_replaced() {
    let directory = copied("layouts.h5");
    let before = std::fs::read(directory.path().join("layouts.h5")).unwrap();
    for arguments in [
        &["index", "layouts.h5", "-o", "layouts.h5"][..],
        &["index", "layouts.h5", "-o", "./layouts.h5"],
        &["index", "layouts.h5", "--report", "layouts.h5"],
        &["index", "layouts.h5", "-o", "a.json", "--report", "a.json"],
        &["index", "layouts.h5", "-o", "-", "--report", "-"],
    ] {
        let output = run(arguments, directory.path());
        assert_eq!(code(&output), 1, "{arguments:?}: {}", stderr(&output));
        let refused = ["would be both", "is an HDF5 file: nothing is replaced"];
        let is_said = refused.iter().any(|why| stderr(&output).contains(why));
        assert!(is_said, "{}", stderr(&output));
    }
    assert_eq!(std::fs::read(directory.path().join("layouts.h5")).unwrap(), before);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);

    // Two files of one name have one sidecar's place.
    std::fs::create_dir(directory.path().join("other")).unwrap();
    std::fs::write(directory.path().join("other/layouts.h5"), &before).unwrap();
    let output = run(&["index", "layouts.h5", "other/layouts.h5", "-o", "./"], directory.path());
    assert_eq!(code(&output), 1, "{}", stderr(&output));
}

#[test]
fn links_that_are_left_out_are_said_to_be() {
    let directory = copied("compact_links.h5");
    let arguments = ["index", "compact_links.h5", "--report", "report.json"];
    let output = run(&arguments, directory.path());
    assert!(stderr(&output).contains("links left out"), "{}", stderr(&output));
    let report = std::fs::read(directory.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let kinds: Vec<&str> = report["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link["kind"].as_str().unwrap())
        .collect();
    for kind in ["hard", "soft", "external"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

/// Nobody listening on standard error is no failure.
#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_error_is_no_failure() {
    let directory = copied("layouts.h5");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_h5sidecar"))
        .args(["index", "layouts.h5"])
        .current_dir(directory.path())
        .stderr(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(directory.path().join("layouts.h5.json").exists());
}

/// A pipe has no bytes to map and no length; waiting for its writer would be for ever.
#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let made = Command::new("mkfifo").arg("pipe").current_dir(directory.path()).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: there is no mkfifo here");
        return;
    }
    let output = run(&["index", "pipe"], directory.path());
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("not a regular file"), "{}", stderr(&output));
}

#[test]
fn the_name_of_the_output_says_its_format() {
    let directory = copied("layouts.h5");
    for name in ["x.json", "x.json.gz", "x.json.zst", "x.parq"] {
        let output = run(&["index", "layouts.h5", "-o", name, "--quiet"], directory.path());
        assert_eq!((code(&output), stderr(&output)), (0, String::new()), "{name}");
        let output = run(&["verify", name, "--all"], directory.path());
        let said = String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(code(&output), 0, "{said}");
        assert!(said.starts_with(&format!("{name}: right\n")), "{said}");
    }
    assert!(directory.path().join("x.parq/.zmetadata").is_file());
    let output = run(&["index", "layouts.h5", "--format", "parquet", "-q"], directory.path());
    assert_eq!(code(&output), 0);
    assert!(directory.path().join("layouts.h5.parq/.zmetadata").is_file());
    // What readers would take for JSON, and options that contradict each other.
    for wrong in [["-o", "y.json"], ["-o", "-"], ["-o", "y.parq"]] {
        let arguments = ["index", "layouts.h5", "--format", "parquet", wrong[0], wrong[1]];
        let mut arguments = arguments.to_vec();
        if wrong[1] == "y.parq" {
            arguments.push("--templates");
        }
        assert_eq!(code(&run(&arguments, directory.path())), 1, "{wrong:?}");
    }
}

#[test]
fn templates_are_written_if_asked_for() {
    let directory = copied("layouts.h5");
    let output = run(&["index", "layouts.h5", "-o", "-", "--templates", "-q"], directory.path());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["templates"]["u"], "layouts.h5");
    assert_eq!(document["refs"]["contiguous/0.0"][0], "{{u}}");
}

#[test]
fn a_sidecar_of_another_file_is_found_out() {
    let directory = copied("layouts.h5");
    let index = ["index", "layouts.h5", "-q", "--report", "report.jsonl"];
    assert_eq!(code(&run(&index, directory.path())), 0);
    let verify = ["verify", "layouts.h5.json", "--indexed", "report.jsonl", "--json"];
    let verified = || {
        let output = run(&verify, directory.path());
        (code(&output), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (exit, report) = verified();
    assert_eq!((exit, &report["right"]), (0, &Value::Bool(true)), "{report}");
    // A reference that is gone reads as fill values: only the report knows that there was one.
    let sidecar = directory.path().join("layouts.h5.json");
    let whole = std::fs::read_to_string(&sidecar).unwrap();
    let without = whole.lines().filter(|line| !line.contains("\"contiguous/0.0\""));
    std::fs::write(&sidecar, without.collect::<Vec<_>>().join("\n")).unwrap();
    let (exit, report) = verified();
    assert_eq!(exit, 4, "{report}");
    let said = report["faults"][0]["reason"].as_str().unwrap();
    assert!(said.contains("chunks of") && said.contains("that there were"), "{said}");
    std::fs::write(&sidecar, whole).unwrap();
    let path = directory.path().join("layouts.h5");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.push(0);
    std::fs::write(&path, bytes).unwrap();
    let (exit, report) = verified();
    assert_eq!(exit, 4, "{report}");
    assert!(report["faults"][0]["reason"].as_str().unwrap().contains("its length was"), "{report}");
    // Wherever the file is now.
    std::fs::rename(&path, directory.path().join("moved.h5")).unwrap();
    assert_eq!(code(&run(&["verify", "layouts.h5.json"], directory.path())), 3);
    let moved = ["verify", "layouts.h5.json", "--file", "moved.h5"];
    assert_eq!(code(&run(&moved, directory.path())), 0);
    assert_eq!(code(&run(&["verify", "moved.h5"], directory.path())), 4);
}

/// However they are written; and an HDF5 file is known for one behind a user block, too.
#[test]
fn no_name_of_a_file_lets_it_be_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("u b.h5");
    std::fs::copy(testdata("user_block_512.h5"), &path).unwrap();
    std::fs::copy(&path, directory.path().join("other.h5")).unwrap();
    let before = std::fs::read(&path).unwrap();
    let path = path.to_str().unwrap();
    let escaped = path.replace(' ', "%20");
    let names = [
        "u b.h5".to_owned(),
        path.to_owned(),
        format!("file://{escaped}"),
        format!("file://{path}"),
        format!("FILE://{escaped}"),
        format!("file://localhost{escaped}"),
        format!("file://{escaped}?x#x"),
    ];
    for read in &names {
        for written in &names {
            let sidecar = run(&["index", read, "-o", written], directory.path());
            let report = ["index", read, "-o", "x.json", "--report", written];
            let report = run(&report, directory.path());
            for output in [sidecar, report] {
                let said = stderr(&output);
                assert!(code(&output) == 1, "{read} {written}: {said}");
            }
            assert!(std::fs::read(path).unwrap() == before, "{read} -> {written}");
        }
    }
    // Beside the file, if what is added to its name were not a part of it.
    let output = run(&["index", &format!("file://{escaped}#x")], directory.path());
    assert!(code(&output) == 1 && std::fs::read(path).unwrap() == before, "{output:?}");
    let output = run(&["index", "u b.h5", "-o", "other.h5"], directory.path());
    assert!(code(&output) == 1 && stderr(&output).contains("is an HDF5 file"), "{output:?}");
    assert!(!directory.path().join("x.json").exists());
    // What is another file is not taken for one that is read.
    let output = run(&["index", &format!("file://{escaped}"), "-o", "u%20b.h5"], directory.path());
    assert_eq!(code(&output), 0, "{output:?}");
}

#[test]
fn a_list_of_files_is_not_replaced_either() {
    let directory = copied("layouts.h5");
    std::fs::write(directory.path().join("list"), "layouts.h5\n").unwrap();
    let output = run(&["index", "--manifest", "list", "--report", "./list"], directory.path());
    assert!(code(&output) == 1 && stderr(&output).contains("a list that is read"), "{output:?}");
}
