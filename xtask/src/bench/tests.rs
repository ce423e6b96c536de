//! The benchmark's own parts: that the server is as far away as it says, and that wrong results are seen.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use h5refs::source::{Environment, Opener, SourceOptions};

use super::check::Chunks;
use super::load;
use super::server::{BUCKET, Distance, Server};
use crate::root;

const NAME: &str = "atl03_mini.h5";

fn granule() -> PathBuf {
    root().join("testdata").join(NAME)
}

fn opener(server: &Server, change: impl Fn(&mut SourceOptions)) -> Opener {
    let mut options = SourceOptions::default();
    options.endpoint = Some(server.endpoint());
    options.environment = Environment::from_iter(server.environment());
    options.retries = 0;
    change(&mut options);
    Opener::new(options)
}

async fn started(milliseconds: u64, bandwidth: f64) -> anyhow::Result<Server> {
    let distance = Distance { ttfb: Duration::from_millis(milliseconds), bandwidth };
    Server::start(&[granule()], distance, 0).await
}

#[tokio::test]
async fn answers_come_late_and_slowly_and_are_counted() {
    let server = started(50, 1e6).await.unwrap();
    let opener = opener(&server, |_| {});
    let source = opener.open(&format!("s3://{BUCKET}/{NAME}")).await.unwrap();
    let whole = std::fs::read(granule()).unwrap();

    let start = Instant::now();
    let piece = source.read(1_000_000..1_300_000).await.unwrap();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(piece.bytes, whole[1_000_000..1_300_000]);
    assert_eq!(piece.file_len, Some(whole.len() as u64));
    assert!((0.35..5.0).contains(&seconds), "{seconds}");

    // Where the file ends.
    let end = whole.len() as u64;
    assert_eq!(source.read(end - 5..end + 5).await.unwrap().bytes.len(), 5);
    let seen = server.tally().take();
    assert_eq!((seen.requests, seen.bytes, seen.peak), (2, 300_005, 1));

    // Answers do not wait for each other.
    let start = Instant::now();
    let reads = (0..20_u64).map(|n| source.read(n * 100..n * 100 + 100));
    for piece in futures::future::join_all(reads).await {
        piece.unwrap();
    }
    assert!(start.elapsed() < Duration::from_millis(20 * 50));
    let seen = server.tally().take();
    assert_eq!((seen.requests, seen.bytes), (20, 2_000));
    assert!(seen.peak > 10, "{seen:?}");
}

#[tokio::test]
async fn who_has_no_key_gets_nothing() {
    let server = started(0, 1e9).await.unwrap();
    let location = format!("s3://{BUCKET}/{NAME}");
    let wrong = [("AWS_ACCESS_KEY_ID", "AKIDBENCH"), ("AWS_SECRET_ACCESS_KEY", "a guess")];
    let forged = opener(&server, |options| {
        options.environment = Environment::from_iter(wrong);
        options.region = Some("us-east-1".to_owned());
    });
    assert!(forged.open(&location).await.unwrap().read(0..10).await.is_err());
    let other = opener(&server, |_| {}).open(&format!("s3://{BUCKET}/other.h5")).await.unwrap();
    assert!(other.read(0..10).await.is_err());
}

#[tokio::test]
async fn the_load_is_what_the_latency_allows() {
    let server = started(20, 1e9).await.unwrap();
    let during = Duration::from_millis(500);
    let rate = load::measure(&server, NAME, 1_000, 10, during).await.unwrap();
    assert!(rate.requests > 1.0 && rate.requests < 10.0 / 0.02, "{rate:?}");
    assert!(rate.median >= Duration::from_millis(20), "{rate:?}");
}

#[tokio::test]
async fn wrong_ranges_are_seen() {
    let chunks = Chunks::of(&granule()).await.unwrap();
    let right: Vec<String> = chunks
        .all()
        .flat_map(|(path, ranges)| ranges.iter().map(move |(at, n)| format!("{path}\t{at}\t{n}\n")))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let check = |lines: &[String]| {
        let list = folder.path().join("list");
        std::fs::write(&list, lines.concat()).unwrap();
        chunks.check_list(&list).map_err(|error| error.to_string())
    };
    assert_eq!(check(&right).unwrap(), "the 29,158 chunks of 603 datasets");

    let mut reversed = right.clone();
    reversed.reverse();
    assert!(check(&reversed).is_ok());
    assert!(check(&right[1..]).unwrap_err().contains(" chunks in place of "));
    let twice: Vec<String> = right.iter().chain(&right[..1]).cloned().collect();
    assert!(check(&twice).unwrap_err().contains(" chunks in place of "));
    let mut moved = right.clone();
    let last = moved.last_mut().unwrap();
    *last = last.replace('\t', "\t1");
    assert!(check(&moved).unwrap_err().contains("no chunk has "));
    let mut invented = right.clone();
    invented.push("/orbit_info/lan\t1\t8\n".to_owned());
    assert!(check(&invented).unwrap_err().contains("/orbit_info/lan: it is not at "));

    let references = folder.path().join("references.json");
    std::fs::write(&references, r#"{"version": 1, "refs": {".zgroup": "{}"}}"#).unwrap();
    let error = chunks.check_references(&references).unwrap_err().to_string();
    assert!(error.contains(": 0 chunks in place of "), "{error}");
}
