//! A directory of files that belong together, of which readers begin with one.
//!
//! On disk it is made under another name and renamed. In an object store nothing can be renamed: there the
//! file that readers begin with goes away first and comes last, so that what is cut short is no sidecar, and
//! none is a mixture of two. Whether anything can be written there at all is tried before.

use std::path::{Component, Path};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use tempfile::TempDir;

use crate::error::{Error, Result};
use crate::render::ZMETADATA;
use crate::source::{self, SourceOptions, Uploads};

/// Uploads at once.
const AT_ONCE: usize = 16;

/// What is written and deleted again before anything else is deleted, below the place of a sidecar.
const TRIAL: &str = ".h5sidecar.tmp";

/// Writes files by their paths in the directory `location`, in order. One that is there is replaced if it is
/// a sidecar, and nothing else.
///
/// # Errors
/// As `super::write`.
pub(super) async fn write(
    location: &str,
    files: Vec<(String, Bytes)>,
    options: &SourceOptions,
) -> Result<()> {
    if let Some((name, _)) = files.iter().find(|(name, _)| !is_below(name)) {
        let name = crate::error::squeeze(name);
        let reason = format!("{name}: not all of these are names for files; write JSON");
        return Err(Error::output(location, reason));
    }
    match source::local_path(location)? {
        None => upload(location, files, options).await,
        Some(path) => {
            let name = location.to_owned();
            tokio::task::spawn_blocking(move || make(&name, &path, &files))
                .await
                .map_err(|error| Error::output(location, error.to_string()))?
        }
    }
}

/// Bytes of a name that file systems take.
const LONGEST: usize = 255;

/// Whether a path from a file's names leads to below where it begins, on every system.
pub(crate) fn is_below(name: &str) -> bool {
    let is_name = |part: Component<'_>| matches!(part, Component::Normal(_));
    let named =
        name.split('/').all(|part| !matches!(part, "" | "." | "..") && part.len() <= LONGEST);
    named && !name.contains(['\\', '\0']) && Path::new(name).components().all(is_name)
}

async fn upload(
    location: &str,
    mut files: Vec<(String, Bytes)>,
    options: &SourceOptions,
) -> Result<()> {
    let Some((last, bytes)) = files.pop() else { return Ok(()) };
    let sizes = files.iter().map(|(_, bytes)| bytes.len()).chain([bytes.len()]);
    let place = location.trim_end_matches('/');
    let uploads = &Uploads::new(place, sizes.max().unwrap_or(0), options).await?;
    let mut old = uploads.list().await?;
    old.retain(|path| is_of_sidecar(path));
    old.sort_by_key(|path| path != ZMETADATA);
    if !old.is_empty() {
        uploads.put(TRIAL, Bytes::new()).await?;
        uploads.delete(TRIAL).await?;
    }
    for path in old {
        uploads.delete(&path).await?;
    }
    let put = |(name, bytes): (String, Bytes)| async move { uploads.put(&name, bytes).await };
    futures::stream::iter(files).map(put).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    uploads.put(&last, bytes).await
}

fn is_of_sidecar(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let number = name.strip_prefix("refs.").and_then(|rest| rest.strip_suffix(".parq"));
    path == ZMETADATA || number.is_some_and(|n| n.parse::<u64>().is_ok())
}

fn make(location: &str, path: &Path, files: &[(String, Bytes)]) -> Result<()> {
    let failed = |error: std::io::Error| Error::output(location, error.to_string());
    let directory = super::directory(path);
    if !directory.is_dir() {
        let reason = format!("there is no directory {}", directory.display());
        return Err(Error::output(location, reason));
    }
    let is_there = path.symlink_metadata().is_ok();
    if is_there && !is_sidecar(path).map_err(failed)? {
        let reason = "is there, and is no sidecar in the parquet format: nothing is replaced";
        return Err(Error::output(location, reason));
    }
    // Removes itself when dropped on the way.
    let mut builder = tempfile::Builder::new();
    builder.prefix(".h5sidecar-").suffix(".tmp");
    let made = builder.tempdir_in(&directory).map_err(failed)?;
    let new = made.path().join("new");
    std::fs::create_dir(&new).map_err(failed)?;
    for (name, bytes) in files {
        let file = new.join(name);
        std::fs::create_dir_all(super::directory(&file)).map_err(failed)?;
        std::fs::write(&file, bytes).map_err(failed)?;
    }
    replace(path, made, &new, is_there).map_err(|reason| Error::output(location, reason))?;
    super::sync_directory(&directory);
    Ok(())
}

/// Puts the directory `new` in `made` at `path`. What was there comes back if that fails.
fn replace(path: &Path, made: TempDir, new: &Path, is_there: bool) -> Result<(), String> {
    let old = made.path().join("old");
    if is_there {
        std::fs::rename(path, &old).map_err(|error| error.to_string())?;
    }
    let Err(error) = std::fs::rename(new, path) else { return Ok(()) };
    if is_there && std::fs::rename(&old, path).is_err() {
        let kept = made.keep().join("old");
        return Err(format!("{error}; what was there is in {}", kept.display()));
    }
    Err(error.to_string())
}

/// Whether a directory is a sidecar, with nothing else in it.
pub(super) fn is_sidecar(path: &Path) -> std::io::Result<bool> {
    if !path.is_dir() || !path.join(ZMETADATA).is_file() {
        return Ok(false);
    }
    let mut directories = vec![path.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                directories.push(entry.path());
            } else if !kind.is_file() || !is_of_sidecar(&entry.file_name().to_string_lossy()) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below() {
        for name in ["a/refs.0.parq", ".zmetadata", "a b/c/refs.1.parq"] {
            assert!(is_below(name), "{name}");
        }
        for name in ["../a", "a/../../b", "/a", "a//b", "./a", "a\\..\\b", "a\0b", ""] {
            assert!(!is_below(name), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_still_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parq");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join(ZMETADATA), "before").unwrap();
        let made = tempfile::tempdir_in(dir.path()).unwrap();
        let none = made.path().join("none");
        assert!(replace(&path, made, &none, true).is_err());
        assert_eq!(std::fs::read_to_string(path.join(ZMETADATA)).unwrap(), "before");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_a_sidecar_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parq");
        let files = |text: &'static str| {
            let bytes = Bytes::from_static(text.as_bytes());
            [("a/refs.0.parq".to_owned(), bytes.clone()), (ZMETADATA.to_owned(), bytes)]
        };
        make("x", &path, &files("first")).unwrap();
        make("x", &path, &files("second")[1..]).unwrap();
        assert_eq!(std::fs::read_to_string(path.join(ZMETADATA)).unwrap(), "second");
        assert!(!path.join("a").exists());
        std::fs::write(path.join("mine.txt"), "kept").unwrap();
        let error = make("x", &path, &files("third")).unwrap_err();
        assert!(error.to_string().contains("nothing is replaced"), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
