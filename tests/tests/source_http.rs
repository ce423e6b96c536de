//! Plain HTTP: what a server may do, and what it may do wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::http_server::{Fault, HttpServer};
use e2e::{options, pattern};
use h5refs::Error;
use h5refs::fetch::Counters;
use h5refs::sidecar::{Options, sidecar};
use h5refs::source::{Environment, Secret, open};

const LENGTH: u64 = 100_000;

async fn server() -> (HttpServer, Vec<u8>) {
    let file = pattern(LENGTH as usize);
    (HttpServer::start(file.clone()).await.unwrap(), file)
}

#[tokio::test]
async fn ranges_arrive_as_asked() {
    let (server, file) = server().await;
    let url = server.url("/a%20b.h5?sig=secret#part");
    let source = open(&url, &options()).await.unwrap();
    assert_eq!(source.url(), url);
    assert!(source.whole().is_none() && !format!("{source:?}").contains("secret"));
    for range in [0..1, 0..4096, 99_999..100_000, 12_345..54_321] {
        let piece = source.read(range.clone()).await.unwrap();
        assert_eq!(piece.bytes, file[range.start as usize..range.end as usize]);
        assert_eq!((piece.at, piece.file_len), (range.start, Some(LENGTH)));
    }
    let counts = server.counts();
    assert_eq!(counts.requests.len(), 4);
    assert_eq!(counts.bytes, 1 + 4096 + 1 + 41_976);
    let (first, later) = (&counts.requests[0], &counts.requests[1..]);
    assert_eq!(first.target, "/a%20b.h5?sig=secret");
    assert_eq!(first.header("range"), Some("bytes=0-0"));
    assert_eq!(first.header("accept-encoding"), Some("identity"));
    assert_eq!(first.header("if-match"), None);
    assert!(later.iter().all(|request| request.header("if-match") == Some("\"v1\"")));
}

#[tokio::test]
async fn the_end_of_the_file_is_no_error() {
    let (server, file) = server().await;
    let source = open(&server.url("/f"), &options()).await.unwrap();
    let piece = source.read(LENGTH - 10..LENGTH + 1000).await.unwrap();
    assert_eq!(piece.bytes, file[file.len() - 10..]);
    let piece = source.read(LENGTH..LENGTH + 1).await.unwrap();
    assert_eq!((piece.bytes.len(), piece.at, piece.file_len), (0, LENGTH, Some(LENGTH)));
    assert_eq!(source.read(5..5).await.unwrap().bytes.len(), 0);
    assert_eq!(server.counts().requests.len(), 2);
}

#[tokio::test]
async fn many_reads_run_at_once() {
    let (server, file) = server().await;
    server.latency(Duration::from_millis(100));
    let source = open(&server.url("/f"), &options()).await.unwrap();
    let start = Instant::now();
    let reads: Vec<_> = (0..40u64)
        .map(|at| {
            let source = Arc::clone(&source);
            tokio::spawn(async move { source.read(at * 100..at * 100 + 100).await })
        })
        .collect();
    for (at, read) in reads.into_iter().enumerate() {
        assert_eq!(read.await.unwrap().unwrap().bytes, file[at * 100..at * 100 + 100]);
    }
    assert!(server.counts().peak > 20, "{}", server.counts().peak);
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn what_passes_is_retried() {
    let (server, file) = server().await;
    let source = open(&server.url("/f"), &options()).await.unwrap();
    let status = |status| Fault::Status(status, Vec::new());
    for fault in [
        status(429),
        status(500),
        status(502),
        status(503),
        status(504),
        Fault::Reset,
        Fault::Stall,
        Fault::ShortBody,
        Fault::StallInBody,
        Fault::WholeFile,
        Fault::ContentRange(Some("bytes 0-9/100000")),
        Fault::ContentRange(Some("nonsense")),
        Fault::ContentRange(None),
    ] {
        server.fault(fault.clone());
        let before = server.counts().requests.len();
        let piece = source.read(1000..2000).await;
        let piece = piece.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(piece.bytes, file[1000..2000], "{fault:?}");
        assert_eq!(server.counts().requests.len(), before + 2, "{fault:?}");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_named() {
    let (server, _) = server().await;
    let mut options = options();
    options.retries = 1;
    options.read_timeout = Duration::from_millis(200);
    let url = server.url("/f?sig=secret");
    let source = open(&url, &options).await.unwrap();
    let shown = server.url("/f");
    type Is = fn(&Error) -> bool;
    let cases: [(Fault, Is, &str); 8] = [
        (Fault::WholeFile, |e| matches!(e, Error::NotPartial { .. }), "ranges"),
        (Fault::ContentRange(None), |e| matches!(e, Error::ContentRange { .. }), "1000..2000"),
        (
            Fault::ContentRange(Some("bytes 1000-2000/100000")),
            |e| matches!(e, Error::ContentRange { .. }),
            "1000-2000",
        ),
        (Fault::ShortBody, |e| matches!(e, Error::ShortBody { received: 500, .. }), "only 500"),
        (Fault::Stall, |e| matches!(e, Error::Storage { retryable: true, .. }), "silent"),
        (Fault::StallInBody, |e| matches!(e, Error::Storage { retryable: true, .. }), "silent"),
        (Fault::Reset, |e| matches!(e, Error::Storage { retryable: true, .. }), "connection"),
        (
            Fault::Status(503, vec![]),
            |e| matches!(e, Error::Storage { retryable: true, .. }),
            "503",
        ),
    ];
    let start = Instant::now();
    for (fault, is, says) in cases {
        server.fault(fault.clone());
        server.fault(fault.clone());
        let error = source.read(1000..2000).await.unwrap_err();
        let text = error.to_string();
        assert!(is(&error) && error.is_storage(), "{fault:?}: {error:?}");
        assert!(text.contains(&shown) && text.contains(says), "{fault:?}: {text}");
        assert!(!text.contains("secret") && !text.contains('\n'), "{fault:?}: {text}");
    }
    // Two tries of at most 0.2 s each, and the delay between.
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_is_refused_is_not_retried() {
    let (server, _) = server().await;
    let source = open(&server.url("/f"), &options()).await.unwrap();
    for status in [400, 401, 403, 404, 410, 501] {
        server.fault(Fault::Status(status, Vec::new()));
        let before = server.counts().requests.len();
        let error = source.read(0..10).await.unwrap_err();
        assert!(error.is_storage() && !error.is_retryable(), "{status}: {error:?}");
        assert_eq!(error.is_missing(), status == 404, "{status}: {error:?}");
        assert!(error.to_string().contains(&status.to_string()), "{error}");
        assert_eq!(server.counts().requests.len(), before + 1, "{status}");
    }
    server.fault(Fault::Gzip);
    let error = source.read(0..10).await.unwrap_err();
    assert!(error.to_string().contains("compresses"), "{error}");
}

#[tokio::test]
async fn a_server_that_asks_for_time_gets_it() {
    let (server, _) = server().await;
    let source = open(&server.url("/f"), &options()).await.unwrap();
    server.fault(Fault::Status(503, vec![("Retry-After", "1".to_owned())]));
    let start = Instant::now();
    source.read(0..10).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_small_file_needs_no_ranges() {
    let (server, file) = server().await;
    let source = open(&server.url("/f"), &options()).await.unwrap();
    server.fault(Fault::WholeFile);
    let piece = source.read(0..4 << 20).await.unwrap();
    assert_eq!((piece.at, piece.file_len), (0, Some(LENGTH)));
    assert_eq!(piece.bytes, file);
}

/// As servers do that make files as they send them.
#[tokio::test]
async fn a_file_of_untold_length_is_read_to_its_end() {
    for most in [usize::MAX, 30_000] {
        let (server, file) = server().await;
        server
            .script(move |request| (request.method == "GET").then_some(Fault::UnknownTotal(most)));
        let source = open(&server.url("/f"), &options()).await.unwrap();
        let piece = source.read(1000..2000).await.unwrap();
        assert_eq!((piece.bytes.as_ref(), piece.file_len), (&file[1000..2000], Some(LENGTH)));
        assert_eq!(server.counts().requests[1].method, "HEAD");
        let piece = source.read(0..4 << 20).await.unwrap();
        assert_eq!((piece.bytes.as_ref(), piece.file_len), (&file[..], Some(LENGTH)));
        let piece = source.read(LENGTH + 5..LENGTH + 6).await.unwrap();
        assert_eq!(piece.bytes, "");
        let asked = server.counts().requests;
        assert_eq!(asked.iter().filter(|request| request.method == "HEAD").count(), 1);
        assert_eq!(source.version().length, Some(LENGTH));
    }
    // Nor by any other means: it ends where it ends.
    let (server, file) = server().await;
    server.script(|request| {
        let refused = Fault::Status(405, Vec::new());
        Some(if request.method == "GET" { Fault::UnknownTotal(70_000) } else { refused })
    });
    let source = open(&server.url("/f"), &options()).await.unwrap();
    assert_eq!(source.read(0..10).await.unwrap().file_len, None);
    let piece = source.read(10..1 << 20).await.unwrap();
    assert_eq!((piece.bytes.as_ref(), piece.file_len), (&file[10..], Some(LENGTH)));
}

/// What has come is kept, and the rest asked for.
#[tokio::test]
async fn an_answer_that_is_shorter_is_continued() {
    let (server, file) = server().await;
    server.script(|_| Some(Fault::AtMost(30_000)));
    let source = open(&server.url("/f"), &options()).await.unwrap();
    let piece = source.read(1000..71_000).await.unwrap();
    assert_eq!((piece.bytes.as_ref(), piece.file_len), (&file[1000..71_000], Some(LENGTH)));
    let asked: Vec<String> = (server.counts().requests.iter())
        .map(|request| request.header("range").unwrap_or_default().to_owned())
        .collect();
    assert_eq!(asked, ["bytes=1000-70999", "bytes=31000-70999", "bytes=61000-70999"]);
    // Up to the end of the file, and not beyond.
    let piece = source.read(LENGTH - 40_000..LENGTH + 40_000).await.unwrap();
    assert_eq!(piece.bytes, &file[file.len() - 40_000..]);
    assert_eq!(server.counts().requests.len(), 5);
}

/// S3 and others tell no length with an answer 416.
#[tokio::test]
async fn an_empty_file_is_empty_whether_its_server_says_so_or_not() {
    for fault in [None, Some(Fault::Status(416, Vec::new()))] {
        let server = HttpServer::start("").await.unwrap();
        server.script(move |_| fault.clone());
        let source = open(&server.url("/f"), &options()).await.unwrap();
        let made = sidecar(&*source, &Options::default(), &Counters::default()).await;
        let error = made.unwrap_err();
        assert!(error.is_malformed(), "{error}");
        assert_eq!(source.version().length, Some(0));
    }
}

#[tokio::test]
async fn a_replaced_file_is_an_error() {
    for (first, second) in [
        // The server refuses (412), or is not asked to and the tags differ.
        (Some("\"v1\""), Some("\"v2\"")),
        (Some("W/\"v1\""), Some("W/\"v2\"")),
    ] {
        let (server, file) = server().await;
        server.replace(file.clone(), first);
        let source = open(&server.url("/f"), &options()).await.unwrap();
        source.read(0..10).await.unwrap();
        server.replace(file, second);
        let before = server.counts().requests.len();
        let error = source.read(10..20).await.unwrap_err();
        assert!(matches!(error, Error::Changed { .. }), "{error:?}");
        assert_eq!(server.counts().requests.len(), before + 1, "retried");
    }
    // Without tags the length tells, also where the file now ends earlier.
    for range in [10..20, LENGTH - 10..LENGTH] {
        let (server, file) = server().await;
        server.replace(file.clone(), None);
        let source = open(&server.url("/f"), &options()).await.unwrap();
        source.read(0..10).await.unwrap();
        server.replace(file[..50_000].to_vec(), None);
        let error = source.read(range).await.unwrap_err();
        assert!(matches!(error, Error::Changed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn credentials_stay_with_their_host() {
    let (portal, _) = server().await;
    let (store, file) = server().await;
    let mut options = options();
    options.bearer_token = Some(Secret::from("token"));
    let source = open(&portal.url("/f"), &options).await.unwrap();
    let signed = || Fault::Status(302, vec![("Location", store.url("/signed?sig=1"))]);
    portal.fault(signed());
    assert_eq!(source.read(0..10).await.unwrap().bytes, file[..10]);
    // The second read goes where the first was led, at once.
    assert_eq!(source.read(10..20).await.unwrap().bytes, file[10..20]);
    let (asked, reached) = (portal.counts().requests, store.counts().requests);
    assert_eq!((asked.len(), reached.len()), (1, 2));
    assert_eq!(asked[0].header("authorization"), Some("Bearer token"));
    for request in &reached {
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.target, "/signed?sig=1");
    }
    // When the signature has run out, the portal is asked again.
    store.fault(Fault::Status(403, Vec::new()));
    portal.fault(signed());
    assert_eq!(source.read(20..30).await.unwrap().bytes, file[20..30]);
    assert_eq!(portal.counts().requests.len(), 2);
}

#[tokio::test]
async fn redirects_end() {
    let (server, _) = server().await;
    let source = open(&server.url("/f"), &options()).await.unwrap();
    for _ in 0..50 {
        server.fault(Fault::Status(302, vec![("Location", "/again".to_owned())]));
    }
    let error = source.read(0..10).await.unwrap_err();
    assert!(matches!(error, Error::Storage { retryable: false, .. }), "{error:?}");
    assert!(error.to_string().contains("too many redirects"), "{error}");
}

#[tokio::test]
async fn a_token_is_never_sent_in_plain_text() {
    let mut options = options();
    options.bearer_token = Some(Secret::from("token"));
    let error = open("http://example.com/f", &options).await.unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("https"), "{error}");
    assert!(!format!("{options:?}").contains("token\""), "{options:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (server, _) = server().await;
    let url = server.url("/f");
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let error = open(&url, &options()).await.unwrap().read(0..10).await.unwrap_err();
    assert!(matches!(error, Error::Storage { retryable: true, .. }), "{error:?}");
    assert!(error.to_string().starts_with(&url), "{error}");
}

#[tokio::test]
async fn a_login_page_is_not_a_file() {
    let (server, _) = server().await;
    let source = open(&server.url("/f"), &options()).await.unwrap();
    server.fault(Fault::Status(200, vec![("Content-Type", "text/html; charset=utf-8".to_owned())]));
    let error = source.read(0..10).await.unwrap_err();
    assert!(error.to_string().contains("web page"), "{error}");
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_used() {
    let (proxy, file) = server().await;
    let mut options = options();
    options.environment = Environment::from_iter([("http_proxy", proxy.url(""))]);
    let source = open("http://host.invalid/f", &options).await.unwrap();
    assert_eq!(source.read(0..10).await.unwrap().bytes, file[..10]);
    assert_eq!(proxy.counts().requests[0].target, "http://host.invalid/f");
}
