//! Sidecars of strangers, and what verifying one costs.

use super::*;

/// Reads a sidecar and decodes all that is in it, and counts what that costs. Who makes a large one has been alone since.
fn verified(sidecar: &[u8]) -> Result<Verified, String> {
    let mut unpacked = Vec::new();
    let length = match MultiGzDecoder::new(sidecar).read_to_end(&mut unpacked) {
        Ok(length) => length,
        Err(_) => sidecar.len(),
    };
    drop(unpacked);
    let sidecar = Bytes::copy_from_slice(sidecar);
    let mut options = verify::Options::default();
    options.sample = u64::MAX;
    let start = Instant::now();
    peak::reset();
    let verified = Document::read(&sidecar, &options).map(|document| document.decode(&options));
    let (cost, elapsed) = (peak::peak(), start.elapsed());
    println!("{} bytes: {cost} held, {elapsed:?}", sidecar.len());
    let most = (length * 6).max(sidecar.len() * MULTIPLE) + CONSTANT;
    assert!(cost < most, "{cost} bytes for {length}");
    assert!(elapsed < SOON, "{elapsed:?}");
    verified
}

/// A sidecar of these references, compressed to some hundred kilobytes at least.
fn packed(references: &str) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let noise: String = std::iter::repeat_with(|| random.alphanumeric()).take(550_000).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    write!(gzip, "{{\"version\":1,\"refs\":{{{references}\"noise\":\"{noise}\"}}}}").unwrap();
    gzip.finish().unwrap()
}

const ARRAY: &str = r#""a/.zarray":{"zarr_format":2,"shape":[9000000],"chunks":[1],"dtype":"|u1","order":"C",
    "fill_value":null,"filters":FILTERS,"compressor":null},"#;

/// Whatever a small sidecar unpacks to.
#[tokio::test]
async fn what_a_sidecar_unpacks_to_is_charged() {
    let _alone = ALONE.lock().await;
    for each in [
        r#""k1":"","#,
        r#""a/1":"a","#,
        r#""a/1":["f",0,1],"#,
        r#""a/.zattrs":{"":{"":{"":{"":{"":{"":{"":{"":{"":{"":{"":{}}}}}}}}}}}},"#,
        r#""a/.zattrs":"{\"a\":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]}","#,
        r#""b/.zarray":{"filters":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]},"#,
    ] {
        // As much as may be, or nearly, and more than that.
        for bytes in [1 << 20, 8 << 20, 40 << 20] {
            let array = ARRAY.replace("FILTERS", "null");
            let sidecar = packed(&format!("{array}{}", each.repeat(bytes / each.len())));
            let verified = verified(&sidecar);
            if bytes == 1 << 20 {
                assert!(verified.is_ok(), "{each}: {verified:?}");
            }
        }
    }
}

/// One document of many objects, which are a hundred times their text as a tree.
#[tokio::test]
async fn documents_are_held_as_text() {
    let _alone = ALONE.lock().await;
    let objects = "{\"\":{\"\":{\"\":0}}},".repeat(1 << 20);
    for name in [".zattrs", "a/.zattrs", "b/.zarray", ".zmetadata"] {
        let json =
            format!(r#"{{"version":1,"refs":{{"{name}":{{"metadata":{{"x":[{objects}0]}}}}}}}}"#);
        let faults = verified(json.as_bytes()).unwrap().faults;
        assert_eq!(faults.is_empty(), name == ".zattrs", "{faults:?}");
    }
}

/// Two thousand codecs, each of which goes over half a gigabyte that one of them makes of nothing.
#[tokio::test]
async fn codecs_are_charged_each() {
    let _alone = ALONE.lock().await;
    let shuffles = r#"{"id":"shuffle","elementsize":4},"#.repeat(2000);
    let array = ARRAY
        .replace("FILTERS", &format!("[{shuffles}{{\"id\":\"zlib\"}}]"))
        .replace("[1]", "[9000000]");
    let chunk =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, deflated(9_000_000));
    let json = format!(r#"{{"version":1,"refs":{{{array}"a/0":"base64:{chunk}"}}}}"#);
    let verified = verified(json.as_bytes()).unwrap();
    assert_eq!(verified.not_decoded.keys().collect::<Vec<_>>(), ["more than 32 codecs"]);
}

/// References whose names are a long template and something.
#[tokio::test]
async fn names_of_files_are_charged() {
    let _alone = ALONE.lock().await;
    let names: String = (0..40_000).map(|n| format!("\"a/{n}\":[\"{{{{u}}}}{n}\",0,1],")).collect();
    let refs =
        format!("{}{names}\".zgroup\":{{\"zarr_format\":2}}", ARRAY.replace("FILTERS", "null"));
    let template = "x".repeat(65_000);
    let json = format!(r#"{{"version":1,"templates":{{"u":"{template}"}},"refs":{{{refs}}}}}"#);
    let why = verified(json.as_bytes()).unwrap_err();
    assert!(why.contains("more than"), "{why}");
}

/// A long text that is said of each of a thousand chunks.
#[tokio::test]
async fn what_is_said_of_codecs_is_short() {
    let _alone = ALONE.lock().await;
    let codec = format!(r#"[{{"id":"shuffle","x":"{}"}}]"#, "y".repeat(1_000_000));
    let chunks: String = (0..1000).map(|n| format!("\"a/{n}\":\"a\",")).collect();
    let refs =
        format!("{}{chunks}\".zgroup\":{{\"zarr_format\":2}}", ARRAY.replace("FILTERS", &codec));
    let verified = verified(format!(r#"{{"version":1,"refs":{{{refs}}}}}"#).as_bytes()).unwrap();
    let (what, count) = verified.not_decoded.first_key_value().unwrap();
    assert_eq!(*count, 1000);
    assert!(what.len() < 1000 && what.contains("elementsize"), "{}", what.len());
}

/// Real ones are much the same everywhere, and have all their documents twice.
#[tokio::test]
async fn sidecars_that_compress_well_are_read() {
    let _alone = ALONE.lock().await;
    let history = "2026-01-01: made by a program with these options, ".repeat(80);
    let document = |n: u32| format!("\"g{n}/.zattrs\":{{\"history\":\"{history}\"}},");
    let documents: String = (0..6_000).map(document).collect();
    let all = documents.trim_end_matches(',');
    let text = format!(
        "{{\"version\":1,\"refs\":{{{documents}\".zmetadata\":{{\"metadata\":{{{all}}}}}}}}}"
    );
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(text.as_bytes()).unwrap();
    let sidecar = gzip.finish().unwrap();
    assert!(sidecar.len() < text.len() / 100, "{}", sidecar.len());
    let length = text.len();
    drop((text, documents));
    let faults = verified(&sidecar).unwrap().faults;
    assert!(faults.iter().all(|fault| fault.reason.starts_with("there is no group")), "{length}");
}
