//! `h5sidecar bench`, on a machine without any other tool, or with some that are none.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_h5sidecar"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata"));
    // No python3 and no h5repack, whatever this machine has.
    command.env("PATH", "").arg("bench").args(arguments).output().unwrap()
}

#[test]
fn rows_of_tools_that_are_missing_say_so() {
    let output = bench(&["atl03_mini.h5", "--repeat", "3", "--json", "-"]);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["tables"][0]["rows"].as_array().unwrap();
    let row = |key: &str| &rows.iter().find(|row| row["key"] == key).unwrap()["outcome"];

    for key in ["original", "sidecar"] {
        assert_eq!(row(key)["status"], "ok", "{report:#}");
        let seconds = &row(key)["seconds"];
        let second = |which: &str| seconds[which].as_f64().unwrap();
        assert_eq!(seconds["runs"], 3);
        assert!(0.0 < second("min") && second("min") <= second("median"));
        assert!(second("median") <= second("max"));
    }
    assert!(row("sidecar")["output_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(row("sidecar")["checked"].as_str().unwrap().starts_with("986 arrays, "));
    for (key, why) in [
        ("kerchunk", "python3: "),
        ("h5repack", "no h5repack on the path"),
        ("sidecar-of-repacked", "no repacked file"),
        ("kerchunk-of-repacked", "no repacked file"),
        ("repacked", "not built"),
        ("geoparquet", "not built"),
        ("flatgeobuf", "not built"),
    ] {
        assert_eq!(row(key)["status"], "not-run", "{key}: {report:#}");
        assert!(row(key)["reason"].as_str().unwrap().starts_with(why), "{key}: {report:#}");
    }
    let machine = &report["machine"];
    assert!(machine["memory_total"].as_u64() > Some(0));
    assert!(machine["logical_cpus"].as_u64() > Some(0));
}

#[test]
fn only_the_rows_and_forms_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let svg = folder.path().join("chart.svg");
    let csv = folder.path().join("rows.csv");
    let [svg_name, csv_name] = [&svg, &csv].map(|path| path.to_str().unwrap());
    let arguments = ["atl03_mini.h5", "--rows", "sidecar,geoparquet", "--svg", svg_name];
    let output = bench(&[&arguments[..], &["--csv", csv_name]].concat());
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert!(std::fs::read_to_string(svg).unwrap().contains("sidecar: h5sidecar"));
    let csv = std::fs::read_to_string(csv).unwrap();
    let keys: Vec<_> = csv.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    assert_eq!(keys, ["sidecar", "geoparquet"]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let unknown = bench(&["atl03_mini.h5", "--rows", "zarr"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no such row"));
    // Options of storage reach the program that is timed; that this one does, its failure shows.
    let missing = bench(&["missing.h5", "--retries", "0"]);
    assert_eq!(missing.status.code(), Some(3), "{missing:?}");
}

/// Whatever it is called, and whatever was measured.
#[test]
fn reports_replace_no_file_that_is_read_and_no_other_report() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    for name in ["a.h5", "other.h5"] {
        std::fs::copy(e2e::testdata("user_block_512.h5"), at(name)).unwrap();
    }
    let before = std::fs::read(at("a.h5")).unwrap();
    std::fs::hard_link(at("a.h5"), at("hard.json")).unwrap();
    let (file, url) = (at("a.h5"), format!("file://{}", at("%61.h5")));
    for (place, says) in [
        (&file, "a file that is read"),
        (&at("./a.h5"), "a file that is read"),
        (&url, "a file that is read"),
        (&at("hard.json"), if cfg!(unix) { "a file that is read" } else { "an HDF5 file" }),
        (&at("other.h5"), "an HDF5 file"),
        (&at("no/such.json"), "there is no directory"),
    ] {
        for form in ["--json", "--csv", "--markdown", "--svg"] {
            let output = bench(&[&file, "--rows", "original", form, place]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code() == Some(1) && said.contains(says), "{place}: {said}");
            // Nothing was measured for nothing.
            assert!(!said.contains("original"), "{said}");
        }
    }
    for both in [at("report"), "-".to_owned()] {
        let output = bench(&[&file, "--rows", "original", "--json", &both, "--csv", &both]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("both the report as JSON and the report as CSV"), "{said}");
    }
    for name in ["a.h5", "other.h5", "hard.json"] {
        assert!(std::fs::read(at(name)).unwrap() == before, "{name}");
    }
}

/// A report that is there is replaced by one that is whole, and never written into.
#[test]
fn reports_are_written_beside_their_place() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("report.json"), "old").unwrap();
    std::fs::hard_link(at("report.json"), at("kept")).unwrap();
    let output = bench(&["superblock_v0.h5", "--rows", "original", "--json", &at("report.json")]);
    assert!(output.status.success(), "{output:?}");
    assert!(std::fs::read_to_string(at("report.json")).unwrap().starts_with("{\n"));
    assert_eq!(std::fs::read_to_string(at("kept")).unwrap(), "old");
}

/// Beside a file of strangers may lie modules of theirs.
#[test]
fn python_imports_nothing_from_the_current_directory() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(e2e::testdata("superblock_v0.h5"), directory.path().join("a.h5")).unwrap();
    std::fs::create_dir(directory.path().join("kerchunk")).unwrap();
    for module in ["fsspec", "ujson", "time", "warnings", "kerchunk/__init__", "kerchunk/hdf"] {
        let code = format!("open({:?}, 'w')\n", directory.path().join("imported"));
        std::fs::write(directory.path().join(format!("{module}.py")), code).unwrap();
    }
    // With the python3 of this machine; where there is none, nothing can be imported.
    let output = Command::new(env!("CARGO_BIN_EXE_h5sidecar"))
        .current_dir(&directory)
        .args(["bench", "a.h5", "--rows", "kerchunk", "--json", "-"])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["tables"][0]["rows"][0]["outcome"]["status"].is_string(), "{report:#}");
    assert!(!directory.path().join("imported").exists(), "{report:#}");
}
