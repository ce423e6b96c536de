//! Zstandard as a writer that something is written to.

use std::io::{self, BufReader, Read, Write};

use ruzstd::encoding::{CompressionLevel, FrameCompressor};

/// Bytes read at once.
const BUFFER: usize = 256 << 10;

/// Compresses what `fill` writes.
///
/// # Errors
/// Those of `fill` and of `out`.
pub(super) fn compress(
    out: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send,
) -> io::Result<()> {
    // The compressor reads what it compresses: so that is written beside it.
    let (reader, mut writer) = io::pipe()?;
    let mut source = Patient::new(BufReader::with_capacity(BUFFER, reader));
    let mut drain = Patient::new(out);
    let filled = std::thread::scope(|scope| {
        let filled = scope.spawn(move || fill(&mut writer));
        let mut compressor = FrameCompressor::new(CompressionLevel::Fastest);
        compressor.set_source(&mut source);
        compressor.set_drain(&mut drain);
        compressor.compress();
        // Whoever still writes is told that nobody reads.
        drop(compressor);
        filled.join().unwrap_or_else(|_| Err(io::Error::other("the writer of JSON panicked")))
    });
    drain.end()?;
    source.end()?;
    filled
}

/// A reader or writer whose failure is seen at the end only: the compressor takes failures for bugs, and
/// panics.
struct Patient<T> {
    inner: T,
    failed: io::Result<()>,
}

impl<T> Patient<T> {
    fn new(inner: T) -> Self {
        Self { inner, failed: Ok(()) }
    }

    fn end(self) -> io::Result<()> {
        self.failed
    }
}

impl<R: Read> Read for &mut Patient<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = Err(error);
                    return Ok(0);
                }
                read => return read,
            }
        }
    }
}

impl<W: Write> Write for &mut Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed.is_ok() {
            self.failed = self.inner.write_all(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_again() {
        let text: Vec<u8> = (0..3_000_000_u32).map(|n| (n / 7 % 251) as u8).collect();
        let mut out = Vec::new();
        compress(&mut out, |out| text.chunks(999).try_for_each(|part| out.write_all(part)))
            .unwrap();
        assert!(out.len() < text.len() / 2);
        let mut back = Vec::new();
        let mut decoder = ruzstd::decoding::StreamingDecoder::new(&*out).unwrap();
        decoder.read_to_end(&mut back).unwrap();
        assert!(back == text);
    }

    #[test]
    fn failures_are_errors() {
        let failed = compress(&mut Vec::new(), |_| Err(io::Error::other("no more")));
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        let mut full = [0_u8; 4];
        let failed = compress(&mut &mut full[..], |out| out.write_all(&[7; 5000]));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::WriteZero);
    }
}
