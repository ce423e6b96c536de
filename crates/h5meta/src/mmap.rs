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
    Ok(owned(mapping))
}

/// Bytes that keep alive what they are in.
fn owned(mapping: impl AsRef<[u8]> + Send + 'static) -> Bytes {
    Bytes::from_owner(mapping)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    /// All that is done with a mapping once it is there: Miri makes those that are of no file.
    #[test]
    fn parts_keep_the_mapping_alive_and_the_last_one_ends_it() {
        let mut mapping = memmap2::MmapMut::map_anon(8192).unwrap();
        for (at, byte) in mapping.iter_mut().enumerate() {
            *byte = (at % 251) as u8;
        }
        let bytes = owned(mapping);
        let (first, last) = (bytes.slice(..10), bytes.slice(8190..));
        drop(bytes);
        let read = std::thread::spawn(move || last.to_vec());
        assert_eq!(read.join().unwrap(), [(8190 % 251) as u8, (8191 % 251) as u8]);
        assert_eq!(first.to_vec(), (0..10).collect::<Vec<u8>>());
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri maps no files")]
    fn a_file_is_mapped_as_it_is() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|n| (n % 251) as u8).collect();
        let mapped = map(&file(&bytes)).unwrap();
        // The file is closed by now.
        assert_eq!(mapped, bytes);
        let part = mapped.slice(9_990..);
        drop(mapped);
        assert_eq!(part, bytes[9_990..]);
    }

    #[test]
    fn an_empty_file_is_no_bytes() {
        assert!(map(&file(b"")).unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_opened_is_an_error() {
        let error = open(Path::new("/there/is/no/such/file")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
