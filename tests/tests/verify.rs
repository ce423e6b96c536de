//! Sidecars are verified against their files: what is right is found to be, and what is not is named.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use e2e::{options as source_options, testdata, testfiles};
use h5refs::fetch::Counters;
use h5refs::render::{Format, Layout, Rendered};
use h5refs::sidecar::{Options as SidecarOptions, sidecar};
use h5refs::sink;
use h5refs::source::{Opener, open};
use h5refs::verify::{Options, Verified, verify};
use serde_json::{Value, json};

const FORMATS: [Format; 4] = [Format::Json, Format::JsonGz, Format::JsonZst, Format::Parquet];

/// The sidecar of a file, in a folder.
async fn made(file: &Path, format: Format, dir: &Path) -> h5refs::Result<PathBuf> {
    let source = open(file.to_str().unwrap(), &source_options()).await.unwrap();
    let mut options = SidecarOptions::default();
    options.record_version = true;
    // Some chunks go into the sidecar, and some do not.
    options.references.inline_threshold = 40;
    let made = sidecar(&*source, &options, &Counters::default()).await.unwrap();
    let mut layout = Layout::default();
    layout.format = format;
    layout.record_size = 50;
    let place = dir.join(format!("sidecar{}", format.suffix()));
    let rendered = made.render(layout).unwrap();
    sink::write(place.to_str().unwrap(), rendered, &source_options()).await?;
    Ok(place)
}

async fn verified(sidecar: &Path) -> h5refs::Result<Verified> {
    let mut options = Options::default();
    options.sample = u64::MAX;
    let opener = Opener::new(source_options());
    verify(sidecar.to_str().unwrap(), &opener, &options, &Counters::default()).await
}

/// What is wrong with the JSON sidecar of a file whose document was changed.
async fn changed(file: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let place = made(&testdata(file), Format::Json, dir.path()).await.unwrap();
    let mut document: Value = serde_json::from_slice(&std::fs::read(&place).unwrap()).unwrap();
    // What is changed is not changed twice.
    document["refs"].as_object_mut().unwrap().remove(".zmetadata");
    change(&mut document);
    let bytes = Rendered::File(Bytes::from(document.to_string()));
    sink::write(place.to_str().unwrap(), bytes, &source_options()).await.unwrap();
    let verified = verified(&place).await.unwrap();
    verified.faults.iter().map(|fault| format!("{}: {}", fault.key, fault.reason)).collect()
}

#[tokio::test]
async fn every_sidecar_of_every_format_is_right() {
    for file in testfiles() {
        let mut long_names = false;
        for format in FORMATS {
            // Those of thousands of arrays take long without optimisation.
            let is_large = matches!(&*file, "atl03_mini.h5" | "links_doubling.h5");
            if is_large && format != Format::Json {
                continue;
            }
            let dir = tempfile::tempdir().unwrap();
            let place = match made(&testdata(&file), format, dir.path()).await {
                Ok(place) => place,
                // A name in the file is longer than those of files can be.
                Err(error) if format == Format::Parquet && long_names => {
                    assert!(error.to_string().contains("write JSON"), "{error}");
                    continue;
                }
                Err(error) => panic!("{file}: {error}"),
            };
            if format == Format::Json {
                let json = std::fs::read_to_string(&place).unwrap();
                long_names =
                    json.split(['"', '/']).any(|name| name.len() > 255 && !name.contains(':'));
            }
            let verified = verified(&place).await.unwrap();
            assert_eq!(verified.faults, [], "{file} {format:?}");
            let chunks = verified.referenced_chunks + verified.inlined_chunks;
            let counted = verified.decoded + verified.not_decoded.values().sum::<u64>();
            assert_eq!(counted, chunks, "{file} {format:?}");
        }
    }
}

#[tokio::test]
async fn a_reference_past_the_end_is_a_fault() {
    let faults = changed("chunks_btree_v1.h5", |document| {
        let refs = document["refs"].as_object_mut().unwrap();
        let (_, reference) = refs.iter_mut().find(|(_, value)| value.is_array()).unwrap();
        reference[1] = json!(1_u64 << 40);
    });
    let faults = faults.await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains(": bytes 1099511627776.."), "{faults:?}");
}

#[tokio::test]
async fn bytes_that_are_not_those_of_their_chunk_are_a_fault() {
    let faults = changed("atl03_mini.h5", |document| {
        let refs = document["refs"].as_object_mut().unwrap();
        let is_deflated = |(key, value): &(&String, &mut Value)| {
            value.is_array() && key.starts_with("gt1l/heights/")
        };
        let (_, reference) = refs.iter_mut().find(is_deflated).unwrap();
        reference[1] = json!(reference[1].as_u64().unwrap() + 1);
    });
    let faults = faults.await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("inflate"), "{faults:?}");
}

/// Tables are below the sidecar, whatever its metadata calls them.
#[tokio::test]
async fn tables_that_are_elsewhere_are_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let place = made(&testdata("chunks_btree_v1.h5"), Format::Parquet, dir.path()).await.unwrap();
    let path = place.join(".zmetadata");
    let mut document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let all = document["metadata"].as_object_mut().unwrap();
    let (array, one) = all.iter().find(|(key, _)| key.ends_with("/.zarray")).unwrap();
    let (array, one) = (array.clone(), one.clone());
    all.insert(format!("../out/{array}"), one);
    std::fs::write(&path, document.to_string()).unwrap();
    let out = dir.path().join("out");
    std::fs::create_dir_all(out.join(array.trim_end_matches(".zarray"))).unwrap();
    let table = out.join(array.replace(".zarray", "refs.0.parq"));
    std::fs::write(table, "this is no table, which would be said").unwrap();
    let faults = verified(&place).await.unwrap().faults;
    let reasons: Vec<&str> = faults.iter().map(|fault| fault.reason.as_str()).collect();
    assert!(reasons.contains(&"its path leads out of the tables"), "{reasons:?}");
    assert!(reasons.iter().all(|reason| !reason.contains("broken")), "{reasons:?}");
}

#[tokio::test]
async fn documents_that_do_not_fit_are_faults() {
    let faults = changed("netcdf4.nc", |document| {
        let refs = document["refs"].as_object_mut().unwrap();
        refs.insert("nowhere/x/.zattrs".into(), json!("{}"));
        refs.insert("stray/0".into(), json!("base64:"));
        refs.insert("broken/.zarray".into(), json!("{\"zarr_format\":2,\"order\":\"F\"}"));
        refs.insert(".zattrs".into(), json!("{"));
    });
    let faults = faults.await;
    let has = |what: &str| faults.iter().any(|fault| fault.contains(what));
    assert!(has("there is no group nowhere/.zgroup"), "{faults:?}");
    assert!(has("stray/0: it is of no array"), "{faults:?}");
    assert!(has("broken/.zarray: order"), "{faults:?}");
    assert!(has(".zattrs: EOF"), "{faults:?}");
}

#[tokio::test]
async fn another_version_of_the_file_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("copy.h5");
    std::fs::copy(testdata("chunks_btree_v1.h5"), &file).unwrap();
    let place = made(&file, Format::Json, dir.path()).await.unwrap();
    assert_eq!(verified(&place).await.unwrap().faults, []);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.push(0);
    std::fs::write(&file, bytes).unwrap();
    let faults = verified(&place).await.unwrap().faults;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].reason.contains("length was"), "{faults:?}");
    std::fs::remove_file(&file).unwrap();
    assert!(verified(&place).await.unwrap_err().is_missing());
}

#[tokio::test]
async fn what_is_no_sidecar_is_said_to_be_none() {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("a", &b"{}"[..]), ("b", b"\x89HDF\r\n\x1a\n"), ("c", b"\x1f\x8b"), ("d", b"")]
    {
        let place = dir.path().join(name);
        std::fs::write(&place, bytes).unwrap();
        let error = verified(&place).await.unwrap_err();
        assert!(error.is_malformed(), "{name}: {error}");
    }
    let tables = dir.path().join("x.parq");
    std::fs::create_dir(&tables).unwrap();
    assert!(verified(&tables).await.unwrap_err().is_missing());
    std::fs::write(tables.join(".zmetadata"), "{}").unwrap();
    assert!(verified(&tables).await.unwrap_err().is_malformed());
}
