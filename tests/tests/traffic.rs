//! What is sent is counted, and all files of one opener share one budget of requests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::sync::Arc;
use std::time::Duration;

use e2e::http_server::{Fault, HttpServer};
use e2e::{options, pattern};
use h5refs::source::{Opener, SourceOptions};

const LENGTH: usize = 100_000;

/// The same file behind plain HTTP, and as an object of a store that is not signed for.
async fn server() -> (HttpServer, [String; 2], SourceOptions) {
    let server = HttpServer::start(pattern(LENGTH)).await.unwrap();
    let mut options = options();
    options.anonymous = true;
    options.endpoint = Some(server.url(""));
    let urls = [server.url("/f"), "s3://bucket/f".to_owned()];
    (server, urls, options)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_share_one_budget() {
    let (server, urls, mut options) = server().await;
    options.concurrency = 3;
    server.latency(Duration::from_millis(20));
    let opener = Opener::new(options);
    let mut reads = Vec::new();
    for url in urls.iter().cycle().take(6) {
        let source = opener.open(url).await.unwrap();
        for at in 0..6 {
            let source = Arc::clone(&source);
            reads.push(tokio::spawn(async move { source.read(at * 100..at * 100 + 100).await }));
        }
    }
    for read in reads {
        read.await.unwrap().unwrap();
    }
    // The server has an answer in flight until it has seen that it is gone, which may be after the next
    // request: but of 36 that nobody holds back there would be more.
    let peak = server.counts().peak;
    assert!((2..=6).contains(&peak), "{peak}");
    let summary = opener.traffic().summary();
    assert_eq!((summary.requests, summary.retries, summary.peak_in_flight), (36, 0, 3));
    let times = summary.first_byte.unwrap();
    assert!(times.min >= Duration::from_millis(20), "{times:?}");
    assert!(times.min <= times.p50 && times.p50 <= times.p99, "{times:?}");
}

#[tokio::test]
async fn retries_are_counted_and_need_no_second_place() {
    for which in [0, 1] {
        let (server, urls, mut options) = server().await;
        options.concurrency = 1;
        options.read_timeout = Duration::from_millis(500);
        let opener = Opener::new(options);
        let source = opener.open(&urls[which]).await.unwrap();
        let faults =
            [Fault::Status(503, vec![]), Fault::Reset, Fault::ShortBody, Fault::StallInBody];
        for (n, fault) in faults.iter().enumerate() {
            server.fault(fault.clone());
            let piece = source.read(1000..2000).await.unwrap();
            assert_eq!(piece.bytes, pattern(LENGTH)[1000..2000], "{fault:?}");
            let summary = opener.traffic().summary();
            let sent = server.counts().requests.len() as u64;
            assert_eq!((summary.requests, summary.retries), (sent, n as u64 + 1), "{fault:?}");
            assert_eq!(summary.peak_in_flight, 1);
        }
    }
}

/// A request that waits to be sent again leaves its place to others.
#[tokio::test]
async fn no_place_is_kept_while_a_retry_is_waited_for() {
    for which in [0, 1] {
        let (server, urls, mut options) = server().await;
        options.concurrency = 1;
        let opener = Opener::new(options);
        let source = opener.open(&urls[which]).await.unwrap();
        server.fault(Fault::Status(503, vec![("Retry-After", "2".to_owned())]));
        server.fault(Fault::Status(503, vec![]));
        let slow = source.read(0..10);
        let mut slow = std::pin::pin!(slow);
        // Until the first refusal is in.
        while server.counts().requests.is_empty() {
            let _ = tokio::time::timeout(Duration::from_millis(5), &mut slow).await;
        }
        let _ = tokio::time::timeout(Duration::from_millis(20), &mut slow).await;
        let (one, other) = tokio::join!(slow, source.read(10..20));
        assert_eq!(one.unwrap().bytes, pattern(10));
        assert_eq!(other.unwrap().bytes, pattern(20)[10..]);
        let requests = server.counts().requests;
        assert_eq!(requests[1].header("range"), Some("bytes=10-19"), "it went in between");
        assert_eq!(opener.traffic().summary().retries, 2);
    }
}
