//! Many files at once, through the program itself: globs, lists, jobs, and one bad file among them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use e2e::http_server::{Fault, HttpServer};
use e2e::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use e2e::testdata;
use serde_json::Value;

/// Runs the program in `directory`, with `input` on its standard input, while this process serves.
async fn run(arguments: &[&str], directory: &Path, input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_h5sidecar"));
    command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let input = input.to_owned();
    let waited = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    waited.await.unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn report(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn store() -> S3Server {
    let server = S3Server::start().await.unwrap();
    server.bucket("bucket").unwrap();
    let file = std::fs::read(testdata("layouts.h5")).unwrap();
    for key in ["in/b.h5", "in/a.h5", "in/deep/c.h5", "in/deep/er/d.h5", "in/e.txt"] {
        server.put("bucket", key, &file).unwrap();
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn globs_and_lists_of_a_store_go_to_a_store() {
    let server = store().await;
    let directory = tempfile::tempdir().unwrap();
    let list = "# more\n\n  s3://bucket/in/deep/**/d.h5\r\ns3://bucket/in/deep/gone*\n\
                s3://bucket/in/a.h5\ns3://bucket/in/e.txt\n";
    std::fs::write(directory.path().join("list.txt"), list).unwrap();
    let endpoint = server.endpoint();
    let arguments = [
        "index",
        "s3://bucket/in/*.h5",
        "--manifest=list.txt",
        "-o=s3://bucket/out/",
        "--report=r.jsonl",
        "--jobs=3",
        "--endpoint",
        &endpoint,
        "-v",
    ];
    let output = run(&arguments, directory.path(), "").await;
    let said = said(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("s3://bucket/in/deep/gone*: no file matches"), "{said}");
    assert!(said.contains("\n5 files: 4 done, 1 failed; "), "{said}");
    assert!(said.contains(" requests sent, 0 of them again, at most "), "{said}");
    // In the order they were asked for, each once.
    let files: Vec<Value> =
        report(&directory.path().join("r.jsonl")).iter().map(|line| line["file"].clone()).collect();
    let place = |name: &str| Value::from(format!("s3://bucket/in/{name}"));
    let names = ["a.h5", "b.h5", "deep/er/d.h5", "deep/gone*", "e.txt"];
    assert_eq!(files, names.map(place));
    for name in ["a.h5", "b.h5", "d.h5", "e.txt"] {
        let made = std::fs::read(server.path("bucket", &format!("out/{name}.json"))).unwrap();
        let made: Value = serde_json::from_slice(&made).unwrap();
        assert_eq!(made["version"], 1, "{name}");
    }
}

/// Where file names can hold one.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_a_star_is_reachable() {
    let server = store().await;
    let file = std::fs::read(testdata("layouts.h5")).unwrap();
    server.put("bucket", "in/*.h5", &file).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["index", "s3://bucket/in/*.h5", "--endpoint", &server.endpoint()];
    let output = run(&arguments, directory.path(), "").await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let names: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["*.h5.json"]);
}

/// A list may come through a pipe, or from a store itself; what it names is found from where the program runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_read_from_anywhere() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a.h5", "b.h5"] {
        std::fs::copy(testdata("layouts.h5"), directory.path().join(name)).unwrap();
    }
    let output = run(&["index", "--manifest", "-"], directory.path(), "a.h5\n#b.h5").await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(directory.path().join("a.h5.json").exists());
    assert!(!directory.path().join("b.h5.json").exists());
    // One on a server leads to others there, and to no file of this machine.
    let server = HttpServer::start(std::fs::read(testdata("layouts.h5")).unwrap()).await.unwrap();
    let list =
        format!("{}\nb.h5\nFILE://{}/b.h5\n", server.url("/c.h5"), directory.path().display());
    server.script(move |request| {
        (request.target == "/list").then(|| Fault::Answer(200, vec![], list.clone().into()))
    });
    let output = run(&["index", "--manifest", &server.url("/list")], directory.path(), "").await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(said(&output).matches("no file of this machine").count(), 2, "{}", said(&output));
    assert!(directory.path().join("c.h5.json").exists());
    assert!(!directory.path().join("b.h5.json").exists());

    // Of a list that cannot be read nothing is done.
    let output = run(&["index", "a.h5", "--manifest", "no.txt"], directory.path(), "").await;
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert_eq!(said(&output), "h5sidecar: no.txt: no such file\n");
    let output = run(&["index", "--manifest", "-"], directory.path(), "# nothing\n").await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("no files"), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn sidecars_of_one_name_are_refused_before_any_is_written() {
    let server = store().await;
    server.put("bucket", "in/deep/a.h5", b"another").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let endpoint = server.endpoint();
    let arguments = ["index", "s3://bucket/in/**/*.h5", "-o", "./", "--endpoint", &endpoint];
    let output = run(&arguments, directory.path(), "").await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let both = "a.h5.json would be both the sidecar of s3://bucket/in/a.h5 and the sidecar of \
                s3://bucket/in/deep/a.h5";
    assert!(said(&output).contains(both), "{}", said(&output));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    // What may be several files has no place for one, however many there are today.
    let arguments = ["index", "s3://bucket/in/a*.h5", "-o", "a.json", "--endpoint", &endpoint];
    let output = run(&arguments, directory.path(), "").await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_files_are_read_at_one_time() {
    let directory = tempfile::tempdir().unwrap();
    for jobs in [1, 5] {
        let server = HttpServer::start(std::fs::read(testdata("layouts.h5")).unwrap()).await;
        let server = server.unwrap();
        server.latency(Duration::from_millis(200));
        let list: String = (0..5).map(|n| server.url(&format!("/{n}.h5\n"))).collect();
        let jobs = jobs.to_string();
        let arguments = ["index", "--manifest=-", "--jobs", &jobs, "-o", "./"];
        let output = run(&arguments, directory.path(), &list).await;
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(server.counts().peak.to_string(), jobs);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fresh_is_left_alone() {
    let server = store().await;
    let directory = tempfile::tempdir().unwrap();
    let endpoint = server.endpoint();
    let index = async |more: &[&str]| {
        let arguments =
            ["index", "s3://bucket/in/*.h5", "--if-stale", "--endpoint", &endpoint, "--report=r"];
        let output = run(&[&arguments, more].concat(), directory.path(), "").await;
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let text = said(&output);
        let total = text.lines().rfind(|line| line.contains("files: ")).unwrap().to_owned();
        (total.split(';').next().unwrap().to_owned(), report(&directory.path().join("r")))
    };
    let places = ["out/", "s3://bucket/out/"];
    for format in ["json", "json.gz", "json.zst", "parquet"] {
        for place in places {
            if !place.contains(':') {
                std::fs::create_dir_all(directory.path().join(place)).unwrap();
            }
            let arguments = ["-o", place, "--format", format];
            let (total, first) = index(&arguments).await;
            assert_eq!(total, "2 files: 2 done", "{arguments:?}");
            let (total, second) = index(&arguments).await;
            assert_eq!(total, "2 files: 0 done, 2 fresh", "{arguments:?}");
            for (first, second) in first.iter().zip(&second) {
                for key in ["file", "version", "complete"] {
                    assert_eq!(first[key], second[key]);
                }
                assert_eq!(second["fresh"], true);
            }
        }
    }
    // Other options, and another version of one file.
    let arguments = ["-o", "out/", "--inline-threshold", "7"];
    assert_eq!(index(&arguments).await.0, "2 files: 2 done");
    assert_eq!(index(&arguments).await.0, "2 files: 0 done, 2 fresh");
    let mut file = std::fs::read(testdata("layouts.h5")).unwrap();
    file.push(0);
    server.put("bucket", "in/a.h5", &file).unwrap();
    let (total, report) = index(&arguments).await;
    assert_eq!(total, "2 files: 1 done, 1 fresh");
    assert_eq!(report[0].get("fresh"), None);

    // It is a sidecar like any other.
    let verify = ["verify", "out/a.h5.json", "--endpoint", &endpoint];
    let output = run(&verify, directory.path(), "").await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_this_machine_are_fresh_by_time_and_length() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.h5");
    std::fs::copy(testdata("external_and_virtual.h5"), &file).unwrap();
    let index = async |more: &[&str]| {
        let output =
            run(&[&["index", "a.h5", "--if-stale"], more].concat(), directory.path(), "").await;
        (output.status.code(), said(&output).contains(": fresh"))
    };
    assert_eq!(index(&[]).await, (Some(0), false));
    assert_eq!(index(&[]).await, (Some(0), true));
    // What it lacks it lacks still.
    assert_eq!(index(&["--strict"]).await, (Some(2), true));
    // Of the same length, but written later.
    let sidecar = directory.path().join("a.h5.json");
    let made = std::fs::metadata(&sidecar).unwrap().modified().unwrap();
    let handle = std::fs::File::options().write(true).open(&file).unwrap();
    handle.set_modified(made + Duration::from_secs(1)).unwrap();
    assert_eq!(index(&[]).await, (Some(0), false));
    handle.set_modified(made - Duration::from_secs(1)).unwrap();
    assert_eq!(index(&[]).await, (Some(0), true));
    handle.set_len(std::fs::metadata(&file).unwrap().len() + 1).unwrap();
    handle.set_modified(made - Duration::from_secs(1)).unwrap();
    assert_eq!(index(&[]).await, (Some(0), false));
    // The other files may have changed, and nothing says whether they have.
    assert_eq!(index(&["--follow-external"]).await, (Some(0), false));
    assert_eq!(index(&["--follow-external"]).await, (Some(0), false));
    assert_eq!(index(&["-o", "-"]).await.0, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_is_named_and_nothing_is_left() {
    let server = HttpServer::start(std::fs::read(testdata("layouts.h5")).unwrap()).await.unwrap();
    server.script(|request| {
        let fails = request.target.starts_with("/bad.h5");
        fails.then(|| Fault::Status(503, Vec::new()))
    });
    let directory = tempfile::tempdir().unwrap();
    let (bad, good) = (server.url("/bad.h5?sig=secret"), server.url("/good.h5?sig=secret"));
    let arguments = ["index", &bad, &good, "-o", "./", "--retries", "1", "--report", "r", "-v"];
    let output = run(&arguments, directory.path(), "").await;
    assert_eq!(output.status.code(), Some(3));
    let text = said(&output);
    let line = format!("h5sidecar: {}: the server answered 503", server.url("/bad.h5"));
    assert!(text.lines().any(|said| said.starts_with(&line)), "{text}");
    assert!(
        text.contains("2 files: 1 done, 1 failed") && text.contains("1 of them again"),
        "{text}"
    );
    let lines = report(&directory.path().join("r"));
    assert_eq!((&lines[0]["exit"], &lines[1]["complete"]), (&3.into(), &true.into()));
    assert!(!text.contains("secret") && !format!("{lines:?}").contains("secret"));
    let mut left: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["good.h5.json", "r"]);
}
