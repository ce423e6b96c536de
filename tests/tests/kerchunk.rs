//! Our sidecars against kerchunk's, key by key and by meaning. Every difference is in a table here,
//! with its reason; every row of the table is needed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::{options, testdata};
use h5refs::fetch::Counters;
use h5refs::kerchunk::Which;
use h5refs::sidecar::{Options, Sidecar, sidecar};
use h5refs::source::open;
use serde_json::Value;

/// A difference that is meant: `*` stands for anything.
struct Known {
    file: &'static str,
    key: &'static str,
    what: &'static str,
    why: &'static str,
}

const fn known(
    file: &'static str,
    key: &'static str,
    what: &'static str,
    why: &'static str,
) -> Known {
    Known { file, key, what, why }
}

/// What kerchunk 0.2.10 loses, corrupts or names so that readers fail.
#[rustfmt::skip]
const FAULTS: &[Known] = &[
    known("*", "*.zattrs", "_ARRAY_DIMENSIONS", "paths, and numbers by axis: groups do not open"),
    known("*", "*.zarray", "a mask", "xarray masks the fill value: zeros that were written read as missing"),
    known("*", "*", "a chunk that was never written", "the same: what was never written would be the mask"),
    known("*", "*.zattrs", "text of a list", "arrays of two and more dimensions become Python text"),
    known("*", "*zero_size*/.zarray", "chunks", "chunks without extent, which Zarr readers refuse"),
    known("attributes_v3.h5", "attributes_4/.zattrs", "*", "all after a compound one are lost"),
    known("attributes_v3.h5", "*/.zattrs", "vlen_f8_be", "big-endian sequences are read backwards"),
    known("attributes_v3.h5", "*/.zattrs", "vlen_i4", "sequences become Python text"),
    known("attributes_v3.h5", "*/.zattrs", "*_reference*", "references become Python text"),
    known("datatypes*.h5", "array_type/*", "only here", "array datatypes are dropped"),
    known("datatypes*.h5", "*_compound*/*", "only here", "compounds are dropped"),
    known("datatypes*.h5", "*_opaque/*", "only here", "opaque datatypes are dropped"),
    known("committed_datatype.h5", "positions/*", "only here", "compounds are dropped"),
    known("dimension_scales.h5", "two_scales/*", "only here", "a second scale loses the dataset"),
    known("dimension_scales.h5", "user/.zattrs", "*", "a user's own CLASS and NAME are lost"),
    known("fill_values*.h5", "*compound/*", "only here", "compounds are dropped"),
    known("fill_values*.h5", "undefined/*", "only here", "an undefined fill value loses the dataset"),
    known("fill_values*.h5", "with_other_attribute/*", "*", "what was never written reads as _FillValue, not as HDF5 fills it"),
    known("fill_attributes.h5", "*/.zattrs", "_FillValue", "a _FillValue that is no value of the type is lost"),
    known("datatypes*.h5", "integer_12_bits/*", "*", "integers of fewer bits than their bytes read as others"),
    known("filters.h5", "nbit/*", "only here", "filters that numcodecs lacks lose the dataset"),
    known("compounds.h5", "*", "only here", "compounds are dropped"),
    known("like_text.h5", "*/0", "data", "what looks like JSON is rewritten, and base64 decoded"),
    known("gaps.h5", "compressed/*", "only here", "what was never written would be the mask"),
    known("gaps.h5", "time/.zarray", "fill_value null", "times lose their fill value"),
    known("filters.h5", "*fletcher32/*", "only here", "fletcher32 loses the dataset"),
    known("filters.h5", "lzf/*", "only here", "LZF loses the dataset"),
    known("filters.h5", "scaleoffset/*", "only here", "scale-offset loses the dataset"),
    known("filter_order.h5", "*fletcher32*", "only here", "fletcher32 loses the dataset"),
    known("filter_order.h5", "deflate_deflate/.zarray", "filters", "of two filters alike one is lost"),
    known("filter_mask.h5", "no_shuffle/.zarray", "filters", "a mask drops the filters behind its last bit"),
    known("filter_mask.h5", "skipped_by_libhdf5/*", "only here", "a skipped filter loses the dataset"),
    known("filter_mask.h5", "mixed/*", "only here", "chunks of different filter masks lose the dataset"),
    known("filter_order.h5", "deflate_shuffle/*", "*", "filters in the wrong order: it cannot be read"),
    known("edge_chunks.h5", "*/*", "*", "edge chunks without filters are read through them: it cannot be read"),
    known("netcdf4.nc", "never_written/.zarray", "fill_value null", "netCDF variables lose their fill value"),
    known("layouts.h5", "compact_large/*", "*", "large compact data reads as fill values"),
    known("vlen_strings.h5", "not_utf8/*", "only here", "a string that is not UTF-8 loses the dataset"),
    known("vlen_strings.h5", "scalar/0", "only here", "scalar variable-length strings read as nothing"),
    known("old_versions.h5", "no_fill_value/*", "only here", "an undefined fill value loses the dataset"),
    known("object_references.h5", "references/*", "*", "references read as the text None"),
    known("region_references.h5", "group/.zattrs", "*", "references become Python text"),
    known("layouts.h5", "compact_scalar/*", "only here", "compact scalars are dropped"),
    known("filter_*.h5", "*", "only here", "filters that numcodecs lacks, bzip2, masks that differ, types of bytes: dropped"),
    known("filter_*.h5", "snappy_*/*", "*", "Blosc with Snappy, which numcodecs is built without"),
    known("filter_*.h5", "*/*", "data", "masks that differ: its chunk is another's encoding"),
    known("filter_*.h5", "*/.zarray", "filters", "masks that differ: those of the first chunk are taken for all"),
    known("filter_nbit.h5", "array*/.zattrs", "another dimension scale", "arrays are opaque bytes, without dimensions"),
    known("filter_nbit.h5", "array*/*", "only kerchunk", "arrays are opaque bytes: the key of a chunk has more numbers"),
    known("filter_nbit.h5", "*/.zarray", "*", "arrays are opaque bytes, integers of some bits are read as whole ones"),
];

type Refs = BTreeMap<String, Value>;

#[tokio::test]
async fn sidecars_mean_what_kerchunks_mean() {
    let goldens = testdata("golden/kerchunk");
    let mut unexplained = Vec::new();
    let mut used = vec![false; FAULTS.len()];
    let mut compared = 0;
    for golden in std::fs::read_dir(goldens).unwrap() {
        let golden = golden.unwrap().file_name().into_string().unwrap();
        let Some(file) = golden.trim_end_matches(".gz").strip_suffix(".json") else { continue };
        compared += 1;
        let (ours, made) = ours(file).await;
        for (key, what, difference) in differences(&ours, &kerchunks(&golden)) {
            // What is left out and said to be is not lost; that it shrinks is the corpus test's to see.
            if what.ends_with("only kerchunk") && is_reported(&key, &made) {
                continue;
            }
            let known = FAULTS.iter().position(|known| {
                matches(known.file, file) && matches(known.key, &key) && matches(known.what, &what)
            });
            match known {
                Some(n) => used[n] = true,
                None => unexplained.push(format!("{file} {key} {what}: {difference}")),
            }
        }
    }
    assert!(compared >= 37, "the goldens are there");
    assert!(
        unexplained.is_empty(),
        "{} differences:\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
    for (known, used) in FAULTS.iter().zip(used) {
        assert!(used, "no difference any more: {} {} ({})", known.file, known.key, known.why);
    }
}

/// Whether our report says that the key's object, or what of it the key holds, is missing.
fn is_reported(key: &str, made: &Sidecar) -> bool {
    let reported = made.not_referenced.iter().map(|each| &each.path);
    let mut reported = reported.chain(made.problems.iter().map(|problem| &problem.path));
    reported.any(|path| path == "/" || format!("/{key}").starts_with(&format!("{path}/")))
}

async fn ours(file: &str) -> (Refs, Sidecar) {
    let source = open(testdata(file).to_str().unwrap(), &options()).await.unwrap();
    let mut options = Options::default();
    options.url = Some(file.to_owned());
    // kerchunk has each object once; `links.rs` tests the rest.
    options.references.links = Which::First;
    let made = sidecar(&*source, &options, &Counters::default()).await.unwrap();
    let mut refs = refs(&made.json().unwrap());
    // All metadata once more, which kerchunk does without: groups below the first level do not open.
    refs.remove(".zmetadata");
    (refs, made)
}

fn kerchunks(golden: &str) -> Refs {
    let bytes = std::fs::read(testdata("golden/kerchunk").join(golden)).unwrap();
    if !golden.ends_with(".gz") {
        return refs(&bytes);
    }
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut json).unwrap();
    refs(&json)
}

/// The references, with documents as JSON whether they were text or not.
fn refs(json: &[u8]) -> Refs {
    let document: Value = serde_json::from_slice(json).unwrap();
    let refs = document["refs"].as_object().unwrap().clone();
    refs.into_iter()
        .map(|(key, value)| match &value {
            Value::String(text) if is_document(&key) => {
                let document = serde_json::from_str(text).unwrap();
                (key, document)
            }
            _ => (key, value),
        })
        .collect()
}

fn is_document(key: &str) -> bool {
    key.rsplit('/').next().is_some_and(|name| name.starts_with(".z"))
}

/// Key, what differs, and how.
fn differences(ours: &Refs, theirs: &Refs) -> Vec<(String, String, String)> {
    let mut differences = Vec::new();
    let refs = ours;
    let keys = ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key)));
    for key in keys {
        let mut differs = |what: &str, how: String| {
            differences.push((key.clone(), what.to_owned(), how.chars().take(300).collect()));
        };
        match (ours.get(key), theirs.get(key)) {
            (Some(_), None) if is_written_out(key, refs, theirs) => {
                differs("a chunk that was never written", String::new());
            }
            (Some(_), None) => differs("only here", String::new()),
            (None, Some(theirs)) => differs("only kerchunk", theirs.to_string()),
            (Some(Value::Object(ours)), Some(Value::Object(theirs))) => {
                let is_whole = is_whole(key, ours, refs);
                let names =
                    ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name)));
                for name in names {
                    let (ours, theirs) = (ours.get(name), theirs.get(name));
                    if same(ours, theirs) {
                        continue;
                    }
                    let what = match (name.as_str(), theirs) {
                        ("fill_value", Some(_)) if ours.is_none_or(Value::is_null) && is_whole => {
                            "a mask".to_owned()
                        }
                        ("fill_value", Some(theirs)) => {
                            format!("fill_value {}", theirs.as_str().unwrap_or(&theirs.to_string()))
                        }
                        ("_ARRAY_DIMENSIONS", _) if !same_scales(ours, theirs) => {
                            "another dimension scale".to_owned()
                        }
                        (_, Some(Value::String(text))) if text.starts_with("[[") => {
                            "text of a list".to_owned()
                        }
                        _ if ours.is_none() => format!("{name} only kerchunk"),
                        _ => name.clone(),
                    };
                    differs(&what, format!("{ours:?} != {theirs:?}"));
                }
            }
            (Some(ours), Some(theirs)) => {
                if data(ours) != data(theirs) {
                    differs("data", format!("{ours} != {theirs}"));
                }
            }
            (None, None) => {}
        }
    }
    differences
}

/// Whether dimensions that kerchunk names after a scale are named after the same one, with its path or without.
fn same_scales(ours: Option<&Value>, theirs: Option<&Value>) -> bool {
    let names = |names: Option<&Value>| -> Vec<String> {
        let names = names.and_then(Value::as_array).into_iter().flatten();
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        names.filter_map(Value::as_str).map(last).collect()
    };
    let (ours, theirs) = (names(ours), names(theirs));
    let same =
        |(ours, theirs): (&String, &String)| ours == theirs || theirs.starts_with("phony_dim_");
    ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same)
}

/// Whether all chunks of an array are there, so that nothing reads as its fill value.
fn is_whole(key: &str, metadata: &serde_json::Map<String, Value>, refs: &Refs) -> bool {
    let numbers = |name: &str| -> Vec<u64> {
        let list = metadata.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_u64).collect()
    };
    let (shape, chunks) = (numbers("shape"), numbers("chunks"));
    let grid: u64 = shape.iter().zip(&chunks).map(|(all, one)| all.div_ceil(*one)).product();
    let prefix = key.trim_end_matches(".zarray");
    let is_chunk = |key: &&String| key.starts_with(prefix) && !is_document(key);
    refs.keys().filter(is_chunk).count() as u64 == grid
}

/// Whether a chunk is inlined only so that the fill value can be null.
fn is_written_out(key: &str, ours: &Refs, theirs: &Refs) -> bool {
    let array = key.rsplit_once('/').map_or("", |(array, _)| array);
    let fill_value =
        |refs: &Refs| refs.get(&format!("{array}/.zarray"))?.get("fill_value").cloned();
    let is_inline = ours.get(key).is_some_and(Value::is_string);
    let others = ours.keys().filter(|other| other.starts_with(&format!("{array}/"))).count();
    let is_known = fill_value(theirs).is_some_and(|value| !value.is_null());
    // Besides its two documents and this chunk the array has another one.
    is_inline && others > 3 && is_known && fill_value(ours) != fill_value(theirs)
}

/// Numbers are the same if their values are.
fn same(ours: Option<&Value>, theirs: Option<&Value>) -> bool {
    match (ours, theirs) {
        (Some(Value::Number(ours)), Some(Value::Number(theirs))) => {
            ours == theirs || ours.as_f64() == theirs.as_f64()
        }
        (Some(Value::Array(ours)), Some(Value::Array(theirs))) => {
            let each = |(ours, theirs)| same(Some(ours), Some(theirs));
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(each)
        }
        (Some(Value::Object(ours)), Some(Value::Object(theirs))) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(name, ours)| same(Some(ours), theirs.get(name)))
        }
        (ours, theirs) => ours == theirs,
    }
}

/// A byte range, or the bytes that are inlined.
fn data(reference: &Value) -> Result<Vec<u8>, &Value> {
    match reference.as_str() {
        Some(text) => Ok(match text.strip_prefix("base64:") {
            Some(coded) => STANDARD.decode(coded).unwrap(),
            None => text.as_bytes().to_vec(),
        }),
        None => Err(reference),
    }
}

/// Whether `text` is like `pattern`, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
