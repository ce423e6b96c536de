//! Chunks that are decoded here and go into the sidecar as they are: of datasets that no set of codecs
//! can say, because their chunks went through different filters, or through filters in an order that
//! Zarr readers refuse.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use h5meta::filter::{self, Failure};
use h5meta::message::Filter;
use h5meta::model::{Chunk, Dataset, Storage};

use super::pipeline::is_inside;
use super::{Options, codec};

/// A chunk to be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToDecode {
    /// Where it is.
    pub(crate) range: Range<u64>,
    filters: Arc<[Filter]>,
    filter_mask: u32,
    /// Its bytes without filters.
    size: usize,
}

/// How the chunks of a dataset are decoded.
#[derive(Clone, Debug)]
pub(super) struct Transcoding {
    filters: Arc<[Filter]>,
    chunk_shape: Vec<u64>,
    unfiltered_edges: bool,
    /// Bytes of a chunk without filters.
    size: usize,
}

impl Transcoding {
    /// The way to decode a dataset, if its filters can be undone and it is small. `why` says why it would
    /// have to be.
    ///
    /// # Errors
    /// Why it is neither said in codecs nor decoded.
    pub(super) fn new(dataset: &Dataset, options: &Options, why: &str) -> Result<Self, String> {
        let Storage::Chunked { chunk_shape, chunks: Some(chunks), unfiltered_edges, .. } =
            &dataset.storage
        else {
            return Err(why.into());
        };
        if let Err(Failure::Unknown(id)) = filter::check(&dataset.filters) {
            let unknown = dataset.filters.iter().find(|filter| filter.id == id);
            let named = format!("filter {id} ({})", unknown.map_or("", codec::name));
            return Err(if why == named { named } else { format!("{why}; {named}") });
        }
        let element = dataset.datatype.as_ref().map_or(0, |datatype| datatype.size.into());
        let size = chunk_shape.iter().try_fold(element, |n: u64, extent| n.checked_mul(*extent));
        let shape = dataset.dataspace.as_ref().map(|space| space.shape()).unwrap_or_default();
        let count = chunks.iter().filter(|chunk| is_inside(chunk, shape)).count() as u64;
        let most = options.transcode_below;
        let all = size.and_then(|size| size.checked_mul(count));
        match (all, size.and_then(|size| usize::try_from(size).ok())) {
            (Some(all), Some(size)) if all < most => Ok(Self {
                filters: dataset.filters.as_slice().into(),
                chunk_shape: chunk_shape.clone(),
                unfiltered_edges: *unfiltered_edges,
                size,
            }),
            _ => {
                Err(format!("; and it is too large to be decoded into the sidecar ({most} bytes)"))
            }
        }
    }

    /// A chunk of a dataset of this shape.
    pub(super) fn chunk(&self, chunk: &Chunk<'_>, shape: &[u64]) -> ToDecode {
        let mut along = chunk.offset.iter().zip(&self.chunk_shape).zip(shape);
        let over_the_edge = along.any(|((at, extent), all)| at.saturating_add(*extent) > *all);
        let filter_mask = match self.unfiltered_edges && over_the_edge {
            true => u32::MAX,
            false => chunk.filter_mask,
        };
        ToDecode {
            range: chunk.at.0..chunk.at.0.saturating_add(chunk.size),
            filters: Arc::clone(&self.filters),
            filter_mask,
            size: self.size,
        }
    }
}

impl ToDecode {
    /// The chunk as it was before its filters.
    pub(crate) fn decode(&self, stored: &[u8]) -> Result<Bytes, String> {
        filter::decode(stored, &self.filters, self.filter_mask, self.size)
            .map(Bytes::from)
            .map_err(|failure| format!("the chunk at {:#x}: {failure}", self.range.start))
    }
}
