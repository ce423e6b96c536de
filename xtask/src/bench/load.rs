//! How much the server can give: so many connections that ask again as soon as they are answered.
//!
//! The clients are as light as can be, since they share the machine with the server: each sends the same
//! request again and again, and throws the answer away. The request is one that our own client made, with
//! its signature, which the server checks every time.

use std::time::Duration;

use anyhow::{Context as _, bail};
use h5refs::source::{Environment, Opener, SourceOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::server::{BUCKET, Server};

/// What the server gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) connections: usize,
    /// Answers a second.
    pub(crate) requests: f64,
    /// Bytes a second, of all connections together.
    pub(crate) bytes: f64,
    /// From a request to the end of its answer: the median.
    pub(crate) median: Duration,
    /// The same, of which one in a hundred took longer.
    pub(crate) slowest: Duration,
}

/// Asks for so many bytes of an object over many connections for a while.
pub(crate) async fn measure(
    server: &Server,
    key: &str,
    bytes: u64,
    connections: usize,
    during: Duration,
) -> anyhow::Result<Rate> {
    let request = recorded(server, key, bytes).await?;
    let address = server.endpoint().replace("http://", "");
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let (request, address) = (request.clone(), address.clone());
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut buffer = vec![0; 256 << 10];
            let (mut times, end) = (Vec::new(), Instant::now() + during);
            while Instant::now() < end {
                let sent = Instant::now();
                stream.write_all(&request).await?;
                skip_answer(&mut stream, &mut buffer, bytes).await?;
                times.push(sent.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let start = Instant::now();
    let mut times = Vec::new();
    while let Some(client) = clients.join_next().await {
        times.extend(client??);
    }
    let seconds = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let place = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    #[expect(clippy::as_conversions, reason = "counts of a few seconds")]
    let requests = times.len() as f64 / seconds;
    #[expect(clippy::as_conversions, reason = "bytes of one answer")]
    let rate = requests * bytes as f64;
    Ok(Rate { connections, requests, bytes: rate, median: place(50), slowest: place(99) })
}

/// Reads one answer, whose body has as many bytes as were asked for.
async fn skip_answer(stream: &mut TcpStream, buffer: &mut [u8], body: u64) -> anyhow::Result<()> {
    let (mut filled, end) = (0, b"\r\n\r\n");
    let head = loop {
        let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) else {
            bail!("the head of an answer has no end")
        };
        match stream.read(free).await? {
            0 => bail!("the server hung up"),
            more => filled += more,
        }
        let read = buffer.get(..filled).unwrap_or_default();
        if let Some(at) = read.windows(end.len()).position(|bytes| bytes == end) {
            break at + end.len();
        }
    };
    if !buffer.starts_with(b"HTTP/1.1 206") {
        bail!("{}", String::from_utf8_lossy(buffer.get(..filled).unwrap_or_default()));
    }
    let mut missing = body.saturating_sub((filled - head) as u64);
    while missing > 0 {
        match stream.read(buffer).await? {
            0 => bail!("the server hung up"),
            more => missing = missing.saturating_sub(more as u64),
        }
    }
    Ok(())
}

/// The request that our client sends for the first bytes of an object: sent to nobody but us.
async fn recorded(server: &Server, key: &str, bytes: u64) -> anyhow::Result<Vec<u8>> {
    let recorder = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut options = SourceOptions::default();
    options.endpoint = Some(format!("http://{}", recorder.local_addr()?));
    options.environment = Environment::from_iter(server.environment());
    options.retries = 0;
    let opener = Opener::new(options);
    let source = opener.open(&format!("s3://{BUCKET}/{key}")).await?;
    let record = async {
        let (mut stream, _) = recorder.accept().await?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut request).await? == 0 {
                break;
            }
        }
        anyhow::Ok(request)
    };
    tokio::select! {
        request = record => request.context("recording a request"),
        // It waits for an answer that never comes.
        _ = source.read(0..bytes) => bail!("our client sent no request"),
    }
}
