//! A sidecar that is fresh is known by its beginning, and what is not known to be fresh is made anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use bytes::Bytes;
use e2e::http_server::HttpServer;
use e2e::{options, testdata};
use h5refs::fetch::Counters;
use h5refs::fresh::{Fresh, Recipe, fresh};
use h5refs::render::{Format, Layout, Rendered};
use h5refs::sidecar::{Options, sidecar};
use h5refs::source::Opener;

fn layout(format: Format) -> Layout {
    let mut layout = Layout::default();
    layout.format = format;
    layout
}

/// A server of the test file `name`, and one of what its sidecar begins with for readers.
async fn servers(name: &str, format: Format) -> (HttpServer, HttpServer) {
    let file = HttpServer::start(std::fs::read(testdata(name)).unwrap()).await.unwrap();
    let (url, options) = (file.url("/f.h5"), Options::default());
    let source = Opener::new(e2e::options()).open(&url).await.unwrap();
    let mut made = sidecar(&*source, &options, &Counters::default()).await.unwrap();
    made.record(&Recipe::of(&url, &options, layout(format)));
    let bytes: Bytes = match made.render(layout(format)).unwrap() {
        Rendered::File(bytes) => bytes,
        Rendered::Directory(mut files) => files.pop().unwrap().1,
    };
    (file, HttpServer::start(bytes).await.unwrap())
}

async fn ask(
    file: &HttpServer,
    made: &HttpServer,
    format: Format,
    options: &Options,
) -> Option<Fresh> {
    let opener = Opener::new(e2e::options());
    let url = file.url("/f.h5");
    let source = opener.open(&url).await.unwrap();
    let place = made.url(&format!("/f.h5{}", format.suffix()));
    let recipe = Recipe::of(&url, options, layout(format));
    fresh(&place, &*source, &recipe, &opener, &Counters::default()).await.unwrap()
}

#[tokio::test]
async fn a_fresh_sidecar_costs_two_small_requests() {
    for format in [Format::Json, Format::JsonGz, Format::JsonZst, Format::Parquet] {
        let (file, made) = servers("atl03_mini.h5", format).await;
        let before = file.counts();
        let fresh = ask(&file, &made, format, &Options::default()).await.unwrap();
        assert_eq!((fresh.complete, fresh.lost), (true, 0), "{format:?}");
        assert_eq!(fresh.version.etag.as_deref(), Some("\"v1\""), "{format:?}");
        let after = file.counts();
        assert_eq!(after.requests.len() - before.requests.len(), 1, "{format:?}");
        assert_eq!(after.bytes - before.bytes, 1, "{format:?}");
        let read = made.counts();
        assert_eq!(read.requests.len(), 1, "{format:?}");
        assert!(read.bytes <= 64 << 10, "{format:?}: {}", read.bytes);
    }
}

#[tokio::test]
async fn what_is_not_proven_is_not_fresh() {
    let format = Format::Json;
    let (file, made) = servers("layouts.h5", format).await;
    let bytes = std::fs::read(testdata("layouts.h5")).unwrap();
    let default = Options::default();
    assert!(ask(&file, &made, format, &default).await.is_some());
    // Another version, no version, one that says only that it means the same.
    for etag in [Some("\"v2\""), None, Some("W/\"v1\"")] {
        file.replace(bytes.clone(), etag);
        assert_eq!(ask(&file, &made, format, &default).await, None, "{etag:?}");
    }
    file.replace(bytes[1..].to_vec(), Some("\"v1\""));
    assert_eq!(ask(&file, &made, format, &default).await, None, "another length");
    file.replace(bytes, Some("\"v1\""));
    assert!(ask(&file, &made, format, &default).await.is_some());
    // Made otherwise, or not known how.
    let mut other = Options::default();
    other.references.inline_threshold = 0;
    assert_eq!(ask(&file, &made, format, &other).await, None);
    made.replace(&b"{\"version\":1,\"refs\":{\".zattrs\":\"{}\"}}"[..], None);
    assert_eq!(ask(&file, &made, format, &default).await, None);
    made.replace(Bytes::new(), None);
    assert_eq!(ask(&file, &made, format, &default).await, None);
    // No sidecar at all.
    let opener = Opener::new(options());
    let source = opener.open(&file.url("/f.h5")).await.unwrap();
    let recipe = Recipe::of(&file.url("/f.h5"), &default, layout(format));
    let found = fresh("no/such.json", &*source, &recipe, &opener, &Counters::default()).await;
    assert_eq!(found.unwrap(), None);
}

/// That a file is gone is not hidden by a sidecar that is there.
#[tokio::test]
async fn a_file_that_cannot_be_read_is_an_error() {
    let format = Format::Json;
    let (file, made) = servers("layouts.h5", format).await;
    let (url, opener) = (file.url("/f.h5"), Opener::new(options()));
    let source = opener.open(&url).await.unwrap();
    file.fault(e2e::http_server::Fault::Status(404, vec![]));
    let recipe = Recipe::of(&url, &Options::default(), layout(format));
    let found = fresh(&made.url("/s.json"), &*source, &recipe, &opener, &Counters::default()).await;
    assert!(found.is_err_and(|error| error.is_missing()));
}
