//! An S3 server on a directory: `s3s-fs`, with signatures checked.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use h5refs::source::{Environment, SourceOptions};

/// The only access key the server knows.
pub const ACCESS_KEY: &str = "AKIDTEST";
/// Its secret.
pub const SECRET_KEY: &str = "not-a-secret";

/// The server; dropping it stops it and removes its directory.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    root: TempDir,
    serving: tokio::task::JoinHandle<()>,
}

impl S3Server {
    /// Serves a new directory on a free port.
    ///
    /// # Errors
    /// If the directory cannot be made or the loopback address not be listened on.
    pub async fn start() -> Result<Self, Box<dyn Error>> {
        let root = tempfile::tempdir()?;
        let files = FileSystem::new(root.path()).map_err(|error| format!("{error:?}"))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(accept(listener, builder.build()));
        Ok(Self { address, root, serving })
    }

    /// Where the server listens: `SourceOptions::endpoint`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Options that reach this server with its key, through the variables every tool reads.
    pub fn options(&self) -> SourceOptions {
        let mut options = crate::options();
        let variables = [("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)];
        options.environment = Environment::from_iter(variables);
        options.endpoint = Some(self.endpoint());
        options
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// If its directory cannot be made.
    pub fn bucket(&self, bucket: &str) -> std::io::Result<()> {
        std::fs::create_dir_all(self.root.path().join(bucket))
    }

    /// Puts an object behind the server's back, replacing what was there. Its entity tag is made anew at every
    /// read, which takes time with large objects; those are better uploaded.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn put(&self, bucket: &str, key: &str, bytes: &[u8]) -> std::io::Result<()> {
        let path = self.path(bucket, key);
        std::fs::create_dir_all(path.parent().unwrap_or(self.root.path()))?;
        std::fs::write(path, bytes)
    }

    /// The file that holds an object.
    pub fn path(&self, bucket: &str, key: &str) -> PathBuf {
        self.root.path().join(bucket).join(key)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn accept(listener: TcpListener, service: S3Service) {
    // Owned by this task, so that aborting it ends every connection.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let service = service.clone();
        connections.spawn(async move {
            // A client that hangs up is none of our business.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
