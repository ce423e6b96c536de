//! Chunks that are decoded here, of datasets that no set of codecs can say: because their chunks went
//! through different filters, through filters in an order that Zarr readers refuse, or through filters that
//! they lack; or because their elements are numbers that numpy has none of.
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
use super::convert::Conversion;
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
    /// What becomes of its elements, if they are to be others.
    conversion: Option<Arc<Conversion>>,
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
    conversion: Option<Arc<Conversion>>,
    /// Bytes of all that is decoded, as it goes into the sidecar.
    pub(super) total: u64,
}

impl Transcoding {
    /// The way to convert all of a dataset, if its filters can be undone and it is little. `why` says why it
    /// has to be.
    ///
    /// # Errors
    /// Why it is not.
    pub(super) fn converting(
        dataset: &Dataset,
        conversion: Conversion,
        options: &Options,
        why: &str,
    ) -> Result<Self, String> {
        let shape = dataset.dataspace.as_ref().map(|space| space.shape()).unwrap_or_default();
        let (filters, chunk_shape, unfiltered_edges, count) = match &dataset.storage {
            Storage::Chunked { chunk_shape, chunks: Some(chunks), unfiltered_edges, .. } => {
                let inside = chunks.iter().filter(|chunk| is_inside(chunk, shape)).count();
                (&*dataset.filters, chunk_shape.as_slice(), *unfiltered_edges, inside as u64)
            }
            Storage::Contiguous { .. } | Storage::Compact { .. } => (&[][..], shape, false, 1),
            _ => return Err(why.into()),
        };
        check(filters, why)?;
        let most = options.transcode_below;
        let size = chunk_bytes(dataset, chunk_shape);
        // Elements may become shorter: what they are decoded to first is held as well.
        let larger = size.and_then(|size| conversion.size(size)?.max(size).checked_mul(count));
        match (size.and_then(|size| usize::try_from(size).ok()), larger) {
            (Some(size), Some(total)) if total < most => Ok(Self {
                filters: filters.into(),
                chunk_shape: chunk_shape.to_vec(),
                unfiltered_edges,
                common: None,
                size,
                conversion: Some(Arc::new(conversion)),
                total,
            }),
            _ => Err(too_large(why, most)),
        }
    }

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
        check(&dataset.filters, why)?;
        let element = dataset.datatype.as_ref().map_or(0, |datatype| datatype.size.into());
        let size = chunk_bytes(dataset, chunk_shape);
        let shape = dataset.dataspace.as_ref().map(|space| space.shape()).unwrap_or_default();
        let most = options.transcode_below;
        let too_large = || too_large(why, most);
        let size = size.filter(|size| *size < most).ok_or_else(too_large)?;

        let mut transcoding = Self {
            filters: Arc::clone(&dataset.filters),
            chunk_shape: chunk_shape.clone(),
            unfiltered_edges: *unfiltered_edges,
            common: None,
            size: usize::try_from(size).map_err(|_| too_large())?,
            conversion: None,
            total: 0,
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
                transcoding.total = size.saturating_mul(all - count);
                return Ok((transcoding, codecs));
            }
        }
        transcoding.total = size.saturating_mul(all);
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

    /// Whether the elements become others.
    pub(super) fn converts(&self) -> bool {
        self.conversion.is_some()
    }

    /// What becomes of elements that went through no filter.
    ///
    /// # Errors
    /// What of them is no number.
    pub(super) fn converted(&self, plain: &[u8]) -> Result<Vec<u8>, String> {
        match &self.conversion {
            Some(conversion) => conversion.convert(plain),
            None => Ok(plain.to_vec()),
        }
    }

    /// All of a contiguous dataset, from here on.
    pub(super) fn run(&self, at: u64) -> ToDecode {
        ToDecode {
            range: at..at.saturating_add(self.size as u64),
            filters: Arc::clone(&self.filters),
            filter_mask: 0,
            common: None,
            size: self.size,
            conversion: self.conversion.clone(),
        }
    }

    /// A chunk of a dataset of this shape.
    pub(super) fn chunk(&self, chunk: &Chunk<'_>, shape: &[u64]) -> ToDecode {
        ToDecode {
            range: chunk.at.0..chunk.at.0.saturating_add(chunk.size),
            filters: Arc::clone(&self.filters),
            filter_mask: self.mask(chunk, shape),
            common: self.common,
            size: self.size,
            conversion: self.conversion.clone(),
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
        if let Some(conversion) = &self.conversion {
            return Ok(conversion.convert(&plain)?.into());
        }
        let encoded = match self.common {
            Some(mask) => encode(&plain, &self.filters, mask),
            None => Some(plain),
        };
        encoded.map(Bytes::from).ok_or_else(|| "filters that cannot be applied".into())
    }
}

/// Checks that filters can be undone; `why` says why they have to be.
fn check(filters: &[Filter], why: &str) -> Result<(), String> {
    match filter::check(filters) {
        Err(Failure::Unknown(id)) => {
            let unknown = filters.iter().find(|filter| filter.id == id);
            let named = format!("filter {id} ({})", unknown.map_or("", codec::name));
            Err(if why == named { named } else { format!("{why}; {named}") })
        }
        Err(Failure::Invalid(parameters)) => Err(format!("{why}; {parameters}")),
        Ok(()) => Ok(()),
    }
}

/// Bytes of a chunk without filters, if they can be counted.
fn chunk_bytes(dataset: &Dataset, chunk_shape: &[u64]) -> Option<u64> {
    let element = dataset.datatype.as_ref().map_or(0, |datatype| datatype.size.into());
    chunk_shape.iter().try_fold(element, |n: u64, extent| n.checked_mul(*extent))
}

fn too_large(why: &str, most: u64) -> String {
    format!("{why}; and it is too large to be decoded into the sidecar ({most} bytes)")
}
