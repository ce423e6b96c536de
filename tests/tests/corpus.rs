//! Every file of a corpus against what libhdf5 recorded of it.
//!
//! `H5_CORPUS` names a folder of `files/<source>/<name>` and `oracle/<source>/<name>.json`; without it
//! the test says that it was skipped. `H5_CORPUS_REPORT=1` prints each difference.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use h5meta::{Limits, Need, Walk};
use serde_json::Value;

/// The share of files that libhdf5 opens whose whole index must be equal, in percent.
const WHOLE_FILES: usize = 98;
/// What no file may take, however it was made.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn files_are_indexed_as_libhdf5_indexes_them() {
    // The recorded datatypes nest deep: the comparison, not the reader, needs the stack.
    let compare = std::thread::Builder::new().stack_size(256 << 20).spawn(compare_corpus).unwrap();
    compare.join().unwrap();
}

fn compare_corpus() {
    let Some(corpus) = std::env::var_os("H5_CORPUS").map(PathBuf::from) else {
        println!("skipped: H5_CORPUS is not set, so there is no corpus to compare with");
        return;
    };
    // Tests run in their package's folder; a relative path is meant from the workspace's.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let corpus = if corpus.is_relative() { workspace.join(corpus) } else { corpus };
    let report = std::env::var_os("H5_CORPUS_REPORT").is_some();
    let mut tally = Tally::default();
    for oracle in oracles(&corpus) {
        tally.file(&corpus, &oracle, report);
    }
    println!("{tally:#?}");
    assert!(tally.opened > 0, "no file of {} was read", corpus.display());
    assert_eq!(tally.slow, Vec::<String>::new(), "files that took more than {PATIENCE:?}");
    assert!(
        tally.equal * 100 >= tally.opened * WHOLE_FILES,
        "{} of {} files are equal",
        tally.equal,
        tally.opened
    );
}

#[derive(Debug, Default)]
struct Tally {
    /// Files that libhdf5 opens.
    opened: usize,
    /// Of them, those whose tree and every layout are equal.
    equal: usize,
    /// Files that libhdf5 refuses.
    refused: usize,
    /// Of them, those refused here too.
    refused_too: usize,
    datasets: usize,
    datasets_equal: usize,
    chunked: usize,
    chunked_equal: usize,
    slow: Vec<String>,
}

impl Tally {
    fn file(&mut self, corpus: &Path, oracle: &Path, report: bool) {
        let expected = read_deep(&std::fs::read(oracle).unwrap());
        let name = expected["file"].as_str().unwrap();
        let bytes = std::fs::read(corpus.join("files").join(name)).unwrap();
        let start = Instant::now();
        let found = index(bytes);
        if start.elapsed() > PATIENCE {
            self.slow.push(format!("{name}: {:?}", start.elapsed()));
        }
        if expected["status"] != "ok" && expected["status"] != "partial" {
            self.refused += 1;
            self.refused_too += usize::from(found.is_err());
            if report {
                match &found {
                    Err(error) => println!("{name}: refused: {error}"),
                    Ok(_) => println!("{name}: libhdf5 refuses: {}", expected["open_error"]),
                }
            }
            return;
        }
        let differences = match &found {
            Ok(found) => self.compare(&expected, found),
            Err(error) => format!("refused: {error}\n"),
        };
        if expected["status"] == "ok" {
            self.opened += 1;
            self.equal += usize::from(differences.is_empty());
        }
        if report && !differences.is_empty() {
            println!("{name} ({}):\n{differences}", expected["status"]);
        }
    }

    fn compare(&mut self, expected: &Value, found: &Value) -> String {
        let mut differences = String::new();
        let list = |document: &Value| document["objects"].as_array().cloned().unwrap_or_default();
        let found_objects = list(found);
        // An object with several paths has one of them as its own: which, is not the same everywhere.
        let find = |wanted: &Value| {
            let by = |field: &str| found_objects.iter().find(|each| each[field] == wanted[field]);
            by("path").filter(|each| each["addr"] == wanted["addr"]).or_else(|| by("addr"))
        };
        for object in list(expected) {
            // Where libhdf5 could not go on, there is nothing to compare with.
            if object.get("info_err").is_some() || object.get("err").is_some() {
                continue;
            }
            let is_dataset = object["type"] == "dataset";
            let chunked = object["layout"] == "chunked";
            self.datasets += usize::from(is_dataset);
            self.chunked += usize::from(is_dataset && chunked);
            let difference = match find(&object) {
                Some(found) => compare_object(&object, found),
                None => "is missing".into(),
            };
            if difference.is_empty() {
                self.datasets_equal += usize::from(is_dataset);
                self.chunked_equal += usize::from(is_dataset && chunked);
            } else {
                _ = writeln!(differences, "  {} {difference}", object["path"]);
            }
        }
        if !differences.is_empty() {
            for problem in found["problems"].as_array().into_iter().flatten() {
                _ = writeln!(
                    differences,
                    "    problem {}: {}",
                    problem["path"], problem["message"]
                );
            }
        }
        differences
    }
}

/// How an object differs from what libhdf5 says of it, if it does.
fn compare_object(expected: &Value, found: &Value) -> String {
    let mut difference = String::new();
    let mut check = |field: &str, expected: &Value, found: &Value| {
        if expected != found {
            let short = |value: &Value| value.to_string().chars().take(300).collect::<String>();
            _ = write!(difference, "{field}: {} != {} ", short(found), short(expected));
        }
    };
    for field in ["type", "addr"] {
        check(field, &expected[field], &found[field]);
    }
    let attributes = |object: &Value| {
        let mut names: Vec<String> = object["attrs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|attribute| attribute["name"].as_str().map(Into::into))
            .collect();
        names.sort();
        Value::from(names)
    };
    check("attrs", &attributes(expected), &attributes(found));
    if expected["type"] == "group" {
        let links = |object: &Value| {
            let mut links: Vec<String> = object["links"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|link| format!("{} {}", link[0], link[1]))
                .collect();
            links.sort();
            Value::from(links)
        };
        check("links", &links(expected), &links(found));
    }
    if expected["type"] != "dataset" {
        return difference;
    }
    for field in ["space", "shape", "maxshape", "layout", "chunk_shape", "index_type"] {
        if expected.get(field).is_some() {
            check(field, &expected[field], &found[field]);
        }
    }
    for field in ["class", "size", "order", "signed"] {
        // A variable-length element's size in memory is not its size in the file.
        let dtype = expected["dtype"].to_string();
        let in_memory = [r#""vlen":true"#, r#""class":"11""#, r#""class":"reference""#];
        let variable = in_memory.iter().any(|class| dtype.contains(class));
        if expected["dtype"].get(field).is_some() && !variable {
            check(field, &expected["dtype"][field], &found["dtype"][field]);
        }
    }
    let filters = |object: &Value| -> Value {
        let filters = object["filters"].as_array().into_iter().flatten();
        filters
            .map(|filter| format!("{} {} {}", filter["id"], filter["flags"], filter["values"]))
            .collect()
    };
    check("filters", &filters(expected), &filters(found));
    for field in ["virtual", "external"] {
        if expected.get(field).is_some_and(|expected| !expected.is_null()) {
            check(field, &expected[field], &found[field]);
        }
    }
    if expected.get("external").is_some() {
        return difference;
    }
    match expected["layout"].as_str() {
        Some("contiguous") => {
            check("offset", &expected["offset"], &found["offset"]);
            // A run without an address has no bytes, whatever the message says.
            if !expected["offset"].is_null() {
                check("size", &expected["storage_size"], &found["storage_size"]);
            }
        }
        Some("chunked") => check("chunks", &sorted(&expected["chunks"]), &sorted(&found["chunks"])),
        Some("compact")
            if expected
                .get("hex")
                .is_some_and(|hex| hex.as_str().is_some_and(|hex| hex.len() < 400)) =>
        {
            check("hex", &expected["hex"], &found["hex"]);
        }
        _ => {}
    }
    difference
}

/// Datatypes nest deeper in hostile files than a JSON reader likes, and Python writes bytes that are
/// no UTF-8 as lone surrogates: `\xHH` here.
fn read_deep(json: &[u8]) -> Value {
    let json = String::from_utf8(json.to_vec()).unwrap().replace("\\udc", "\\\\x");
    let mut reader = serde_json::Deserializer::from_str(&json);
    reader.disable_recursion_limit();
    serde::Deserialize::deserialize(&mut reader).unwrap()
}

fn sorted(chunks: &Value) -> Value {
    let Some(chunks) = chunks.as_array() else { return chunks.clone() };
    let mut chunks: Vec<String> = chunks.iter().map(ToString::to_string).collect();
    chunks.sort();
    Value::from(chunks)
}

fn index(bytes: Vec<u8>) -> Result<Value, h5meta::Error> {
    let mut walk = Walk::new(Limits::default());
    walk.supply_whole(bytes.into());
    assert_eq!(walk.next()?, Need::Done, "nothing can be missing of a whole file");
    let (index, problems) = walk.finish()?;
    Ok(h5refs::document::document(&index, &problems))
}

fn oracles(corpus: &Path) -> Vec<PathBuf> {
    let mut oracles = Vec::new();
    for source in std::fs::read_dir(corpus.join("oracle")).unwrap() {
        for file in std::fs::read_dir(source.unwrap().path()).unwrap() {
            oracles.push(file.unwrap().path());
        }
    }
    oracles.sort();
    oracles
}
