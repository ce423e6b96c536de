//! Whether one set of codecs can say what was done to every chunk of a dataset.

use h5meta::message::Dataspace;
use h5meta::model::{Chunk, ChunkTable, Dataset, Storage};

use super::codec::{CodecSet, Codecs, codecs};

/// The codecs of a chunked dataset's chunks, if they all have the same.
///
/// # Errors
/// Why they have not, or which filter has no codec.
pub(crate) fn chunked_codecs(dataset: &Dataset, set: CodecSet) -> Result<Codecs, String> {
    let Storage::Chunked { chunk_shape, chunks: Some(chunks), unfiltered_edges, .. } =
        &dataset.storage
    else {
        return Ok(Codecs::default());
    };
    let shape = dataset.dataspace.as_ref().map(Dataspace::shape).unwrap_or_default();
    check_rank(shape, chunk_shape)?;
    check_edges(*unfiltered_edges, dataset, shape, chunk_shape)?;
    let element_size = dataset.datatype.as_ref().map_or(0, |datatype| datatype.size.into());
    codecs(&dataset.filters, common_mask(chunks, shape)?, element_size, set)
}

/// The mask of the filters of a chunked dataset's chunks, if they all have the same and there are filters.
pub(super) fn mask(dataset: &Dataset) -> Option<u32> {
    let Storage::Chunked { chunks: Some(chunks), .. } = &dataset.storage else { return None };
    let shape = dataset.dataspace.as_ref().map(Dataspace::shape).unwrap_or_default();
    common_mask(chunks, shape).ok()
}

pub(super) fn check_rank(shape: &[u64], chunk_shape: &[u64]) -> Result<(), String> {
    match shape.len() == chunk_shape.len() {
        true => Ok(()),
        false => Err("its chunks have another number of dimensions".into()),
    }
}

/// Edge chunks without filters need other codecs than the rest, and an array has one set.
fn check_edges(
    unfiltered: bool,
    dataset: &Dataset,
    shape: &[u64],
    chunk_shape: &[u64],
) -> Result<(), String> {
    let mut dimensions = shape.iter().zip(chunk_shape);
    let partial = dimensions.any(|(all, one)| !all.is_multiple_of((*one).max(1)));
    match unfiltered && partial && !dataset.filters.is_empty() {
        true => Err("its edge chunks are stored without filters, the others with".into()),
        false => Ok(()),
    }
}

/// Chunks outside the extent are remains of a larger one.
pub(crate) fn is_inside(chunk: &Chunk<'_>, shape: &[u64]) -> bool {
    chunk.offset.iter().zip(shape).all(|(at, extent)| at < extent)
}

/// The filter mask of all chunks, which an array has one set of codecs for.
fn common_mask(chunks: &ChunkTable, shape: &[u64]) -> Result<u32, String> {
    let mut masks =
        chunks.iter().filter(|chunk| is_inside(chunk, shape)).map(|chunk| chunk.filter_mask);
    let first = masks.next().unwrap_or(0);
    match masks.all(|mask| mask == first) {
        true => Ok(first),
        false => Err("its chunks have different filter masks".into()),
    }
}
