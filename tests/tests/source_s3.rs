//! S3: signed reads from a real server of the protocol, and the faults such a server does not show.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use e2e::http_server::{Fault, HttpServer};
use e2e::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use e2e::{options, pattern};
use h5refs::Error;
use h5refs::sink::write_whole;
use h5refs::source::{Environment, Opener, SourceOptions, open};

const KEY: &str = "dir/a b+%20é?#=.h5";

async fn server() -> (S3Server, Vec<u8>) {
    let server = S3Server::start().await.unwrap();
    let file = pattern(100_000);
    server.bucket("bucket").unwrap();
    server.put("bucket", KEY, &file).unwrap();
    (server, file)
}

/// An unsigned bucket on the scripted server.
async fn scripted() -> (HttpServer, SourceOptions) {
    let server = HttpServer::start(pattern(100_000)).await.unwrap();
    let mut options = options();
    options.anonymous = true;
    options.endpoint = Some(server.url(""));
    (server, options)
}

#[tokio::test]
async fn signed_reads_arrive_as_asked() {
    let (server, file) = server().await;
    let url = format!("s3://bucket/{KEY}");
    let source = open(&url, &server.options()).await.unwrap();
    assert_eq!(source.url(), url);
    for range in [0..1, 0..4096, 99_999..100_000, 12_345..54_321] {
        let piece = source.read(range.clone()).await.unwrap();
        assert_eq!(piece.bytes, file[range.start as usize..range.end as usize]);
        assert_eq!((piece.at, piece.file_len), (range.start, Some(100_000)));
    }
    let piece = source.read(99_990..200_000).await.unwrap();
    assert_eq!(piece.bytes, file[99_990..]);
    let piece = source.read(100_000..100_001).await.unwrap();
    assert_eq!((piece.bytes.len(), piece.file_len), (0, Some(100_000)));
}

#[tokio::test]
async fn an_empty_object_is_empty() {
    let (server, _) = server().await;
    server.put("bucket", "empty", b"").unwrap();
    let source = open("s3://bucket/empty", &server.options()).await.unwrap();
    let piece = source.read(0..4096).await.unwrap();
    assert_eq!((piece.bytes.len(), piece.file_len), (0, Some(0)));
}

#[tokio::test]
async fn without_permission_the_error_says_what_to_do() {
    let (server, _) = server().await;
    let url = format!("s3://bucket/{KEY}");
    let mut anonymous = server.options();
    anonymous.anonymous = true;
    let mut wrong = server.options();
    wrong.environment = Environment::from_iter([
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", "wrong"),
    ]);
    for options in [anonymous, wrong] {
        let error = open(&url, &options).await.unwrap().read(0..10).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Storage { retryable: false, .. }), "{error:?}");
        assert!(text.starts_with(&url) && text.contains("permission denied"), "{text}");
        assert!(text.contains("403") && text.contains("--anonymous"), "{text}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let (server, _) = server().await;
    for url in ["s3://bucket/gone.h5", "s3://no-bucket/x.h5"] {
        let error = open(url, &server.options()).await.unwrap().read(0..10).await.unwrap_err();
        let text = error.to_string();
        assert!(error.is_missing() && error.is_storage() && !error.is_retryable(), "{error:?}");
        assert!(text.starts_with(url) && text.contains("not found"), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }
}

#[tokio::test]
async fn a_replaced_object_is_an_error() {
    let (server, mut file) = server().await;
    let source = open(&format!("s3://bucket/{KEY}"), &server.options()).await.unwrap();
    source.read(0..10).await.unwrap();
    file[50_000] ^= 1;
    server.put("bucket", KEY, &file).unwrap();
    let error = source.read(10..20).await.unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_store_that_knows_if_match_is_asked_to() {
    let (server, options) = scripted().await;
    let source = open("s3://bucket/x", &options).await.unwrap();
    source.read(0..10).await.unwrap();
    server.replace(pattern(100_000), Some("\"v2\""));
    let error = source.read(10..20).await.unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error:?}");
    let requests = server.counts().requests;
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].target, "/bucket/x");
    assert_eq!(requests[1].header("if-match"), Some("\"v1\""));
    assert!(requests.iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn what_passes_is_retried_and_what_does_not_is_named() {
    let (server, options) = scripted().await;
    let source = open("s3://bucket/x", &options).await.unwrap();
    for fault in [
        Fault::Status(503, vec![]),
        Fault::Reset,
        Fault::Stall,
        Fault::ShortBody,
        Fault::StallInBody,
    ] {
        server.fault(fault.clone());
        let piece = source.read(1000..2000).await;
        let piece = piece.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(piece.bytes, pattern(100_000)[1000..2000], "{fault:?}");
    }
    server.fault(Fault::WholeFile);
    let error = source.read(0..10).await.unwrap_err();
    assert!(matches!(error, Error::NotPartial { .. }), "{error:?}");
    server.fault(Fault::ContentRange(Some("bytes 1-10/100000")));
    let error = source.read(0..10).await.unwrap_err();
    assert!(error.is_storage(), "{error:?}");
    for _ in 0..3 {
        server.fault(Fault::Status(503, vec![]));
    }
    let error = source.read(0..10).await.unwrap_err();
    assert!(matches!(error, Error::Storage { retryable: true, .. }), "{error:?}");
    assert!(error.to_string().contains("503"), "{error}");
    server.fault(Fault::Status(301, vec![("x-amz-bucket-region", "eu-west-1".to_owned())]));
    let error = source.read(0..10).await.unwrap_err();
    assert!(
        error.to_string().contains("--region") && error.to_string().contains("eu-west-1"),
        "{error}"
    );
}

#[tokio::test]
async fn missing_credentials_are_not_waited_for() {
    let (server, mut options) = scripted().await;
    options.anonymous = false;
    // An instance metadata service that accepts connections and never answers.
    options.environment = Environment::from_iter([("AWS_METADATA_ENDPOINT", server.url(""))]);
    for _ in 0..20 {
        server.fault(Fault::Stall);
    }
    let start = Instant::now();
    let error = open("s3://bucket/x", &options).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(15));
    let text = error.to_string();
    assert!(
        error.is_storage() && text.contains("--anonymous") && text.contains("AWS_PROFILE"),
        "{text}"
    );
}

#[tokio::test]
async fn keys_are_found_in_a_profile() {
    let (server, _) = server().await;
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let keys =
        format!("[lab]\naws_access_key_id={ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n");
    std::fs::write(home.path().join(".aws/credentials"), keys).unwrap();
    let config = format!("[profile lab]\nendpoint_url = {}\n", server.endpoint());
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    let url = format!("s3://bucket/{KEY}");
    let home = ("HOME", home.path().to_str().unwrap().to_owned());

    let mut by_variable = options();
    by_variable.environment =
        Environment::from_iter([home.clone(), ("AWS_PROFILE", "lab".to_owned())]);
    open(&url, &by_variable).await.unwrap().read(0..10).await.unwrap();

    // A profile named in the options goes before the keys of the environment.
    let mut by_option = options();
    let other = |name| (name, "other".to_owned());
    by_option.environment =
        Environment::from_iter([home, other("AWS_ACCESS_KEY_ID"), other("AWS_SECRET_ACCESS_KEY")]);
    by_option.profile = Some("lab".to_owned());
    open(&url, &by_option).await.unwrap().read(0..10).await.unwrap();
}

#[tokio::test]
async fn an_upload_can_be_read_back() {
    let (server, _) = server().await;
    let opener = Opener::new(server.options());
    for bytes in [pattern(300_000), pattern(10)] {
        write_whole("s3://bucket/out/refs.json", Bytes::from(bytes.clone()), &server.options())
            .await
            .unwrap();
        let source = opener.open("s3://bucket/out/refs.json").await.unwrap();
        let piece = source.read(0..1 << 20).await.unwrap();
        assert_eq!(piece.bytes, bytes);
    }
}

#[tokio::test]
async fn an_upload_that_fails_is_named() {
    let (server, _) = server().await;
    let mut anonymous = server.options();
    anonymous.anonymous = true;
    let error =
        write_whole("s3://bucket/x", Bytes::from_static(b"x"), &anonymous).await.unwrap_err();
    assert!(matches!(error, Error::Output { .. }), "{error:?}");
    assert!(
        error.to_string().contains("s3://bucket/x") && error.to_string().contains("403"),
        "{error}"
    );
    assert!(!server.path("bucket", "x").exists());
}

#[tokio::test]
async fn google_and_azure_speak_to_their_endpoints() {
    let (server, mut options) = scripted().await;
    for url in ["gs://bucket/x", "az://bucket/x", "abfss://bucket@account.dfs.core.windows.net/x"] {
        options.environment = Environment::from_iter([("AZURE_STORAGE_ACCOUNT_NAME", "account")]);
        let source = open(url, &options).await.unwrap();
        assert_eq!(source.read(5..10).await.unwrap().bytes, pattern(10)[5..], "{url}");
    }
    let targets: Vec<_> = server.counts().requests.iter().map(|r| r.target.clone()).collect();
    assert_eq!(targets, ["/bucket/x", "/bucket/x", "/bucket/x"]);
}
