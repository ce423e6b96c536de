//! Every file of a corpus against what libhdf5 recorded of it.
//!
//! `H5_CORPUS` names a folder of `files/<source>/<name>` and `oracle/<source>/<name>.json`; without it
//! the test says that it was skipped. `H5_CORPUS_REPORT=1` prints what is said of each file that libhdf5
//! refuses or opens in part.
//!
//! | libhdf5 | here |
//! |---|---|
//! | opens the file | the index is equal, but for what `exceptions.rs` lists |
//! | opens a part of it | that part is equal |
//! | refuses it, or crashes | an error, or a problem, that names structure, offset and reason; soon, and in little memory |
//!
//! Of each a sidecar is made too, in which `verify` finds no fault: all references inside the file, and no dataset that
//! is neither in it nor reported.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod compare;
mod exceptions;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use e2e::peak::Peak;
use h5meta::{Limits, Need, Problem, Walk};
use h5refs::fetch::Counters;
use h5refs::sidecar;
use h5refs::verify::{self, Document};
use serde_json::Value;

use crate::exceptions::EXCEPTIONS;

#[global_allocator]
static MEMORY: Peak = Peak;

/// What no file may take, however it was made.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a file that libhdf5 refuses may take.
const REFUSAL: Duration = Duration::from_secs(1);
/// The most memory it may take, beside the file itself, in bytes.
const REFUSAL_MEMORY: usize = 256 << 20;

#[test]
fn files_are_indexed_as_libhdf5_indexes_them() {
    let Some(corpus) = std::env::var_os("H5_CORPUS").map(PathBuf::from) else {
        println!("skipped: H5_CORPUS is not set, so there is no corpus to compare with");
        return;
    };
    // The recorded datatypes nest deep: the comparison, not the reader, needs the stack.
    let run = move || run(&corpus);
    std::thread::Builder::new().stack_size(256 << 20).spawn(run).unwrap().join().unwrap();
}

fn run(corpus: &Path) {
    // Tests run in their package's folder; a relative path is meant from the workspace's.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let corpus = if corpus.is_relative() { workspace.join(corpus) } else { corpus.to_owned() };
    let mut tally = Tally::default();
    for oracle in oracles(&corpus) {
        tally.file(&corpus, &oracle);
    }
    println!("{}", tally.summary());
    assert!(tally.opened > 0, "no file of {} was read", corpus.display());
    assert!(tally.faults.is_empty(), "{}", tally.faults.join("\n"));
}

#[derive(Default)]
struct Tally {
    /// Files that libhdf5 opens, and those of which it opens a part.
    opened: usize,
    partial: usize,
    /// Files that libhdf5 refuses; of them those refused here, and those that are read with a problem.
    refused: usize,
    refused_too: usize,
    with_problems: usize,
    objects: usize,
    datasets: usize,
    chunked: usize,
    chunks: usize,
    attributes: usize,
    /// How often each exception was needed.
    excused: [usize; EXCEPTIONS.len()],
    faults: Vec<String>,
}

impl Tally {
    fn file(&mut self, corpus: &Path, oracle: &Path) {
        let expected = read_deep(&std::fs::read(oracle).unwrap());
        let name = expected["file"].as_str().unwrap();
        let bytes: Bytes = std::fs::read(corpus.join("files").join(name)).unwrap().into();
        e2e::peak::reset();
        let start = Instant::now();
        let made = sidecar(&bytes);
        let found = index(bytes);
        let (elapsed, held) = (start.elapsed(), e2e::peak::peak());
        match made {
            Ok(Some(why)) => self.faults.push(format!("{name}: its sidecar: {why}")),
            Ok(None) if found.is_err() => {
                self.faults.push(format!("{name}: a sidecar, and no index"))
            }
            Err(error) if found.is_ok() => self.faults.push(format!("{name}: no sidecar: {error}")),
            Ok(None) | Err(_) => {}
        }
        if elapsed > PATIENCE {
            self.faults.push(format!("{name}: took {elapsed:?}"));
        }
        match expected["status"].as_str() {
            Some("ok") => {
                self.opened += 1;
                self.compare(name, &expected, found);
            }
            Some("partial") => {
                self.partial += 1;
                report(name, &found);
                // Where libhdf5 lists nothing, an error is all that there is to say.
                let nothing = expected["objects"].as_array().is_none_or(Vec::is_empty);
                if !(nothing && found.is_err()) {
                    self.compare(name, &expected, found);
                }
            }
            _ => {
                report(name, &found);
                self.refusal(name, &found);
                if elapsed > REFUSAL {
                    self.faults.push(format!("{name}: took {elapsed:?} to be refused"));
                }
                if held > REFUSAL_MEMORY {
                    self.faults.push(format!("{name}: took {held} bytes to be refused"));
                }
            }
        }
    }

    fn compare(&mut self, name: &str, expected: &Value, found: Result<Found, h5meta::Error>) {
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.faults.push(format!("{name}: refused: {error}")),
        };
        for difference in compare::files(expected, &found.document, self) {
            let excuse = EXCEPTIONS.iter().position(|row| (row.applies)(&difference));
            match excuse.and_then(|row| self.excused.get_mut(row)) {
                Some(times) => *times += 1,
                None => self.faults.push(format!("{name}: {difference}")),
            }
        }
    }

    /// A file that libhdf5 refuses is refused, or read with a problem; either says where and why.
    fn refusal(&mut self, name: &str, found: &Result<Found, h5meta::Error>) {
        self.refused += 1;
        let located = |error: &h5meta::Error| error.offset().is_some();
        match found {
            Err(error) => {
                self.refused_too += 1;
                let not_hdf5 = matches!(error.kind(), h5meta::Kind::NotHdf5(_));
                if !not_hdf5 && !located(error) {
                    self.faults.push(format!("{name}: refused without a place: {error}"));
                }
            }
            Ok(found) if found.problems.iter().any(|problem| located(&problem.error)) => {
                self.with_problems += 1;
            }
            Ok(_) => self.faults.push(format!("{name}: libhdf5 refuses it, and nothing is said")),
        }
    }

    fn summary(&self) -> String {
        let mut summary = format!(
            "{} files: {} opened, {} in part, {} refused ({} here too, {} read with problems)\n\
             compared: {} objects, {} datasets, {} of them chunked, {} chunks, {} attributes",
            self.opened + self.partial + self.refused,
            self.opened,
            self.partial,
            self.refused,
            self.refused_too,
            self.with_problems,
            self.objects,
            self.datasets,
            self.chunked,
            self.chunks,
            self.attributes
        );
        for (row, times) in EXCEPTIONS.iter().zip(self.excused).filter(|(_, times)| *times > 0) {
            summary.push_str(&format!("\nexcepted {times} times: {}", row.cause));
        }
        summary
    }
}

/// What is read of a file.
struct Found {
    document: Value,
    problems: Vec<Problem>,
}

/// Makes a sidecar: what is wrong with it, if anything is.
fn sidecar(bytes: &Bytes) -> Result<Option<String>, h5refs::Error> {
    let source = h5refs::source::memory("file.h5", bytes.clone());
    let (options, counters) = (sidecar::Options::default(), Counters::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let made = runtime.block_on(sidecar::sidecar(&*source, &options, &counters))?;
    let document = Document::read(&made.json()?, &verify::Options::default());
    let faults = match document {
        Ok(document) => document.faults(Some(bytes.len() as u64)),
        Err(why) => return Ok(Some(why)),
    };
    let reported = made.not_referenced.len() as u64;
    let datasets = made.counts.arrays.saturating_add(reported);
    Ok(match faults.first() {
        Some(fault) => Some(format!("{}: {}", fault.key, fault.reason)),
        None if datasets < made.counts.datasets => Some("a dataset that is not reported".into()),
        None => None,
    })
}

fn index(bytes: Bytes) -> Result<Found, h5meta::Error> {
    let mut walk = Walk::new(Limits::default());
    walk.supply_whole(bytes);
    assert_eq!(walk.next()?, Need::Done, "nothing can be missing of a whole file");
    let (index, problems) = walk.finish()?;
    let document = serde_json::to_value(h5refs::document::document(&index, &problems));
    Ok(Found { document: document.unwrap(), problems })
}

fn report(name: &str, found: &Result<Found, h5meta::Error>) {
    if std::env::var_os("H5_CORPUS_REPORT").is_none() {
        return;
    }
    match found {
        Err(error) => println!("{name}: {error}"),
        Ok(found) => {
            for Problem { path, error, .. } in &found.problems {
                println!("{name}: {path}: {error}");
            }
        }
    }
}

/// Datatypes nest deeper in hostile files than a JSON reader likes, and Python writes bytes that are
/// no UTF-8 as lone surrogates: `\xHH` here.
fn read_deep(json: &[u8]) -> Value {
    let json = String::from_utf8(json.to_vec()).unwrap().replace("\\udc", "\\\\x");
    let mut reader = serde_json::Deserializer::from_str(&json);
    reader.disable_recursion_limit();
    serde::Deserialize::deserialize(&mut reader).unwrap()
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
