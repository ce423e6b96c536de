//! What is secret stays so: the program is run with the same word in every place that can hold a secret, with
//! success and with every kind of failure, and the word is looked for in all that it says and writes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use e2e::http_server::{Fault, HttpServer};
use e2e::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use e2e::testdata;
use tempfile::TempDir;

/// In no URL but as a secret, and in no case the program might change it to.
const CANARY: &str = "c4n4ry";

/// A directory to run in, and variables that hold secrets.
struct Bench {
    directory: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::copy(testdata("layouts.h5"), directory.path().join("here.h5")).unwrap();
        // Out of the directory that is searched for the word afterwards.
        Self { directory, variables: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs the program, looks for the word, and gives the exit code with what was said.
    async fn run(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_h5sidecar"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, said) = (text(&output.stdout), text(&output.stderr));
        assert!(!out.contains(CANARY), "{arguments:?} on standard output: {out}");
        assert!(!said.contains(CANARY), "{arguments:?} on standard error: {said}");
        search(self.directory.path());
        (output.status.code().unwrap(), said)
    }
}

/// Looks for the word in names and contents of files.
fn search(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        assert!(!path.file_name().unwrap().to_string_lossy().contains(CANARY), "{path:?}");
        if path.is_dir() {
            search(&path);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!found, "{path:?}: {}", String::from_utf8_lossy(&bytes));
    }
}

fn secret(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    format!("{scheme}://u{CANARY}:p{CANARY}@{rest}?sig={CANARY}&X-Amz-Signature={CANARY}#{CANARY}")
}

fn netrc() -> (TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("netrc");
    let entry = format!("machine 127.0.0.1 login u{CANARY} password p{CANARY}\n");
    std::fs::write(&path, entry).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (home, path)
}

/// What a server can do, and what the program says of it.
fn failures() -> Vec<(Fault, i32)> {
    let status = |code| Fault::Status(code, vec![]);
    let echo = format!("<Error><Code>No</Code><Message>p{CANARY}</Message></Error>");
    vec![
        (status(401), 3),
        (status(403), 3),
        (status(404), 3),
        (status(500), 3),
        (Fault::Answer(503, vec![("Retry-After", "0".into())], echo.into()), 3),
        (Fault::Reset, 3),
        (Fault::Stall, 3),
        (Fault::ShortBody, 3),
        (Fault::WholeFile, 0),
        (Fault::ContentRange(Some("bytes 5-9/10")), 3),
        (Fault::ContentRange(None), 3),
        (Fault::Gzip, 3),
        (
            Fault::Status(
                302,
                vec![("Location", format!("https://u:p{CANARY}@[::1]:1/?sig={CANARY}"))],
            ),
            3,
        ),
        (Fault::Status(302, vec![("Location", format!("file:///{CANARY}"))]), 3),
        (Fault::Answer(200, vec![("Content-Type", "text/html".into())], "<html>".into()), 3),
        (Fault::Answer(200, vec![], "neither".into()), 4),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_tokens_and_passwords_of_hosts_are_never_shown() {
    let file = std::fs::read(testdata("layouts.h5")).unwrap();
    let (_home, netrc) = netrc();
    let benches = [
        Bench::new(),
        Bench::new().with("H5SIDECAR_BEARER_TOKEN", format!("t{CANARY}")),
        Bench::new().with("NETRC", netrc),
    ];
    for (n, bench) in benches.iter().enumerate() {
        let server = HttpServer::start(file.clone()).await.unwrap();
        // With what is in the URL, and without: then others are sent.
        let url = if n == 0 {
            secret(&server.url("/f.h5"))
        } else {
            server.url(&format!("/f.h5?k={CANARY}"))
        };
        let index = [
            "-v",
            "index",
            &url,
            "--report=r.jsonl",
            "--retries=1",
            "--timeout=1",
            "--record-version",
        ];
        assert_eq!(bench.run(&index).await.0, 0);
        let sent = server.counts().requests.remove(0);
        let authorization = sent.header("authorization").unwrap_or_default().to_owned();
        let sent_as = if n == 1 { "Bearer " } else { "Basic " };
        assert!(authorization.starts_with(sent_as), "it was sent: {authorization}");
        assert!(sent.target.contains(CANARY));
        assert_eq!(bench.run(&["-v", "ls", &url, "--json"]).await.0, 0);
        assert_eq!(bench.run(&["-v", "verify", "f.h5.json", "--file", &url, "--json"]).await.0, 0);
        for (fault, code) in failures() {
            let shown = format!("{fault:?}");
            server.script(move |_| Some(fault.clone()));
            let (found, said) = bench.run(&index).await;
            assert_eq!(found, code, "{shown}: {said}");
            assert!(code == 0 || said.contains("http://127.0.0.1"), "{said}");
            bench.run(&["-v", "ls", &url, "--retries=0", "--timeout=1"]).await;
        }
        server.script(|_| None);
        for format in ["x.json.zst", "x.parq"] {
            assert_eq!(bench.run(&["index", &url, "-o", format]).await.0, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_stores_are_never_shown() {
    let server = S3Server::start().await.unwrap();
    server.bucket("bucket").unwrap();
    server.put("bucket", "f.h5", &std::fs::read(testdata("layouts.h5")).unwrap()).unwrap();
    let endpoint = server.endpoint();
    let at = |location: &'static str| {
        ["-v", "index", location, "--endpoint", &endpoint, "--report=r.jsonl"].map(str::to_owned)
    };
    let right = || {
        Bench::new().with("AWS_ACCESS_KEY_ID", ACCESS_KEY).with("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    };
    let wrong = || {
        Bench::new()
            .with("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .with("AWS_SECRET_ACCESS_KEY", format!("s{CANARY}"))
    };
    let token = || right().with("AWS_SESSION_TOKEN", format!("t{CANARY}"));
    for (bench, location, code) in [
        (right(), "s3://bucket/f.h5", 0),
        (right(), "s3://bucket/gone.h5", 3),
        (wrong(), "s3://bucket/f.h5", 3),
        (wrong(), "s3://gone/f.h5", 3),
        (wrong(), "s3://bucket/*.h5", 3),
        (token(), "s3://bucket/gone.h5", 3),
    ] {
        let arguments = at(location);
        let (found, said) = bench.run(&arguments.each_ref().map(String::as_str)).await;
        assert_eq!(found, code, "{location}: {said}");
        let upload = ["index", "here.h5", "-o", "s3://bucket/out/", "--endpoint", &endpoint, "-v"];
        bench.run(&upload).await;
    }
    // A service that is not there, with a password in its own URL.
    let nowhere = format!("http://u:p{CANARY}@127.0.0.1:1/");
    let (code, _) = wrong()
        .run(&["-v", "index", "s3://bucket/f.h5", "--endpoint", &nowhere, "--retries=1"])
        .await;
    assert_eq!(code, 3);
}

/// Reports of benchmarks are made to be passed on, and other tools say what they like.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn reports_of_benchmarks_show_no_secrets() {
    let tools = tempfile::tempdir().unwrap();
    // It is all that kerchunk takes, and fails with what it was given.
    let python = "#!/bin/sh\ncase \"$2\" in *SingleHdf5ToZarr*)\necho \"FileNotFoundError: $3 at \
                  $AWS_ENDPOINT_URL\" >&2; exit 1;; esac\n";
    executable(&tools.path().join("python3"), python);
    let tools = tools.path().to_str().unwrap();
    let bytes = std::fs::read(testdata("layouts.h5")).unwrap();
    let all_forms = |file: &str| {
        let forms = ["--json=r.json", "--csv=r.csv", "--markdown=-", "--svg=r.svg"];
        let rows = ["bench", file, "--rows=original,sidecar,kerchunk", "--retries=0"];
        rows.iter().chain(&forms).map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };

    let server = HttpServer::start(bytes.clone()).await.unwrap();
    let url = secret(&server.url("/f.h5"));
    // As a tool has them that puts them together anew, and as nobody can tell them in a text.
    let with_space = url.replace(&format!("p{CANARY}"), &format!("p '\"{CANARY}"));
    for url in [url, with_space] {
        let bench = Bench::new().with("PATH", tools);
        let arguments = all_forms(&url);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        assert_eq!(bench.run(&arguments).await.0, 2);
        let csv = std::fs::read_to_string(bench.directory.path().join("r.csv")).unwrap();
        let shown = format!("FileNotFoundError: {} at", server.url("/f.h5"));
        assert!(csv.contains(&shown) && csv.contains(",sidecar: h5sidecar,ok,"), "{csv}");
    }

    let server = S3Server::start().await.unwrap();
    server.bucket("bucket").unwrap();
    server.put("bucket", "f.h5", &bytes).unwrap();
    let endpoint = server.endpoint();
    let host = endpoint.strip_prefix("http://").unwrap();
    let bench = Bench::new()
        .with("PATH", tools)
        .with("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .with("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    for (file, secret) in [
        ("s3://bucket/f.h5", format!("http://u:p{CANARY}@{host}")),
        ("s3://bucket/f.h5", format!("http://u{CANARY}:p%20{CANARY}@{host}/")),
        // It is not asked, and so may be anything.
        ("here.h5", format!("https://u{CANARY}:p@h.invalid/?token={CANARY}")),
        ("here.h5", format!("u:p{CANARY}@h.invalid")),
    ] {
        let mut arguments = all_forms(file);
        arguments.push(format!("--endpoint={secret}"));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (code, said) = bench.run(&arguments).await;
        assert_eq!(code, 2, "{secret}: {said}");
        let json = std::fs::read_to_string(bench.directory.path().join("r.json")).unwrap();
        let at = format!("\"s3 at {}", endpoint.trim_end_matches('/'));
        assert!(json.contains(&at) || file == "here.h5", "{json}");
    }
}

#[cfg(unix)]
fn executable(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, script).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Where a URL ends is not to be told in a text, if there is a space or a quote in its password.
#[tokio::test(flavor = "multi_thread")]
async fn nor_are_arguments_that_are_not_understood() {
    let bench = Bench::new();
    for password in [format!("p {CANARY}"), format!("p'{CANARY}"), format!("p\" {CANARY} <")] {
        let url = format!("https://u:{password}@h.invalid/x?sig={CANARY} {CANARY}");
        for arguments in [
            &["ls", "here.h5", &url][..],
            &["index", "here.h5", "--jobs", &url],
            &["index", "here.h5", &format!("--limit={url}")],
            &["bench", "here.h5", "--rows", &url],
            &["verify", "x", &format!("--file-of={url}")],
            &[&url],
        ] {
            let (code, said) = bench.run(arguments).await;
            assert!(code == 1 && said.starts_with("error: "), "{arguments:?}: {said}");
        }
    }
}

/// URLs that are none, in every argument that takes one.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_misspelled_is_not_shown_either() {
    let bench = Bench::new();
    let c = CANARY;
    for url in [
        format!("http:/u:p{c}@127.0.0.1:1/x"),
        format!("https:u:p{c}@127.0.0.1:1"),
        format!("https:///u:p{c}@127.0.0.1:1/x?sig={c}"),
        format!("https://u:p{c}?w@h/x"),
        format!("HTTPS:\\\\u:p{c}@127.0.0.1:1\\x"),
        format!("file://u:p{c}@h/x?sig={c}"),
        format!("ftp://u:p{c}@h/x"),
        format!("u:p{c}@https://127.0.0.1:1/x"),
        format!("s3:/KEY:{c}@b/k"),
        format!("s3://KEY:{c}@b/k"),
        format!("s3://KEY:{c}/more@b/k"),
        format!("s3://KEY:{c}@b"),
        format!("gs://KEY:{c}@b/k"),
        format!("abfss://c:{c}@a.dfs.core.windows.net/k"),
        format!("s3://b//k?X-Amz-Signature={c}"),
        format!("simplecache::https://u:p{c}@127.0.0.1:1/x"),
    ] {
        let url = url.as_str();
        let with = |name: &str| format!("{name}={url}");
        let runs: [&[&str]; 12] = [
            &["index", url, "--retries=0"],
            &["index", &format!("{url}*"), "--retries=0"],
            &["index", "here.h5", "-o", url, "--retries=0"],
            &["index", "here.h5", "--format=parquet", "-o", url, "--retries=0"],
            &["index", "here.h5", "-o", "out.json", &with("--url")],
            &["index", "here.h5", "-o", "out.json", &with("--report"), "--retries=0"],
            &["index", &with("--manifest"), "--retries=0"],
            &["ls", url, "--retries=0"],
            &["ls", "here.h5", url],
            &["verify", url, "--retries=0"],
            &["verify", "here.h5", &with("--indexed")],
            &["bench", url, "--rows=sidecar", "--retries=0", "--markdown=bench.md"],
        ];
        for arguments in runs {
            let (code, said) = bench.run(arguments).await;
            assert!((1..=4).contains(&code), "{arguments:?}: {code} {said}");
        }
        for place in [with("--endpoint"), with("--region"), with("--profile")] {
            bench
                .run(&[
                    "-v",
                    "index",
                    "s3://b/k",
                    &place,
                    "--anonymous",
                    "--retries=0",
                    "--timeout=1",
                ])
                .await;
        }
    }
    for proxy in ["http_proxy", "https_proxy"] {
        let bench = Bench::new().with(proxy, format!("http://u:p{CANARY}@127.0.0.1:1"));
        for url in ["http://h.invalid/x", "https://h.invalid/x"] {
            bench.run(&["-v", "index", url, "--retries=1", "--timeout=1"]).await;
        }
    }
    let bench = Bench::new().with("http_proxy", format!("no://u:p{CANARY}@h:x"));
    assert_ne!(bench.run(&["-v", "index", "http://h.invalid/x", "--retries=0"]).await.0, 0);
}

/// The word would be found: what may be shown is.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_secret_is_shown() {
    let server = HttpServer::start(std::fs::read(testdata("layouts.h5")).unwrap()).await.unwrap();
    server.latency(Duration::ZERO);
    let bench = Bench::new();
    let (code, said) = bench.run(&["-v", "index", &secret(&server.url("/shown.h5"))]).await;
    assert!(code == 0 && said.contains("/shown.h5 -> shown.h5.json"), "{said}");
    let sidecar = std::fs::read_to_string(bench.directory.path().join("shown.h5.json")).unwrap();
    assert!(sidecar.contains(&format!("\"{}\"", server.url("/shown.h5"))));
}
