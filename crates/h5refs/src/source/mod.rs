//! Where the bytes come from: local files, S3, Google, Azure, plain HTTP; one trait for all.
//!
//! A [`Source`] is one version of one file. The first answer fixes the version, and an answer of another one is
//! [`Error::Changed`], so no index ever mixes two. Sources retry what may pass by itself;
//! they keep no cache and start no request that nobody asked for.

mod client;
mod content_range;
mod crypto;
mod expand;
mod http;
mod local;
mod location;
mod memory;
mod netrc;
mod options;
mod pin;
mod public;
mod remember;
mod retry;
mod store;
mod traffic;
mod uploads;
mod web;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use url::Url;

pub use memory::memory;
pub use options::{Environment, Secret, SourceOptions};
pub use pin::Version;
pub(crate) use remember::Remembering;
pub use traffic::{FirstByte, Traffic, TrafficSummary};

use crate::error::{Error, Result};
pub(crate) use location::name_in_references;
use location::{Location, Object};
use store::{Connector, Store};
pub(crate) use uploads::{Uploads, put};
use web::Web;

/// Bytes of a file, and where they stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The position of the first byte in the file.
    pub at: u64,
    /// The bytes.
    pub bytes: Bytes,
    /// The length of the whole file in bytes, if the answer told.
    pub file_len: Option<u64>,
}

/// One version of one file, read in any order.
#[async_trait]
pub trait Source: Send + Sync + fmt::Debug {
    /// The location as the user gave it: what references will say.
    fn url(&self) -> &str;

    /// Reads `range` (bytes, end excluded).
    ///
    /// There are fewer bytes than asked for only where the file ends, and none where it ends before
    /// `range.start`. Many reads may be under way at once.
    ///
    /// # Errors
    /// `Changed` if the file is no longer what it was at the first read; the other storage errors if the bytes
    /// could not be had within the options' timeouts and retries.
    async fn read(&self, range: Range<u64>) -> Result<Piece>;

    /// Reads several ranges: at one go, where a read costs little more than to be asked for.
    ///
    /// # Errors
    /// As [`Source::read`].
    async fn read_several(&self, ranges: Vec<Range<u64>>) -> Result<Vec<Piece>> {
        let mut pieces = Vec::with_capacity(ranges.len());
        for range in ranges {
            pieces.push(self.read(range).await?);
        }
        Ok(pieces)
    }

    /// What is known of the version after the first read; nothing, if a source does not tell.
    fn version(&self) -> Version {
        Version::default()
    }

    /// The shortest time from a request to its first byte so far, if it is measured.
    fn first_byte(&self) -> Option<Duration> {
        None
    }

    /// The whole file, where it lies in memory anyway and no read is needed.
    fn whole(&self) -> Option<Bytes> {
        None
    }

    /// Whether a read costs a system call, and no round trip.
    fn is_near(&self) -> bool {
        false
    }

    /// Whether the file is still what it was, once all has been read that is wanted: of sources whose answers
    /// do not tell.
    ///
    /// # Errors
    /// `Changed` if it is not.
    async fn unchanged(&self) -> Result<()> {
        Ok(())
    }
}

/// Opens one location; for several, an [`Opener`] shares connections and credentials.
///
/// # Errors
/// As [`Opener::open`].
pub async fn open(location: &str, options: &SourceOptions) -> Result<Arc<dyn Source>> {
    Opener::new(options.clone()).open(location).await
}

/// Opens locations: paths, `file://`, `http(s)://`, `s3://`, `s3a://`, `gs://`, `az://`, `abfs(s)://`, `adl://`.
///
/// All that it opens share one pool of connections, one budget of requests in flight
/// ([`SourceOptions::concurrency`]), and one look-up of credentials and region per bucket.
#[derive(Debug)]
pub struct Opener {
    options: SourceOptions,
    traffic: Arc<Traffic>,
    /// For plain HTTP. Made at first need: local files need no TLS.
    web: Mutex<Option<Arc<Web>>>,
    /// For object stores.
    client: Mutex<Option<reqwest::Client>>,
    /// By scheme and bucket.
    stores: Mutex<BTreeMap<String, Arc<dyn Store>>>,
    /// Scheme, host and port of what the user named: whom the token is for.
    homes: Mutex<BTreeSet<String>>,
}

impl Opener {
    /// An opener that reaches storage as `options` say.
    pub fn new(options: SourceOptions) -> Self {
        let traffic = Traffic::new(options.concurrency);
        let (web, client) = (Mutex::default(), Mutex::default());
        let (stores, homes) = (Mutex::default(), Mutex::default());
        Self { options, traffic, web, client, stores, homes }
    }

    /// What all that this opened has sent so far.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Opens `location`, which the user named: its host is sent the token, if there is one.
    ///
    /// Keys of object stores are taken literally, `http` URLs as URLs. Opening reads nothing of the file; what
    /// does not exist shows at the first read.
    ///
    /// # Errors
    /// `Usage` for a location that cannot be meant; `Storage` for a local file that cannot be opened, missing
    /// credentials, a bucket that does not exist.
    pub async fn open(&self, location: &str) -> Result<Arc<dyn Source>> {
        self.trust(location);
        self.open_found(location).await
    }

    /// Says that the user named `location`.
    pub fn trust(&self, location: &str) {
        if let Ok(Location::Http(url)) = Location::parse(location) {
            let mut homes = self.homes.lock().unwrap_or_else(PoisonError::into_inner);
            homes.insert(url.origin().ascii_serialization());
        }
    }

    /// Opens `location`, which was found in a sidecar, a file or a list from elsewhere. Its host is sent the token
    /// only if the user named something there: else whoever wrote what it was found in could have the token.
    ///
    /// # Errors
    /// As [`Opener::open`].
    pub async fn open_found(&self, location: &str) -> Result<Arc<dyn Source>> {
        match Location::parse(location)? {
            Location::Local(path) => local::open(location, &path, self.options.mmap),
            Location::Http(url) => {
                let token = self.token(&url);
                http::open(location, url, self.web()?, token, &self.options)
            }
            Location::Object(object) => {
                let store = self.store(location, &object).await?;
                let traffic = Arc::clone(&self.traffic);
                store::open(location, &object, store, self.options.retries, traffic)
            }
        }
    }

    fn token(&self, url: &Url) -> Option<Secret> {
        let homes = self.homes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_home = homes.contains(&url.origin().ascii_serialization());
        self.options.bearer_token.clone().filter(|_| is_home && !self.options.anonymous)
    }

    fn web(&self) -> Result<Arc<Web>> {
        let mut web = self.web.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(web) = web.as_ref() {
            return Ok(Arc::clone(web));
        }
        let new = Web::new(&self.options, Arc::clone(&self.traffic))?;
        Ok(Arc::clone(web.insert(Arc::new(new))))
    }

    fn client(&self) -> Result<reqwest::Client> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = client.as_ref() {
            return Ok(client.clone());
        }
        Ok(client.insert(client::reading(&self.options)?).clone())
    }

    fn connector(&self) -> Result<Connector> {
        let traffic = Arc::clone(&self.traffic);
        Ok(Connector { client: self.client()?, traffic, patience: None })
    }

    async fn store(&self, location: &str, object: &Object) -> Result<Arc<dyn Store>> {
        let known = |stores: &BTreeMap<String, _>| stores.get(&object.base).map(Arc::clone);
        if let Some(store) = known(&self.stores.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(store);
        }
        // Two files of one bucket opened at once may both come here; one of the equal stores is kept.
        let store = store::connect(location, object, self.connector()?, &self.options).await?;
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(stores.entry(object.base.clone()).or_insert(store)))
    }
}

/// The path of a location on this machine, `None` for the object stores.
///
/// # Errors
/// `Usage` for a location that cannot be written to.
pub(crate) fn local_path(location: &str) -> Result<Option<std::path::PathBuf>> {
    match Location::parse(location)? {
        Location::Local(path) => Ok(Some(path)),
        Location::Object(_) => Ok(None),
        Location::Http(_) => Err(Error::usage(
            location,
            "plain HTTP takes no uploads; write to a file or an object store",
        )),
    }
}
