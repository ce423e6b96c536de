//! Our HTTP client as the object store library wants it.
//!
//! The library reports some answers as text only. Those that a caller must tell apart are caught on their way
//! and travel through the library's error as a [`Refusal`].

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, StatusCode};

use crate::source::content_range::ContentRange;

/// Gives every store, and every look-up of credentials, the same client.
#[derive(Clone, Debug)]
pub(super) struct Connector(pub(super) Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Watching(self.0.clone())))
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

#[derive(Debug)]
struct Watching(Client);

#[async_trait]
impl HttpService for Watching {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let ranged = request.headers().contains_key(RANGE);
        let response = HttpService::call(&self.0, request).await?;
        match refusal(ranged, &response) {
            // The kind that the library does not retry.
            Some(refusal) => Err(HttpError::new(HttpErrorKind::Unknown, refusal)),
            None => Ok(response),
        }
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
