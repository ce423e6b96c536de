//! Filters: what undoes them, whatever the bytes and the parameters.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use h5meta::filter::{
    BITSHUFFLE, BLOSC, BZIP2, DEFLATE, FLETCHER32, LZ4, LZF, NBIT, SCALEOFFSET, SHUFFLE, SZIP,
    ZSTD, check, decode, decode_all,
};
use h5meta::message::Filter;
use h5meta::model::Storage;

use crate::whole;

const ALL: [u16; 12] = [
    DEFLATE,
    SHUFFLE,
    FLETCHER32,
    SZIP,
    NBIT,
    SCALEOFFSET,
    BZIP2,
    LZF,
    BLOSC,
    LZ4,
    BITSHUFFLE,
    ZSTD,
];

/// A chunk as it is stored.
#[derive(Clone)]
struct Chunk {
    bytes: Vec<u8>,
    filters: Vec<Filter>,
    mask: u32,
    size: usize,
}

/// Filters are undone or refused, to as many bytes as were asked for.
///
/// An even first byte makes up filters, parameters and bytes. With an odd one the rest is what changes a chunk of
/// the test files, so that the bytes of each filter need not be found.
pub fn codecs(input: &[u8]) {
    let Some(chunk) = made_up(input).or_else(|| changed(input)) else { return };
    let Chunk { bytes, filters, mask, size } = chunk;
    let checked = check(&filters);
    if let Ok(plain) = decode(&bytes, &filters, mask, size) {
        assert_eq!(plain.len(), size);
        // What is skipped is checked all the same.
        assert!(checked.is_ok() || mask != 0, "{checked:?}");
        let all = decode_all(&bytes, &filters, mask, size).expect("it was decoded before");
        assert!(all.starts_with(&plain));
        // What no filter made of fewer bytes is little more than was asked for.
        let most = size + (size >> 6) + 1024;
        assert!(all.len() <= most.max(bytes.len()), "{} bytes of {size}", all.len());
    }
}

/// The chunks of the test files of filters.
static CHUNKS: LazyLock<Vec<Chunk>> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("the test files")
        .map(|entry| entry.expect("the test files").path())
        .filter(|path| path.to_string_lossy().contains("/filter"))
        .collect();
    paths.sort();
    paths.into_iter().flat_map(|path| chunks(std::fs::read(path).expect("a test file"))).collect()
});

fn chunks(file: Vec<u8>) -> Vec<Chunk> {
    let (index, _) = whole(&file.clone().into()).expect("a test file");
    let mut all = Vec::new();
    for (_, dataset) in index.datasets() {
        let Storage::Chunked { chunk_shape, chunks: Some(chunks), .. } = &dataset.storage else {
            continue;
        };
        let element = dataset.datatype.as_ref().map_or(0, |datatype| u64::from(datatype.size));
        let size = (chunk_shape.iter().product::<u64>() * element) as usize;
        all.extend(chunks.iter().map(|chunk| Chunk {
            bytes: file[chunk.at.0 as usize..][..chunk.size as usize].to_vec(),
            filters: dataset.filters.to_vec(),
            mask: chunk.filter_mask,
            size,
        }));
    }
    all
}

fn made_up(input: &[u8]) -> Option<Chunk> {
    let [kind, mask, low, high, first, second, rest @ ..] = input else { return None };
    let mut rest = rest;
    let mut filters = Vec::new();
    for id in [first, second] {
        // Fewer than there are numbers: the second is often none.
        if let Some(&id) = ALL.get(usize::from(*id)) {
            let client_data = numbers(&mut rest)?;
            filters.push(Filter { id, name: None, flags: 0, client_data });
        }
    }
    let size = u16::from_le_bytes([*low, *high]).into();
    let mask = u32::from(*mask) & 3;
    (kind % 2 == 0).then(|| Chunk { bytes: rest.to_vec(), filters, mask, size })
}

/// Numbers of one byte, or of four behind 0xff.
fn numbers(rest: &mut &[u8]) -> Option<Vec<u32>> {
    let (count, mut left) = rest.split_first()?;
    let mut numbers = Vec::new();
    for _ in 0..count % 32 {
        let (byte, after) = left.split_first()?;
        left = after;
        numbers.push(match byte {
            0xff => {
                let (number, after) = left.split_first_chunk()?;
                left = after;
                u32::from_le_bytes(*number)
            }
            byte => (*byte).into(),
        });
    }
    *rest = left;
    Some(numbers)
}

fn changed(input: &[u8]) -> Option<Chunk> {
    let [_, low, high, cut, changes @ ..] = input else { return None };
    let which = usize::from(u16::from_le_bytes([*low, *high])) % CHUNKS.len();
    let mut chunk = CHUNKS.get(which)?.clone();
    for change in changes.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]]));
        if change[2] % 8 == 7 {
            let filter = at % chunk.filters.len().max(1);
            let values = &mut chunk.filters.get_mut(filter)?.client_data;
            let place = usize::from(change[2] / 8) % values.len().max(1);
            if let Some(value) = values.get_mut(place) {
                *value ^= u32::from(change[3]) << (at / 8 % 25);
            }
        } else {
            let length = chunk.bytes.len().max(1);
            if let Some(byte) = chunk.bytes.get_mut(at % length) {
                *byte ^= change[3];
            }
        }
    }
    let kept = chunk.bytes.len() - usize::from(*cut) * usize::from(*cut) % (chunk.bytes.len() + 1);
    chunk.bytes.truncate(kept);
    Some(chunk)
}
