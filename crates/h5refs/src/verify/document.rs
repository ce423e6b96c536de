//! A sidecar without its files: what shows of the JSON alone.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::check::{self, Checked};
use super::read::{Chunk, Stored, packed};
use super::work::Work;
use super::{Fault, Options, Verified};

/// A sidecar in memory, of which no file is opened.
///
/// # Example
///
/// ```
/// use h5refs::verify::{Document, Options};
///
/// let json = br#"{"version":1,"refs":{".zgroup":"{\"zarr_format\":2}","a/0":["a.h5",4,8]}}"#;
/// let document = Document::read(&json[..].into(), &Options::default()).unwrap();
/// let faults = document.faults(Some(10));
/// assert_eq!(faults[0].key, "a/0");
/// assert_eq!(faults[0].reason, "it is of no array");
/// ```
#[derive(Debug)]
pub struct Document(Checked);

impl Document {
    /// Reads kerchunk reference JSON of version 1, plain, gzipped or through zstd, of `max_sidecar` bytes unpacked
    /// at most.
    ///
    /// # Errors
    /// What it is instead. What is wrong with single references is a fault.
    pub fn read(sidecar: &Bytes, options: &Options) -> Result<Self, String> {
        Ok(Self(check::check(packed(sidecar, options)?)))
    }

    /// What is wrong with it, in order: keys that are there twice, documents that are no Zarr, chunks that are of
    /// no array or not of its size, and references that end behind `length` bytes, if every file of the sidecar is
    /// known to have so many.
    #[must_use]
    pub fn faults(&self, length: Option<u64>) -> Vec<Fault> {
        let mut faults = self.0.faults.clone();
        if let Some(length) = length {
            let lengths: BTreeMap<&str, u64> =
                self.files().into_iter().map(|file| (file, length)).collect();
            faults.extend(check::outside(&self.0.chunks, &lengths));
        }
        faults.finish()
    }

    /// The paths of its arrays, without a slash before them, in order.
    #[must_use]
    pub fn arrays(&self) -> BTreeSet<&str> {
        self.0.arrays.iter().map(|array| array.path.as_str()).collect()
    }

    /// What its references call their files.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&str> {
        let chunks = self.0.chunks.iter();
        chunks.filter_map(|chunk| chunk.stored.file()).collect()
    }

    /// Decodes chunks that are in the sidecar itself: as many as [`Options::sample`] says, of `max_chunk` bytes at
    /// most.
    #[must_use]
    pub fn decode(&self, options: &Options) -> Verified {
        let referenced = self.0.referenced();
        let mut verified = Verified {
            groups: self.0.groups,
            arrays: self.0.arrays.len() as u64,
            referenced_chunks: referenced,
            inlined_chunks: (self.0.chunks.len() as u64).saturating_sub(referenced),
            ..Verified::default()
        };
        let mut faults = self.0.faults.clone();
        let inline: Vec<&Chunk> = self
            .0
            .sample(options.sample)
            .filter(|chunk| matches!(chunk.stored, Stored::Inline(_)))
            .collect();
        let mut work = Work::new(&self.0, std::iter::empty(), options.max_chunk);
        verified.decode_inline(&self.0, &inline, &mut work, &mut faults);
        verified.faults = faults.finish();
        verified
    }
}
