//! A local file as one `Bytes`: the crate's only I/O, and its only `unsafe`.

use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;

/// Maps the file at `path` into memory.
///
/// # Errors
/// Whatever opening or mapping the file gives.
pub fn open(path: &Path) -> io::Result<Bytes> {
    map(&File::open(path)?)
}

/// Maps an open file into memory.
///
/// A file that another process truncates while it is mapped raises a signal on access; callers who
/// cannot rule that out should read the file instead.
///
/// # Errors
/// Whatever mapping the file gives.
pub fn map(file: &File) -> io::Result<Bytes> {
    if file.metadata()?.len() == 0 {
        // An empty mapping is an error on most systems; an empty file is not.
        return Ok(Bytes::new());
    }
    // SAFETY: the mapping is read-only and private to this process. That no other process changes
    // the file meanwhile is the caller's to know, as the documentation above says.
    #[expect(unsafe_code, reason = "mapping a file has no safe form")]
    let mapping = unsafe { memmap2::Mmap::map(file) }?;
    Ok(Bytes::from_owner(mapping))
}
