//! Data in other files, followed: from a local file and from a store, to the same references; and never
//! out of where the file is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::sync::Arc;

use e2e::s3_server::S3Server;
use e2e::snapshot::assert_snapshot;
use e2e::{options, references, testdata};
use h5refs::fetch::Counters;
use h5refs::follow::Follow;
use h5refs::sidecar::{Checksums, Options, Sidecar, sidecar};
use h5refs::source::{Opener, SourceOptions};
use serde_json::Value;

/// Files whose datasets have their data in others.
const FILES: [&str; 4] =
    ["external.h5", "external_and_virtual.h5", "virtual.h5", "virtual_hdf5_2.h5"];

/// The files that they lead to.
const OTHERS: [&str; 6] = [
    "elsewhere/raw_0.bin",
    "elsewhere/raw_1.bin",
    "elsewhere/raw_2.bin",
    "elsewhere/source_0.h5",
    "elsewhere/source_1.h5",
    "elsewhere/source_2.h5",
];

async fn make(location: &str, from: SourceOptions, change: impl Fn(&mut Options)) -> Sidecar {
    let opener = Arc::new(Opener::new(from));
    let source = opener.open(location).await.unwrap();
    let mut options = Options::default();
    options.url = Some(location.rsplit('/').next().unwrap().to_owned());
    options.follow = Some(Follow::new(opener));
    change(&mut options);
    sidecar(&*source, &options, &Counters::default()).await.unwrap()
}

async fn local(file: &str, change: impl Fn(&mut Options)) -> Sidecar {
    make(testdata(file).to_str().unwrap(), options(), change).await
}

fn report(made: &Sidecar, file: &str) -> Value {
    let mut report = made.report(file);
    // What is read with what, and how long it takes, is not the same on every run.
    for varies in ["seconds", "io"] {
        report.as_object_mut().unwrap().remove(varies);
    }
    report
}

fn reason<'a>(made: &'a Sidecar, path: &str) -> Option<&'a str> {
    made.not_referenced.iter().find(|each| each.path == path).map(|each| &*each.reason)
}

#[tokio::test]
async fn what_is_followed_is_as_it_was() {
    for file in FILES {
        // Nothing small is inlined, so that the goldens show where it is.
        let made = local(file, |options| options.references.inline_threshold = 0).await;
        let golden = |name: &str| testdata(&format!("golden/h5sidecar/followed/{name}"));
        assert_snapshot(
            &golden(&format!("{file}.json")),
            std::str::from_utf8(&made.json().unwrap()).unwrap(),
        );
        let report = format!("{:#}\n", report(&made, file));
        assert_snapshot(&golden(&format!("{file}.report.json")), &report);
    }
}

/// Chunks of other files are inlined from these, not from the file itself.
#[tokio::test]
async fn small_chunks_come_from_their_own_files() {
    for file in FILES {
        let inlined = local(file, |_| {}).await;
        let ranges = local(file, |options| options.references.inline_threshold = 0).await;
        let refs = |made: &Sidecar| {
            let document: Value = serde_json::from_slice(&made.json().unwrap()).unwrap();
            document["refs"].as_object().unwrap().clone()
        };
        let inlined = refs(&inlined);
        for (key, reference) in refs(&ranges) {
            let Some(range) = reference.as_array() else { continue };
            let bytes = std::fs::read(testdata(range[0].as_str().unwrap())).unwrap();
            let number = |n: usize| range[n].as_u64().unwrap() as usize;
            let expected = &bytes[number(1)..number(1) + number(2)];
            let encoded =
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, expected);
            assert_eq!(inlined[&key], format!("base64:{encoded}"), "{file} {key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_gives_what_the_local_file_gives() {
    let server = S3Server::start().await.unwrap();
    server.bucket("granules").unwrap();
    for file in FILES.iter().chain(&OTHERS) {
        server
            .put("granules", &format!("deep/{file}"), &std::fs::read(testdata(file)).unwrap())
            .unwrap();
    }
    // What a name that leads away would find, if it were followed.
    server.put("granules", "not_there.h5", &std::fs::read(testdata(OTHERS[3])).unwrap()).unwrap();
    for file in FILES {
        let here = local(file, |_| {}).await;
        let there = make(&format!("s3://granules/deep/{file}"), server.options(), |_| {}).await;
        assert!(there.trace.requests > 0);
        for path in ["/an_absolute_name", "/a_name_above"] {
            for made in [&here, &there].iter().filter(|_| file.starts_with("virtual")) {
                let why = reason(made, path).unwrap();
                assert!(why.contains("is not followed"), "{why}");
            }
        }
        assert_eq!(references(&here), references(&there), "{file}");
    }
}

#[tokio::test]
async fn nothing_is_opened_unasked() {
    for file in FILES {
        let made = local(file, |options| options.follow = None).await;
        assert_eq!((made.files.is_none(), made.report(file).get("files")), (true, None));
        for each in made.not_referenced.iter().filter(|each| each.lost) {
            assert!(each.reason.ends_with("--follow-external follows it"), "{}", each.reason);
        }
    }
}

#[tokio::test]
async fn only_so_many_files_are_opened() {
    for (most, opened) in [(0, 0), (1, 1), (2, 2), (100, 4)] {
        let made = local("virtual.h5", |options| {
            options.follow.as_mut().unwrap().max_files = most;
        });
        let made = made.await;
        assert_eq!(made.files.as_ref().unwrap().len(), opened);
        let why = reason(&made, "/stacked").unwrap_or_default();
        assert_eq!(why.contains("other files (--max-files)"), most < 3, "{why}");
        // What is in the file itself needs no other.
        assert_eq!(reason(&made, "/in_this_file"), None);
    }
}

/// A file that is there and no HDF5 is not taken for one that is missing.
#[tokio::test]
async fn a_broken_source_is_no_missing_one() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("elsewhere")).unwrap();
    for file in ["virtual.h5", OTHERS[4], OTHERS[5]] {
        std::fs::copy(testdata(file), directory.path().join(file)).unwrap();
    }
    std::fs::write(directory.path().join(OTHERS[3]), "not HDF5 at all").unwrap();
    let file = directory.path().join("virtual.h5");
    let made = make(file.to_str().unwrap(), options(), |_| {}).await;
    for path in ["/stacked", "/numbered_files", "/a_dataset_is_missing"] {
        let why = reason(&made, path).unwrap();
        assert!(why.contains("source_0.h5: not an HDF5 file"), "{why}");
    }
    assert!(!made.is_complete());
    let broken = made.files.iter().flatten().find(|file| file.reason.is_some()).unwrap();
    assert_eq!((&*broken.file, broken.found), ("elsewhere/source_0.h5", false));
}

/// Where numbered files end is told by the first that is missing, but one there must be.
#[tokio::test]
async fn the_first_of_numbered_files_is_missed() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("elsewhere")).unwrap();
    for file in [OTHERS[4], OTHERS[5]] {
        std::fs::copy(testdata(file), directory.path().join(file)).unwrap();
    }
    // No mapping names the first file but by its number.
    let (named, other) = (b"elsewhere/source_0.h5", b"elsewhere/source_1.h5");
    let mut bytes = std::fs::read(testdata("virtual.h5")).unwrap();
    for at in 0..bytes.len() - named.len() {
        if bytes[at..].starts_with(named) {
            bytes[at..at + other.len()].copy_from_slice(other);
        }
    }
    let file = directory.path().join("virtual.h5");
    std::fs::write(&file, bytes).unwrap();
    let skip = |options: &mut Options| options.checksums = Checksums::Skip;
    let made = make(file.to_str().unwrap(), options(), skip).await;
    let missed: Vec<&str> =
        made.files.iter().flatten().filter(|file| !file.found).map(|file| &*file.file).collect();
    assert!(missed.contains(&"elsewhere/source_0.h5"), "{missed:?}");
    assert!(!made.is_complete());
}

/// A local file leads out of its directory only to what its user allows, by name as by link.
#[tokio::test]
async fn out_of_its_directory_a_file_leads_where_it_may() {
    let directory = tempfile::tempdir().unwrap();
    let at = |path: &str| directory.path().join(path);
    std::fs::create_dir_all(at("in")).unwrap();
    std::fs::create_dir_all(at("out")).unwrap();
    std::fs::copy(testdata(OTHERS[0]), at("out/raw_0.bin")).unwrap();
    let above = patched("external.h5", "../out/raw_0.bin");
    std::fs::write(at("in/above.h5"), above).unwrap();
    let mut files = vec!["above.h5"];
    if cfg!(unix) {
        #[cfg(unix)]
        std::os::unix::fs::symlink("../out", at("in/elsewhere")).unwrap();
        std::fs::copy(testdata("external.h5"), at("in/linked.h5")).unwrap();
        files.push("linked.h5");
    }
    for file in files {
        let made = |below: Vec<String>| {
            let location = at("in").join(file).to_str().unwrap().to_owned();
            async move {
                let change = |options: &mut Options| {
                    options.follow.as_mut().unwrap().below.clone_from(&below);
                };
                make(&location, options(), change).await
            }
        };
        let refused = made(vec![]).await;
        let why = reason(&refused, "/one").unwrap();
        assert!(why.contains("is not followed") && why.contains("--follow-below"), "{why}");
        assert!(!refused.is_complete());
        assert!(refused.files.iter().flatten().all(|file| !file.found), "{:?}", refused.files);
        for place in ["out", "."] {
            let followed = made(vec![at(place).to_str().unwrap().to_owned()]).await;
            assert_eq!(reason(&followed, "/one"), None, "{file} {place}");
            let raw = followed.files.iter().flatten().find(|file| file.found).unwrap();
            assert!(raw.file.ends_with("raw_0.bin"), "{raw:?}");
        }
    }
}

/// A test file with another name for the first of its external files, which is no longer.
fn patched(file: &str, name: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(testdata(file)).unwrap();
    let old = OTHERS[0].as_bytes();
    let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
    let mut new = name.as_bytes().to_vec();
    assert!(new.len() <= old.len());
    new.resize(old.len(), 0);
    bytes[at..at + old.len()].copy_from_slice(&new);
    bytes
}
