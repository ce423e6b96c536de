//! Chunks that are decoded here, of datasets that no set of codecs can say: because their chunks went
//! through different filters, or through filters in an order that Zarr readers refuse.
//!
//! Where most chunks went through the same filters, only the others go into the sidecar, as if they had
//! gone through these too; else all do, without any.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use h5meta::filter::{self, Failure};
use h5meta::message::Filter;
use h5meta::model::{Chunk, Dataset, Storage};

use super::Options;
use super::codec::{self, Codecs, codecs};
use super::encode::{encode, is_encodable};
use super::pipeline::is_inside;

/// A chunk to be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToDecode {
    /// Where it is.
    pub(crate) range: Range<u64>,
    filters: Arc<[Filter]>,
    filter_mask: u32,
    /// The mask of the filters that it is to go through in their place; `None` is through none.
    common: Option<u32>,
    /// Its bytes without filters.
    size: usize,
}

/// How the chunks of a dataset are decoded.
#[derive(Clone, Debug)]
pub(super) struct Transcoding {
    filters: Arc<[Filter]>,
    chunk_shape: Vec<u64>,
    unfiltered_edges: bool,
    /// The mask of the chunks that stay where they are.
    common: Option<u32>,
    /// Bytes of a chunk without filters.
    size: usize,
}

impl Transcoding {
    /// The way to decode a dataset, or what of it has to be, if its filters can be undone and it is little;
    /// and the codecs of all its chunks then. `why` says why it has to be.
    ///
    /// # Errors
    /// Why it is neither said in codecs nor decoded.
    pub(super) fn new(
        dataset: &Dataset,
        options: &Options,
        why: &str,
    ) -> Result<(Self, Codecs), String> {
        let Storage::Chunked { chunk_shape, chunks: Some(chunks), unfiltered_edges, .. } =
            &dataset.storage
        else {
            return Err(why.into());
        };
        match filter::check(&dataset.filters) {
            Err(Failure::Unknown(id)) => {
                let unknown = dataset.filters.iter().find(|filter| filter.id == id);
                let named = format!("filter {id} ({})", unknown.map_or("", codec::name));
                return Err(if why == named { named } else { format!("{why}; {named}") });
            }
            Err(Failure::Invalid(parameters)) => return Err(format!("{why}; {parameters}")),
            Ok(()) => {}
        }
        let element = dataset.datatype.as_ref().map_or(0, |datatype| datatype.size.into());
        let size = chunk_shape.iter().try_fold(element, |n: u64, extent| n.checked_mul(*extent));
        let shape = dataset.dataspace.as_ref().map(|space| space.shape()).unwrap_or_default();
        let most = options.transcode_below;
        let too_large =
            || format!("{why}; and it is too large to be decoded into the sidecar ({most} bytes)");
        let size = size.filter(|size| *size < most).ok_or_else(too_large)?;

        let mut transcoding = Self {
            filters: dataset.filters.as_slice().into(),
            chunk_shape: chunk_shape.clone(),
            unfiltered_edges: *unfiltered_edges,
            common: None,
            size: usize::try_from(size).map_err(|_| too_large())?,
        };
        let inside = chunks.iter().filter(|chunk| is_inside(chunk, shape));
        let mut by_mask: BTreeMap<u32, u64> = BTreeMap::new();
        for chunk in inside {
            *by_mask.entry(transcoding.mask(&chunk, shape)).or_default() += 1;
        }
        let all: u64 = by_mask.values().sum();
        let fits = |count: u64| size.checked_mul(count).is_some_and(|bytes| bytes < most);
        // The most frequent first; of those alike, the first mask.
        let mut masks: Vec<(u32, u64)> = by_mask.into_iter().collect();
        masks.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (mask, count) in masks {
            if !fits(all - count) {
                break;
            }
            if let Ok(codecs) = codecs(&dataset.filters, mask, element, options.codecs)
                && is_encodable(&dataset.filters, mask)
            {
                transcoding.common = Some(mask);
                return Ok((transcoding, codecs));
            }
        }
        if fits(all) { Ok((transcoding, Codecs::default())) } else { Err(too_large()) }
    }

    /// The mask of the filters that all chunks are to be decoded from; `None` is no filters.
    pub(super) fn common(&self) -> Option<u32> {
        self.common
    }

    /// Whether a chunk stays where it is.
    pub(super) fn is_common(&self, chunk: &Chunk<'_>, shape: &[u64]) -> bool {
        self.common == Some(self.mask(chunk, shape))
    }

    /// A chunk of a dataset of this shape.
    pub(super) fn chunk(&self, chunk: &Chunk<'_>, shape: &[u64]) -> ToDecode {
        ToDecode {
            range: chunk.at.0..chunk.at.0.saturating_add(chunk.size),
            filters: Arc::clone(&self.filters),
            filter_mask: self.mask(chunk, shape),
            common: self.common,
            size: self.size,
        }
    }

    /// The filters that a chunk did not go through.
    fn mask(&self, chunk: &Chunk<'_>, shape: &[u64]) -> u32 {
        let mut along = chunk.offset.iter().zip(&self.chunk_shape).zip(shape);
        let over_the_edge = along.any(|((at, extent), all)| at.saturating_add(*extent) > *all);
        let count = u32::try_from(self.filters.len()).unwrap_or(u32::MAX);
        let known = 1_u32.checked_shl(count).map_or(u32::MAX, |bit| bit.wrapping_sub(1));
        match self.unfiltered_edges && over_the_edge {
            true => known,
            false => chunk.filter_mask & known,
        }
    }
}

impl ToDecode {
    /// The chunk as it goes into the sidecar.
    pub(crate) fn decode(&self, stored: &[u8]) -> Result<Bytes, String> {
        let plain = filter::decode(stored, &self.filters, self.filter_mask, self.size)
            .map_err(|failure| format!("the chunk at {:#x}: {failure}", self.range.start))?;
        let encoded = match self.common {
            Some(mask) => encode(&plain, &self.filters, mask),
            None => Some(plain),
        };
        encoded.map(Bytes::from).ok_or_else(|| "filters that cannot be applied".into())
    }
}
