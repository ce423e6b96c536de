//! Where the bytes come from: local files, S3, Google, Azure, plain HTTP; one trait for all.
//!
//! A [`Source`] is one version of one file. The first answer fixes the version, and an answer of another one is
//! [`Error::Changed`], so no index ever mixes two. Sources retry what may pass by itself;
//! they keep no cache and start no request that nobody asked for.

mod client;
mod content_range;
mod crypto;
mod http;
mod local;
mod location;
mod options;
mod pin;
mod retry;
mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::ObjectStore;

pub use options::{Environment, Secret, SourceOptions};
pub use pin::Version;

use crate::error::{Error, Result};
use location::{Location, Object};

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
/// All that it opens share one pool of connections, and one look-up of credentials and region per bucket.
#[derive(Debug)]
pub struct Opener {
    options: SourceOptions,
    /// Made at first need: local files need no TLS.
    client: Mutex<Option<reqwest::Client>>,
    /// By scheme and bucket.
    stores: Mutex<BTreeMap<String, Arc<dyn ObjectStore>>>,
}

impl Opener {
    /// An opener that reaches storage as `options` say.
    pub fn new(options: SourceOptions) -> Self {
        Self { options, client: Mutex::default(), stores: Mutex::default() }
    }

    /// Opens `location`, which goes into the references as it is.
    ///
    /// Keys of object stores are taken literally, `http` URLs as URLs. Opening reads nothing of the file; what
    /// does not exist shows at the first read.
    ///
    /// # Errors
    /// `Usage` for a location that cannot be meant; `Storage` for a local file that cannot be opened, missing
    /// credentials, a bucket that does not exist.
    pub async fn open(&self, location: &str) -> Result<Arc<dyn Source>> {
        match Location::parse(location)? {
            Location::Local(path) => local::open(location, &path, self.options.mmap),
            Location::Http(url) => http::open(location, url, self.client()?, &self.options),
            Location::Object(object) => {
                let store = self.store(location, &object).await?;
                store::open(location, &object, store, self.options.retries)
            }
        }
    }

    fn client(&self) -> Result<reqwest::Client> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = client.as_ref() {
            return Ok(client.clone());
        }
        Ok(client.insert(client::reading(&self.options)?).clone())
    }

    async fn store(&self, location: &str, object: &Object) -> Result<Arc<dyn ObjectStore>> {
        let known = |stores: &BTreeMap<String, _>| stores.get(&object.base).map(Arc::clone);
        if let Some(store) = known(&self.stores.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(store);
        }
        // Two files of one bucket opened at once may both come here; one of the equal stores is kept.
        let store = store::connect(location, object, self.client()?, &self.options).await?;
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(stores.entry(object.base.clone()).or_insert(store)))
    }
}

/// Writes `bytes` as an object, whole or not at all: an upload cut short leaves no object.
///
/// # Errors
/// `Usage` for places that cannot be written to, `Storage` if there are no credentials, `Output` if the upload
/// failed.
pub(crate) async fn put(location: &str, bytes: Bytes, options: &SourceOptions) -> Result<()> {
    Uploads::new(location, bytes.len(), options).await?.put("", bytes).await
}

/// A place in an object store that objects are written to.
#[derive(Debug)]
pub(crate) struct Uploads {
    location: String,
    object: Object,
    store: Arc<dyn ObjectStore>,
}

impl Uploads {
    /// Uploads of `largest` bytes each at most.
    ///
    /// # Errors
    /// `Usage` for places that cannot be written to, `Storage` if there are no credentials.
    pub(crate) async fn new(
        location: &str,
        largest: usize,
        options: &SourceOptions,
    ) -> Result<Self> {
        let Location::Object(object) = Location::parse(location)? else {
            return Err(Error::usage(location, "only object stores take uploads"));
        };
        let client = client::writing(options, largest)?;
        let store = store::connect(location, &object, client, options).await?;
        Ok(Self { location: location.to_owned(), object, store })
    }

    /// Writes the object at `path` below the place, or at the place itself.
    ///
    /// # Errors
    /// `Output` if the upload failed.
    pub(crate) async fn put(&self, path: &str, bytes: Bytes) -> Result<()> {
        let object = self.at(path);
        store::put(&self.location, &object, &*self.store, bytes).await
    }

    /// The paths of all objects below the place.
    ///
    /// # Errors
    /// `Output` if they cannot be listed.
    pub(crate) async fn list(&self) -> Result<Vec<String>> {
        store::list(&self.location, &self.object, &*self.store).await
    }

    /// Deletes the object at `path` below the place.
    ///
    /// # Errors
    /// `Output` if it cannot be deleted.
    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        store::delete(&self.location, &self.at(path), &*self.store).await
    }

    fn at(&self, path: &str) -> Object {
        let separator = if path.is_empty() { "" } else { "/" };
        Object { key: format!("{}{separator}{path}", self.object.key), ..self.object.clone() }
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
