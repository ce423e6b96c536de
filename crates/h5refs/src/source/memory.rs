//! Files in memory.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Piece, Source, Version};
use crate::error::Result;

/// A file that is in memory already; `url` is what references will say.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> h5refs::Result<()> {
/// let source = h5refs::source::memory("s3://bucket/a.h5", vec![1, 2, 3]);
/// assert_eq!(source.read(1..9).await?.bytes[..], [2, 3]);
/// # Ok(())
/// # }
/// ```
pub fn memory(url: &str, bytes: impl Into<Bytes>) -> Arc<dyn Source> {
    Arc::new(Memory { url: url.to_owned(), bytes: bytes.into() })
}

/// What a read of a range gives, of a file that is all here.
pub(super) fn piece(file: &Bytes, range: &Range<u64>) -> Piece {
    let length = file.len();
    let clip = |at: u64| usize::try_from(at).map_or(length, |at| at.min(length));
    let (start, end) = (clip(range.start), clip(range.end));
    let bytes = file.slice(start..end.max(start));
    Piece { at: range.start, bytes, file_len: Some(length as u64) }
}

#[derive(Debug)]
struct Memory {
    url: String,
    bytes: Bytes,
}

#[async_trait]
impl Source for Memory {
    fn url(&self) -> &str {
        &self.url
    }

    fn version(&self) -> Version {
        Version { length: Some(self.bytes.len() as u64), ..Version::default() }
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        Ok(piece(&self.bytes, &range))
    }

    fn whole(&self) -> Option<Bytes> {
        Some(self.bytes.clone())
    }
}
