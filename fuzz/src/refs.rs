//! Whole files to sidecars.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use h5refs::Error;
use h5refs::fetch::Counters;
use h5refs::kerchunk::{CodecSet, Which};
use h5refs::render::{Format, Layout, Rendered};
use h5refs::sidecar::{self, Checksums, Options, Sidecar};
use h5refs::source::{Piece, Source, memory};
use h5refs::verify::{self, Document};
use serde_json::Value;

use crate::strict;

/// How a sidecar is made: what a user may ask for and what no property may depend on.
struct Choices {
    options: Options,
    layout: Layout,
    /// Whether the file is read in pieces.
    is_far: bool,
}

/// Names that a file may have.
const NAMES: [&str; 4] =
    ["a.h5", "s3://bucket/a file \"{{u}}\\\u{7f}.h5", "https://host/\u{e9}\n{{v}}", ""];

impl Choices {
    /// The choices that four bytes make, less than a bit each.
    fn new([first, second, third, fourth]: [u8; 4]) -> Self {
        let one_of = |byte: u8, shift: u8| usize::from(byte >> shift & 3);
        let bit = |byte: u8, bit: u8| byte >> bit & 1 == 1;
        let mut options = Options::default();
        options.checksums = Checksums::Skip;
        let references = &mut options.references;
        references.inline_threshold = [500, 0, 9, 4096][one_of(first, 0)];
        references.transcode_below = [1 << 20, 0, 100, 1 << 12][one_of(first, 2)];
        references.max_inline_vlen = [1 << 20, 0, 100, 1 << 12][one_of(first, 4)];
        references.subchunk = [None, Some(1), Some(64), Some(1 << 12)][one_of(first, 6)];
        references.max_linked = [1 << 20, 0, 1000, 1 << 14][one_of(second, 0)];
        references.links = if bit(second, 2) { Which::First } else { Which::All };
        references.codecs =
            if bit(second, 3) { CodecSet::Imagecodecs } else { CodecSet::Numcodecs };
        options.record_version = bit(second, 4);
        options.url = Some(NAMES[one_of(second, 5)].to_owned());
        options.policy.first_read = [1 << 20, 1, 512, 4096][one_of(third, 0)];
        options.policy.whole_file_below = [1 << 20, 0, 0, 2048][one_of(third, 2)];
        options.policy.gap = [1 << 16, 0, 64, 1 << 12][one_of(third, 4)];
        let mut layout = Layout::default();
        layout.format =
            [Format::Json, Format::Json, Format::JsonGz, Format::JsonZst][one_of(fourth, 0)];
        layout.templates = bit(fourth, 2);
        layout.consolidated = !bit(fourth, 3);
        Self { options, layout, is_far: bit(third, 6) }
    }
}

/// Any file is made a sidecar or refused. Its last four bytes say how: inlined how much, in which form, read how.
///
/// A sidecar is JSON in which no key is there twice, all documents included; `verify` finds no fault in it: every
/// range is inside the file and of it, chunks are of arrays, all are in groups that are there; nothing is array and
/// group at once. Each dataset of the index is in it, or is reported.
pub fn refs(file: &[u8]) {
    let choices = Choices::new(file.last_chunk().copied().unwrap_or_default());
    let file = Bytes::copy_from_slice(file);
    let near = memory("memory.h5", file.clone());
    let source = if choices.is_far { Arc::new(Far(near)) } else { near };
    let (options, counters) = (&choices.options, Counters::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let made = match runtime.block_on(sidecar::sidecar(&*source, options, &counters)) {
        Ok(made) => made,
        Err(Error::Malformed { error, .. }) => {
            assert!(!error.to_string().is_empty());
            return;
        }
        Err(other) => panic!("a file in memory cannot fail so: {other}"),
    };
    let index = runtime.block_on(sidecar::index(&*source, options, &counters));
    let (index, problems) = index.expect("it was read before");
    assert_eq!(problems, made.problems);
    check(&file, &made, &choices);

    let json = made.json().expect("without templates every name can be said");
    let document = Document::read(&json, &verify::Options::default()).expect("a sidecar");
    let arrays = document.arrays();
    let reported: BTreeSet<&str> = made.not_referenced.iter().map(|it| &*it.path).collect();
    let mut datasets = 0;
    for (object, _) in index.datasets() {
        let is_here = arrays.contains(object.path.trim_start_matches('/'));
        let is_reported = reported.contains(&*object.path);
        assert!(is_here != is_reported, "{}: {is_here}, {is_reported}", object.path);
        datasets += 1;
    }
    assert_eq!(made.counts.datasets, datasets);
    let report = made.report("memory.h5").to_string();
    strict::check(report.as_bytes()).unwrap_or_else(|why| panic!("{why}: {report}"));
}

/// A sidecar by itself.
fn check(file: &Bytes, made: &Sidecar, choices: &Choices) {
    let rendered = match made.render(choices.layout) {
        Ok(Rendered::File(bytes)) => bytes,
        Ok(Rendered::Directory(_)) => panic!("a folder in place of a file"),
        // Templates in the name of a file would be filled in.
        Err(error) => {
            assert!(choices.layout.templates && made.url.contains("{{"), "{error}");
            return;
        }
    };
    let options = verify::Options::default();
    let document = Document::read(&rendered, &options).expect("a sidecar");
    let faults = document.faults(Some(file.len() as u64));
    assert!(faults.is_empty(), "{faults:?}");
    let files = document.files();
    assert!(files.iter().all(|file| *file == made.url), "{files:?}, not {}", made.url);
    if choices.layout.format == Format::Json {
        is_strict(&rendered);
    }
}

fn is_strict(json: &[u8]) {
    let unambiguous = |json: &[u8]| {
        strict::check(json)
            .unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(json)));
    };
    unambiguous(json);
    let document: Value = serde_json::from_slice(json).expect("it is JSON");
    let references = document["refs"].as_object().expect("references");
    for (key, value) in references {
        let (path, last) = key.rsplit_once('/').unwrap_or(("", key));
        if last.starts_with(".z") {
            unambiguous(value.as_str().expect("a document is a string").as_bytes());
        } else if let Value::String(text) = value {
            assert!(text.starts_with("base64:"), "{key}: {text}");
        } else {
            assert_eq!(value.as_array().expect("a range").len(), 3, "{key}");
        }
        if last == ".zarray" {
            let group = if path.is_empty() { ".zgroup".into() } else { format!("{path}/.zgroup") };
            assert!(!references.contains_key(&group), "{path} is array and group");
        }
    }
}

/// A source that is read in pieces.
#[derive(Debug)]
struct Far(Arc<dyn Source>);

#[async_trait]
impl Source for Far {
    fn url(&self) -> &str {
        self.0.url()
    }

    async fn read(&self, range: Range<u64>) -> h5refs::Result<Piece> {
        self.0.read(range).await
    }
}
