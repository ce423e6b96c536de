//! The sidecar of every test file, as it is and as it was: byte for byte.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::fmt::Write as _;

use e2e::memory::Memory;
use e2e::snapshot::assert_snapshot;
use e2e::{options, testdata, testfiles};
use h5refs::fetch::Counters;
use h5refs::render::{Format, Layout};
use h5refs::sidecar::{Options, Sidecar, sidecar};
use h5refs::source::{Source, open};

/// Sidecars above this are kept as a checksum only.
const LARGEST: usize = 100_000;

async fn make(source: &dyn Source, name: &str) -> Sidecar {
    let mut options = Options::default();
    options.url = Some(name.to_owned());
    sidecar(source, &options, &Counters::default()).await.unwrap()
}

#[tokio::test]
async fn sidecars_are_as_they_were() {
    let mut checksums = String::new();
    for name in testfiles() {
        let mut options = options();
        // Mapped: what is read piece by piece, and how often, is not the same on every run.
        options.mmap = true;
        let source = open(testdata(&name).to_str().unwrap(), &options).await.unwrap();
        let made = make(&*source, &name).await;
        let again = make(&Memory::new(&name, std::fs::read(testdata(&name)).unwrap()), &name).await;
        let json = made.json().unwrap();
        assert!(json == again.json().unwrap(), "{name}: another run gives another sidecar");
        for format in [Format::JsonGz, Format::JsonZst, Format::Parquet] {
            // Without optimisation large ones take long.
            if json.len() > LARGEST {
                continue;
            }
            let mut layout = Layout::default();
            layout.format = format;
            let (one, other) = (made.render(layout).unwrap(), again.render(layout).unwrap());
            assert!(one == other, "{name}: another run gives another sidecar");
        }

        let mut crc = flate2::Crc::new();
        crc.update(&json);
        writeln!(checksums, "{name} {} bytes, CRC-32 {:08x}", json.len(), crc.sum()).unwrap();
        if json.len() <= LARGEST {
            let golden = testdata(&format!("golden/h5sidecar/{name}.json"));
            assert_snapshot(&golden, std::str::from_utf8(&json).unwrap());
        }
        let mut report = made.report(&name);
        // Time is not the same on every run.
        report.as_object_mut().unwrap().remove("seconds");
        let golden = testdata(&format!("golden/h5sidecar/{name}.report.json"));
        assert_snapshot(&golden, &format!("{report:#}\n"));
    }
    assert_snapshot(&testdata("golden/h5sidecar/checksums.txt"), &checksums);
}

/// Strict JSON all the way down: documents are JSON in a string, and inlined chunks base64.
#[tokio::test]
async fn sidecars_are_strict_json() {
    for name in testfiles() {
        let source = open(testdata(&name).to_str().unwrap(), &options()).await.unwrap();
        let made = make(&*source, &name).await;
        let document: serde_json::Value = serde_json::from_slice(&made.json().unwrap()).unwrap();
        assert_eq!(document["version"], 1);
        for (key, value) in document["refs"].as_object().unwrap() {
            let last = key.rsplit('/').next().unwrap();
            match value {
                serde_json::Value::String(text) if last.starts_with(".z") => {
                    serde_json::from_str::<serde_json::Value>(text).unwrap();
                }
                serde_json::Value::String(text) => assert!(text.starts_with("base64:"), "{key}"),
                serde_json::Value::Array(range) => assert_eq!(range.len(), 3, "{key}"),
                other => panic!("{name} {key}: {other}"),
            }
        }
    }
}

/// Reads of a few hundred bytes cut what is wanted in the middle: heaps, strings, small chunks.
#[tokio::test]
async fn however_a_file_is_read_its_sidecar_is_the_same() {
    for name in testfiles() {
        // Without optimisation large ones take long.
        let file = std::fs::read(testdata(&name)).unwrap();
        if file.len() > 1 << 20 {
            continue;
        }
        let source = Memory::new(&name, file);
        let whole = make(&source, &name).await.json().unwrap();
        for max_request in [300, 5000] {
            let mut options = Options::default();
            options.url = Some(name.clone());
            options.policy.adapt = false;
            options.policy.first_read = 100;
            options.policy.whole_file_below = 0;
            options.policy.max_request = max_request;
            let made = sidecar(&source, &options, &Counters::default()).await.unwrap();
            assert!(made.json().unwrap() == whole, "{name}: other reads give another sidecar");
        }
    }
}
