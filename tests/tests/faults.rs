//! Every fault of a server, through the whole way from a file to its sidecar: the same sidecar as without it, or
//! an error that names the file and the cause; never a part of a sidecar.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use e2e::http_server::{Fault, HttpServer};
use e2e::{options, testdata};
use h5refs::fetch::{Counters, Policy};
use h5refs::render::{Format, Layout};
use h5refs::sidecar::{Options, sidecar};
use h5refs::source::{Environment, Opener, SourceOptions};
use h5refs::{Error, Result, sink};

const FILE: &str = "chunks_btree_v1.h5";

/// A server, and how its file is reached.
struct Served {
    server: HttpServer,
    location: String,
    options: SourceOptions,
}

/// The same file behind plain HTTP, and in an object store.
async fn served() -> [Served; 2] {
    let bytes = Bytes::from(std::fs::read(testdata(FILE)).unwrap());
    let mut options = options();
    options.read_timeout = Duration::from_millis(500);
    options.retries = 4;
    let http = HttpServer::start(bytes.clone()).await.unwrap();
    let store = HttpServer::start(bytes).await.unwrap();
    let mut anonymous = options.clone();
    anonymous.anonymous = true;
    anonymous.endpoint = Some(store.url(""));
    let location = http.url("/f.h5?sig=secret");
    [
        Served { server: http, location, options },
        Served { server: store, location: "s3://bucket/f.h5".into(), options: anonymous },
    ]
}

impl Served {
    /// Makes the sidecar, every block of metadata a request, and gives it as it is then stored.
    async fn make(&self) -> Result<Vec<u8>> {
        let directory = tempfile::tempdir().unwrap();
        let made = self.make_in(directory.path()).await;
        let left: Vec<_> = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        match &made {
            Ok(()) => assert_eq!(left, ["f.json.gz"]),
            Err(_) => assert!(left.is_empty(), "{left:?}"),
        }
        made.map(|()| std::fs::read(directory.path().join("f.json.gz")).unwrap())
    }

    async fn make_in(&self, directory: &Path) -> Result<()> {
        let source = Opener::new(self.options.clone()).open(&self.location).await?;
        let mut how = Options::default();
        how.policy = Policy::exact();
        how.url = Some("f.h5".into());
        let sidecar = sidecar(&*source, &how, &Counters::default()).await?;
        let mut layout = Layout::default();
        layout.format = Format::JsonGz;
        let place = directory.join("f.json.gz");
        sink::write(place.to_str().unwrap(), sidecar.render(layout)?, &self.options).await
    }

    /// Does `fault` to the requests whose numbers `is_hit` says.
    fn strike(&self, fault: Fault, is_hit: impl Fn(usize) -> bool + Send + 'static) {
        let number = AtomicUsize::new(0);
        self.server.script(move |_| {
            let number = number.fetch_add(1, Ordering::SeqCst);
            is_hit(number).then(|| fault.clone())
        });
    }

    fn requests(&self) -> usize {
        self.server.counts().requests.len()
    }

    /// What is shown of the location.
    fn shown(&self) -> &str {
        self.location.split('?').next().unwrap()
    }
}

fn status(status: u16) -> Fault {
    Fault::Status(status, Vec::new())
}

fn xml(status: u16, code: &str, message: &str) -> Fault {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Fault::Answer(status, vec![("Content-Type", "application/xml".into())], body.into())
}

#[tokio::test]
async fn a_fault_that_passes_changes_nothing() {
    for (which, served) in served().await.into_iter().enumerate() {
        let whole = served.make().await.unwrap();
        let clean = served.requests();
        assert!(clean > 5, "{clean}: too few to tell");
        let mut faults = vec![
            status(429),
            status(500),
            xml(503, "SlowDown", "Please reduce your request rate."),
            Fault::Reset,
            Fault::ShortBody,
            Fault::Stall,
            Fault::StallInBody,
        ];
        if which == 0 {
            faults.extend([
                Fault::WholeFile,
                Fault::ContentRange(Some("bytes 1-2/99999")),
                Fault::ContentRange(None),
                Fault::Status(302, vec![("Location", "/elsewhere".into())]),
                Fault::UnknownTotal(100),
            ]);
        } else {
            faults.push(xml(400, "ExpiredToken", "The provided token has expired."));
        }
        for fault in faults {
            for at in [0, clean / 2, clean - 1] {
                served.strike(fault.clone(), move |number| number == at);
                let before = served.requests();
                let made = served.make().await;
                let made = made.unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
                assert!(made == whole, "{fault:?} at {at}: another sidecar");
                // It was there, and cost something; or the file was found to be elsewhere from then on.
                assert!(served.requests() - before > clean, "{fault:?} at {at}");
            }
        }
    }
}

#[tokio::test]
async fn a_fault_that_stays_is_an_error_that_names_it() {
    for (which, mut served) in served().await.into_iter().enumerate() {
        served.make().await.unwrap();
        let clean = served.requests();
        served.options.retries = 1;
        served.options.read_timeout = Duration::from_millis(500);
        let http = which == 0;
        type Is = fn(&Error) -> bool;
        let passing: Is = |error| matches!(error, Error::Storage { retryable: true, .. });
        let refused: Is = |error| matches!(error, Error::Storage { retryable: false, .. });
        let changed: Is = |error| matches!(error, Error::Changed { .. });
        let storage: Is = Error::is_storage;
        let slow = || xml(503, "SlowDown", "Please reduce your request rate.");
        let expired = |status| xml(status, "ExpiredToken", "The provided token has expired.");
        let mut cases: Vec<(Fault, Is, &str)> = vec![
            (status(500), passing, "500"),
            (slow(), passing, if http { "503" } else { "503 SlowDown: Please reduce" }),
            (Fault::Reset, passing, "connection"),
            (Fault::Stall, passing, if http { "silent" } else { "timed out" }),
            (Fault::StallInBody, passing, if http { "silent" } else { "timed out" }),
            (status(403), refused, "403"),
            (status(404), Error::is_missing, "404"),
            (Fault::WholeFile, |e| matches!(e, Error::NotPartial { .. }), "ranges of bytes"),
            (
                Fault::ContentRange(Some("bytes 1-2/99999")),
                storage,
                if http { "1-2/99999" } else { "1..3" },
            ),
            (Fault::ContentRange(None), storage, "Content-Range"),
            (Fault::ShortBody, storage, if http { "arrived" } else { "body" }),
        ];
        // Of the first answer there is nothing that could have changed.
        let later: [(Fault, Is, &str); 2] =
            [(status(412), changed, "412"), (Fault::OtherTag("\"v2\""), changed, "v2")];
        if !http {
            cases.push((expired(400), refused, "have run out: 400 ExpiredToken: The provided"));
            cases.push((expired(403), refused, "get new ones"));
        } else {
            let circle = Fault::Status(302, vec![("Location", "/f.h5".into())]);
            cases.push((circle, refused, "too many redirects"));
            cases.push((Fault::Gzip, refused, "compresses"));
        }
        let anywhere = cases.into_iter().flat_map(|case| [(0, case.clone()), (clean / 2, case)]);
        let all = anywhere.chain(later.into_iter().map(|case| (clean / 2, case)));
        for (from, (fault, is, says)) in all {
            served.strike(fault.clone(), move |number| number >= from);
            let error = served.make().await.unwrap_err();
            let text = error.to_string();
            assert!(is(&error), "{fault:?} from {from}: {error:?}");
            assert!(text.contains(served.shown()), "{fault:?} from {from}: {text}");
            assert!(text.contains(says), "{fault:?} from {from}: {text}");
            assert!(!text.contains("secret") && !text.contains('\n'), "{fault:?}: {text}");
        }
    }
}

/// What gives credentials is asked again when those that it gave have run out.
#[tokio::test]
async fn credentials_that_run_out_are_renewed() {
    let [_, mut served] = served().await;
    let whole = served.make().await.unwrap();
    let provider = HttpServer::start("").await.unwrap();
    let given = AtomicUsize::new(0);
    provider.script(move |request| {
        let text = |body: String| Some(Fault::Answer(200, Vec::new(), body.into()));
        match request.target.rsplit('/').next() {
            Some("token") => text("session".into()),
            Some("") => text("role".into()),
            _ => {
                // One when the store is opened, and one for the first read.
                let key = if given.fetch_add(1, Ordering::SeqCst) < 2 { "OLD" } else { "NEW" };
                text(format!(
                    r#"{{"AccessKeyId":"{key}","SecretAccessKey":"s","Token":"t",
                        "Expiration":"2020-01-01T00:00:00Z"}}"#
                ))
            }
        }
    });
    served.options.anonymous = false;
    served.options.environment = Environment::from_iter([
        ("AWS_METADATA_ENDPOINT", provider.url("")),
        ("AWS_REGION", "us-east-1".to_owned()),
    ]);
    served.server.script(|request| {
        let is_new = request.header("authorization").is_some_and(|sent| sent.contains("=NEW/"));
        (!is_new).then(|| xml(400, "ExpiredToken", "The provided token has expired."))
    });
    let before = served.requests();
    assert!(served.make().await.unwrap() == whole);
    let sent = &served.server.counts().requests[before..];
    let old = sent.iter().filter(|r| r.header("authorization").unwrap().contains("=OLD/")).count();
    assert_eq!(old, 1);
}

/// However many sidecars go to a bucket, its credentials are looked for once.
#[tokio::test]
async fn uploads_share_what_was_found_out() {
    let [_, mut served] = served().await;
    let provider = HttpServer::start("").await.unwrap();
    provider.script(|request| {
        let text = match request.target.rsplit('/').next() {
            Some("token") => "session",
            Some("") => "role",
            _ => {
                r#"{"AccessKeyId":"K","SecretAccessKey":"s","Token":"t",
                    "Expiration":"2999-01-01T00:00:00Z"}"#
            }
        };
        Some(Fault::Answer(200, Vec::new(), text.into()))
    });
    served.options.anonymous = false;
    let endpoint = ("AWS_METADATA_ENDPOINT", provider.url(""));
    served.options.environment =
        Environment::from_iter([endpoint, ("AWS_REGION", "us-east-1".to_owned())]);
    let put = async |name: &str, options: &SourceOptions| {
        let place = format!("s3://bucket/{name}");
        sink::write_whole(&place, Bytes::from_static(b"x"), options).await.unwrap();
        let requests = provider.counts().requests;
        requests.iter().filter(|request| request.target.ends_with("/role")).count()
    };
    for name in ["a", "b", "c"] {
        assert_eq!(put(name, &served.options.clone()).await, 1);
    }
    // Who wants it otherwise gets it otherwise.
    let mut other = served.options.clone();
    other.environment = Environment::from_iter([("AWS_METADATA_ENDPOINT", provider.url(""))]);
    assert_eq!(put("d", &other).await, 2);
    other.anonymous = true;
    assert_eq!(put("e", &other).await, 2);
    let sent = served.server.counts().requests;
    assert_eq!(sent.last().unwrap().header("authorization"), None);
}

/// Whatever happens on the way to a store, the object that was there is, or the new one.
#[tokio::test]
async fn an_upload_that_fails_is_an_error_that_names_it() {
    let [_, served] = served().await;
    let source = Opener::new(served.options.clone()).open(&served.location).await.unwrap();
    let made = sidecar(&*source, &Options::default(), &Counters::default()).await.unwrap();
    let place = "s3://bucket/out/f.json";
    for (fault, says) in [
        (xml(403, "AccessDenied", "Access Denied"), "403 AccessDenied: Access Denied"),
        (xml(503, "SlowDown", "Slow down"), "503 SlowDown"),
        (Fault::Reset, "connection"),
    ] {
        let fault_too = fault.clone();
        served.server.script(move |request| (request.method == "PUT").then(|| fault_too.clone()));
        let rendered = made.render(Layout::default()).unwrap();
        let error = sink::write(place, rendered, &served.options).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Output { .. }), "{fault:?}: {error:?}");
        assert!(text.contains(place) && text.contains(says), "{fault:?}: {text}");
    }
    // A server that falls silent, before it answers or while it does.
    let mut options = served.options.clone();
    (options.connect_timeout, options.read_timeout) =
        (Duration::from_millis(200), Duration::from_millis(300));
    options.retries = 1;
    for (format, fault) in [(Format::Json, Fault::Stall), (Format::Parquet, Fault::StallInBody)] {
        served.server.script(move |_| Some(fault.clone()));
        let mut layout = Layout::default();
        layout.format = format;
        let error = sink::write(place, made.render(layout).unwrap(), &options).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(place) && text.contains("fell silent"), "{format:?}: {text}");
    }
}
