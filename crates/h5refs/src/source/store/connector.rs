//! Our HTTP client as the object store library wants it.
//!
//! The library reports some answers as text only. Those that a caller must tell apart are caught on their way
//! and travel through the library's error as a [`Refusal`].

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, StatusCode};
use tokio::time::Sleep;

use crate::source::client;
use crate::source::content_range::ContentRange;
use crate::source::traffic::{OnWire, Traffic};

/// Gives every store, and every look-up of credentials, the same client, and one budget.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) client: Client,
    pub(crate) traffic: Arc<Traffic>,
    /// How long an answer may take, beyond what is sent; `None` if the client sees to that.
    pub(crate) patience: Option<Duration>,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Watching(self.clone())))
    }
}

/// An answer of which the library would keep too little.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// 416: the range begins after the end of the object.
    #[error("the range begins after the end of the object")]
    PastTheEnd {
        /// The length of the object, if the answer told.
        total: Option<u64>,
    },
    /// 200 to a request for a range.
    #[error("the store does not serve ranges of bytes")]
    NotPartial,
    /// A redirect that names the bucket's region.
    #[error("the bucket is in the region {region}: give that with --region")]
    WrongRegion {
        /// The right region.
        region: String,
    },
}

/// How often a read was sent. It goes with its requests, which the library sends again by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Tries(Arc<AtomicU64>);

/// No answer to an upload.
#[derive(Debug, thiserror::Error)]
#[error("the server fell silent for {0:?}")]
struct Silent(Duration);

#[derive(Debug)]
struct Watching(Connector);

#[async_trait]
impl HttpService for Watching {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let Connector { client, traffic, patience } = &self.0;
        let within =
            patience.map(|least| least + client::patience(request.body().content_length()));
        let ranged = request.headers().contains_key(RANGE);
        let tries = request.extensions().get::<Tries>().cloned();
        let mut on_wire = traffic.enter().await;
        on_wire.send(tries.is_some_and(|Tries(tries)| tries.fetch_add(1, Ordering::Relaxed) > 0));
        let response = HttpService::call(client, request);
        let response = match within {
            Some(within) => tokio::time::timeout(within, response)
                .await
                .map_err(|_| HttpError::new(HttpErrorKind::Timeout, Silent(within)))?,
            None => response.await,
        }?;
        on_wire.answered();
        match refusal(ranged, &response) {
            // The kind that the library does not retry.
            Some(refusal) => Err(HttpError::new(HttpErrorKind::Unknown, refusal)),
            // A refusal is small, and the library keeps it while it waits to ask again.
            None if !response.status().is_success() => Ok(response),
            None => {
                let late = within.map(|within| (within, Box::pin(tokio::time::sleep(within))));
                let arriving = |body| Arriving { body, on_wire: Some(on_wire), late };
                Ok(response.map(|body| HttpResponseBody::new(arriving(body))))
            }
        }
    }
}

/// A body that has its place on the wire until it has arrived.
struct Arriving {
    body: HttpResponseBody,
    on_wire: Option<OnWire>,
    /// When it is too late for the rest of it.
    late: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let mut polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_pending()
            && let Some((within, late)) = &mut self.late
            && late.as_mut().poll(context).is_ready()
        {
            let silent = HttpError::new(HttpErrorKind::Timeout, Silent(*within));
            polled = Poll::Ready(Some(Err(silent)));
        }
        // A body that broke is kept by the library until the rest of it has come in another.
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) || self.body.is_end_stream() {
            self.on_wire = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn refusal(ranged: bool, response: &HttpResponse) -> Option<Refusal> {
    let header = |name: &str| response.headers().get(name)?.to_str().ok();
    match response.status() {
        StatusCode::OK if ranged => Some(Refusal::NotPartial),
        StatusCode::RANGE_NOT_SATISFIABLE => {
            let range = header(CONTENT_RANGE.as_str()).and_then(ContentRange::parse);
            Some(Refusal::PastTheEnd { total: range.and_then(|range| range.total) })
        }
        status if status.is_redirection() || status == StatusCode::BAD_REQUEST => {
            let region = header("x-amz-bucket-region")?.to_owned();
            Some(Refusal::WrongRegion { region })
        }
        _ => None,
    }
}
