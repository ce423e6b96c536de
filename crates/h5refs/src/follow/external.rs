//! External storage: runs of bytes in raw files, one behind the other, as chunks along the first axis.

use std::collections::BTreeMap;
use std::sync::Arc;

use h5meta::message::Dataspace;
use h5meta::model::{Dataset, ExternalFile};

use super::files::Files;
use super::{bytes, name, unfiltered};
use crate::kerchunk::{Place, Tile, Tiling};
use crate::source::Source;

/// The chunks of a dataset: one if it is in one run, else as many as there are runs, if each has as many
/// whole rows.
///
/// # Errors
/// Why its runs are no chunks, or cannot be had.
pub(super) async fn tiling(
    dataset: &Dataset,
    runs: &[ExternalFile],
    files: &mut Files<'_>,
    sources: &mut BTreeMap<Arc<str>, Arc<dyn Source>>,
) -> Result<Tiling, String> {
    let shape = dataset.dataspace.as_ref().map(Dataspace::shape).unwrap_or_default().to_vec();
    let whole = dataset.size().ok_or("more bytes than can be counted")?;
    let used = used(runs, whole)?;
    let rows = match used.as_slice() {
        [] | [_] => shape.first().copied().unwrap_or(1),
        several => rows(dataset, &shape, several)?,
    };
    let mut tiles = Vec::with_capacity(used.len());
    for (n, (run, size)) in used.into_iter().enumerate() {
        let name = name::utf8(&run.name)?;
        let Some(file) = files.raw(name).await? else {
            return Err(format!("no such file: {name}"));
        };
        let end = run.offset.checked_add(size).ok_or("a run past the end of all numbers")?;
        if file.length.is_some_and(|length| end > length) {
            return Err(format!("{name} ends before its byte {end}"));
        }
        let mut offset = vec![0; shape.len()];
        if let Some(first) = offset.first_mut() {
            *first = rows.saturating_mul(n as u64);
        }
        sources.insert(Arc::clone(&file.url), Arc::clone(&file.source));
        tiles.push(Tile { offset, place: Place::Other(Arc::clone(&file.url), run.offset..end) });
    }
    let mut chunk_shape = shape;
    if let Some(first) = chunk_shape.first_mut() {
        *first = rows;
    }
    Ok(unfiltered(chunk_shape, tiles))
}

/// The runs that hold anything of the data, and how many bytes of each do.
fn used(runs: &[ExternalFile], whole: u64) -> Result<Vec<(&ExternalFile, u64)>, String> {
    let mut left = whole;
    let mut used = Vec::new();
    for run in runs {
        let size = run.size.unwrap_or(u64::MAX).min(left);
        left -= size;
        if size > 0 {
            used.push((run, size));
        }
    }
    match left {
        0 => Ok(used),
        left => Err(format!("its external files have {left} bytes less than its shape needs")),
    }
}

/// The rows of each run.
fn rows(dataset: &Dataset, shape: &[u64], used: &[(&ExternalFile, u64)]) -> Result<u64, String> {
    let row = bytes(dataset, shape.get(1..).unwrap_or_default()).filter(|&row| row > 0);
    let sizes = || used.iter().map(|(_, size)| *size);
    match (row, sizes().next()) {
        (Some(row), Some(first))
            if first.is_multiple_of(row) && sizes().all(|size| size == first) =>
        {
            Ok(first / row)
        }
        _ => Err("its external files do not have equal numbers of whole rows".into()),
    }
}
