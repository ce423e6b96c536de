//! A source in memory that answers at once and in order, so that what is counted is the same on every
//! run.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use h5refs::Result;
use h5refs::source::{self, Piece, Source};

/// A file in memory, read as if it were far away.
#[derive(Debug)]
pub struct Memory {
    file: Arc<dyn Source>,
    reads: Mutex<Vec<Range<u64>>>,
}

impl Memory {
    /// A file of these bytes, under this name.
    pub fn new(url: &str, bytes: impl Into<Bytes>) -> Self {
        Self { file: source::memory(url, bytes), reads: Mutex::default() }
    }

    /// What was read, in order.
    pub fn reads(&self) -> Vec<Range<u64>> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Source for Memory {
    fn url(&self) -> &str {
        self.file.url()
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).push(range.clone());
        self.file.read(range).await
    }
}
