//! Files on this machine.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::pin::{Pin, Version};
use super::{Piece, Source};
use crate::error::{Error, Result};

/// Opens the file at `path`; `location` is how the user named it.
///
/// # Errors
/// `Usage` for a directory, `Storage` for a file that cannot be opened or mapped.
pub(crate) fn open(location: &str, path: &Path, mmap: bool) -> Result<Arc<dyn Source>> {
    let gone = |error: std::io::Error| failed(location, &error);
    // Before opening: a pipe would wait for its writer, and on Windows a directory cannot be opened at all.
    let meta = std::fs::metadata(path).map_err(gone)?;
    if meta.is_dir() {
        return Err(Error::usage(location, "is a directory; an HDF5 file is needed"));
    }
    // Pipes and devices have no length to speak of; they cannot be mapped nor read in any order.
    if !meta.is_file() {
        return Err(Error::usage(location, "is not a regular file"));
    }
    let file = File::open(path).map_err(gone)?;
    let location = location.to_owned();
    if mmap {
        let bytes = h5meta::mmap::map(&file).map_err(|error| failed(&location, &error))?;
        return Ok(Arc::new(Mapped { location, bytes }));
    }
    Ok(Arc::new(Plain { location, file: Arc::new(Mutex::new(file)), pin: Pin::default() }))
}

/// A file mapped into memory: there is nothing to fetch.
#[derive(Debug)]
struct Mapped {
    location: String,
    bytes: Bytes,
}

#[async_trait]
impl Source for Mapped {
    fn url(&self) -> &str {
        &self.location
    }

    fn version(&self) -> Version {
        Version { length: Some(self.bytes.len() as u64), ..Version::default() }
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        let length = self.bytes.len();
        let clip = |at: u64| usize::try_from(at).map_or(length, |at| at.min(length));
        let (start, end) = (clip(range.start), clip(range.end));
        let bytes = self.bytes.slice(start..end.max(start));
        Ok(Piece { at: range.start, bytes, file_len: Some(length as u64) })
    }

    fn whole(&self) -> Option<Bytes> {
        Some(self.bytes.clone())
    }
}

/// A file read piece by piece, for those that may be shortened while they are read.
#[derive(Debug)]
struct Plain {
    location: String,
    file: Arc<Mutex<File>>,
    pin: Pin,
}

#[async_trait]
impl Source for Plain {
    fn url(&self) -> &str {
        &self.location
    }

    fn version(&self) -> Version {
        self.pin.version()
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        let file = Arc::clone(&self.file);
        let at = range.start;
        let read = tokio::task::spawn_blocking(move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            read_at(&mut file, range)
        });
        let (bytes, meta) = read
            .await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(|error| failed(&self.location, &error))?;
        self.pin.check(&self.location, version(&meta))?;
        Ok(Piece { at, bytes, file_len: Some(meta.len()) })
    }
}

fn read_at(file: &mut File, range: Range<u64>) -> std::io::Result<(Bytes, Metadata)> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(range.start))?;
    file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes)?;
    Ok((bytes.into(), file.metadata()?))
}

fn version(meta: &Metadata) -> Version {
    let modified = meta.modified().ok().map(|time| format!("{time:?}"));
    Version { etag: None, modified, length: Some(meta.len()) }
}

fn failed(location: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::missing(location, "no such file"),
        ErrorKind::PermissionDenied => Error::refused(location, "permission denied"),
        _ => Error::refused(location, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x y.h5");
        std::fs::write(&path, bytes).unwrap();
        (dir, path.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn both_ways_read_the_same() {
        let (_dir, path) = file(b"0123456789");
        for mmap in [true, false] {
            let source = open(&path, Path::new(&path), mmap).unwrap();
            assert_eq!(source.url(), path);
            assert_eq!(source.whole().is_some(), mmap);
            for (range, expected) in [
                (2..5, "234"),
                (8..20, "89"),
                (10..11, ""),
                (99..u64::MAX, ""),
                (0..10, "0123456789"),
            ] {
                let piece = source.read(range.clone()).await.unwrap();
                assert_eq!(piece.bytes, expected.as_bytes(), "{range:?}");
                assert_eq!((piece.at, piece.file_len), (range.start, Some(10)));
            }
        }
    }

    #[tokio::test]
    async fn an_empty_file_is_empty() {
        let (_dir, path) = file(b"");
        for mmap in [true, false] {
            let source = open(&path, Path::new(&path), mmap).unwrap();
            assert_eq!(source.read(0..10).await.unwrap().file_len, Some(0));
        }
    }

    #[tokio::test]
    async fn a_file_that_grows_is_noticed() {
        let (_dir, path) = file(b"0123456789");
        let source = open(&path, Path::new(&path), false).unwrap();
        source.read(0..4).await.unwrap();
        std::fs::write(&path, b"0123456789ab").unwrap();
        assert!(matches!(source.read(0..4).await, Err(Error::Changed { .. })));
    }

    #[test]
    fn what_is_no_file_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let error = open("d", dir.path(), true).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("directory"), "{error}");
        let error = open("gone.h5", &dir.path().join("gone.h5"), true).unwrap_err();
        assert_eq!(error.to_string(), "gone.h5: no such file");
        assert!(error.is_storage());
    }
}
