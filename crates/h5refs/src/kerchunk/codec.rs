//! HDF5 filters as Zarr codecs.
//!
//! Filters are applied first to last on writing, as Zarr's `filters` are: the order is kept. kerchunk
//! puts shuffle first wherever it was, which makes other orders unreadable.

use h5meta::filter::{DEFLATE, FLETCHER32, SHUFFLE};
use h5meta::message::Filter;
use h5meta::model::Chunk;
use serde_json::{Value, json};

const BLOSC: u16 = 32001;
const ZSTD: u16 = 32015;

/// The bytes of a fletcher32 checksum, which follows what it is of.
const CHECKSUM: u64 = 4;

/// A pipeline as Zarr codecs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Codecs {
    /// In the order of `.zarray`'s `filters`.
    pub(super) filters: Vec<Value>,
    /// Bytes at the end of each stored chunk that are not for the codecs.
    pub(super) trailing: u64,
}

impl Codecs {
    /// Checks that a chunk has the bytes that it can have; `whole` is its bytes without filters.
    pub(crate) fn check_size(&self, chunk: &Chunk<'_>, whole: Option<u64>) -> Result<(), String> {
        let data = chunk.size.checked_sub(self.trailing);
        if data.is_none() || self.filters.is_empty() && data != whole {
            let (at, size) = (chunk.at, chunk.size);
            return Err(format!("the chunk at {at} has {size} bytes, not those of its shape"));
        }
        Ok(())
    }
}

/// Checks that a chunk starts where one can.
pub(crate) fn check_place(chunk: &Chunk<'_>, chunk_shape: &[u64]) -> Result<(), String> {
    let mut along = chunk.offset.iter().zip(chunk_shape);
    match along.any(|(at, extent)| at % (*extent).max(1) != 0) {
        true => Err(format!("the chunk at {} does not start on the grid", chunk.at)),
        false => Ok(()),
    }
}

/// The codecs for chunks with this filter mask, or the filter that has none.
pub(super) fn codecs(filters: &[Filter], mask: u32, element_size: u64) -> Result<Codecs, String> {
    let applied: Vec<&Filter> = filters
        .iter()
        .enumerate()
        .filter(|(n, _)| mask.checked_shr(u32::try_from(*n).unwrap_or(32)).unwrap_or(0) & 1 == 0)
        .map(|(_, filter)| filter)
        .collect();
    let mut codecs = Codecs::default();
    for (n, filter) in applied.iter().enumerate() {
        if filter.id == FLETCHER32 && n + 1 == applied.len() {
            // Last applied, first to be taken off: the checksum is the end of the stored chunk.
            codecs.trailing = CHECKSUM;
            continue;
        }
        if filter.id == SHUFFLE && shuffles_a_rest(applied.get(..n), element_size) {
            return Err("shuffle of what is no whole number of elements, which Zarr refuses".into());
        }
        codecs.filters.push(codec(filter, element_size)?);
    }
    Ok(codecs)
}

/// Whether what the filters `before` a shuffle make of a chunk may be no whole number of elements.
/// HDF5 leaves the rest as it is; numcodecs refuses it.
fn shuffles_a_rest(before: Option<&[&Filter]>, element_size: u64) -> bool {
    before.unwrap_or_default().iter().any(|filter| match filter.id {
        SHUFFLE => false,
        FLETCHER32 => !CHECKSUM.is_multiple_of(element_size.max(1)),
        _ => element_size > 1,
    })
}

fn codec(filter: &Filter, element_size: u64) -> Result<Value, String> {
    let parameter = |n: usize| filter.client_data.get(n).copied();
    match filter.id {
        DEFLATE => Ok(json!({ "id": "zlib", "level": parameter(0).unwrap_or(6) })),
        SHUFFLE => {
            let size = parameter(0).map_or(element_size, u64::from);
            Ok(json!({ "id": "shuffle", "elementsize": size }))
        }
        FLETCHER32 => Ok(json!({ "id": "fletcher32" })),
        BLOSC => Ok(json!({
            "id": "blosc",
            "blocksize": parameter(3).unwrap_or(0),
            "clevel": parameter(4).unwrap_or(5),
            "shuffle": parameter(5).unwrap_or(1),
            "cname": blosc_compressor(parameter(6).unwrap_or(0))?,
        })),
        ZSTD => Ok(json!({ "id": "zstd", "level": parameter(0).unwrap_or(3), "checksum": false })),
        id => Err(format!("filter {id} ({})", name(filter))),
    }
}

fn blosc_compressor(code: u32) -> Result<&'static str, String> {
    match code {
        0 => Ok("blosclz"),
        1 => Ok("lz4"),
        2 => Ok("lz4hc"),
        3 => Err(format!("filter {BLOSC} (blosc) with snappy, which numcodecs has not")),
        4 => Ok("zlib"),
        5 => Ok("zstd"),
        _ => Err(format!("filter {BLOSC} (blosc) with compressor {code}")),
    }
}

/// What a filter is called.
#[must_use]
pub fn name(filter: &Filter) -> &str {
    match filter.id {
        DEFLATE => "deflate",
        SHUFFLE => "shuffle",
        FLETCHER32 => "fletcher32",
        4 => "szip",
        5 => "nbit",
        6 => "scaleoffset",
        32000 => "lzf",
        BLOSC => "blosc",
        32004 => "lz4",
        307 => "bzip2",
        32008 => "bitshuffle",
        32013 => "zfp",
        ZSTD => "zstd",
        _ => filter.name.as_deref().unwrap_or("without a name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(ids: &[u16]) -> Vec<Filter> {
        let filter = |&id| Filter { id, name: None, flags: 0, client_data: vec![4] };
        ids.iter().map(filter).collect()
    }

    fn ids(codecs: &Codecs) -> Vec<&str> {
        codecs.filters.iter().map(|codec| codec["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn the_order_of_the_pipeline_is_kept() {
        assert_eq!(ids(&codecs(&filters(&[1, 2]), 0, 1).unwrap()), ["zlib", "shuffle"]);
        // What deflate makes is rarely a whole number of larger elements.
        assert!(codecs(&filters(&[1, 2]), 0, 4).is_err());
        assert_eq!(ids(&codecs(&filters(&[2, 1]), 0, 4).unwrap()), ["shuffle", "zlib"]);
        assert_eq!(ids(&codecs(&filters(&[1, 1]), 0, 4).unwrap()), ["zlib", "zlib"]);
    }

    #[test]
    fn a_mask_skips_filters_by_their_place_in_the_pipeline() {
        assert_eq!(ids(&codecs(&filters(&[2, 1]), 0b01, 4).unwrap()), ["zlib"]);
        assert_eq!(ids(&codecs(&filters(&[2, 1]), 0b10, 4).unwrap()), ["shuffle"]);
        assert_eq!(codecs(&filters(&[32000]), 1, 4).unwrap(), Codecs::default());
    }

    #[test]
    fn a_checksum_at_the_end_is_cut_off_and_elsewhere_a_codec() {
        let last = codecs(&filters(&[2, 1, 3]), 0, 8).unwrap();
        assert_eq!((ids(&last), last.trailing), (vec!["shuffle", "zlib"], 4));
        let first = codecs(&filters(&[3, 2, 1]), 0, 4).unwrap();
        assert_eq!((ids(&first), first.trailing), (vec!["fletcher32", "shuffle", "zlib"], 0));
        // 8 n + 4 bytes are no whole number of elements.
        assert!(codecs(&filters(&[3, 2, 1]), 0, 8).is_err());
        // With the rest of the pipeline skipped it is last after all.
        assert_eq!(codecs(&filters(&[3, 2, 1]), 0b110, 8).unwrap().trailing, 4);
    }

    #[test]
    fn a_filter_without_a_codec_is_named() {
        assert_eq!(codecs(&filters(&[4]), 0, 4).unwrap_err(), "filter 4 (szip)");
        let mut blosc = filters(&[BLOSC]);
        blosc[0].client_data = vec![2, 2, 4, 4096, 5, 1, 3];
        assert!(codecs(&blosc, 0, 4).unwrap_err().contains("snappy"));
        blosc[0].client_data[6] = 4;
        assert_eq!(codecs(&blosc, 0, 4).unwrap().filters[0]["cname"], "zlib");
    }
}
