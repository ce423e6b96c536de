//! Variable-length strings and references: read chunk by chunk, collection by collection, and put into the sidecar.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use h5meta::heap::global::{Collection, SMALLEST};
use h5meta::{Address, Index, Kind};

use crate::error::Result;
use crate::fetch::{Counters, Policy, read_ranges};
use crate::kerchunk::{Ids, Key, Raw, References};
use crate::source::Source;

/// Why a collection is not looked at.
const OVERLAP: &str = "heap collections that are more in all than the file: they overlap";

/// Why a dataset is not embedded that has more text than it may.
const TOO_MANY: &str = "more variable-length strings than a dataset may bring";

/// What embedding needs to know of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) index: &'a Index,
    pub(crate) length: u64,
    pub(crate) policy: &'a Policy,
    pub(crate) counters: &'a Counters,
}

/// Puts the text of all chunks of strings in place. A dataset whose text cannot be had, or is more than
/// `most` bytes, is taken out and said to be.
///
/// # Errors
/// The storage errors of the source.
pub(crate) async fn embed(references: &mut References, file: File<'_>, most: u64) -> Result<()> {
    let chunks = references.texts();
    if chunks.is_empty() {
        return Ok(());
    }
    let stored: Vec<_> = chunks
        .iter()
        .filter_map(|(_, chunk)| match &chunk.raw {
            Raw::Stored(range) => Some(range.clone()),
            Raw::Here(_) => None,
        })
        .collect();
    let mut fetched =
        read_ranges(file.source, &stored, file.policy, file.counters).await?.into_iter();

    let mut lost: BTreeMap<String, String> = BTreeMap::new();
    let mut ids: Vec<(Key, Option<Ids>)> = Vec::new();
    let mut wanted = BTreeSet::new();
    for (key, chunk) in chunks {
        let bytes = match &chunk.raw {
            Raw::Stored(_) => fetched.next().unwrap_or_default(),
            Raw::Here(bytes) => bytes.clone(),
        };
        // The bytes of the IDs, and then those of the text.
        let charged = references.budgets.decoded.charge(chunk.decoded_size());
        let found = match charged.and_then(|()| chunk.ids(&bytes, file.index.superblock.sizes)) {
            Ok(found) => {
                found.collections(&mut wanted);
                Some(found)
            }
            Err(why) => {
                lost.entry(key.path().to_owned()).or_insert(why);
                None
            }
        };
        ids.push((key, found));
    }

    let collections = collections(&wanted, file).await?;
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    for (key, found) in ids {
        let Some(found) = found else { continue };
        let array = key.path().to_owned();
        if lost.contains_key(&array) {
            continue;
        }
        let collection = |address| match collections.get(&address) {
            Some(collection) => collection.clone(),
            None => Err(OVERLAP.to_owned()),
        };
        let path = |address| file.index.object_at(address).map(|object| object.path.clone());
        let size = sizes.entry(array.clone()).or_default();
        let (of_array, of_file) = (most.saturating_sub(*size), &references.budgets.inline);
        let (most_here, why) = match of_file.left() < of_array {
            true => (of_file.left(), of_file.spent()),
            false => (of_array, TOO_MANY.to_owned()),
        };
        let encoded = found.encode(collection, path, most_here).and_then(|all| all.ok_or(why));
        let charged = encoded.and_then(|encoded| {
            references.budgets.inline.charge(encoded.len() as u64)?;
            Ok(encoded)
        });
        match charged {
            Ok(encoded) => {
                *size = size.saturating_add(encoded.len() as u64);
                references.put(&key, encoded.into());
            }
            Err(why) => _ = lost.entry(array).or_insert(why),
        }
    }
    references.take_out(lost);
    Ok(())
}

/// What is held of a collection besides its bytes, about; and the bytes that say how large it is.
const ENTRY: u64 = 64;
const HEADER: u64 = 16;

type Collections = BTreeMap<Address, std::result::Result<Arc<Collection>, String>>;

/// Heap collections, or why they cannot be had; those that are not there are more than the file can have. Most are
/// of the smallest size; of a larger one the rest is read too.
async fn collections(wanted: &BTreeSet<Address>, file: File<'_>) -> Result<Collections> {
    let mut read = BTreeMap::new();
    // A file has each collection once: those that lie in each other would cost the square of its length.
    let mut left = file.length.saturating_mul(4);
    let next = wanted.iter().skip(1).map(|at| at.0).chain([u64::MAX]);
    let mut asked: Vec<(Address, u64)> = wanted
        .iter()
        .zip(next)
        .map_while(|(&at, next)| {
            // None reaches into the next, if it is as it should be.
            let size = (next - at.0).clamp(HEADER, SMALLEST);
            left = left.checked_sub(size.max(ENTRY))?;
            Some((at, size))
        })
        .collect();
    // Twice: a collection says how large it is, and then it is all there or broken.
    for last in [false, true] {
        let mut ranges = Vec::new();
        let mut known = Vec::new();
        for (address, size) in std::mem::take(&mut asked) {
            match file.index.superblock.locate(address) {
                Ok(at) if at.0 < file.length => {
                    ranges.push(at.0..at.0.saturating_add(size).min(file.length));
                    known.push(address);
                }
                _ => _ = read.insert(address, Err("a heap collection past the end".to_owned())),
            }
        }
        let pieces = read_ranges(file.source, &ranges, file.policy, file.counters).await?;
        for (address, bytes) in known.into_iter().zip(pieces) {
            match Collection::decode(&bytes, file.index.superblock.sizes) {
                Ok(collection) => _ = read.insert(address, Ok(Arc::new(collection))),
                Err(error) => match error.kind() {
                    Kind::Truncated { need, .. } if !last && *need <= file.length => {
                        if let Some(rest) = left.checked_sub(*need) {
                            left = rest;
                            asked.push((address, *need));
                        }
                    }
                    _ => _ = read.insert(address, Err(error.to_string())),
                },
            }
        }
    }
    Ok(read)
}
