//! The one HTTP client: TLS without C, proxies, timeouts, redirects.

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder, NoProxy, Proxy};

use super::crypto;
use super::options::{Environment, SourceOptions};
use super::public::PublicOnly;
use crate::error::{Error, Result, one_line};

/// Redirects followed for one request.
const REDIRECTS: usize = 10;

/// Where instance credentials come from; never to be asked for through a proxy.
const METADATA_HOSTS: &str =
    "169.254.169.254,169.254.170.2,169.254.170.23,metadata.google.internal";

/// The client for reads of object stores: ends a request when the server falls silent.
///
/// # Errors
/// `Usage` for a proxy that is no URL, `Storage` if TLS does not work on this machine.
pub(crate) fn reading(options: &SourceOptions) -> Result<Client> {
    finish(base(options)?.read_timeout(options.read_timeout))
}

/// The client for plain HTTP, which leaves redirects to whoever sends.
///
/// # Errors
/// As [`reading`].
pub(crate) fn web(options: &SourceOptions) -> Result<Client> {
    finish(base(options)?.read_timeout(options.read_timeout).redirect(Policy::none()))
}

/// The client for where servers on the open internet redirect to: it reaches nothing else. `None` if a proxy finds
/// the addresses: then what may be reached is for that to say.
///
/// # Errors
/// As [`reading`].
pub(crate) fn public(options: &SourceOptions) -> Result<Option<Client>> {
    if !proxies(&options.environment)?.is_empty() {
        return Ok(None);
    }
    let client = base(options)?.read_timeout(options.read_timeout).redirect(Policy::none());
    finish(client.dns_resolver(PublicOnly)).map(Some)
}

/// The client for uploads: while sending, the server is rightly silent, so only the whole has a limit, which
/// depends on how much is sent ([`patience`]).
///
/// # Errors
/// As [`reading`].
pub(crate) fn writing(options: &SourceOptions) -> Result<Client> {
    finish(base(options)?)
}

/// The longest that an upload of `length` bytes may take, at the speed of a poor line, beyond what an answer
/// takes without one.
pub(crate) fn patience(length: usize) -> Duration {
    const BYTES_PER_SECOND: u64 = 128 << 10;
    Duration::from_secs(length as u64 / BYTES_PER_SECOND)
}

fn base(options: &SourceOptions) -> Result<ClientBuilder> {
    if !crypto::is_supported() {
        let reason = "this processor lacks instructions TLS needs here (on x86-64: AES, AVX2, ADX, BMI1, PCLMULQDQ)";
        return Err(Error::refused("network", reason));
    }
    let tls = crypto::tls().map_err(|e| Error::refused("TLS", one_line(&e)))?;
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("h5sidecar/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        // Many ranged GETs at once go faster over many connections than over one of HTTP/2, whose window
        // they would share; S3 speaks nothing else anyway.
        .http1_only()
        .referer(false)
        .redirect(Policy::custom(redirect))
        // Only what the options' environment says, so that one process can serve several users.
        .no_proxy();
    proxies(&options.environment)
        .map(|proxies| proxies.into_iter().fold(builder, ClientBuilder::proxy))
}

fn finish(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|e| Error::refused("HTTP client", one_line(&e)))
}

/// Follows a bounded number of redirects, but not from TLS to plain text. The client itself drops
/// `Authorization` when host, port or scheme change.
fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let secure = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > REDIRECTS {
        attempt.error("too many redirects")
    } else if secure && attempt.url().scheme() != "https" {
        attempt.error("redirected from https to http")
    } else {
        attempt.follow()
    }
}

/// The proxies of the environment, by the names every tool knows.
fn proxies(environment: &Environment) -> Result<Vec<Proxy>> {
    let either = |upper: &str, lower: &str| {
        environment.var(lower).or_else(|| environment.var(upper)).map(str::to_owned)
    };
    let except = either("NO_PROXY", "no_proxy").unwrap_or_default();
    let except = NoProxy::from_string(&format!("{METADATA_HOSTS},{except}"));
    let all = either("ALL_PROXY", "all_proxy");
    // In capitals it could come from a request header where a server runs us through CGI.
    let http = environment.var("http_proxy").map(str::to_owned).or_else(|| all.clone());
    let https = either("HTTPS_PROXY", "https_proxy").or(all);
    let wrong = |e: reqwest::Error| Error::usage("proxy", one_line(&e.without_url()));
    let http = http.map(Proxy::http).transpose().map_err(wrong)?;
    let https = https.map(Proxy::https).transpose().map_err(wrong)?;
    Ok([http, https].into_iter().flatten().map(|proxy| proxy.no_proxy(except.clone())).collect())
}
