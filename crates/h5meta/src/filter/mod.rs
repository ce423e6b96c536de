//! Undoing filters: for blocks of filtered heaps, and chunks whose values are wanted.
//!
//! Spec: IV.A.2.l, "The Data Storage - Filter Pipeline Message". The filters that HDF5 defines are undone,
//! and those registered with The HDF Group that are most met with; each has a file that says where its
//! format is described. The others are named by their number.
//!
//! Whatever the stored bytes say, no more is held at once than a few times the bytes asked for and stored, and
//! what a decoder works with: 4 MB for bzip2, half that for zstd, little for the others.

mod bits;
mod bitshuffle;
mod blosc;
mod blosclz;
mod bytes;
mod bzip2;
mod deflate;
mod entropy;
mod fletcher32;
mod lz4;
mod lzf;
mod nbit;
mod scaleoffset;
mod shuffle;
mod szip;
mod zstd;

use std::borrow::Cow;
use std::fmt;

use crate::message::Filter;

/// The Filter Identification Value of deflate.
pub const DEFLATE: u16 = 1;
/// That of shuffle.
pub const SHUFFLE: u16 = 2;
/// That of fletcher32.
pub const FLETCHER32: u16 = 3;
/// That of szip.
pub const SZIP: u16 = 4;
/// That of nbit.
pub const NBIT: u16 = 5;
/// That of scaleoffset.
pub const SCALEOFFSET: u16 = 6;
/// That of bzip2.
pub const BZIP2: u16 = 307;
/// That of LZF, h5py's.
pub const LZF: u16 = 32000;
/// That of Blosc, the first of that name.
pub const BLOSC: u16 = 32001;
/// That of LZ4.
pub const LZ4: u16 = 32004;
/// That of bitshuffle.
pub const BITSHUFFLE: u16 = 32008;
/// That of Zstandard.
pub const ZSTD: u16 = 32015;

/// Why bytes cannot be had as they were before their filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A filter that is not undone here, by its number.
    Unknown(u16),
    /// The bytes, or its parameters, are not what the filter makes.
    Invalid(&'static str),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => write!(f, "filter {id}"),
            Self::Invalid(why) => f.write_str(why),
        }
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// A bomb, or another filter's bytes.
const MORE: Failure = Failure::Invalid("bytes that decode to more than there were");
const FEWER: Failure = Failure::Invalid("fewer bytes than there were before the filters");
const ENDS: Failure = Failure::Invalid("bytes that end before what they say");

/// Checks that every filter of a pipeline can be undone here.
///
/// # Errors
/// `Unknown` for the first that cannot, `Invalid` for parameters with which none could be.
pub fn check(filters: &[Filter]) -> Result<()> {
    filters.iter().try_for_each(|filter| match filter.id {
        DEFLATE | SHUFFLE | FLETCHER32 | BZIP2 | LZF | BLOSC | LZ4 | ZSTD => Ok(()),
        SZIP => szip::Parameters::new(&filter.client_data).map(|_| ()),
        NBIT => nbit::Parameters::new(&filter.client_data).map(|_| ()),
        SCALEOFFSET => scaleoffset::Parameters::new(&filter.client_data).map(|_| ()),
        BITSHUFFLE => bitshuffle::Parameters::new(&filter.client_data).map(|_| ()),
        id => Err(Failure::Unknown(id)),
    })
}

/// The `size` bytes that `stored` was before its filters, of which `mask` skips some.
///
/// However much the stored bytes would decode to, little more than `size` bytes are held at once.
///
/// # Errors
/// `Unknown` for filters that are not undone here, `Invalid` for bytes that are not theirs.
pub fn decode(stored: &[u8], filters: &[Filter], mask: u32, size: usize) -> Result<Vec<u8>> {
    let mut bytes = decode_all(stored, filters, mask, size)?;
    bytes.truncate(size);
    Ok(bytes)
}

/// The same, with what little there may be behind `size` bytes.
///
/// # Errors
/// As [`decode`].
pub fn decode_all(stored: &[u8], filters: &[Filter], mask: u32, size: usize) -> Result<Vec<u8>> {
    let most = most(size);
    let mut bytes = Cow::Borrowed(stored);
    for (n, filter) in filters.iter().enumerate().rev() {
        if mask.checked_shr(u32::try_from(n).unwrap_or(32)).unwrap_or(0) & 1 != 0 {
            continue;
        }
        bytes = undone(&bytes, filter, most)?.into();
    }
    if bytes.len() < size {
        return Err(FEWER);
    }
    Ok(bytes.into_owned())
}

/// What `bytes` were before one filter: `most` bytes at most.
fn undone(bytes: &[u8], filter: &Filter, most: usize) -> Result<Vec<u8>> {
    let parameters = filter.client_data.as_slice();
    match filter.id {
        DEFLATE => deflate::decode(bytes, most),
        SHUFFLE => Ok(shuffle::decode(bytes, parameters.first().map_or(1, |&n| n.into()))),
        FLETCHER32 => fletcher32::decode(bytes),
        SZIP => szip::Parameters::new(parameters)?.decode(bytes, most),
        NBIT => nbit::Parameters::new(parameters)?.decode(bytes, most),
        SCALEOFFSET => scaleoffset::Parameters::new(parameters)?.decode(bytes, most),
        BZIP2 => bzip2::decode(bytes, most),
        LZF => lzf::decode(bytes, most),
        BLOSC => blosc::decode(bytes, most),
        LZ4 => lz4::decode(bytes, most),
        BITSHUFFLE => bitshuffle::Parameters::new(parameters)?.decode(bytes, most),
        ZSTD => zstd::decode(bytes, most),
        id => Err(Failure::Unknown(id)),
    }
}

/// What one filter makes is another's input, and may be a little longer than the chunk: no filter makes
/// what it cannot compress much larger.
fn most(size: usize) -> usize {
    const SLACK: usize = 1024;
    size.saturating_add(size >> 6).saturating_add(SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(id: u16, client_data: &[u32]) -> Filter {
        Filter { id, name: None, flags: 0, client_data: client_data.to_vec() }
    }

    #[test]
    fn filters_are_undone_last_to_first() {
        let shuffled = [1, 3, 5, 2, 4, 6];
        let deflated = deflate::tests::deflated(&shuffled);
        let pipeline = [filter(SHUFFLE, &[2]), filter(DEFLATE, &[6])];
        let plain = decode(&deflated, &pipeline, 0, 6).unwrap();
        assert_eq!(plain, [1, 2, 3, 4, 5, 6]);
        // A mask skips by place in the pipeline.
        assert_eq!(decode(&shuffled, &pipeline, 0b10, 6).unwrap(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(decode(&deflated, &pipeline, 0b01, 6).unwrap(), shuffled);
    }

    #[test]
    fn what_is_too_short_is_refused_and_what_is_too_long_cut() {
        assert_eq!(decode(&[1, 2, 3], &[], 0, 4), Err(FEWER));
        assert_eq!(decode(&[1, 2, 3], &[], 0, 2).unwrap(), [1, 2]);
    }

    #[test]
    fn a_filter_that_is_not_undone_is_named() {
        let zfp = filter(32013, &[]);
        assert_eq!(check(&[filter(SHUFFLE, &[4]), zfp.clone()]), Err(Failure::Unknown(32013)));
        assert_eq!(decode(&[0; 8], &[zfp], 0, 8), Err(Failure::Unknown(32013)));
    }

    #[test]
    fn parameters_that_no_writer_has_are_refused() {
        for id in [SZIP, NBIT, SCALEOFFSET, BITSHUFFLE] {
            let without = [filter(id, &[])];
            assert!(matches!(check(&without), Err(Failure::Invalid(_))), "{id}");
            assert!(matches!(decode(&[0; 64], &without, 0, 8), Err(Failure::Invalid(_))), "{id}");
        }
    }
}
