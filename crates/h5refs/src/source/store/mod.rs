//! Objects of S3, Google Cloud Storage and Azure.
//!
//! The object store library signs, retries and holds `Content-Range` against the request; here every answer is
//! held to the first one's version.

mod aws;
mod azure;
mod connector;
mod google;
mod profile;
mod refusal;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::client::CredentialProvider;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{BackoffConfig, GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt};
use object_store::{PutPayload, RetryConfig};

pub(crate) use self::connector::Connector;
use self::connector::Tries;
use super::location::{Object, Service};
use super::options::SourceOptions;
use super::pin::{Pin, Version};
use super::retry::Retries;
use super::traffic::Traffic;
use super::{Piece, Source};
use crate::error::{Error, Result, one_line, redact, squeeze};

/// What all three services can do.
pub(crate) trait Store: ObjectStore + PaginatedListStore {}

impl<S: ObjectStore + PaginatedListStore> Store for S {}

/// The most that one upload can hold, with all three services: 5000 MiB.
const LARGEST_PUT: usize = 5000 << 20;

/// The store that holds `object`, with credentials found and tried for.
///
/// # Errors
/// `Usage` for options that make no sense, `Storage` if there are no credentials or no such bucket.
pub(crate) async fn connect(
    location: &str,
    object: &Object,
    connector: Connector,
    options: &SourceOptions,
) -> Result<Arc<dyn Store>> {
    match object.service {
        Service::S3 => aws::connect(location, &object.bucket, connector, options).await,
        Service::Google => google::connect(location, &object.bucket, connector, options).await,
        Service::Azure => azure::connect(location, &object.base, connector, options).await,
    }
}

/// Opens an object; sends nothing yet.
///
/// # Errors
/// `Usage` for a key the library cannot address.
pub(crate) fn open(
    location: &str,
    object: &Object,
    store: Arc<dyn Store>,
    retries: u32,
    traffic: Arc<Traffic>,
) -> Result<Arc<dyn Source>> {
    let path = path(location, object)?;
    let location = location.to_owned();
    Ok(Arc::new(Stored { location, path, store, retries, traffic, pin: Pin::default() }))
}

/// Whether one upload can hold so many bytes.
///
/// # Errors
/// `Output` if it cannot.
pub(crate) fn check_size(location: &str, length: usize) -> Result<()> {
    if length > LARGEST_PUT {
        let reason = format!("{length} bytes are more than one upload can hold (5000 MiB)");
        return Err(Error::output(location, reason));
    }
    Ok(())
}

/// Writes an object in one request, so that it appears whole or not at all.
///
/// # Errors
/// `Output` if it is too large for one request or the service refuses.
pub(crate) async fn put(
    location: &str,
    object: &Object,
    store: &dyn Store,
    bytes: Bytes,
) -> Result<()> {
    check_size(location, bytes.len())?;
    let path = path(location, object)?;
    match store.put(&path, PutPayload::from_bytes(bytes)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::output(location, refusal::reason(&error))),
    }
}

/// The paths of all objects below a key.
///
/// # Errors
/// `Output` if the service refuses.
pub(crate) async fn list(
    location: &str,
    object: &Object,
    store: &dyn Store,
) -> Result<Vec<String>> {
    let prefix = path(location, object)?;
    let failed = |error: object_store::Error| Error::output(location, refusal::reason(&error));
    let found: Vec<ObjectMeta> = store.list(Some(&prefix)).try_collect().await.map_err(failed)?;
    let below = |meta: &ObjectMeta| {
        let path = meta.location.as_ref().strip_prefix(prefix.as_ref())?;
        Some(path.trim_start_matches('/').to_owned())
    };
    Ok(found.iter().filter_map(below).collect())
}

/// The keys that begin with `prefix`, in order; only those without a further slash unless they are wanted from
/// deeper down.
///
/// # Errors
/// The storage errors, if the service refuses.
pub(crate) async fn keys(
    location: &str,
    store: &dyn Store,
    prefix: &str,
    deep: bool,
) -> Result<Vec<String>> {
    let mut keys: Vec<(String, u64)> = Vec::new();
    let mut page_token = None;
    loop {
        let delimiter = (!deep).then_some("/".into());
        let options = PaginatedListOptions { delimiter, page_token, ..Default::default() };
        let listed = store.list_paginated(Some(prefix).filter(|p| !p.is_empty()), options).await;
        let listed = listed.map_err(|error| refusal::error(location, &error))?;
        let objects = listed.result.objects.into_iter();
        keys.extend(objects.map(|meta| (meta.location.to_string(), meta.size)));
        tracing::debug!(keys = keys.len(), prefix, "listing");
        page_token = listed.page_token;
        if page_token.is_none() {
            break;
        }
    }
    keys.sort_unstable();
    // Some tools keep directories as empty objects whose keys end with a slash, which the library drops.
    let is_directory = |at: usize| {
        let Some((key, 0)) = keys.get(at) else { return false };
        let below = format!("{key}/");
        let first = keys.partition_point(|(key, _)| *key < below);
        prefix.starts_with(&below)
            || keys.get(first).is_some_and(|(key, _)| key.starts_with(&below))
    };
    let directories: Vec<bool> = (0..keys.len()).map(is_directory).collect();
    let files = keys.into_iter().zip(directories).filter(|(_, is_directory)| !is_directory);
    Ok(files.map(|((key, _), _)| key).collect())
}

/// Deletes an object.
///
/// # Errors
/// `Output` if the service refuses.
pub(crate) async fn delete(location: &str, object: &Object, store: &dyn Store) -> Result<()> {
    let path = path(location, object)?;
    let deleted = store.delete(&path).await;
    deleted.map_err(|error| Error::output(location, refusal::reason(&error)))
}

#[derive(Debug)]
struct Stored {
    location: String,
    path: Path,
    store: Arc<dyn Store>,
    retries: u32,
    traffic: Arc<Traffic>,
    pin: Pin,
}

#[async_trait]
impl Source for Stored {
    fn url(&self) -> &str {
        &self.location
    }

    fn version(&self) -> Version {
        self.pin.version()
    }

    fn first_byte(&self) -> Option<Duration> {
        self.traffic.first_byte()
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        if range.is_empty() {
            return Ok(Piece { at: range.start, bytes: Bytes::new(), file_len: None });
        }
        // The library retries refusals and broken connections itself, with the signature that it has; left are
        // bodies that end early, and credentials that have run out.
        let mut retries = Retries::new(self.retries);
        let tries = Tries::default();
        let mut renewed = false;
        loop {
            let Failure { error, again } = match self.attempt(&range, &tries).await {
                Ok(piece) => return Ok(piece),
                Err(failure) => failure,
            };
            let is_worth_it = match again {
                Again::Never => false,
                Again::Once => !std::mem::replace(&mut renewed, true),
                Again::Often => true,
            };
            let delay = retries.next(None).filter(|_| is_worth_it);
            let Some(delay) = delay else { return Err(error) };
            tracing::debug!(%error, ?delay, "retrying");
            tokio::time::sleep(delay).await;
        }
    }
}

/// A try that failed.
struct Failure {
    error: Error,
    again: Again,
}

/// Whether trying again may help, beyond what the library has tried.
enum Again {
    Never,
    Once,
    Often,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, again: Again::Never }
    }
}

impl Stored {
    async fn attempt(&self, range: &Range<u64>, tries: &Tries) -> Result<Piece, Failure> {
        let mut options =
            GetOptions::new().with_range(Some(range.clone())).with_if_match(self.pin.if_match());
        options.extensions.insert(tries.clone());
        let result = match self.store.get_opts(&self.path, options).await {
            Ok(result) => result,
            Err(error) if refusal::has_expired(&error) => {
                let error = refusal::error(&self.location, &error);
                return Err(Failure { error, again: Again::Once });
            }
            Err(error) => return Ok(self.refused(range, &error).await?),
        };
        self.pin.check(&self.location, version(&result.meta))?;
        self.expected(range, &result)?;
        let (length, sent) = (result.meta.size, result.range.clone());
        let bytes = result.bytes().await.map_err(|error| refusal::error(&self.location, &error))?;
        if bytes.len() as u64 != sent.end - sent.start {
            let (location, received) = (redact(&self.location), bytes.len() as u64);
            let error = Error::ShortBody { location, asked: sent, received };
            return Err(Failure { error, again: Again::Often });
        }
        Ok(Piece { at: range.start, bytes, file_len: Some(length) })
    }

    /// The library checks this too; but believing wrong bytes would be the worst of all mistakes.
    fn expected(&self, asked: &Range<u64>, result: &GetResult) -> Result<()> {
        let end = asked.end.min(result.meta.size);
        if result.range == (asked.start..end) {
            return Ok(());
        }
        let found = format!("bytes {:?} of {}", result.range, result.meta.size);
        Err(Error::ContentRange { location: redact(&self.location), asked: asked.clone(), found })
    }

    /// A read that the library gave up; to begin past the end is no error here.
    async fn refused(&self, range: &Range<u64>, error: &object_store::Error) -> Result<Piece> {
        let length = match refusal::past_the_end(error) {
            None => return Err(refusal::error(&self.location, error)),
            Some(Some(length)) => {
                self.pin.check(
                    &self.location,
                    Version { length: Some(length), ..Version::default() },
                )?;
                length
            }
            // S3 itself tells no length with a 416.
            Some(None) => {
                let meta = self.store.head(&self.path).await;
                let meta = meta.map_err(|error| refusal::error(&self.location, &error))?;
                self.pin.check(&self.location, version(&meta))?;
                meta.size
            }
        };
        if length > range.start {
            let found = format!("none, with 416, though the object is {length} bytes long");
            let location = redact(&self.location);
            return Err(Error::ContentRange { location, asked: range.clone(), found });
        }
        Ok(Piece { at: range.start, bytes: Bytes::new(), file_len: Some(length) })
    }
}

fn version(meta: &ObjectMeta) -> Version {
    let modified = Some(meta.last_modified.to_rfc3339());
    Version { etag: meta.e_tag.clone(), modified, length: Some(meta.size) }
}

fn path(location: &str, object: &Object) -> Result<Path> {
    Path::parse(&object.key).map_err(|error| Error::usage(location, one_line(&error)))
}

/// How the library shall retry: as we do.
fn retry(options: &SourceOptions) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(10),
            base: 2.0,
        },
        max_retries: usize::try_from(options.retries).unwrap_or(usize::MAX),
        // Signatures are not renewed for a retry, and expire.
        retry_timeout: Duration::from_secs(180),
    }
}

/// Finds credentials now, within bounds, rather than at the first read without any.
async fn authenticate<C>(
    location: &str,
    provider: &dyn CredentialProvider<Credential = C>,
    within: Duration,
    hint: &str,
) -> Result<()> {
    let reason = match tokio::time::timeout(within, provider.get_credential()).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => refusal::reason(&error),
        Err(_) => format!("no answer within {within:?}"),
    };
    let reason =
        format!("no credentials found: {hint}; for a public bucket use --anonymous ({reason})");
    Err(Error::refused(location, squeeze(&reason)))
}

/// What a builder says about options that make no sense.
fn misconfigured(location: &str, error: &object_store::Error) -> Error {
    Error::usage(location, one_line(error))
}

/// `endpoint` if it is a URL that can be spoken to.
fn endpoint(options: &SourceOptions) -> Result<Option<&str>> {
    let Some(endpoint) = options.endpoint.as_deref() else { return Ok(None) };
    match url::Url::parse(endpoint) {
        // White space is allowed in URLs, and not in what requests are made of.
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && !endpoint.contains(char::is_whitespace) =>
        {
            Ok(Some(endpoint.trim_end_matches('/')))
        }
        _ => Err(Error::usage(endpoint, "an endpoint has the form http(s)://host[:port]")),
    }
}
