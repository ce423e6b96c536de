//! An S3 server in this process that behaves like a far one: a latency before each answer, a rate on
//! each connection, and a tally of what was asked for.
//!
//! `s3s` speaks the protocol and checks signatures; `objects.rs` is the store, files mapped into memory;
//! `pace.rs` is the distance; `tally.rs` counts.

mod objects;
mod pace;
mod tally;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use s3s::HttpError;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) use pace::Distance;
pub(crate) use tally::{Seen, Tally};

/// The only access key that the server knows.
pub(crate) const ACCESS_KEY: &str = "AKIDBENCH";
/// Its secret.
pub(crate) const SECRET_KEY: &str = "not-a-secret";
/// The bucket with all files served.
pub(crate) const BUCKET: &str = "granules";
pub(crate) const REGION: &str = "us-east-1";

/// The server; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    tally: Arc<Tally>,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Serves files under their names, on a port of the loopback address; 0 is any that is free.
    pub(crate) async fn start(
        files: &[PathBuf],
        distance: Distance,
        port: u16,
    ) -> anyhow::Result<Self> {
        let mut builder = S3ServiceBuilder::new(objects::Files::map(files)?);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let tally = Arc::new(Tally::default());
        let serving = tokio::spawn(accept(listener, builder.build(), distance, Arc::clone(&tally)));
        Ok(Self { address, tally, serving })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What clients find the server and its key by: the variables that every tool reads.
    pub(crate) fn environment(&self) -> [(&'static str, String); 6] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ]
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn accept(listener: TcpListener, service: S3Service, distance: Distance, tally: Arc<Tally>) {
    // Owned by this task, so that aborting it ends every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { return };
                // As servers do: the last bytes of an answer wait for nothing.
                let _ = stream.set_nodelay(true);
                let (service, tally) = (service.clone(), Arc::clone(&tally));
                connections.spawn(async move {
                    let answer = service_fn(move |request| {
                        answer(service.clone(), request, distance, Arc::clone(&tally))
                    });
                    // A client that hangs up is none of our business.
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The store's answer, as it arrives from afar.
async fn answer(
    service: S3Service,
    request: Request<Incoming>,
    distance: Distance,
    tally: Arc<Tally>,
) -> Result<Response<pace::Paced>, HttpError> {
    let arrived = Instant::now();
    let asked = tally.asked();
    let response = hyper::service::Service::call(&service, request).await?;
    let (parts, body) = response.into_parts();
    let mut body = pace::Paced::new(body, distance, arrived, asked);
    body.first_byte().await;
    Ok(Response::from_parts(parts, body))
}
