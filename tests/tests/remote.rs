//! The same sidecar from a local file, from S3, and from plain HTTP: byte for byte.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use e2e::http_server::HttpServer;
use e2e::s3_server::S3Server;
use e2e::{options, testdata};
use h5refs::fetch::{Counters, Policy};
use h5refs::sidecar::{Options, Sidecar, sidecar};
use h5refs::source::{SourceOptions, open};

/// Files of each kind of pointer: old and new groups, user block, continuations, deep B-trees, fractal
/// heaps, arrays of chunks, strings in global heaps.
const FILES: [&str; 10] = [
    "atl03_mini.h5",
    "attributes.h5",
    "chunk_index_v4.h5",
    "chunks_btree_v1.h5",
    "continuation_v2.h5",
    "dimension_scales.h5",
    "layouts.h5",
    "netcdf4.nc",
    "user_block_512.h5",
    "vlen_strings.h5",
];

async fn make(location: &str, from: &SourceOptions, policy: &Policy) -> Sidecar {
    let source = open(location, from).await.unwrap();
    let mut options = Options::default();
    options.policy = policy.clone();
    options.url = Some("file.h5".into());
    sidecar(&*source, &options, &Counters::default()).await.unwrap()
}

/// Local files as they lie in memory: nothing is read.
fn mapped() -> SourceOptions {
    let mut options = options();
    options.mmap = true;
    options
}

/// The default reads most small files whole; the second makes every pointer a request.
fn policies() -> [Policy; 2] {
    let mut exact = Policy::exact();
    exact.concurrency = 200;
    [Policy::default(), exact]
}

fn assert_same(local: &Sidecar, remote: &Sidecar, file: &str) {
    assert!(local.json().unwrap() == remote.json().unwrap(), "{file}: the sidecars differ");
    assert_eq!(local.problems, remote.problems, "{file}");
    assert!(remote.trace.requests > 0 && local.trace.requests == 0, "{file}");
}

/// Chunks that are inlined are read with the rest: of a small file there is one request.
#[tokio::test]
async fn a_small_file_is_read_once() {
    let bytes = std::fs::read(testdata("filters.h5")).unwrap();
    let server = HttpServer::start(bytes.clone()).await.unwrap();
    let made = make(&server.url("/filters.h5"), &options(), &Policy::default()).await;
    assert!(made.counts.inlined_chunks > 0);
    assert_eq!((made.trace.requests, made.trace.bytes), (1, bytes.len() as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_gives_what_the_local_file_gives() {
    let server = S3Server::start().await.unwrap();
    server.bucket("granules").unwrap();
    for file in FILES {
        let path = testdata(file);
        server.put("granules", file, &std::fs::read(&path).unwrap()).unwrap();
        let local = make(path.to_str().unwrap(), &mapped(), &Policy::default()).await;
        // The server hashes the whole object for each GET: of the large file the default is enough.
        let most = if file == "atl03_mini.h5" { 1 } else { 2 };
        for policy in policies().iter().take(most) {
            let url = format!("s3://granules/{file}");
            assert_same(&local, &make(&url, &server.options(), policy).await, file);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_gives_what_the_local_file_gives() {
    for file in FILES {
        let path = testdata(file);
        let server = HttpServer::start(std::fs::read(&path).unwrap()).await.unwrap();
        let local = make(path.to_str().unwrap(), &mapped(), &Policy::default()).await;
        for policy in policies() {
            let url = server.url(&format!("/{file}"));
            assert_same(&local, &make(&url, &options(), &policy).await, file);
        }
    }
}

#[tokio::test]
async fn reading_piece_by_piece_gives_what_mapping_gives() {
    for file in FILES {
        let path = testdata(file);
        let in_memory = make(path.to_str().unwrap(), &mapped(), &Policy::default()).await;
        let read = make(path.to_str().unwrap(), &options(), &Policy::default()).await;
        assert_same(&in_memory, &read, file);
    }
}
