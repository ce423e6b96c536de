//! Ctrl-C: the program ends soon, says what was done, and leaves nothing half written.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use e2e::http_server::HttpServer;
use e2e::testdata;
use serde_json::Value;

async fn server() -> HttpServer {
    HttpServer::start(std::fs::read(testdata("layouts.h5")).unwrap()).await.unwrap()
}

fn start(arguments: &[&str], directory: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_h5sidecar"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Sends `signal` once the server has been asked for what it never answers; how the program ends.
async fn interrupted(child: Child, server: &HttpServer, part: &str, signals: &[&str]) -> Output {
    let start = Instant::now();
    let is_stalled =
        || server.counts().requests.iter().any(|request| request.target.contains(part));
    while !is_stalled() {
        assert!(start.elapsed() < Duration::from_secs(30), "it was never asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let sent = Instant::now();
    for signal in signals {
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, id.as_str()]).status().unwrap().success());
    }
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    assert!(sent.elapsed() < Duration::from_secs(10), "{:?}", sent.elapsed());
    output
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_is_done_and_nothing_is_half_done() {
    for signal in ["-INT", "-TERM"] {
        let server = server().await;
        server.stall("slow");
        let directory = tempfile::tempdir().unwrap();
        let (fast, slow) = (server.url("/fast.h5"), server.url("/slow.h5"));
        let never = server.url("/slow-too.h5");
        let arguments =
            ["index", &fast, &slow, &never, "-o", "./", "--jobs", "1", "--report", "report"];
        let child = start(&arguments, directory.path());
        let output = interrupted(child, &server, "slow", &[signal]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(said.contains("h5sidecar: interrupted; nothing is left half written\n"), "{said}");
        assert!(said.contains("3 files: 1 done, 2 interrupted; "), "{said}");
        assert_eq!(names(directory.path()), ["fast.h5.json", "report"]);
        let report = std::fs::read_to_string(directory.path().join("report")).unwrap();
        let exits: Vec<Value> = report
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["exit"].take())
            .collect();
        assert_eq!(exits, [Value::Null, 130.into(), 130.into()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_or_a_listing_that_does_not_come_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    for which in [0, 1] {
        let server = server().await;
        server.stall("");
        let (list, endpoint) = (server.url("/list"), server.url(""));
        let list = ["index", "--manifest", &list];
        let listing = ["index", "s3://bucket/*.h5", "--anonymous", "--endpoint", &endpoint];
        let arguments = if which == 0 { &list[..] } else { &listing };
        let child = start(arguments, directory.path());
        let output = interrupted(child, &server, "", &["-INT"]).await;
        assert_eq!(output.status.code(), Some(130));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "h5sidecar: interrupted\n");
        assert_eq!(names(directory.path()).len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_stalls_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    // The report cannot be written either, and is given up; or at once, by whoever asks twice.
    for signals in [&["-INT"][..], &["-INT", "-TERM"]] {
        let server = server().await;
        server.stall("out/");
        let endpoint = server.url("");
        let (output, report) = ("s3://bucket/out/", "s3://bucket/out/report");
        let places = ["-o", output, "--report", report, "--endpoint", &endpoint];
        let arguments = [&["index", "s3://bucket/a.h5", "--anonymous"], &places[..]].concat();
        let child = start(&arguments, directory.path());
        let output = interrupted(child, &server, "out/", signals).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert_eq!(said.contains("no answer in time"), signals.len() == 1, "{said}");
        assert_eq!(names(directory.path()).len(), 0);
    }
}
