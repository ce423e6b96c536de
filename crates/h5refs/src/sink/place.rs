//! Whether something can be written to a place, before any work is done for it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::error::{Error, Result};
use crate::render::Format;
use crate::source;

/// Looks whether a sidecar of a format can be written to `location`; any file is as one of JSON. What only
/// writing shows, a full disk or a store that refuses, is not found.
///
/// # Errors
/// `Usage` for places that cannot be written to, a directory that does not exist, a place taken by what would not
/// be replaced; `Output` for a directory that takes no files.
pub fn check(location: &str, format: Format) -> Result<()> {
    let Some(path) = source::local_path(location)? else { return Ok(()) };
    let path = std::fs::canonicalize(&path).unwrap_or(path);
    let directory = super::directory(&path);
    if !directory.is_dir() {
        let reason = format!("there is no directory {}", directory.display());
        return Err(Error::usage(location, reason));
    }
    if format == Format::Parquet {
        let failed = |error: io::Error| Error::output(location, error.to_string());
        if path.symlink_metadata().is_ok()
            && !super::directory::is_sidecar(&path).map_err(failed)?
        {
            let reason = "is there, and is no sidecar in the parquet format: nothing is replaced";
            return Err(Error::usage(location, reason));
        }
    } else if path.is_dir() {
        return Err(Error::usage(location, "is a directory; a file is to be written"));
    } else if path.exists() && !path.is_file() {
        // A pipe or a device is written to, and needs nothing beside it.
        return Ok(());
    } else if is_hdf5(&path) {
        let reason = "is an HDF5 file: nothing is replaced";
        return Err(Error::usage(location, reason));
    }
    match tempfile::tempfile_in(&directory) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::output(location, error.to_string())),
    }
}

/// Whether a file is an HDF5 file: one that is named by mistake.
fn is_hdf5(path: &Path) -> bool {
    // What cannot be read cannot be told, and is replaced as any file is.
    File::open(path).and_then(|mut file| has_signature(&mut file)).unwrap_or(false)
}

/// Looks where HDF5 files may begin: at the first byte, or behind a user block of 512 bytes, 1024, 2048 and so on.
fn has_signature(file: &mut File) -> io::Result<bool> {
    const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";
    let length = file.metadata()?.len();
    let user_blocks = std::iter::successors(Some(512_u64), |size| size.checked_mul(2));
    for at in std::iter::once(0).chain(user_blocks) {
        if length.saturating_sub(at) < SIGNATURE.len() as u64 {
            break;
        }
        let mut found = [0; SIGNATURE.len()];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut found)?;
        if found == *SIGNATURE {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_blocks_hide_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.h5");
        for (user_block, is_one) in
            [(0, true), (512, true), (4096, true), (8, false), (1536, false)]
        {
            let mut bytes = vec![b'x'; user_block];
            bytes.extend_from_slice(b"\x89HDF\r\n\x1a\n");
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(is_hdf5(&path), is_one, "{user_block}");
            bytes.pop();
            std::fs::write(&path, &bytes).unwrap();
            assert!(!is_hdf5(&path), "{user_block}");
        }
    }

    #[test]
    fn places_are_good_or_the_user_must_ask_differently() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir(at("taken")).unwrap();
        std::fs::write(at("taken/mine"), "").unwrap();
        std::fs::create_dir(at("old.parq")).unwrap();
        std::fs::write(at("old.parq/.zmetadata"), "").unwrap();
        std::fs::write(at("file"), "").unwrap();
        std::fs::write(at("a.h5"), b"\x89HDF\r\n\x1a\n\0").unwrap();
        let good = [
            (at("new"), Format::Json),
            (at("file"), Format::JsonGz),
            (at("new"), Format::Parquet),
            (at("old.parq"), Format::Parquet),
            ("s3://bucket/x".to_owned(), Format::Parquet),
        ];
        for (place, format) in good {
            assert!(check(&place, format).is_ok(), "{place} {format:?}");
        }
        let bad = [
            (at("no/such"), Format::Json, "there is no directory"),
            (at("no/such"), Format::Parquet, "there is no directory"),
            (at("taken"), Format::Json, "is a directory"),
            (at("taken"), Format::Parquet, "nothing is replaced"),
            (at("file"), Format::Parquet, "nothing is replaced"),
            (at("a.h5"), Format::Json, "an HDF5 file"),
            ("https://host/x".to_owned(), Format::Json, "no uploads"),
        ];
        for (place, format, says) in bad {
            let error = check(&place, format).unwrap_err();
            assert!(error.is_usage() && error.to_string().contains(says), "{place}: {error}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 4);
        #[cfg(unix)]
        assert!(check("/dev/null", Format::Json).is_ok());
    }
}
