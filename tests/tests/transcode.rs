//! Chunks that go into the sidecar because what is in the file says something else to Zarr readers: those
//! with other filters than the rest, and those that were never written.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::{options, references, testdata};
use h5refs::fetch::Counters;
use h5refs::kerchunk;
use h5refs::sidecar::{Options, Sidecar, sidecar};
use h5refs::source::open;
use serde_json::{Value, json};

type Refs = BTreeMap<String, Value>;

async fn made(file: &str, transcode_below: u64) -> (Refs, Sidecar) {
    let source = open(testdata(file).to_str().unwrap(), &options()).await.unwrap();
    let mut options = Options::default();
    options.references = kerchunk::Options::default();
    options.references.inline_threshold = 0;
    options.references.transcode_below = transcode_below;
    let made = sidecar(&*source, &options, &Counters::default()).await.unwrap();
    (references(&made), made)
}

fn metadata(refs: &Refs, array: &str) -> Value {
    serde_json::from_str(refs[&format!("{array}/.zarray")].as_str().unwrap()).unwrap()
}

fn inline(refs: &Refs, key: &str) -> Vec<u8> {
    STANDARD.decode(refs[key].as_str().unwrap().strip_prefix("base64:").unwrap()).unwrap()
}

fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// Four chunks of 1600 bytes, each with another mask of shuffle and deflate.
#[tokio::test]
async fn chunks_with_other_masks_are_encoded_as_the_rest_is() {
    let (refs, made) = made("filter_mask.h5", 5000).await;
    assert!(made.is_complete());
    let filters = &metadata(&refs, "mixed")["filters"];
    assert_eq!(
        *filters,
        json!([{ "id": "shuffle", "elementsize": 4 }, { "id": "zlib", "level": 4 }])
    );
    assert!(refs["mixed/0"].is_array(), "the first is as the codecs say");
    // All of them hold consecutive numbers, of which the upper half of the shuffled bytes is zero.
    for key in ["mixed/1", "mixed/2", "mixed/3"] {
        let shuffled = inflated(&inline(&refs, key));
        assert_eq!(shuffled.len(), 1600);
        assert!(shuffled[800..].iter().all(|&byte| byte == 0), "{key}");
    }
}

#[tokio::test]
async fn chunks_with_other_masks_are_reported_where_they_are_too_large() {
    let (refs, made) = made("filter_mask.h5", 4800).await;
    assert!(!refs.contains_key("mixed/.zarray"));
    let lost = made.not_referenced.iter().find(|each| each.path == "/mixed").unwrap();
    assert!(lost.reason.contains("different filter masks"), "{}", lost.reason);
    assert!(lost.reason.contains("too large"), "{}", lost.reason);
}

/// Of `user_i4_be` one of three chunks was written; what the others read as is -5 in big-endian bytes.
#[tokio::test]
async fn chunks_never_written_are_written_out_and_mask_nothing() {
    let (refs, _) = made("fill_values.h5", 1 << 20).await;
    let array = metadata(&refs, "user_i4_be");
    assert_eq!(array["fill_value"], Value::Null);
    assert!(refs["user_i4_be/1"].is_array());
    let (of_little, _) = made("fill_values.h5", 0).await;
    let fill = metadata(&of_little, "user_i4_be")["fill_value"].as_i64().unwrap();
    let element = i32::try_from(fill).unwrap().to_be_bytes();
    for key in ["user_i4_be/0", "user_i4_be/2"] {
        let bytes = inline(&refs, key);
        assert!(!bytes.is_empty() && bytes.chunks(4).all(|each| each == element), "{key}");
        // Where they may not, the fill value says it, and xarray masks it.
        assert!(!of_little.contains_key(key));
    }
}

#[tokio::test]
async fn nothing_is_masked_where_nothing_is_missing() {
    let (refs, _) = made("superblock_v0.h5", 1 << 20).await;
    for array in ["top", "a/b/c/chunked", "a/sibling"] {
        assert_eq!(metadata(&refs, array)["fill_value"], Value::Null, "{array}");
    }
    // A dataset of which nothing was written is metadata only, and reads as HDF5 fills it.
    let (refs, _) = made("netcdf4.nc", 1 << 20).await;
    assert!(!metadata(&refs, "never_written")["fill_value"].is_null());
    assert!(!refs.keys().any(|key| key.starts_with("never_written/0")));
}

/// 800 bytes of numbers in order, and bytes of other datasets behind them.
#[tokio::test]
async fn contiguous_data_is_cut_into_pieces_on_request() {
    let source = open(testdata("layouts.h5").to_str().unwrap(), &options()).await.unwrap();
    let mut options = Options::default();
    options.references.inline_threshold = 0;
    let whole = sidecar(&*source, &options, &Counters::default()).await.unwrap();
    let whole: Value = serde_json::from_slice(&whole.json().unwrap()).unwrap();
    let range = |document: &Value, key: &str| -> (u64, u64) {
        let range = &document["refs"][key];
        (range[1].as_u64().unwrap(), range[2].as_u64().unwrap())
    };
    let (start, length) = range(&whole, "contiguous/0.0");

    options.references.subchunk = Some(length / 3);
    let cut = sidecar(&*source, &options, &Counters::default()).await.unwrap();
    let cut: Value = serde_json::from_slice(&cut.json().unwrap()).unwrap();
    let metadata: Value =
        serde_json::from_str(cut["refs"]["contiguous/.zarray"].as_str().unwrap()).unwrap();
    let (rows, chunk) =
        (metadata["shape"][0].as_u64().unwrap(), metadata["chunks"][0].as_u64().unwrap());
    assert!(chunk < rows && metadata["chunks"][1] == metadata["shape"][1]);
    let mut at = start;
    for n in 0..rows.div_ceil(chunk) {
        let (from, size) = range(&cut, &format!("contiguous/{n}.0"));
        assert_eq!((from, size), (at, length / rows * chunk));
        at += size;
    }
    assert!(at >= start + length);
}
