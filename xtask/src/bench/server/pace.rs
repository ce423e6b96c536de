//! Distance: an answer begins a while after its request, and comes no faster than the line allows.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::tally::Asked;

/// Bytes that are handed to the connection at once.
const PORTION: usize = 64 << 10;
/// Timers go off within a millisecond; for less it is not worth setting one.
const SOON: Duration = Duration::from_millis(1);

/// How far away the server is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Distance {
    /// From the request to the first byte of the answer.
    pub(crate) ttfb: Duration,
    /// Bytes a second of one connection. With HTTP/1.1 a connection carries one answer at a time.
    pub(crate) bandwidth: f64,
}

/// A body whose every portion is sent when its last byte could have come over the line.
pub(super) struct Paced {
    body: s3s::Body,
    distance: Distance,
    /// When the first byte is due.
    start: Instant,
    /// Bytes sent so far.
    sent: usize,
    waiting: VecDeque<Bytes>,
    timer: Pin<Box<Sleep>>,
    asked: Asked,
}

impl Paced {
    pub(super) fn new(body: s3s::Body, distance: Distance, arrived: Instant, asked: Asked) -> Self {
        let start = arrived + distance.ttfb;
        let timer = Box::pin(tokio::time::sleep_until(start));
        Self { body, distance, start, sent: 0, waiting: VecDeque::new(), timer, asked }
    }

    /// Waits until the answer may begin.
    pub(super) async fn first_byte(&mut self) {
        self.timer.as_mut().await;
    }

    /// When so many bytes can have arrived.
    fn due(&self, bytes: usize) -> Instant {
        #[expect(clippy::as_conversions, reason = "bodies are far shorter than a float is exact")]
        let seconds = bytes as f64 / self.distance.bandwidth;
        self.start + Duration::from_secs_f64(seconds)
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = <s3s::Body as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        while this.waiting.is_empty() {
            let frame = std::task::ready!(Pin::new(&mut this.body).poll_frame(context));
            let Some(frame) = frame else { return Poll::Ready(None) };
            match frame?.into_data() {
                Ok(mut data) => {
                    while data.len() > PORTION {
                        this.waiting.push_back(data.split_to(PORTION));
                    }
                    this.waiting.push_back(data);
                }
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let portion = this.waiting.front().map_or(0, Bytes::len);
        let due = this.due(this.sent + portion);
        if due > Instant::now() + SOON {
            if this.timer.deadline() != due {
                this.timer.as_mut().reset(due);
            }
            std::task::ready!(this.timer.as_mut().poll(context));
        }
        this.sent += portion;
        this.asked.sent(portion);
        Poll::Ready(this.waiting.pop_front().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.waiting.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let waiting: usize = self.waiting.iter().map(Bytes::len).sum();
        match self.body.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(rest + waiting as u64),
            None => SizeHint::default(),
        }
    }
}
