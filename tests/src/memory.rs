//! A source in memory that answers at once and in order, so that what is counted is the same on every
//! run.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use h5refs::Result;
use h5refs::source::{Piece, Source};

/// A file in memory, read as if it were far away.
#[derive(Debug)]
pub struct Memory {
    url: String,
    bytes: Bytes,
    reads: Mutex<Vec<Range<u64>>>,
}

impl Memory {
    /// A file of these bytes, under this name.
    pub fn new(url: &str, bytes: impl Into<Bytes>) -> Self {
        Self { url: url.to_owned(), bytes: bytes.into(), reads: Mutex::default() }
    }

    /// What was read, in order.
    pub fn reads(&self) -> Vec<Range<u64>> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Source for Memory {
    fn url(&self) -> &str {
        &self.url
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).push(range.clone());
        let length = self.bytes.len();
        let clip = |at: u64| usize::try_from(at).map_or(length, |at| at.min(length));
        let bytes = self.bytes.slice(clip(range.start)..clip(range.end));
        Ok(Piece { at: range.start, bytes, file_len: Some(length as u64) })
    }
}
