//! Plain HTTP: ranged GETs, every answer checked before its bytes are believed.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH,
    LAST_MODIFIED, RANGE, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use super::content_range::ContentRange;
use super::options::{Secret, SourceOptions};
use super::pin::{Pin, Version};
use super::retry::{Retries, retry_after};
use super::traffic::{OnWire, Traffic};
use super::{Piece, Source};
use crate::error::{Error, Result, one_line, redact};

/// Opens `url`; `location` is how the user wrote it. Sends nothing yet.
///
/// # Errors
/// `Usage` if a token would travel in plain text.
pub(crate) fn open(
    location: &str,
    mut url: Url,
    client: Client,
    traffic: Arc<Traffic>,
    options: &SourceOptions,
) -> Result<Arc<dyn Source>> {
    let token = options.bearer_token.clone().filter(|_| !options.anonymous);
    if token.is_some() && url.scheme() != "https" && !is_loopback(&url) {
        let reason = "a bearer token is sent over https only; use https, or no token";
        return Err(Error::usage(location, reason));
    }
    url.set_fragment(None);
    Ok(Arc::new(Http {
        location: location.to_owned(),
        url,
        token,
        client,
        traffic,
        retries: options.retries,
        quiet: options.read_timeout,
        pin: Pin::default(),
        redirected: Mutex::default(),
    }))
}

/// A file behind an `http` or `https` URL.
struct Http {
    /// As the user wrote it, with everything secret in it.
    location: String,
    url: Url,
    token: Option<Secret>,
    client: Client,
    traffic: Arc<Traffic>,
    retries: u32,
    quiet: Duration,
    pin: Pin,
    /// Where the last redirect led: data portals redirect every request to a signed URL, and following it
    /// anew each time would double the round trips. Forgotten as soon as it is refused.
    redirected: Mutex<Option<Url>>,
}

/// Without the secrets that URLs carry.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Http").field(&redact(&self.location)).finish()
    }
}

/// A try that failed.
struct Failure {
    error: Error,
    /// What the server asked for with `Retry-After`.
    after: Option<Duration>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, after: None }
    }
}

#[async_trait]
impl Source for Http {
    fn url(&self) -> &str {
        &self.location
    }

    fn version(&self) -> Version {
        self.pin.version()
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        if range.is_empty() {
            return Ok(Piece { at: range.start, bytes: Bytes::new(), file_len: None });
        }
        let mut retries = Retries::new(self.retries);
        let mut again = false;
        loop {
            let Failure { error, after } = match self.attempt(&range, again).await {
                Ok(piece) => return Ok(piece),
                Err(failure) => failure,
            };
            if !error.is_retryable() {
                return Err(error);
            }
            let Some(delay) = retries.next(after) else { return Err(error) };
            tracing::debug!(%error, ?delay, start = range.start, end = range.end, "retrying");
            tokio::time::sleep(delay).await;
            again = true;
        }
    }
}

impl Http {
    /// Sends one request and takes its answer.
    async fn attempt(&self, range: &Range<u64>, again: bool) -> Result<Piece, Failure> {
        let mut on_wire = self.traffic.enter().await;
        on_wire.send(again);
        let redirected = self.redirected().clone();
        let detour = redirected.is_some();
        let sent = self.send(redirected.unwrap_or_else(|| self.url.clone()), range, &on_wire).await;
        if detour && sent.is_err() {
            *self.redirected() = None;
        }
        let response = sent?;
        let status = response.status();
        if detour && matches!(status.as_u16(), 400 | 401 | 403 | 404 | 410) {
            // Most likely the signature ran out. Ask the URL itself, which may redirect to a fresh one.
            *self.redirected() = None;
            return Err(self.status(status, "where the URL had redirected to", true).into());
        }
        match status {
            StatusCode::PARTIAL_CONTENT => self.partial(response, range).await,
            StatusCode::OK => self.full(response, range).await,
            StatusCode::RANGE_NOT_SATISFIABLE => self.past_the_end(&response, range),
            StatusCode::PRECONDITION_FAILED if self.pin.if_match().is_some() => {
                let reason = "the server holds no longer the version first read (412)";
                Err(Error::changed(&self.location, reason).into())
            }
            _ => {
                let after = header(&response, &RETRY_AFTER).and_then(retry_after);
                let passing = matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504);
                Err(Failure { error: self.status(status, "", passing), after })
            }
        }
    }

    async fn send(&self, url: Url, range: &Range<u64>, on_wire: &OnWire) -> Result<Response> {
        // The token is for the host the user named. The client drops it when a redirect leaves that host.
        let token = self.token.as_ref().filter(|_| url.origin() == self.url.origin());
        let mut request = self
            .client
            .get(url)
            .header(RANGE, format!("bytes={}-{}", range.start, range.end.saturating_sub(1)))
            // A range of a compressed answer would be a range of other bytes.
            .header(ACCEPT_ENCODING, "identity");
        if let Some(etag) = self.pin.if_match() {
            request = request.header(IF_MATCH, etag);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
        let response = request.send().await.map_err(|error| self.transport(error))?;
        on_wire.answered();
        Ok(response)
    }

    /// Answer 206: the bytes asked for, if the server can be believed.
    async fn partial(&self, response: Response, range: &Range<u64>) -> Result<Piece, Failure> {
        let found = header(&response, &CONTENT_RANGE).unwrap_or_default();
        let Some(sent) = ContentRange::parse(found).filter(|sent| sent.answers(range)) else {
            return Err(self.content_range(range, found).into());
        };
        self.identity(&response)?;
        self.pin.check(&self.location, version(&response, sent.total))?;
        self.remember(response.url());
        let expected = sent.range.unwrap_or(range.start..range.start);
        let bytes = self.body(response, &expected).await?;
        Ok(Piece { at: range.start, bytes, file_len: sent.total })
    }

    /// Answer 200: of use only if the whole file is no more than was asked for, as with small files behind
    /// servers that know no ranges.
    async fn full(&self, response: Response, range: &Range<u64>) -> Result<Piece, Failure> {
        let length =
            response.content_length().filter(|length| range.start == 0 && *length <= range.end);
        if header(&response, &CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
            let reason = "the server sent a web page, not the file: a login, or a bearer token, may be needed";
            return Err(Error::refused(&self.location, reason).into());
        }
        let Some(length) = length else {
            return Err(Error::NotPartial { location: redact(&self.location) }.into());
        };
        self.identity(&response)?;
        self.pin.check(&self.location, version(&response, Some(length)))?;
        let bytes = self.body(response, &(0..length)).await?;
        Ok(Piece { at: 0, bytes, file_len: Some(length) })
    }

    /// Answer 416: the file ends before the range, which is no error here.
    fn past_the_end(&self, response: &Response, range: &Range<u64>) -> Result<Piece, Failure> {
        let found = header(response, &CONTENT_RANGE).unwrap_or_default();
        let total = ContentRange::parse(found).and_then(|sent| sent.total);
        if total.is_some_and(|total| total > range.start) {
            return Err(self.content_range(range, found).into());
        }
        // Only the length: tag and time may be those of the error page.
        self.pin.check(&self.location, Version { length: total, ..Version::default() })?;
        Ok(Piece { at: range.start, bytes: Bytes::new(), file_len: total })
    }

    /// Takes the body, which must be exactly `expected`.
    async fn body(&self, mut response: Response, expected: &Range<u64>) -> Result<Bytes, Failure> {
        let length = usize::try_from(expected.end - expected.start).unwrap_or(usize::MAX);
        // Of our own asking, not a claim of the file; bounded all the same.
        let mut body = BytesMut::with_capacity(length.min(8 << 20));
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) if body.len() == length => return Ok(body.freeze()),
                Err(error) if error.is_timeout() => return Err(self.transport(error).into()),
                Ok(None) | Err(_) => return Err(self.short(expected, body.len()).into()),
            }
            if body.len() > length {
                let reason = format!("the server sent more than the {length} bytes it promised");
                return Err(Error::passing(&self.location, reason).into());
            }
        }
    }

    /// Remembers where a redirect led. Not where our credentials are needed again: the URL led to by the
    /// server does not carry those that were in the user's.
    fn remember(&self, reached: &Url) {
        let mut asked = self.url.clone();
        let named = !asked.username().is_empty() || asked.password().is_some();
        // Neither can fail on a URL with a host.
        let _ = asked.set_username("");
        let _ = asked.set_password(None);
        let ours = reached.origin() == self.url.origin();
        if *reached != asked && !(ours && (named || self.token.is_some())) {
            *self.redirected() = Some(reached.clone());
        }
    }

    fn redirected(&self) -> MutexGuard<'_, Option<Url>> {
        self.redirected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn identity(&self, response: &Response) -> Result<()> {
        match header(response, &CONTENT_ENCODING) {
            None | Some("" | "identity") => Ok(()),
            Some(coding) => {
                let reason = format!("the server compresses ({coding}) although asked not to");
                Err(Error::refused(&self.location, reason))
            }
        }
    }

    fn transport(&self, error: reqwest::Error) -> Error {
        let error = error.without_url();
        if error.is_timeout() && !error.is_connect() {
            let reason = format!("the server fell silent for {:?}", self.quiet);
            return Error::passing(&self.location, reason);
        }
        let reason = one_line(&error);
        if error.is_redirect() || error.is_builder() {
            return Error::refused(&self.location, reason);
        }
        Error::passing(&self.location, reason)
    }

    fn status(&self, status: StatusCode, place: &str, passing: bool) -> Error {
        let hint = match status.as_u16() {
            401 if self.token.is_none() => "; a bearer token may be needed",
            403 => "; without permission, or the signed URL has run out",
            404 => "; no such file",
            _ => "",
        };
        let place = if place.is_empty() { String::new() } else { format!(", {place}") };
        let reason = format!("the server answered {status}{place}{hint}");
        if passing {
            Error::passing(&self.location, reason)
        } else if status == StatusCode::NOT_FOUND {
            Error::missing(&self.location, reason)
        } else {
            Error::refused(&self.location, reason)
        }
    }

    fn content_range(&self, asked: &Range<u64>, found: &str) -> Error {
        let location = redact(&self.location);
        Error::ContentRange { location, asked: asked.clone(), found: found.to_owned() }
    }

    fn short(&self, asked: &Range<u64>, received: usize) -> Error {
        let location = redact(&self.location);
        Error::ShortBody { location, asked: asked.clone(), received: received as u64 }
    }
}

fn version(response: &Response, length: Option<u64>) -> Version {
    let text = |name| header(response, name).map(str::to_owned);
    Version { etag: text(&ETAG), modified: text(&LAST_MODIFIED), length }
}

fn header<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// This machine itself: what is sent there does not cross a wire.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
