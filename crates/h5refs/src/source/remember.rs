//! A source that remembers a file that one read brought whole.
//!
//! Small files are all in the first answer: what is read of them later, chunks to be inlined and strings,
//! is then no request.

use std::ops::Range;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Piece, Source, Version};
use crate::error::Result;

/// A source, and all of its file once an answer held that.
#[derive(Debug)]
pub(crate) struct Remembering<'a> {
    source: &'a dyn Source,
    whole: OnceLock<Bytes>,
}

impl<'a> Remembering<'a> {
    pub(crate) fn new(source: &'a dyn Source) -> Self {
        Self { source, whole: OnceLock::new() }
    }
}

#[async_trait]
impl Source for Remembering<'_> {
    fn url(&self) -> &str {
        self.source.url()
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        let piece = self.source.read(range).await?;
        if piece.at == 0 && piece.file_len == Some(piece.bytes.len() as u64) {
            // Of two that are the same, the first stays.
            _ = self.whole.set(piece.bytes.clone());
        }
        Ok(piece)
    }

    async fn read_several(&self, ranges: Vec<Range<u64>>) -> Result<Vec<Piece>> {
        self.source.read_several(ranges).await
    }

    fn version(&self) -> Version {
        self.source.version()
    }

    fn first_byte(&self) -> Option<Duration> {
        self.source.first_byte()
    }

    fn whole(&self) -> Option<Bytes> {
        self.whole.get().cloned().or_else(|| self.source.whole())
    }

    fn is_near(&self) -> bool {
        self.source.is_near()
    }

    async fn unchanged(&self) -> Result<()> {
        self.source.unchanged().await
    }
}
