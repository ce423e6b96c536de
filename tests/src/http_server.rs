//! A small HTTP/1.1 server with scripted misbehaviour.
//!
//! It serves one file under every path, with ranges, an entity tag and `If-Match`, and counts what it is asked.
//! Each fault queued is spent on the next request, in order; then it behaves again. A script decides by what is
//! asked.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the server does wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers 200 with the whole file, whatever range was asked for.
    WholeFile,
    /// Sends this many bytes of a range at most, and does not say how long the file is.
    UnknownTotal(usize),
    /// Sends this many bytes of a range at most, and says so.
    AtMost(usize),
    /// Answers 206 with this `Content-Range`, or none.
    ContentRange(Option<&'static str>),
    /// Closes the connection when half of the body is sent.
    ShortBody,
    /// Closes the connection before any answer.
    Reset,
    /// Never answers.
    Stall,
    /// Sends the headers and half of the body, and then nothing.
    StallInBody,
    /// Answers with this status and these headers, without a body.
    Status(u16, Vec<(&'static str, String)>),
    /// Answers with this status, these headers and this body.
    Answer(u16, Vec<(&'static str, String)>, Bytes),
    /// Sends what was asked for, of another version of the file by its tag, whatever `If-Match` says.
    OtherTag(&'static str),
    /// Claims that the body is compressed.
    Gzip,
}

/// One request as it came.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `HEAD`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// The value of the header `name` (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// What the server has done so far.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Every request, in order of arrival.
    pub requests: Vec<Request>,
    /// Bytes of bodies sent.
    pub bytes: u64,
    /// Requests being answered now.
    pub in_flight: usize,
    /// The most requests ever answered at once.
    pub peak: usize,
}

/// What is wrong with the answer to a request, if anything.
struct Script(Box<Rule>);

type Rule = dyn Fn(&Request) -> Option<Fault> + Send;

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

#[derive(Debug, Default)]
struct State {
    body: Bytes,
    etag: Option<String>,
    latency: Duration,
    faults: VecDeque<Fault>,
    script: Option<Script>,
    counts: Counts,
}

/// The server; dropping it stops it and closes its connections.
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: tokio::task::JoinHandle<()>,
}

impl HttpServer {
    /// Serves `body` with the entity tag `"v1"` on a free port.
    ///
    /// # Errors
    /// If the loopback address cannot be listened on.
    pub async fn start(body: impl Into<Bytes>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let etag = Some("\"v1\"".to_owned());
        let state = Arc::new(Mutex::new(State { body: body.into(), etag, ..State::default() }));
        let serving = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, state, serving })
    }

    /// The URL of `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Misbehaves with the next request not yet spoken for.
    pub fn fault(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// Serves another version of the file from now on; no tag at all if `etag` is `None`.
    pub fn replace(&self, body: impl Into<Bytes>, etag: Option<&str>) {
        let mut state = self.state();
        state.body = body.into();
        state.etag = etag.map(str::to_owned);
    }

    /// Does from now on with every request what `script` says, before any fault that is queued.
    pub fn script(&self, script: impl Fn(&Request) -> Option<Fault> + Send + 'static) {
        self.state().script = Some(Script(Box::new(script)));
    }

    /// Never answers requests whose target has this in it.
    pub fn stall(&self, part: &str) {
        let part = part.to_owned();
        self.script(move |request| request.target.contains(&part).then_some(Fault::Stall));
    }

    /// Waits this long before every answer.
    pub fn latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// What was asked and sent so far.
    pub fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    // Owned by this task, so that aborting it ends every connection.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move {
            // A client that hangs up is none of our business.
            let _ = converse(stream, &state).await;
        });
    }
}

/// Answers the requests of one connection, one after the other.
async fn converse(stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        let (fault, latency) = {
            let mut state = lock(state);
            state.counts.requests.push(request.clone());
            state.counts.in_flight += 1;
            state.counts.peak = state.counts.peak.max(state.counts.in_flight);
            let scripted = state.script.as_ref().and_then(|Script(script)| script(&request));
            (scripted.or_else(|| state.faults.pop_front()), state.latency)
        };
        tokio::time::sleep(latency).await;
        let outcome = answer(&mut stream, &request, fault, state).await;
        lock(state).counts.in_flight -= 1;
        if !outcome? {
            break;
        }
    }
    Ok(())
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request { method, target, headers: Vec::new() };
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            request.headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    // What is uploaded is of no interest, but stands before the next request.
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    if let Some(length @ 1..) = length {
        tokio::io::copy(&mut stream.take(length), &mut tokio::io::sink()).await?;
    }
    Ok(Some(request))
}

/// Sends one answer; whether the connection goes on.
async fn answer(
    stream: &mut BufReader<TcpStream>,
    request: &Request,
    fault: Option<Fault>,
    state: &Mutex<State>,
) -> io::Result<bool> {
    let (file, etag) = {
        let state = lock(state);
        (state.body.clone(), state.etag.clone())
    };
    let mut reply = reply(request, &file, etag);
    let mut cut = None;
    match fault {
        None => {}
        Some(Fault::WholeFile) => {
            (reply.status, reply.body) = (200, file);
            reply.headers.retain(|(name, _)| *name != "Content-Range");
        }
        Some(Fault::ContentRange(value)) => {
            reply.headers.retain(|(name, _)| *name != "Content-Range");
            reply.headers.extend(value.map(|value| ("Content-Range", value.to_owned())));
        }
        Some(Fault::UnknownTotal(most)) => {
            let sent = reply.body.len().min(most);
            reply.body.truncate(sent);
            let range = reply.headers.iter_mut().find(|(name, _)| *name == "Content-Range");
            if let Some((first, range)) = range.and_then(|(_, value)| {
                let first =
                    value.strip_prefix("bytes ")?.split('-').next()?.parse::<usize>().ok()?;
                Some((first, value))
            }) {
                *range = format!("bytes {first}-{}/*", first + sent - 1);
            }
            // Nor does it with an answer 416.
            reply.headers.retain(|(name, value)| *name != "Content-Range" || !value.contains("*/"));
        }
        Some(Fault::AtMost(most)) => {
            let sent = reply.body.len().min(most);
            reply.body.truncate(sent);
            for (name, value) in &mut reply.headers {
                if let (&mut "Content-Range", Some((first, _))) = (name, value.split_once('-')) {
                    let number = first.trim_start_matches("bytes ").parse().unwrap_or(0_usize);
                    *value =
                        format!("{first}-{}/{}", (number + sent).saturating_sub(1), file.len());
                }
            }
        }
        Some(Fault::OtherTag(etag)) => {
            reply.headers.retain(|(name, _)| *name != "ETag");
            reply.headers.push(("ETag", etag.to_owned()));
        }
        Some(Fault::Answer(status, headers, body)) => reply = Reply { status, headers, body },
        Some(Fault::Gzip) => reply.headers.push(("Content-Encoding", "gzip".to_owned())),
        Some(Fault::Status(status, headers)) => {
            reply = Reply { status, headers, body: Bytes::new() }
        }
        Some(Fault::Reset) => return Ok(false),
        Some(Fault::Stall) => return std::future::pending().await,
        Some(Fault::ShortBody) => cut = Some(false),
        Some(Fault::StallInBody) => cut = Some(true),
    }
    let mut head =
        format!("HTTP/1.1 {} Scripted\r\nContent-Length: {}\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let body = if request.method == "HEAD" { Bytes::new() } else { reply.body };
    let body = if cut.is_some() { body.slice(..body.len() / 2) } else { body };
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    stream.flush().await?;
    lock(state).counts.bytes += body.len() as u64;
    match cut {
        Some(true) => std::future::pending().await,
        Some(false) => Ok(false),
        None => Ok(true),
    }
}

struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

/// The right answer.
fn reply(request: &Request, file: &Bytes, etag: Option<String>) -> Reply {
    // Object stores want a time; it never changes here, so that only the tag tells versions apart.
    let mut headers = vec![("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT".to_owned())];
    let matches = match (request.header("if-match"), &etag) {
        (Some(wanted), Some(etag)) => wanted == etag,
        (wanted, _) => wanted.is_none(),
    };
    headers.extend(etag.map(|etag| ("ETag", etag)));
    if !matches {
        return Reply { status: 412, headers, body: Bytes::new() };
    }
    let Some((first, last)) = request.header("range").and_then(|range| {
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
    }) else {
        return Reply { status: 200, headers, body: file.clone() };
    };
    if first >= file.len() {
        headers.push(("Content-Range", format!("bytes */{}", file.len())));
        return Reply { status: 416, headers, body: Bytes::new() };
    }
    let end = last.saturating_add(1).min(file.len());
    headers.push(("Content-Range", format!("bytes {first}-{}/{}", end - 1, file.len())));
    Reply { status: 206, headers, body: file.slice(first..end) }
}
