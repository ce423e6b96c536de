//! Where the output goes: a file or an object, or a directory of them, written whole or not at all.

mod directory;
mod place;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

pub(crate) use self::directory::is_below;
pub use self::place::check;
use crate::error::{Error, Result};
use crate::render::{Format, Layout, Rendered};
use crate::sidecar::Sidecar;
use crate::source::{self, SourceOptions};

/// Writes a sidecar to `location`.
///
/// # Errors
/// As [`write_whole`] and, of a directory, if the place is taken by one that is no sidecar.
pub async fn write(location: &str, sidecar: Rendered, options: &SourceOptions) -> Result<()> {
    match sidecar {
        Rendered::File(bytes) => write_whole(location, bytes, options).await,
        Rendered::Directory(files) => directory::write(location, files, options).await,
    }
}

/// Writes a sidecar to `location` as it is made, in a layout; gives the bytes of it. It is in memory as a
/// whole only if it goes to an object store.
///
/// # Errors
/// As [`write()`], and what `Sidecar::render` has errors for.
pub async fn write_sidecar(
    location: &str,
    sidecar: &Sidecar,
    layout: Layout,
    options: &SourceOptions,
) -> Result<u64> {
    let path = match layout.format {
        Format::Parquet => None,
        _ => source::local_path(location)?,
    };
    let Some(path) = path else {
        let rendered = sidecar.render(layout)?;
        let size = rendered.len();
        write(location, rendered, options).await?;
        return Ok(size);
    };
    let (sidecar, name) = (sidecar.clone(), location.to_owned());
    tokio::task::spawn_blocking(move || {
        let mut size = 0;
        let fill = |file: &mut dyn Write| {
            let mut counted = Counted { out: file, size: 0 };
            sidecar.write_to(layout, &mut counted)?;
            size = counted.size;
            Ok(())
        };
        write_file(&name, &path, fill)?;
        Ok(size)
    })
    .await
    .map_err(|error| Error::output(location, error.to_string()))?
}

/// A writer that counts.
#[derive(Debug)]
pub struct Counted<W> {
    /// What is written to.
    pub out: W,
    /// The bytes written so far.
    pub size: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.size = self.size.saturating_add(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes `bytes` to `location`: a path, a `file` URL, or an object of S3, Google or Azure.
///
/// A file is written under another name beside its place, brought to disk, then renamed; an object is uploaded
/// in one request. Whatever goes wrong, the place holds what it held before. Missing directories are not made.
///
/// # Errors
/// `Usage` for places that cannot be written to (`http` URLs), `Storage` if there are no credentials, `Output`
/// if the place could not be written.
pub async fn write_whole(location: &str, bytes: Bytes, options: &SourceOptions) -> Result<()> {
    let Some(path) = source::local_path(location)? else {
        return source::put(location, bytes, options).await;
    };
    let name = location.to_owned();
    tokio::task::spawn_blocking(move || write_file(&name, &path, |file| file.write_all(&bytes)))
        .await
        .map_err(|error| Error::output(location, error.to_string()))?
}

fn write_file(
    location: &str,
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let failed = |error: io::Error| Error::output(location, error.to_string());
    // A link stays a link: what it points to is replaced.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = directory(&path);
    if path.is_dir() {
        return Err(Error::output(location, "is a directory"));
    }
    if !directory.is_dir() {
        let reason = format!("there is no directory {}", directory.display());
        return Err(Error::output(location, reason));
    }
    // A pipe or a device, such as /dev/stdout, is written to and not replaced.
    if path.exists() && !path.is_file() {
        return std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|mut file| fill(&mut file))
            .map_err(failed);
    }
    replace(&path, &directory, |file| fill(file)).map_err(failed)
}

/// Puts a file that `fill` fills at `path`, or changes nothing.
fn replace(
    path: &Path,
    directory: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".h5sidecar-").suffix(".tmp");
    permissions(&mut builder, path);
    // Removes itself when dropped on the way.
    let mut file = builder.tempfile_in(directory)?;
    fill(file.as_file_mut())?;
    // Before the rename: else a crash could leave the new name on an empty file.
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_directory(directory);
    Ok(())
}

/// The directory of `path`; a bare name is in the current one.
fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Temporary files are for the owner only; the output gets the mode of the file it replaces, or what any new
/// file gets (0666 less the umask, which the system takes off).
#[cfg(unix)]
fn permissions(builder: &mut tempfile::Builder<'_, '_>, path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_or(0o666, |old| old.permissions().mode() & 0o777);
    builder.permissions(std::fs::Permissions::from_mode(mode));
}

/// Elsewhere a new file takes after its directory.
#[cfg(not(unix))]
fn permissions(_: &mut tempfile::Builder<'_, '_>, _: &Path) {}

/// Brings the rename itself to disk, where directories can be opened. Without, a crash may bring the old file
/// back, which is no worse than having crashed a moment earlier: a failure here is none.
fn sync_directory(directory: &Path) {
    if let Ok(directory) = File::open(directory) {
        let _ = directory.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("refs.json");
        std::fs::write(&path, "old").unwrap();
        let error = replace(&path, dir.path(), |file| {
            file.write_all(b"half of the n")?;
            Err(io::Error::other("disk full"))
        });
        assert_eq!(error.unwrap_err().to_string(), "disk full");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
