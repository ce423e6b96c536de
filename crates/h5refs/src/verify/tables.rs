//! Kerchunk's tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use serde::de::{Error as _, IgnoredAny, MapAccess};

use super::array::Array;
use super::budget::Budget;
use super::compact::{Compact, values};
use super::entries::{self, Entries};
use super::json::held;
use super::read::{Chunk, Files, Sidecar, Stored, each_document, whole};
use super::{Fault, Options};
use crate::error::{Error, Result};
use crate::render::{Recorded, Table, ZMETADATA, read_table};
use crate::sink::is_below;
use crate::source::{Opener, local_path};

/// Tables that are looked for at once, and in all.
const AT_ONCE: usize = 16;
const MOST_TABLES: u64 = 1_000_000;

/// Reads a directory of tables.
pub(super) async fn tables(location: &str, opener: &Opener, options: &Options) -> Result<Sidecar> {
    let none = |reason: String| Error::no_sidecar(location, reason);
    let place = format!("{location}/{ZMETADATA}");
    let bytes = whole(&place, opener, options).await?;
    let mut metadata = Metadata::default();
    let read = entries::read(&bytes, &mut metadata);
    let (mut sidecar, mut budget) = (Sidecar::default(), Budget::of_tables());
    budget.grow(bytes.len());
    let mut documents = Documents { sidecar: &mut sidecar, budget: &mut budget };
    read.and_then(|()| each_document(&bytes, &mut documents))
        .map_err(|error| none(format!("no kerchunk tables: {ZMETADATA}: {error}")))?;
    let (Some(record_size), true) = (metadata.record_size, metadata.has_documents) else {
        return Err(none(format!("no kerchunk tables: {ZMETADATA} lacks its parts")));
    };
    if record_size == 0 {
        return Err(none("tables of no references".into()));
    }
    let is_web = local_path(location).is_err();
    let mut wanted: Vec<(Arc<str>, Arc<[u64]>, u64)> = Vec::new();
    let mut all = 0_u64;
    for (key, document) in &sidecar.documents {
        let Some(path) = key.strip_suffix("/.zarray") else { continue };
        // On the web some characters are none of a path, and two dots can be written in several ways.
        if !is_below(path) || is_web && path.contains(['?', '#', '%']) {
            sidecar.faults.push(Fault::new(key.clone(), "its path leads out of the tables"));
            continue;
        }
        // What is wrong with it is found later.
        let array = values(&document.text).and_then(|document| Array::new(path, &document));
        let Ok(array) = array else { continue };
        let count = array.chunks().unwrap_or(u64::MAX).div_ceil(record_size);
        all = all.saturating_add(count);
        if all > MOST_TABLES {
            return Err(none(format!("more than {MOST_TABLES} tables to look for")));
        }
        wanted.push((path.into(), array.grid().into(), count));
    }
    let wanted = wanted.into_iter().flat_map(|(path, grid, count)| {
        (0..count).map(move |n| (Arc::clone(&path), Arc::clone(&grid), n))
    });
    let read = wanted.map(|(path, grid, number)| async move {
        let place = format!("{location}/{path}/refs.{number}.parq");
        let bytes = match whole(&place, opener, options).await {
            Ok(bytes) => bytes,
            // None of its chunks was ever written.
            Err(error) if error.is_missing() => {
                return Ok((path, grid, number, 0, Ok(Table::default())));
            }
            Err(error) => return Err(error),
        };
        let stored = bytes.len();
        // The reader of tables was not made for those of strangers: should it panic, that is a fault too.
        let table = tokio::task::spawn_blocking(move || read_table(bytes, record_size)).await;
        let table = table.unwrap_or_else(|_| Err("a table that is broken".into()));
        Ok((path, grid, number, stored, table))
    });
    let mut read = futures::stream::iter(read).buffered(AT_ONCE);
    let mut files = Files::new(BTreeMap::new(), options.max_files);
    while let Some(table) = read.next().await {
        let (path, grid, number, stored, table) = table?;
        budget.grow(stored);
        match table {
            Ok(Table { rows, held }) => {
                budget.charge(held).map_err(none)?;
                reserve(&mut sidecar.chunks, rows.len());
                let first = number.saturating_mul(record_size);
                for (row, entry) in rows {
                    let key = format!("{path}/{}", key(first.saturating_add(row), &grid));
                    budget.charge(key.len().saturating_add(CHUNK)).map_err(none)?;
                    match place_of(entry, &mut files, &mut budget).map_err(none)? {
                        Some(stored) => {
                            let key = key.into_boxed_str();
                            sidecar.chunks.push(Chunk { key, array: usize::MAX, stored });
                        }
                        None => sidecar.faults.push(Fault::new(key, "more bytes than there are")),
                    }
                }
            }
            Err(why) => {
                let name = format!("{path}/refs.{number}.parq");
                sidecar.faults.push(Fault::new(name, why));
            }
        }
    }
    sidecar.order();
    Ok(sidecar)
}

/// What a chunk takes in a list that grows by a quarter, which is held beside what it was before.
const CHUNK: usize = size_of::<Chunk>() * 9 / 4;

fn reserve(chunks: &mut Vec<Chunk>, more: usize) {
    if chunks.capacity() - chunks.len() < more {
        chunks.reserve_exact(more.max(chunks.len() / 4));
    }
}

/// What there is besides documents.
#[derive(Default)]
struct Metadata {
    has_documents: bool,
    record_size: Option<u64>,
}

impl Entries for Metadata {
    fn entry<'de, A: MapAccess<'de>>(
        &mut self,
        name: String,
        map: &mut A,
    ) -> std::result::Result<(), A::Error> {
        self.has_documents |= name == "metadata";
        match name == "record_size" {
            true => self.record_size = Some(map.next_value()?),
            false => _ = map.next_value::<IgnoredAny>()?,
        }
        Ok(())
    }
}

/// Documents, as they are read.
struct Documents<'a> {
    sidecar: &'a mut Sidecar,
    budget: &'a mut Budget,
}

impl Entries for Documents<'_> {
    fn entry<'de, A: MapAccess<'de>>(
        &mut self,
        key: String,
        map: &mut A,
    ) -> std::result::Result<(), A::Error> {
        let text = map.next_value_seed(Compact { most: self.budget.text() })?;
        self.budget.charge(held(&key, &text)).map_err(A::Error::custom)?;
        self.sidecar.document(key, text);
        Ok(())
    }
}

/// Where a chunk is, if that can be.
fn place_of(
    entry: Recorded,
    files: &mut Files,
    budget: &mut Budget,
) -> std::result::Result<Option<Stored>, String> {
    let (file, range) = match entry {
        Recorded::Inline(bytes) => return Ok(Some(Stored::Inline(bytes))),
        Recorded::Stored(file, 0, 0) => (file, None),
        Recorded::Stored(file, at, size) => match at.checked_add(size) {
            Some(end) => (file, Some(at..end)),
            None => return Ok(None),
        },
    };
    Ok(Some(Stored::Range { file: files.get(&file, budget)?, range }))
}

/// The key of a chunk by its number, the last dimension counting fastest.
fn key(number: u64, grid: &[u64]) -> String {
    let mut rest = number;
    let mut parts: Vec<String> = Vec::with_capacity(grid.len());
    for (n, along) in grid.iter().enumerate().rev() {
        // What is past the end shows in the first part.
        let part = if n == 0 { rest } else { rest % (*along).max(1) };
        rest /= (*along).max(1);
        parts.push(part.to_string());
    }
    parts.reverse();
    if parts.is_empty() { number.to_string() } else { parts.join(".") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_keys() {
        assert_eq!(key(0, &[]), "0");
        assert_eq!(key(7, &[3, 4]), "1.3");
        assert_eq!(key(12, &[3, 4]), "3.0");
    }
}
