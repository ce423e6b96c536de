//! Writing to object stores: one client and one look-up of credentials per bucket, however many uploads go there.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::client;
use super::location::{Location, Object};
use super::options::{Environment, SourceOptions};
use super::store::{self, Connector, Store};
use super::traffic::Traffic;
use crate::error::{Error, Result};

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
    store: Arc<dyn Store>,
}

impl Uploads {
    /// Uploads of `largest` bytes each at most.
    ///
    /// # Errors
    /// `Usage` for places that cannot be written to, `Storage` if there are no credentials, `Output` for more bytes
    /// than an upload can hold.
    pub(crate) async fn new(
        location: &str,
        largest: usize,
        options: &SourceOptions,
    ) -> Result<Self> {
        let Location::Object(object) = Location::parse(location)? else {
            return Err(Error::usage(location, "only object stores take uploads"));
        };
        store::check_size(location, largest)?;
        let store = options.uploads.store(location, &object, options).await?;
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

/// The stores that were written to with some options. Clones of the options share them.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<Mutex<Stores>>);

type Stores = Vec<(Reach, Arc<dyn Store>)>;

/// Where, and with which options: clones of options may have been changed since.
#[derive(Clone, PartialEq)]
struct Reach {
    base: String,
    anonymous: bool,
    names: [Option<String>; 3],
    timeouts: [Duration; 2],
    retries: u32,
    concurrency: usize,
    environment: Environment,
}

impl Reach {
    fn of(object: &Object, options: &SourceOptions) -> Self {
        // By name, so that none that matters is forgotten.
        let SourceOptions {
            anonymous,
            endpoint,
            region,
            profile,
            bearer_token: _,
            netrc: _,
            mmap: _,
            connect_timeout,
            read_timeout,
            concurrency,
            retries,
            environment,
            uploads: _,
        } = options;
        Self {
            base: object.base.clone(),
            anonymous: *anonymous,
            names: [endpoint.clone(), region.clone(), profile.clone()],
            timeouts: [*connect_timeout, *read_timeout],
            retries: *retries,
            concurrency: *concurrency,
            environment: environment.clone(),
        }
    }
}

impl Known {
    async fn store(
        &self,
        location: &str,
        object: &Object,
        options: &SourceOptions,
    ) -> Result<Arc<dyn Store>> {
        let reach = Reach::of(object, options);
        let known = |stores: &[(Reach, Arc<dyn Store>)]| {
            let found = stores.iter().find(|(known, _)| *known == reach);
            found.map(|(_, store)| Arc::clone(store))
        };
        if let Some(store) = known(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(store);
        }
        let connector = Connector {
            client: client::writing(options)?,
            traffic: Traffic::new(options.concurrency),
            patience: Some(options.connect_timeout + options.read_timeout),
        };
        // Two uploads to one bucket at once may both come here; one of the equal stores is kept.
        let store = store::connect(location, object, connector, options).await?;
        let mut stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = known(&stores) {
            return Ok(store);
        }
        stores.push((reach, Arc::clone(&store)));
        Ok(store)
    }
}

/// Nothing of what it was reached with.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known(..)")
    }
}
