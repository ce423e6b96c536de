//! Sidecars in an object store: as directories, verified there, and not believed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use bytes::Bytes;
use e2e::s3_server::S3Server;
use e2e::testdata;
use h5refs::fetch::Counters;
use h5refs::render::{Format, Layout, Rendered};
use h5refs::source::Opener;
use h5refs::{sidecar, sink, verify};

async fn server() -> S3Server {
    let server = S3Server::start().await.unwrap();
    server.bucket("bucket").unwrap();
    server
}

/// What an older sidecar had and the new one has not would be read as the new one's.
#[tokio::test]
async fn a_directory_replaces_the_sidecar_that_was_there_and_nothing_else() {
    let server = server().await;
    let files = |names: &[&str]| {
        let file = |name: &&str| (name.to_string(), Bytes::from(names.len().to_string()));
        Rendered::Directory(names.iter().map(file).collect())
    };
    let place = "s3://bucket/out/x.parq";
    server.put("bucket", "out/x.parq/notes.txt", b"mine").unwrap();
    let first = files(&["a b/refs.0.parq", "a b/refs.1.parq", ".zmetadata"]);
    sink::write(place, first, &server.options()).await.unwrap();
    let is_there = |name: &str| server.path("bucket", &format!("out/x.parq/{name}")).exists();
    assert!(is_there("a b/refs.1.parq") && is_there(".zmetadata"));
    sink::write(place, files(&["a b/refs.0.parq", ".zmetadata"]), &server.options()).await.unwrap();
    assert!(!is_there("a b/refs.1.parq") && is_there("a b/refs.0.parq") && is_there("notes.txt"));
    let metadata = std::fs::read(server.path("bucket", "out/x.parq/.zmetadata")).unwrap();
    assert_eq!(metadata, b"2");
}

/// Written to a store, in tables, and read back from there; the file it is of is there too.
#[tokio::test]
async fn a_sidecar_of_a_store_is_verified_there() {
    let server = server().await;
    let file = std::fs::read(testdata("netcdf4.nc")).unwrap();
    server.put("bucket", "data/a b.nc", &file).unwrap();
    let opener = Opener::new(server.options());
    let source = opener.open("s3://bucket/data/a b.nc").await.unwrap();
    let mut options = sidecar::Options::default();
    options.record_version = true;
    options.references.inline_threshold = 40;
    let made = sidecar::sidecar(&*source, &options, &Counters::default()).await.unwrap();
    assert!(made.version.etag.is_some() && made.version.length == Some(file.len() as u64));
    let mut layout = Layout::default();
    layout.format = Format::Parquet;
    let place = "s3://bucket/sidecars/granule.parq";
    sink::write(place, made.render(layout).unwrap(), &server.options()).await.unwrap();

    let options = verify::Options::default();
    let counters = Counters::default();
    let verify = || verify::verify(place, &opener, &options, &counters);
    let verified = verify().await.unwrap();
    assert_eq!((verified.arrays, verified.faults), (made.counts.arrays, vec![]));
    assert_eq!(verified.decoded, made.counts.referenced_chunks + made.counts.inlined_chunks);
    assert!(verified.trace.requests > 1, "{:?}", verified.trace);

    // The same length, and another version.
    let mut changed = file.clone();
    *changed.last_mut().unwrap() ^= 1;
    server.put("bucket", "data/a b.nc", &changed).unwrap();
    let faults = verify().await.unwrap().faults;
    assert!(faults.iter().any(|fault| fault.reason.contains("its etag was")), "{faults:?}");
}

/// What a sidecar from elsewhere says leads to no file of this machine.
#[tokio::test]
async fn a_sidecar_of_a_store_leads_to_no_local_file() {
    let server = server().await;
    let document = |file: &str| {
        let array = r#"{\"zarr_format\":2,\"shape\":[1],\"chunks\":[1],\"dtype\":\"|u1\",\"order\":\"C\",\"filters\":null,\"compressor\":null}"#;
        format!(
            r#"{{"version":1,"refs":{{".zgroup":"{{\"zarr_format\":2}}","a/.zarray":"{array}","a/0":["{file}",0,1]}}}}"#
        )
    };
    let opener = Opener::new(server.options());
    for file in ["/etc/hostname", "file:///etc/hostname", "hostname"] {
        server.put("bucket", "x.json", document(file).as_bytes()).unwrap();
        let (options, counters) = (verify::Options::default(), Counters::default());
        let verified = verify::verify("s3://bucket/x.json", &opener, &options, &counters).await;
        let error = verified.unwrap_err().to_string();
        assert!(error.contains("leads to a file of this machine"), "{error}");
    }
}
