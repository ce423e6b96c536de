//! The files of which each dataset `x` has filters, and its twin `x_plain` the bytes that libhdf5 reads of it.

#![expect(clippy::unwrap_used, clippy::as_conversions, reason = "a test")]

mod support;

use std::collections::BTreeSet;

use bytes::Bytes;
use fastrand::Rng;
use h5meta::filter::{
    BITSHUFFLE, BLOSC, BZIP2, LZ4, LZF, NBIT, SCALEOFFSET, SZIP, ZSTD, check, decode,
};
use h5meta::message::Filter;
use h5meta::model::{Dataset, Storage};
use support::counting::{self, Counting};
use support::{cut, file, whole};

#[global_allocator]
static COUNTING: Counting = Counting;

/// The files, the filter each is about, and the pairs of datasets in it.
const FILES: [(&str, u16, usize); 11] = [
    ("filter_bitshuffle.h5", BITSHUFFLE, 27),
    ("filter_blosc.h5", BLOSC, 25),
    ("filter_blosc_blocks.h5", BLOSC, 3),
    ("filter_bzip2.h5", BZIP2, 9),
    ("filter_lz4.h5", LZ4, 8),
    ("filter_lzf.h5", LZF, 10),
    ("filter_nbit.h5", NBIT, 19),
    ("filter_scaleoffset.h5", SCALEOFFSET, 50),
    ("filter_szip_ec.h5", SZIP, 19),
    ("filter_szip_nn.h5", SZIP, 19),
    ("filter_zstd.h5", ZSTD, 12),
];

/// A chunk as it is stored, and what it takes to decode it.
struct Stored {
    bytes: Bytes,
    filters: Vec<Filter>,
    mask: u32,
    size: usize,
    offset: Vec<u64>,
}

fn stored(file: &Bytes, dataset: &Dataset) -> Vec<Stored> {
    let Storage::Chunked { chunk_shape, chunks: Some(chunks), .. } = &dataset.storage else {
        return Vec::new();
    };
    let element = u64::from(dataset.datatype.as_ref().unwrap().size);
    let size = chunk_shape.iter().product::<u64>() * element;
    let chunk = chunks.iter().map(|chunk| Stored {
        bytes: cut(file, chunk.at.0, chunk.size),
        filters: dataset.filters.to_vec(),
        mask: chunk.filter_mask,
        size: size as usize,
        offset: chunk.offset.to_vec(),
    });
    chunk.collect()
}

/// The datasets by name, with what is not read through filters.
fn datasets(file: &Bytes) -> Vec<(String, Dataset)> {
    let (index, problems) = whole(file).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    index.datasets().map(|(object, dataset)| (object.path.to_string(), dataset.clone())).collect()
}

/// The dataset's bytes, of its chunks' bytes without filters.
fn assembled(dataset: &Dataset, chunks: &[(Vec<u64>, Vec<u8>)]) -> Vec<u8> {
    let Storage::Chunked { chunk_shape, .. } = &dataset.storage else { return Vec::new() };
    let element = dataset.datatype.as_ref().unwrap().size as usize;
    let shape = dataset.dataspace.as_ref().unwrap().shape();
    let mut all = vec![0; shape.iter().product::<u64>() as usize * element];
    for (offset, chunk) in chunks {
        for (n, bytes) in chunk.chunks(element).enumerate() {
            let (mut rest, mut place, mut stride) = (n as u64, 0, 1);
            let mut is_inside = true;
            for axis in (0..shape.len()).rev() {
                let at = offset[axis] + rest % chunk_shape[axis];
                rest /= chunk_shape[axis];
                is_inside &= at < shape[axis];
                place += at * stride;
                stride *= shape[axis];
            }
            if is_inside {
                all[place as usize * element..][..element].copy_from_slice(bytes);
            }
        }
    }
    all
}

#[test]
fn each_dataset_decodes_to_its_twin() {
    for (name, id, pairs) in FILES {
        let file = file(name);
        let datasets = datasets(&file);
        let mut compared = 0;
        for (path, dataset) in datasets.iter().filter(|(path, _)| !path.ends_with("_plain")) {
            assert_eq!(check(&dataset.filters), Ok(()), "{name} {path}");
            let chunks = stored(&file, dataset).into_iter().map(|chunk| {
                let plain = decode(&chunk.bytes, &chunk.filters, chunk.mask, chunk.size);
                (chunk.offset, plain.unwrap_or_else(|why| panic!("{name} {path}: {why}")))
            });
            let chunks: Vec<_> = chunks.collect();
            let twin = format!("{path}_plain");
            let (_, twin) = datasets.iter().find(|(path, _)| *path == twin).unwrap();
            let Storage::Contiguous { at: Some(at), size } = twin.storage else { panic!("{path}") };
            let expected = cut(&file, at.0, size);
            assert!(assembled(dataset, &chunks) == expected, "{name} {path}: other bytes");
            assert!(dataset.filters.iter().any(|filter| filter.id == id), "{name} {path}");
            compared += 1;
        }
        assert_eq!(compared, pairs, "{name}");
    }
}

/// The chunks that went through the filter that their file is about.
fn filtered(name: &str, id: u16) -> Vec<Stored> {
    let file = file(name);
    let all = datasets(&file).into_iter().flat_map(|(_, dataset)| stored(&file, &dataset));
    let through = |chunk: &Stored| {
        let place = chunk.filters.iter().position(|filter| filter.id == id);
        place.is_some_and(|place| chunk.mask >> place & 1 == 0)
    };
    all.filter(through).collect()
}

/// Bits, bytes and lengths of chunks, and of their filters' parameters, are changed at random: the same ones
/// on every run. What comes out is as long as was asked for, or nothing; and little memory is held for it.
#[test]
fn changed_bytes_are_refused_or_decoded_within_bounds() {
    const ROUNDS: usize = 3000;
    // What a decoder works with, whatever the size: tables, buffers, bzip2's blocks.
    const SLACK: usize = 2 << 20;
    const OF_BZIP2: usize = 5 << 20;
    let mut random = Rng::with_seed(121);
    for (name, id, _) in FILES {
        let chunks = filtered(name, id);
        assert!(chunks.len() >= 3, "{name}");
        let mut outcomes = BTreeSet::new();
        for round in 0..ROUNDS {
            let chunk = &chunks[round % chunks.len()];
            let mut bytes = chunk.bytes.to_vec();
            let mut filters = chunk.filters.clone();
            for _ in 0..random.usize(1..4) {
                change(&mut random, &mut bytes, &mut filters);
            }
            let decoded = || decode(&bytes, &filters, chunk.mask, chunk.size);
            let (plain, cost) = counting::cost(decoded);
            let slack = if id == BZIP2 { OF_BZIP2 } else { SLACK };
            let most = 4 * (chunk.size + bytes.len()) + slack;
            assert!(cost <= most, "{name}: {cost} for {} of {}", bytes.len(), chunk.size);
            assert!(plain.as_ref().is_ok_and(|plain| plain.len() == chunk.size) || plain.is_err());
            outcomes.insert(plain.is_ok());
        }
        assert_eq!(outcomes.len(), 2, "{name}: some are refused, and some are not");
    }
}

fn change(random: &mut Rng, bytes: &mut Vec<u8>, filters: &mut [Filter]) {
    let at = random.usize(..bytes.len().max(1));
    // Headers are what sizes are in.
    let at = if random.bool() { at } else { at % 24 };
    match random.u8(..8) {
        0 => bytes.truncate(at),
        1 => bytes.extend((0..random.usize(..40)).map(|_| random.u8(..))),
        2..4 => {
            let filter = random.usize(..filters.len());
            let values = &mut filters[filter].client_data;
            if let Some(n) = values.len().checked_sub(1) {
                let value = &mut values[random.usize(..=n)];
                *value =
                    if random.bool() { *value ^ 1 << random.u32(..32) } else { random.u32(..9) };
            }
        }
        4 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.u8(..8);
            }
        }
        5 => {
            for byte in bytes.iter_mut().skip(at).take(random.usize(..5)) {
                *byte = 0xff;
            }
        }
        6 => {
            for byte in bytes.iter_mut().skip(at).take(random.usize(..5)) {
                *byte = 0;
            }
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.u8(..);
            }
        }
    }
}
