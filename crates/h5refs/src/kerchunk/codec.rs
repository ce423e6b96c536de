//! HDF5 filters as Zarr codecs.
//!
//! Filters are applied first to last on writing, as Zarr's `filters` are: the order is kept. kerchunk
//! puts shuffle first wherever it was, which makes other orders unreadable.

use h5meta::filter::{
    BITSHUFFLE, BLOSC, BZIP2, DEFLATE, FLETCHER32, LZ4, LZF, NBIT, SCALEOFFSET, SHUFFLE, SZIP, ZSTD,
};
use h5meta::message::Filter;
use h5meta::model::Chunk;
use serde_json::{Value, json};

/// The bytes of a fletcher32 checksum, which follows what it is of.
const CHECKSUM: u64 = 4;

/// Which codecs the readers of a sidecar have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodecSet {
    /// Those of numcodecs, which comes with zarr.
    #[default]
    Numcodecs,
    /// Those of imagecodecs too, which are to be installed (`imagecodecs-numcodecs`).
    Imagecodecs,
}

/// What the names of codecs begin with that numcodecs has from imagecodecs.
pub const IMAGECODECS: &str = "imagecodecs_";

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
pub(super) fn codecs(
    filters: &[Filter],
    mask: u32,
    element_size: u64,
    set: CodecSet,
) -> Result<Codecs, String> {
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
        codecs.filters.push(codec(filter, element_size, set)?);
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

fn codec(filter: &Filter, element_size: u64, set: CodecSet) -> Result<Value, String> {
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
        BZIP2 => Ok(json!({ "id": "bz2", "level": parameter(0).unwrap_or(9) })),
        id => {
            let named = format!("filter {id} ({})", name(filter));
            match (imagecodec(filter), set) {
                (Some(codec), CodecSet::Imagecodecs) => Ok(codec),
                (Some(_), CodecSet::Numcodecs) => Err(format!("{named}, which imagecodecs reads")),
                (None, _) => Err(named),
            }
        }
    }
}

/// The filter that a codec is, which has the same bytes.
///
/// # Errors
/// The name of a codec that is no filter.
pub(crate) fn filter_of(codec: &Value) -> Result<Filter, String> {
    let number = |name: &str| {
        let number = codec[name].as_u64().and_then(|n| u32::try_from(n).ok());
        number.ok_or_else(|| format!("a codec without {name}: {codec}"))
    };
    let id = codec["id"].as_str().unwrap_or_default();
    let (filter, client_data) = match id {
        "zlib" => (DEFLATE, vec![]),
        "shuffle" => (SHUFFLE, vec![number("elementsize")?]),
        "fletcher32" => (FLETCHER32, vec![]),
        "zstd" => (ZSTD, vec![]),
        "bz2" => (BZIP2, vec![]),
        "blosc" => (BLOSC, vec![]),
        "imagecodecs_szip" => {
            let names =
                ["options_mask", "pixels_per_block", "bits_per_pixel", "pixels_per_scanline"];
            (SZIP, names.into_iter().map(number).collect::<Result<_, _>>()?)
        }
        "imagecodecs_lz4h5" => (LZ4, vec![]),
        "imagecodecs_bitshuffle" => {
            (BITSHUFFLE, vec![0, 0, number("itemsize")?, number("blocksize")?])
        }
        id => return Err(format!("codec {id}")),
    };
    Ok(Filter { id: filter, name: None, flags: 0, client_data })
}

/// The codec of imagecodecs that reads what a filter makes, whatever that is of.
///
/// There is one for lzf too: it has to guess how large the result is, and guesses wrong.
fn imagecodec(filter: &Filter) -> Option<Value> {
    match (filter.id, filter.client_data.as_slice()) {
        (SZIP, [mask, block, bits, scanline]) => Some(json!({
            "id": "imagecodecs_szip",
            "options_mask": mask,
            "pixels_per_block": block,
            "bits_per_pixel": bits,
            "pixels_per_scanline": scanline,
        })),
        (LZ4, _) => Some(json!({ "id": "imagecodecs_lz4h5" })),
        // Without a compressor behind it. The first two numbers are the filter's version. Of larger elements
        // imagecodecs takes the size of those that zarr-python hands it, which are bytes, whatever `itemsize`
        // says.
        (BITSHUFFLE, [_, _, 1, block, rest @ ..]) if rest.first().is_none_or(|&n| n == 0) => {
            Some(json!({ "id": "imagecodecs_bitshuffle", "itemsize": 1, "blocksize": block }))
        }
        _ => None,
    }
}

fn blosc_compressor(code: u32) -> Result<&'static str, String> {
    let names = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"];
    let name = usize::try_from(code).ok().and_then(|code| names.get(code));
    match name {
        // numcodecs is built without it.
        Some(&"snappy") => Err(format!("filter {BLOSC} (blosc) with Snappy")),
        Some(name) => Ok(name),
        None => Err(format!("filter {BLOSC} (blosc) with compressor {code}")),
    }
}

/// What a filter is called.
#[must_use]
pub fn name(filter: &Filter) -> &str {
    match filter.id {
        DEFLATE => "deflate",
        SHUFFLE => "shuffle",
        FLETCHER32 => "fletcher32",
        SZIP => "szip",
        NBIT => "nbit",
        SCALEOFFSET => "scaleoffset",
        LZF => "lzf",
        BLOSC => "blosc",
        LZ4 => "lz4",
        BZIP2 => "bzip2",
        BITSHUFFLE => "bitshuffle",
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
        assert_eq!(
            ids(&codecs(&filters(&[1, 2]), 0, 1, CodecSet::Numcodecs).unwrap()),
            ["zlib", "shuffle"]
        );
        // What deflate makes is rarely a whole number of larger elements.
        assert!(codecs(&filters(&[1, 2]), 0, 4, CodecSet::Numcodecs).is_err());
        assert_eq!(
            ids(&codecs(&filters(&[2, 1]), 0, 4, CodecSet::Numcodecs).unwrap()),
            ["shuffle", "zlib"]
        );
        assert_eq!(
            ids(&codecs(&filters(&[1, 1]), 0, 4, CodecSet::Numcodecs).unwrap()),
            ["zlib", "zlib"]
        );
    }

    #[test]
    fn a_mask_skips_filters_by_their_place_in_the_pipeline() {
        assert_eq!(
            ids(&codecs(&filters(&[2, 1]), 0b01, 4, CodecSet::Numcodecs).unwrap()),
            ["zlib"]
        );
        assert_eq!(
            ids(&codecs(&filters(&[2, 1]), 0b10, 4, CodecSet::Numcodecs).unwrap()),
            ["shuffle"]
        );
        assert_eq!(
            codecs(&filters(&[32000]), 1, 4, CodecSet::Numcodecs).unwrap(),
            Codecs::default()
        );
    }

    #[test]
    fn a_checksum_at_the_end_is_cut_off_and_elsewhere_a_codec() {
        let last = codecs(&filters(&[2, 1, 3]), 0, 8, CodecSet::Numcodecs).unwrap();
        assert_eq!((ids(&last), last.trailing), (vec!["shuffle", "zlib"], 4));
        let first = codecs(&filters(&[3, 2, 1]), 0, 4, CodecSet::Numcodecs).unwrap();
        assert_eq!((ids(&first), first.trailing), (vec!["fletcher32", "shuffle", "zlib"], 0));
        // 8 n + 4 bytes are no whole number of elements.
        assert!(codecs(&filters(&[3, 2, 1]), 0, 8, CodecSet::Numcodecs).is_err());
        // With the rest of the pipeline skipped it is last after all.
        assert_eq!(
            codecs(&filters(&[3, 2, 1]), 0b110, 8, CodecSet::Numcodecs).unwrap().trailing,
            4
        );
    }

    #[test]
    fn a_filter_without_a_codec_is_named() {
        assert_eq!(
            codecs(&filters(&[4]), 0, 4, CodecSet::Numcodecs).unwrap_err(),
            "filter 4 (szip)"
        );
    }

    #[test]
    fn what_only_imagecodecs_reads_is_for_those_who_ask() {
        let szip = Filter { id: SZIP, name: None, flags: 0, client_data: vec![169, 8, 32, 100] };
        let pipeline = [szip];
        let error = codecs(&pipeline, 0, 4, CodecSet::Numcodecs).unwrap_err();
        assert_eq!(error, "filter 4 (szip), which imagecodecs reads");
        let codecs = codecs(&pipeline, 0, 4, CodecSet::Imagecodecs).unwrap();
        assert_eq!(ids(&codecs), ["imagecodecs_szip"]);
        let bitshuffle = |element| {
            let client_data = vec![0, 2, element, 0, 0];
            [Filter { id: BITSHUFFLE, name: None, flags: 0, client_data }]
        };
        let of = |element: u32| {
            super::codecs(&bitshuffle(element), 0, element.into(), CodecSet::Imagecodecs)
        };
        assert_eq!(ids(&of(1).unwrap()), ["imagecodecs_bitshuffle"]);
        assert_eq!(of(4).unwrap_err(), "filter 32008 (bitshuffle)");
    }
}
