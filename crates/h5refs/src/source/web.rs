//! Requests of plain HTTP: redirects are followed here, so that each host is sent its own credentials and no
//! other's.
//!
//! Data portals send whoever is not logged in to another host, which logs in and sends back, where a cookie
//! remembers it: so has Earthdata it, and the institutions after its example. The password is for that other
//! host only; a bearer token is for the host of the URL only. At another port of a host there is another service,
//! which is sent neither the token nor the cookies of the first; `.netrc` knows no ports, and goes by the host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response};
use url::{Host, Url};

use super::client;
use super::netrc::Netrc;
use super::options::{Secret, SourceOptions};
use super::public::{is_public, names_private};
use super::traffic::{OnWire, Traffic};
use crate::error::Result;

/// Redirects followed for one request: a login takes four.
const REDIRECTS: usize = 10;

/// What all plain HTTP of one opener shares: who is logged in for one file is for the next.
#[derive(Debug)]
pub(super) struct Web {
    client: Client,
    /// For redirects from the open internet, made at first need.
    public: OnceLock<Option<Client>>,
    /// Hosts named by the user that are on the open internet.
    seen_public: Mutex<BTreeSet<String>>,
    options: SourceOptions,
    pub(super) traffic: Arc<Traffic>,
    netrc: Netrc,
    cookies: Jars,
}

/// Cookies, by the ports of who set them: the rules of cookies know hosts only.
#[derive(Debug, Default)]
struct Jars(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    jars: BTreeMap<Option<u16>, Arc<Jar>>,
    /// Bytes that were set so far.
    bytes: usize,
}

/// Bytes of cookies that are kept: a login takes a few thousand. A server can set some with every answer.
const COOKIES: usize = 256 << 10;

impl Jars {
    /// Those that a URL's port may see. The usual ports are one: logins lead from `http` to `https`.
    fn of(&self, url: &Url) -> Arc<Jar> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.jars.entry(url.port()).or_default())
    }

    /// Takes those that an answer from `url` sets. If there are too many all are forgotten, and who was logged in
    /// does so again.
    fn set(&self, url: &Url, headers: &HeaderMap) {
        let set = || headers.get_all(SET_COOKIE).iter();
        let bytes = set().map(HeaderValue::len).fold(0, usize::saturating_add);
        if bytes == 0 {
            return;
        }
        {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.bytes.saturating_add(bytes) > COOKIES {
                *kept = Kept::default();
            }
            kept.bytes = kept.bytes.saturating_add(bytes);
            if kept.bytes > COOKIES {
                return;
            }
        }
        self.of(url).set_cookies(&mut set(), url);
    }
}

/// A request, but for where it goes.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    /// The URL that the user gave.
    pub(super) home: &'a Url,
    /// For the host of that URL.
    pub(super) token: Option<&'a Secret>,
    /// Whether it was sent before.
    pub(super) again: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Lost {
    /// The way to the server, or the server, failed.
    Transport(reqwest::Error),
    /// Where it redirects to is not followed.
    Redirect(String),
}

impl Web {
    /// Reaches the web as `options` say.
    ///
    /// # Errors
    /// As `client::web`.
    pub(super) fn new(options: &SourceOptions, traffic: Arc<Traffic>) -> Result<Self> {
        let netrc = match options.netrc && !options.anonymous {
            true => Netrc::load(&options.environment),
            false => Netrc::default(),
        };
        Ok(Self {
            client: client::web(options)?,
            public: OnceLock::new(),
            seen_public: Mutex::default(),
            options: options.clone(),
            traffic,
            netrc,
            cookies: Jars::default(),
        })
    }

    /// What is wrong with `.netrc`, if anything is.
    pub(super) fn netrc_fault(&self) -> Option<&str> {
        self.netrc.fault()
    }

    /// Sends a request to `url` and to where it is redirected; the last answer, and where it is from.
    pub(super) async fn send(
        &self,
        mut url: Url,
        ask: &Ask<'_>,
        on_wire: &mut OnWire,
    ) -> Result<(Response, Url), Lost> {
        for _ in 0..=REDIRECTS {
            let client = self.client(&url, ask)?;
            let request = self.authorized(client, &url, ask).headers(ask.headers.clone());
            let request = match self.cookies.of(&url).cookies(&url) {
                Some(cookies) => request.header(COOKIE, cookies),
                None => request,
            };
            on_wire.send(ask.again);
            let response = request.send().await.map_err(Lost::Transport)?;
            on_wire.answered();
            self.see(&response, &url, ask);
            self.cookies.set(&url, response.headers());
            let location = response.headers().get(LOCATION).map(|location| location.to_str().ok());
            match next(&url, response.status().as_u16(), location)? {
                Some(next) => url = with_user(next, ask.home),
                None => return Ok((response, url)),
            }
        }
        Err(Lost::Redirect("too many redirects".into()))
    }

    /// Remembers a host that the user named if it is on the open internet.
    fn see(&self, response: &Response, url: &Url, ask: &Ask<'_>) {
        let is_public = response.remote_addr().is_some_and(|address| is_public(address.ip()));
        if let Some(host) =
            url.host_str().filter(|host| is_public && ask.home.host_str() == Some(host))
        {
            let mut seen = self.seen_public.lock().unwrap_or_else(PoisonError::into_inner);
            seen.insert(host.to_owned());
        }
    }

    /// What reaches `url`: from a host on the open internet, only others there.
    fn client(&self, url: &Url, ask: &Ask<'_>) -> Result<&Client, Lost> {
        let home = ask.home.host_str().filter(|home| url.host_str() != Some(home));
        let is_led = home.is_some_and(|home| {
            self.seen_public.lock().unwrap_or_else(PoisonError::into_inner).contains(home)
        });
        if !is_led {
            return Ok(&self.client);
        }
        let refused = |reason: &str| Lost::Redirect(reason.to_owned());
        if names_private(url) {
            return Err(refused("redirected from the open internet into a private network"));
        }
        // It can be made if the other could.
        let public = self.public.get_or_init(|| client::public(&self.options).ok().flatten());
        Ok(public.as_ref().unwrap_or(&self.client))
    }

    /// A request with the credentials of its host: the token, what the URL itself says, or those of `.netrc`.
    fn authorized(&self, client: &Client, url: &Url, ask: &Ask<'_>) -> RequestBuilder {
        let method = ask.method.clone();
        if let Some(token) = ask.token.filter(|_| url.origin() == ask.home.origin()) {
            return client.request(method, without_user(url)).bearer_auth(token.expose());
        }
        let request = client.request(method, url.clone());
        let is_safe = url.scheme() == "https" || is_loopback(url);
        let host = url.host_str().filter(|_| is_safe && !names_user(url));
        match host.and_then(|host| self.netrc.entry(host)) {
            Some(entry) => {
                request.basic_auth(&entry.login, entry.password.as_ref().map(Secret::expose))
            }
            None => request,
        }
    }
}

/// Where an answer redirects to, if it does, and may.
fn next(url: &Url, status: u16, location: Option<Option<&str>>) -> Result<Option<Url>, Lost> {
    let location = location.filter(|_| matches!(status, 301..=303 | 307 | 308));
    let Some(location) = location else { return Ok(None) };
    let refused = |reason: &str| Err(Lost::Redirect(reason.into()));
    let Some(mut next) = location.and_then(|location| url.join(location).ok()) else {
        return refused("redirected to what is no URL");
    };
    match (url.scheme(), next.scheme()) {
        ("https", "http") => return refused("redirected from https to http"),
        (_, "https" | "http") => {}
        _ => return refused("redirected to neither https nor http"),
    }
    if !next.has_host() {
        return refused("redirected to no host");
    }
    // Users and passwords are not the server's to choose.
    next = without_user(&next);
    next.set_fragment(None);
    Ok(Some(next))
}

/// Whether a URL has a user or a password in it.
pub(super) fn names_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// A URL that a server led to, with the user and password that the user's own has, if it is of the same origin.
fn with_user(mut next: Url, home: &Url) -> Url {
    if names_user(home) && next.origin() == home.origin() {
        // Neither can fail on a URL with a host.
        let _ = next.set_username(home.username());
        let _ = next.set_password(home.password());
    }
    next
}

/// A URL less user and password.
pub(super) fn without_user(url: &Url) -> Url {
    let mut url = url.clone();
    // Neither can fail on a URL with a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// This machine itself: what is sent there does not cross a wire.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_to_the_web_and_not_out_of_tls() {
        let next = |from: &str, location: &str| {
            let next = next(&Url::parse(from).unwrap(), 302, Some(Some(location)));
            next.map(|url| url.map(String::from)).map_err(|lost| format!("{lost:?}"))
        };
        let to = |url: &str| Ok(Some(url.to_owned()));
        assert_eq!(next("https://a/x/y?z", "../w?v#u"), to("https://a/w?v"));
        assert_eq!(next("http://a/x", "https://me:secret@b/x"), to("https://b/x"));
        assert_eq!(next("http://a/x", "//b/x"), to("http://b/x"));
        assert!(next("https://a/x", "http://a/x").unwrap_err().contains("from https to http"));
        for nowhere in ["file:///etc/passwd", "data:,x", "http://", "https://a:b:c/"] {
            assert!(next("http://a/x", nowhere).is_err(), "{nowhere}");
        }
    }

    #[test]
    fn the_open_internet_leads_to_itself_only() {
        let options = SourceOptions::default();
        let web = Web::new(&options, Traffic::new(1)).unwrap();
        web.seen_public.lock().unwrap().insert("open".into());
        let url = |text: &str| Url::parse(text).unwrap();
        let leads = |home: &str, to: &str| {
            let home = url(home);
            let (method, headers) = (Method::GET, HeaderMap::new());
            let ask = Ask { method, headers, home: &home, token: None, again: false };
            web.client(&url(to), &ask).map(|client| !std::ptr::eq(client, &raw const web.client))
        };
        for to in ["http://127.0.0.1/x", "http://[fd00::1]/", "http://169.254.169.254/latest"] {
            assert!(leads("http://open/x", to).is_err(), "{to}");
            assert!(!leads("http://inside/x", to).unwrap(), "{to}");
        }
        assert!(leads("http://open/x", "http://other/").unwrap(), "its addresses are looked at");
        assert!(!leads("http://open/x", "http://open/y").unwrap());
    }

    #[test]
    fn cookies_are_kept_and_not_without_end() {
        let jars = Jars::default();
        let url = Url::parse("https://h/").unwrap();
        let sent = || jars.of(&url).cookies(&url).map_or(0, |cookies| cookies.len());
        let set = |n: usize| {
            let mut headers = HeaderMap::new();
            let cookie = format!("c{n}={}", "x".repeat(1000));
            headers.insert(SET_COOKIE, HeaderValue::from_str(&cookie).unwrap());
            jars.set(&url, &headers);
        };
        (0..100).for_each(set);
        assert!(sent() > 100_000);
        (100..10_000).for_each(|n| {
            set(n);
            assert!((1..=COOKIES + 4000).contains(&sent()));
        });
    }

    #[test]
    fn what_is_no_redirect_is_the_answer() {
        let url = Url::parse("http://a/x").unwrap();
        for (status, location) in [(206, Some(Some("/y"))), (304, Some(Some("/y"))), (302, None)] {
            assert!(next(&url, status, location).is_ok_and(|next| next.is_none()), "{status}");
        }
    }
}
