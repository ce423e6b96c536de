//! Logins as Earthdata has them: a portal sends whoever is not logged in to another host, which takes user and
//! password, and sends back; the portal remembers that in a cookie. Each host is sent its own credentials only.
//!
//! `localhost` and `127.0.0.1` are two hosts, to whoever holds credentials for one of them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::sync::Arc;

use base64::Engine as _;
use e2e::http_server::{Fault, HttpServer, Request};
use e2e::{options, pattern};
use h5refs::Error;
use h5refs::fetch::Counters;
use h5refs::source::{Environment, Opener, Secret, Source, SourceOptions};
use h5refs::verify;
use serde_json::json;
use tempfile::TempDir;

fn basic(user: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(user))
}

fn redirect(to: String) -> Option<Fault> {
    Some(Fault::Status(302, vec![("Location", to)]))
}

struct Servers {
    portal: HttpServer,
    logins: HttpServer,
    home: TempDir,
}

impl Servers {
    async fn start() -> Self {
        let portal = HttpServer::start(pattern(1000)).await.unwrap();
        let logins = HttpServer::start("<html>").await.unwrap();
        let (login, back) = (logins.url("/oauth"), at_localhost(&portal, "/login?code=1"));
        portal.script(move |request| match request.header("cookie") {
            _ if request.target == "/login?code=1" => {
                let cookie = ("Set-Cookie", "session=7; Path=/; HttpOnly".to_owned());
                Some(Fault::Status(302, vec![cookie, ("Location", "/f".to_owned())]))
            }
            Some("session=7") => None,
            _ if request.header("authorization") == Some("Bearer right") => None,
            _ => redirect(login.clone()),
        });
        logins.script(move |request| match request.header("authorization") {
            Some(sent) if sent == basic("me:secret") => redirect(back.clone()),
            _ => Some(Fault::Status(401, vec![])),
        });
        Self { portal, logins, home: tempfile::tempdir().unwrap() }
    }

    /// Options of a user whose `.netrc` has this in it.
    fn options(&self, netrc: &str) -> SourceOptions {
        std::fs::write(self.home.path().join(".netrc"), netrc).unwrap();
        let mut options = options();
        options.environment =
            Environment::from_iter([("HOME", self.home.path().to_str().unwrap())]);
        options
    }

    async fn open(&self, opener: &Opener) -> Arc<dyn Source> {
        opener.open(&at_localhost(&self.portal, "/f")).await.unwrap()
    }

    async fn refused(&self, options: SourceOptions) -> String {
        let error = self.open(&Opener::new(options)).await.read(0..10).await.unwrap_err();
        assert!(matches!(error, Error::Storage { retryable: false, .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with(&at_localhost(&self.portal, "/f")), "{text}");
        assert!(text.contains("401") && text.contains("(at 127.0.0.1, where"), "{text}");
        assert!(text.contains(".netrc") && !text.contains("secret"), "{text}");
        text
    }
}

fn at_localhost(server: &HttpServer, path: &str) -> String {
    server.url(path).replace("127.0.0.1", "localhost")
}

fn authorizations(server: &HttpServer) -> Vec<Option<String>> {
    let sent = |request: &Request| request.header("authorization").map(str::to_owned);
    server.counts().requests.iter().map(sent).collect()
}

const NETRC: &str = "machine 127.0.0.1 login me password secret\n";

#[tokio::test]
async fn a_login_is_found_its_way_through_once() {
    let servers = Servers::start().await;
    let opener = Opener::new(servers.options(NETRC));
    let source = servers.open(&opener).await;
    assert_eq!(source.read(0..10).await.unwrap().bytes, pattern(10));
    // The file, the login, and the file again; between the two the other host.
    assert_eq!(authorizations(&servers.portal), [None, None, None]);
    assert_eq!(authorizations(&servers.logins), [Some(basic("me:secret"))]);
    assert!(servers.logins.counts().requests[0].header("cookie").is_none());
    assert_eq!(opener.traffic().summary().requests, 4);
    // The cookie is enough from now on, for other files too.
    assert_eq!(source.read(10..20).await.unwrap().bytes, pattern(20)[10..]);
    assert_eq!(servers.open(&opener).await.read(0..5).await.unwrap().bytes, pattern(5));
    assert_eq!(opener.traffic().summary().requests, 6);
    assert_eq!(opener.traffic().summary().retries, 0);
}

#[tokio::test]
async fn a_password_is_for_the_host_it_was_written_for() {
    for netrc in [
        "",
        "machine 127.0.0.2 login me password secret",
        "machine localhost.example login me password secret",
        "default login me password secret",
    ] {
        let servers = Servers::start().await;
        servers.refused(servers.options(netrc)).await;
        let sent = [authorizations(&servers.portal), authorizations(&servers.logins)].concat();
        assert!(sent.iter().all(Option::is_none), "{netrc}: {sent:?}");
    }
    // The portal's own is for the portal.
    let servers = Servers::start().await;
    servers.refused(servers.options("machine localhost login me password secret")).await;
    assert_eq!(authorizations(&servers.portal), [Some(basic("me:secret"))]);
    assert_eq!(authorizations(&servers.logins), [None]);
}

#[tokio::test]
async fn a_file_of_passwords_can_be_left_alone() {
    let servers = Servers::start().await;
    let (mut without, mut anonymous) = (servers.options(NETRC), servers.options(NETRC));
    without.netrc = false;
    anonymous.anonymous = true;
    servers.refused(without).await;
    servers.refused(anonymous).await;
    assert_eq!(authorizations(&servers.logins), [None, None]);
}

#[tokio::test]
async fn what_is_wrong_with_the_file_is_said_when_it_matters() {
    let servers = Servers::start().await;
    let broken = format!("{NETRC}machine x login\nsecret of mine\n");
    // What comes before the mistake is understood.
    let opener = Opener::new(servers.options(&broken));
    servers.open(&opener).await.read(0..10).await.unwrap();
    let text = servers.refused(servers.options(&format!("mine\n{NETRC}"))).await;
    assert!(text.contains(".netrc: line 1: none of machine"), "{text}");
}

/// At another port of the host there is another service.
#[tokio::test]
async fn a_port_is_sent_its_own_cookies_and_tokens_only() {
    let (portal, other) =
        (HttpServer::start("").await.unwrap(), HttpServer::start("").await.unwrap());
    let away = other.url("/g");
    portal.script(move |request| match request.header("cookie") {
        Some("session=7") => Some(Fault::Answer(200, vec![], pattern(10).into())),
        _ if request.target == "/set" => {
            let cookie = ("Set-Cookie", "session=7; Path=/".to_owned());
            Some(Fault::Status(302, vec![cookie, ("Location", "/f".to_owned())]))
        }
        _ => redirect(away.clone()),
    });
    other.script(|_| Some(Fault::Answer(200, vec![], pattern(10).into())));
    let mut options = options();
    options.bearer_token = Some(Secret::from("right"));
    let opener = Opener::new(options);
    for path in ["/f", "/set", "/f"] {
        let source = opener.open(&portal.url(path)).await.unwrap();
        assert_eq!(source.read(0..10).await.unwrap().bytes, pattern(10), "{path}");
    }
    // By now the host has a cookie.
    let source = opener.open(&portal.url("/set")).await.unwrap();
    source.read(0..10).await.unwrap();
    opener.open(&other.url("/h")).await.unwrap().read(0..10).await.unwrap();
    let requests = other.counts().requests;
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.header("cookie").is_none()), "{requests:?}");
    // The token is for the port of the URL.
    assert_eq!(authorizations(&other), [None, Some("Bearer right".to_owned())]);
    assert!(authorizations(&portal).iter().all(|sent| sent.as_deref() == Some("Bearer right")));
    assert_eq!(portal.counts().requests.last().unwrap().header("cookie"), Some("session=7"));
}

#[tokio::test]
async fn a_token_is_for_the_host_of_the_url() {
    let servers = Servers::start().await;
    let mut options = servers.options(NETRC);
    options.bearer_token = Some(Secret::from("right"));
    let opener = Opener::new(options.clone());
    servers.open(&opener).await.read(0..10).await.unwrap();
    assert_eq!(authorizations(&servers.portal), [Some("Bearer right".to_owned())]);
    assert_eq!(authorizations(&servers.logins), []);
    // One that has run out: the other host is sent what is for it.
    options.bearer_token = Some(Secret::from("wrong"));
    let opener = Opener::new(options);
    servers.open(&opener).await.read(0..10).await.unwrap();
    assert_eq!(authorizations(&servers.logins), [Some(basic("me:secret"))]);
}

/// A sidecar can name any host, and so could whoever made it have the token.
#[tokio::test]
async fn a_token_is_not_for_hosts_that_a_sidecar_names() {
    let other = HttpServer::start(pattern(10)).await.unwrap();
    let sidecar = json!({"version": 1, "refs": {
        ".zgroup": {"zarr_format": 2},
        "a/.zarray": {"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": "|u1", "order": "C",
            "filters": null, "compressor": null, "fill_value": 0},
        "a/0": [other.url("/x"), 0, 4],
    }});
    let home = HttpServer::start(serde_json::to_vec(&sidecar).unwrap()).await.unwrap();
    let mut options = options();
    options.bearer_token = Some(Secret::from("right"));
    let opener = Opener::new(options);
    let verify = async || {
        let (options, counters) = (verify::Options::default(), Counters::default());
        verify::verify(&home.url("/s.json"), &opener, &options, &counters).await.unwrap()
    };
    assert_eq!(verify().await.decoded, 1);
    let token = Some("Bearer right".to_owned());
    assert!(authorizations(&home).iter().all(|sent| *sent == token));
    assert!(authorizations(&other).iter().all(Option::is_none));
    // Where the user is at home, it is.
    opener.open(&other.url("/y")).await.unwrap();
    verify().await;
    assert_eq!(authorizations(&other).last(), Some(&token));
}

#[tokio::test]
async fn users_in_urls_go_before_those_of_the_file() {
    let servers = Servers::start().await;
    let options = servers.options("machine localhost login me password secret\n");
    let opener = Opener::new(options);
    let url = at_localhost(&servers.portal, "/f").replace("://", "://you:yours@");
    // To the host of the URL, and no further; nor are those of a redirect taken.
    let to = servers.logins.url("/f").replace("://", "://them:theirs@");
    servers.portal.script(move |_| redirect(to.clone()));
    servers.logins.script(|_| None);
    let error = opener.open(&url).await.unwrap().read(0..1).await;
    assert_eq!(error.unwrap().bytes, "<");
    assert_eq!(authorizations(&servers.portal), [Some(basic("you:yours"))]);
    assert_eq!(authorizations(&servers.logins), [None]);
}

/// Anyone on the way could read it.
#[tokio::test]
async fn no_password_is_sent_in_plain_text() {
    let servers = Servers::start().await;
    let proxy = HttpServer::start(pattern(1000)).await.unwrap();
    let netrc = "machine host.invalid login me password secret\n";
    let mut options = servers.options(netrc);
    let home = servers.home.path().to_str().unwrap().to_owned();
    options.environment = Environment::from_iter([("HOME", home), ("http_proxy", proxy.url(""))]);
    let source = Opener::new(options).open("http://host.invalid/f").await.unwrap();
    source.read(0..10).await.unwrap();
    assert_eq!(authorizations(&proxy), [None]);
}

#[tokio::test]
async fn a_login_that_leads_in_a_circle_ends() {
    let servers = Servers::start().await;
    let to = at_localhost(&servers.portal, "/f");
    servers.logins.script(move |_| redirect(to.clone()));
    let opener = Opener::new(servers.options(NETRC));
    let error = servers.open(&opener).await.read(0..10).await.unwrap_err();
    assert!(error.to_string().contains("too many redirects"), "{error}");
    assert!(!error.is_retryable() && opener.traffic().summary().requests == 11, "{error:?}");
}

/// The password in a URL goes where its origin redirects within itself, and no farther; what `.netrc` has for
/// that host is somebody else's.
#[tokio::test]
async fn the_password_of_a_url_stays_with_its_origin() {
    let servers = Servers::start().await;
    let opener = Opener::new(servers.options("machine localhost login other password theirs\n"));
    servers.portal.script(|request| match request.target.as_str() {
        "/f" => redirect("/g".to_owned()),
        _ => None,
    });
    let url = at_localhost(&servers.portal, "/f").replace("://", "://me:secret@");
    opener.open(&url).await.unwrap().read(0..10).await.unwrap();
    let mine = Some(basic("me:secret"));
    assert_eq!(authorizations(&servers.portal), [mine.clone(), mine]);
}
