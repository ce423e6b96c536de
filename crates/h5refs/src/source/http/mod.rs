//! Plain HTTP: ranged GETs, every answer checked before its bytes are believed.

mod refused;

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, IF_MATCH, LAST_MODIFIED, RANGE, RETRY_AFTER,
};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use crate::error::{Error, Result, redact};
use crate::source::content_range::ContentRange;
use crate::source::options::{Secret, SourceOptions};
use crate::source::pin::{Pin, Version};
use crate::source::retry::{Retries, retry_after};
use crate::source::traffic::OnWire;
use crate::source::web::{Ask, Lost, Web, is_loopback, names_user, without_user};
use crate::source::{Piece, Source};

/// Answers that one read takes at most, of a server that sends less than it is asked for.
const ANSWERS: u32 = 256;

/// Opens `url`; `location` is how it was written, `token` what its host is sent. Sends nothing yet.
///
/// # Errors
/// `Usage` if a token would travel in plain text.
pub(crate) fn open(
    location: &str,
    mut url: Url,
    web: Arc<Web>,
    token: Option<Secret>,
    options: &SourceOptions,
) -> Result<Arc<dyn Source>> {
    if token.is_some() && url.scheme() != "https" && !is_loopback(&url) {
        let reason = "a bearer token is sent over https only; use https, or no token";
        return Err(Error::usage(location, reason));
    }
    url.set_fragment(None);
    Ok(Arc::new(Http {
        location: location.to_owned(),
        url,
        token,
        web,
        retries: options.retries,
        quiet: options.read_timeout,
        pin: Pin::default(),
        redirected: Mutex::default(),
        asked: AtomicBool::default(),
    }))
}

/// A file behind an `http` or `https` URL.
struct Http {
    /// As the user wrote it, with everything secret in it.
    location: String,
    url: Url,
    token: Option<Secret>,
    web: Arc<Web>,
    retries: u32,
    quiet: Duration,
    pin: Pin,
    /// Where the last redirect led: data portals redirect every request to a signed URL, and following it
    /// anew each time would double the round trips. Forgotten as soon as it is refused.
    redirected: Mutex<Option<Url>>,
    /// Whether the file's length was asked for.
    asked: AtomicBool,
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

    fn first_byte(&self) -> Option<Duration> {
        self.web.traffic.first_byte()
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        if range.is_empty() {
            return Ok(Piece { at: range.start, bytes: Bytes::new(), file_len: None });
        }
        let mut piece = self.piece(&range).await?;
        let mut answers = 1;
        // A server may send less than it was asked for; one that does not tell where the file ends may end its
        // answer there, or before.
        while !piece.bytes.is_empty() {
            let at = range.start.saturating_add(piece.bytes.len() as u64);
            if piece.file_len.is_some_and(|length| at >= range.end.min(length)) {
                break;
            }
            if at >= range.end {
                piece.file_len = self.length(at).await;
                break;
            }
            if answers == ANSWERS {
                let reason = format!("it takes more than {ANSWERS} answers for {range:?}");
                return Err(Error::refused(&self.location, reason));
            }
            answers += 1;
            let rest = self.piece(&(at..range.end)).await?;
            if rest.bytes.is_empty() {
                let length = Some(rest.file_len.unwrap_or(at));
                self.pin.check(&self.location, Version { length, ..Version::default() })?;
                piece.file_len = length;
            } else {
                piece.bytes = [piece.bytes, rest.bytes].concat().into();
                piece.file_len = rest.file_len.or(piece.file_len);
            }
        }
        Ok(piece)
    }
}

impl Http {
    /// An answer to one request, tried as often as is allowed.
    async fn piece(&self, range: &Range<u64>) -> Result<Piece> {
        let mut retries = Retries::new(self.retries);
        let mut again = false;
        loop {
            let Failure { error, after } = match self.attempt(range, again).await {
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

    /// The length of the file, at least `least`, of a server that does not tell it with its bytes: as it is
    /// known, else asked for once. Of no answer nothing is made, nor of one that cannot be.
    async fn length(&self, least: u64) -> Option<u64> {
        let known = self.pin.version().length;
        if known.is_some() || self.asked.swap(true, Ordering::Relaxed) {
            return known;
        }
        let mut on_wire = self.web.traffic.enter().await;
        let sent = self.send(Method::HEAD, self.url.clone(), None, false, &mut on_wire).await;
        let (response, _) =
            sent.ok().filter(|(response, _)| response.status() == StatusCode::OK)?;
        let length =
            header(&response, &CONTENT_LENGTH)?.parse().ok().filter(|&n: &u64| n >= least)?;
        self.pin.check(&self.location, version(&response, Some(length))).ok()?;
        Some(length)
    }

    /// Sends one request and takes its answer.
    async fn attempt(&self, range: &Range<u64>, again: bool) -> Result<Piece, Failure> {
        let mut on_wire = self.web.traffic.enter().await;
        let redirected = self.redirected().clone();
        let detour = redirected.is_some();
        let to = redirected.unwrap_or_else(|| self.url.clone());
        let sent = self.send(Method::GET, to, Some(range), again, &mut on_wire).await;
        if detour && sent.is_err() {
            *self.redirected() = None;
        }
        let (response, reached) = sent?;
        let status = response.status();
        if detour && matches!(status.as_u16(), 400 | 401 | 403 | 404 | 410) {
            // Most likely the signature ran out. Ask the URL itself, which may redirect to a fresh one.
            *self.redirected() = None;
            return Err(self.status(status, &reached, true).into());
        }
        match status {
            StatusCode::PARTIAL_CONTENT => self.partial(response, &reached, range).await,
            StatusCode::OK => self.full(response, &reached, range).await,
            StatusCode::RANGE_NOT_SATISFIABLE => self.past_the_end(&response, range),
            StatusCode::PRECONDITION_FAILED if self.pin.if_match().is_some() => {
                let reason = "the server holds no longer the version first read (412)";
                Err(Error::changed(&self.location, reason).into())
            }
            _ => {
                let after = header(&response, &RETRY_AFTER).and_then(retry_after);
                let passing = matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504);
                Err(Failure { error: self.status(status, &reached, passing), after })
            }
        }
    }

    async fn send(
        &self,
        method: Method,
        to: Url,
        range: Option<&Range<u64>>,
        again: bool,
        on_wire: &mut OnWire,
    ) -> Result<(Response, Url)> {
        let mut headers = HeaderMap::new();
        // A range of a compressed answer would be a range of other bytes.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let text = |text: &str| HeaderValue::from_str(text).ok();
        let range = range.map(|r| format!("bytes={}-{}", r.start, r.end.saturating_sub(1)));
        headers.extend(range.and_then(|range| text(&range)).map(|range| (RANGE, range)));
        // It came from a header itself, and so can be one.
        let etag = self.pin.if_match().and_then(|etag| text(&etag));
        headers.extend(etag.map(|etag| (IF_MATCH, etag)));
        let (home, token) = (&self.url, self.token.as_ref());
        let ask = Ask { method, headers, home, token, again };
        self.web.send(to, &ask, on_wire).await.map_err(|lost| match lost {
            Lost::Transport(error) => self.transport(error),
            Lost::Redirect(reason) => Error::refused(&self.location, reason),
        })
    }

    /// Answer 206: the bytes asked for, if the server can be believed.
    async fn partial(
        &self,
        response: Response,
        reached: &Url,
        range: &Range<u64>,
    ) -> Result<Piece, Failure> {
        let found = header(&response, &CONTENT_RANGE).unwrap_or_default();
        let Some(sent) = ContentRange::parse(found).filter(|sent| sent.answers(range)) else {
            return Err(self.content_range(range, found).into());
        };
        self.identity(&response)?;
        self.pin.check(&self.location, version(&response, sent.total))?;
        self.remember(reached);
        let expected = sent.range.unwrap_or(range.start..range.start);
        let bytes = self.body(response, &expected).await?;
        Ok(Piece { at: range.start, bytes, file_len: sent.total })
    }

    /// Answer 200: of use only if the whole file is no more than was asked for, as with small files behind
    /// servers that know no ranges.
    async fn full(
        &self,
        response: Response,
        reached: &Url,
        range: &Range<u64>,
    ) -> Result<Piece, Failure> {
        let length =
            response.content_length().filter(|length| range.start == 0 && *length <= range.end);
        if header(&response, &CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
            let (place, hint) = (self.place(reached), self.login());
            let reason = format!("the server sent a web page, not the file{place}{hint}");
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
        // Of an empty file no range can be had, whether the answer tells that or not.
        let total = total.or((range.start == 0).then_some(0));
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
        let begun = Instant::now();
        loop {
            if is_dripping(body.len(), begun.elapsed()) {
                let reason = format!("{} bytes in {:?} are too few", body.len(), begun.elapsed());
                return Err(Error::passing(&self.location, reason).into());
            }
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
        let ours = reached.origin() == self.url.origin();
        let needed = names_user(&self.url) || self.token.is_some();
        if without_user(reached) != without_user(&self.url) && !(ours && needed) {
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
}

/// Whether a body comes so slowly that it may never end, though the server is not silent.
fn is_dripping(bytes: usize, elapsed: Duration) -> bool {
    const WITHIN: Duration = Duration::from_secs(60);
    const BYTES_PER_SECOND: u64 = 1 << 10;
    elapsed > WITHIN && (bytes as u64) < elapsed.as_secs().saturating_mul(BYTES_PER_SECOND)
}

fn version(response: &Response, length: Option<u64>) -> Version {
    let text = |name| header(response, name).map(str::to_owned);
    Version { etag: text(&ETAG), modified: text(&LAST_MODIFIED), length }
}

fn header<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drip_is_told_from_a_poor_line() {
        let seconds = Duration::from_secs;
        assert!(!is_dripping(0, seconds(59)) && is_dripping(1000, seconds(61)));
        assert!(!is_dripping(70 << 10, seconds(61)) && is_dripping(70 << 10, seconds(90)));
    }
}
