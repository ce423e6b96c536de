//! Files on this machine.
//!
//! Read with positioned reads, unless they are to be mapped: a file that is shortened meanwhile is then an error,
//! where a mapped page that vanishes ends the process.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::memory::piece;
use super::pin::{Pin, Version};
use super::{Piece, Source};
use crate::error::{Error, Result};

/// Opens the file at `path`; `location` is how the user named it.
///
/// # Errors
/// `Usage` for a directory, `Storage` for a file that cannot be opened or mapped.
pub(crate) fn open(location: &str, path: &Path, mmap: bool) -> Result<Arc<dyn Source>> {
    let gone = |error: io::Error| failed(location, &error);
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
    // The version is that of the file as it was opened.
    let meta = file.metadata().map_err(gone)?;
    let (location, path, pin) = (location.to_owned(), path.to_owned(), Pin::default());
    pin.check(&location, version(&meta))?;
    let named = Named { location, path, pin, identity: identity(&meta) };
    if mmap {
        let bytes = h5meta::mmap::map(&file).map_err(|error| failed(&named.location, &error))?;
        return Ok(Arc::new(Mapped { named, bytes }));
    }
    Ok(Arc::new(Plain { named, file: Arc::new(file) }))
}

/// What both kinds know of their file.
#[derive(Debug)]
struct Named {
    location: String,
    path: PathBuf,
    pin: Pin,
    identity: Option<(u64, u64)>,
}

impl Named {
    /// What answers tell of the version: the time is this machine's, and of no use elsewhere.
    fn version(&self) -> Version {
        Version { length: self.pin.version().length, ..Version::default() }
    }

    /// Whether the path still leads to the file that was opened, and that is as it was.
    fn unchanged(&self) -> Result<()> {
        let meta = std::fs::metadata(&self.path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::changed(&self.location, "it is gone"),
            _ => failed(&self.location, &error),
        })?;
        if identity(&meta) != self.identity {
            return Err(Error::changed(&self.location, "another file has its name now"));
        }
        self.pin.check(&self.location, version(&meta))
    }
}

/// A file mapped into memory: there is nothing to fetch.
#[derive(Debug)]
struct Mapped {
    named: Named,
    bytes: Bytes,
}

#[async_trait]
impl Source for Mapped {
    fn url(&self) -> &str {
        &self.named.location
    }

    fn version(&self) -> Version {
        self.named.version()
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        Ok(piece(&self.bytes, &range))
    }

    fn whole(&self) -> Option<Bytes> {
        Some(self.bytes.clone())
    }

    fn is_near(&self) -> bool {
        true
    }

    async fn unchanged(&self) -> Result<()> {
        self.named.unchanged()
    }
}

/// A file read piece by piece, by as many threads as there are reads.
#[derive(Debug)]
struct Plain {
    named: Named,
    file: Arc<File>,
}

#[async_trait]
impl Source for Plain {
    fn url(&self) -> &str {
        &self.named.location
    }

    fn version(&self) -> Version {
        self.named.version()
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        let at = range.start;
        let piece = self.read_several(vec![range]).await?.pop();
        Ok(piece.unwrap_or(Piece { at, bytes: Bytes::new(), file_len: None }))
    }

    /// To go to another thread and back takes longer than most reads.
    async fn read_several(&self, ranges: Vec<Range<u64>>) -> Result<Vec<Piece>> {
        let file = Arc::clone(&self.file);
        let work = move || -> io::Result<Vec<_>> {
            ranges.into_iter().map(|range| Ok((range.clone(), read(&file, range)?))).collect()
        };
        let read = tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten();
        let pieces = read.map_err(|error| failed(&self.named.location, &error))?.into_iter();
        pieces.map(|(range, (bytes, meta))| self.checked(&range, bytes, &meta)).collect()
    }

    fn is_near(&self) -> bool {
        true
    }

    async fn unchanged(&self) -> Result<()> {
        self.named.unchanged()
    }
}

impl Plain {
    /// What was read, if it is of the file that was opened, as it was then.
    fn checked(&self, asked: &Range<u64>, bytes: Bytes, meta: &Metadata) -> Result<Piece> {
        self.named.pin.check(&self.named.location, version(meta))?;
        if bytes.len() as u64 != asked.end.min(meta.len()).saturating_sub(asked.start) {
            let reason = format!("of bytes {asked:?} only {} were there", bytes.len());
            return Err(Error::changed(&self.named.location, reason));
        }
        Ok(Piece { at: asked.start, bytes, file_len: Some(meta.len()) })
    }
}

/// The bytes of a range as far as the file goes, and what the file is after that.
fn read(file: &File, range: Range<u64>) -> io::Result<(Bytes, Metadata)> {
    // What is asked for is held against the file before memory is: it may be a file's claim.
    let end = range.end.min(file.metadata()?.len());
    let length = usize::try_from(end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read_at(file, rest, range.start.saturating_add(filled as u64)) {
            // The file ends here, whatever it was a moment ago.
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok((bytes.into(), file.metadata()?))
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, at)
}

/// It moves the file's position too, which nobody goes by.
#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, at)
}

/// Which of the files that have had a name it is, where the system tells.
#[cfg(unix)]
fn identity(meta: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

fn version(meta: &Metadata) -> Version {
    let modified = meta.modified().ok().map(|time| format!("{time:?}"));
    Version { etag: None, modified, length: Some(meta.len()) }
}

fn failed(location: &str, error: &io::Error) -> Error {
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

    /// Each change shows at the next read, whatever was read before, and at the end if nothing more is read.
    #[tokio::test]
    async fn a_file_that_changes_is_noticed() {
        type Change = fn(&Path);
        let longer: Change = |path| std::fs::write(path, b"0123456789ab").unwrap();
        let shorter: Change =
            |path| File::options().write(true).open(path).unwrap().set_len(5).unwrap();
        let emptied: Change = |path| _ = File::create(path).unwrap();
        let touched: Change = |path| {
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        };
        for change in [longer, shorter, emptied, touched] {
            for before in [None, Some(0..4), Some(0..10)] {
                let (_dir, path) = file(b"0123456789");
                let source = open(&path, Path::new(&path), false).unwrap();
                if let Some(range) = before {
                    source.read(range).await.unwrap();
                }
                source.unchanged().await.unwrap();
                change(Path::new(&path));
                for range in [0..4, 2..9, 8..20, 10..12] {
                    let read = source.read(range).await;
                    assert!(matches!(read, Err(Error::Changed { .. })), "{read:?}");
                }
                let end = source.unchanged().await;
                assert!(matches!(end, Err(Error::Changed { .. })), "{end:?}");
            }
        }
    }

    /// What was opened is read to its end, but what has its name by then is another file.
    #[tokio::test]
    async fn a_file_that_is_replaced_is_noticed() {
        for mmap in [true, false] {
            let (dir, path) = file(b"0123456789");
            let source = open(&path, Path::new(&path), mmap).unwrap();
            let other = dir.path().join("other");
            std::fs::write(&other, b"abcdefghij").unwrap();
            let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
            File::options().write(true).open(&other).unwrap().set_modified(modified).unwrap();
            std::fs::rename(&other, &path).unwrap();
            assert_eq!(source.read(0..20).await.unwrap().bytes, &b"0123456789"[..]);
            if cfg!(unix) {
                let error = source.unchanged().await.unwrap_err();
                assert!(error.to_string().contains("another file"), "{error}");
            }
            std::fs::remove_file(&path).unwrap();
            assert!(matches!(source.unchanged().await, Err(Error::Changed { .. })));
        }
    }

    #[tokio::test]
    async fn reads_go_on_at_one_time() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        let (_dir, path) = file(&bytes);
        let source = open(&path, Path::new(&path), false).unwrap();
        let reads = (0..500_u64).map(|n| source.read(n * 199..n * 199 + 1000));
        for (n, piece) in futures::future::join_all(reads).await.into_iter().enumerate() {
            let end = (n * 199 + 1000).min(bytes.len());
            assert_eq!(piece.unwrap().bytes, bytes[n * 199..end], "{n}");
        }
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
