//! The references as kerchunk's parquet layout: a directory with all metadata in one document, and for each
//! array tables of so many references. Readers fetch a table when they need one of its references.
//!
//! Described in kerchunk's reference specification; as fsspec's `LazyReferenceMapper` reads it. The row of a
//! chunk is its number, the last dimension counting fastest, and every table has all its rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::{Field, Row};
use parquet::schema::parser::parse_message_type;
use serde_json::{Map, Value, json};

use crate::error::squeeze;
use crate::kerchunk::{Entry, Reference};

/// The document of a directory's metadata.
pub(crate) const ZMETADATA: &str = ".zmetadata";

/// Columns that would have no value at all are left out, which readers take for just that: some of them
/// take an absent value for one.
const PATH: &str = "optional binary path (UTF8); required int64 offset; required int64 size;";
const RAW: &str = "optional binary raw;";

/// The files of the directory by their paths in it, metadata last.
///
/// # Errors
/// More chunks than can be counted; numbers that parquet has no room for.
pub(super) fn files(
    entries: &[Entry],
    url: &str,
    record_size: u64,
) -> Result<Vec<(String, Bytes)>, String> {
    let mut metadata = Map::new();
    let mut files = Vec::new();
    let mut array: Option<Array<'_>> = None;
    for (key, reference) in entries {
        let (path, last) = (key.path(), key.rest.as_str());
        match reference {
            // `.zarray` sorts before the chunks.
            Reference::Document(document) => {
                let document: Value =
                    serde_json::from_str(document).map_err(|error| format!("{key}: {error}"))?;
                let before = match last {
                    ".zarray" => array.replace(Array::new(path, &document)),
                    _ => None,
                };
                if let Some(array) = before {
                    array.tables(url, record_size, &mut files)?;
                }
                metadata.insert(key.to_string(), document);
            }
            reference => {
                let array = array.as_mut().filter(|array| array.path == path);
                let array = array.ok_or_else(|| format!("{key}: of no array"))?;
                let number = array.number(last).ok_or_else(|| format!("{key}: no chunk of it"))?;
                let table = array.tables.entry(number / record_size).or_default();
                table.push((number % record_size, reference));
            }
        }
    }
    if let Some(array) = array {
        array.tables(url, record_size, &mut files)?;
    }
    let document = json!({
        "metadata": metadata,
        "record_size": record_size,
        "zarr_consolidated_format": 1,
    });
    files.push((ZMETADATA.into(), document.to_string().into()));
    Ok(files)
}

/// An array whose chunks are to be put into tables.
struct Array<'a> {
    path: &'a str,
    /// Chunks along each dimension.
    grid: Vec<u64>,
    /// By number: rows, and what is in them.
    tables: BTreeMap<u64, Vec<(u64, &'a Reference)>>,
}

impl<'a> Array<'a> {
    fn new(path: &'a str, document: &Value) -> Self {
        let numbers = |name: &str| document[name].as_array().into_iter().flatten();
        let along = numbers("shape").zip(numbers("chunks"));
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        let grid = along.map(|(all, one)| count(all).div_ceil(count(one).max(1))).collect();
        Self { path, grid, tables: BTreeMap::new() }
    }

    /// The number of a chunk, by its key: `1.0.2`.
    fn number(&self, key: &str) -> Option<u64> {
        if self.grid.is_empty() {
            return (key == "0").then_some(0);
        }
        let mut number = 0_u64;
        let mut parts = key.split('.');
        for along in &self.grid {
            let at: u64 = parts.next()?.parse().ok().filter(|at| at < along)?;
            number = number.checked_mul(*along)?.checked_add(at)?;
        }
        parts.next().is_none().then_some(number)
    }

    fn tables(
        self,
        url: &str,
        record_size: u64,
        files: &mut Vec<(String, Bytes)>,
    ) -> Result<(), String> {
        for (number, mut rows) in self.tables {
            rows.sort_unstable_by_key(|(row, _)| *row);
            let name = format!("{}/refs.{number}.parq", self.path);
            let bytes = table(&rows, url, record_size).map_err(|why| format!("{name}: {why}"))?;
            files.push((name, bytes.into()));
        }
        Ok(())
    }
}

/// A column in which some rows have no value: those that have one, and which.
struct Optional {
    values: Vec<ByteArray>,
    is_there: Vec<i16>,
}

impl Optional {
    fn new(rows: usize) -> Self {
        Self { values: Vec::new(), is_there: vec![0; rows] }
    }

    fn push(&mut self, row: usize, value: ByteArray) {
        self.values.push(value);
        self.is_there[row] = 1;
    }
}

/// A table of some rows, in order.
fn table(rows: &[(u64, &Reference)], url: &str, size: u64) -> Result<Vec<u8>, String> {
    let size = usize::try_from(size).map_err(|_| "tables too long".to_owned())?;
    let (mut paths, mut raws) = (Optional::new(size), Optional::new(size));
    let (mut offsets, mut sizes) = (vec![0_i64; size], vec![0_i64; size]);
    for &(row, reference) in rows {
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        match (reference, reference.place()) {
            (Reference::Inline(bytes), _) => raws.push(row, bytes.to_vec().into()),
            (_, Some((file, range))) => {
                let number = |n: u64| i64::try_from(n).map_err(|_| format!("position {n}"));
                paths.push(row, file.unwrap_or(url).into());
                offsets[row] = number(range.start)?;
                sizes[row] = number(range.end - range.start)?;
            }
            // Looked up, decoded or taken out before this.
            _ => {}
        }
    }
    write(&paths, &offsets, &sizes, &raws).map_err(|error| error.to_string())
}

fn write(
    paths: &Optional,
    offsets: &[i64],
    sizes: &[i64],
    raws: &Optional,
) -> Result<Vec<u8>, ParquetError> {
    let columns = |optional: &Optional, columns| match optional.values.is_empty() {
        true => "",
        false => columns,
    };
    let (with_path, with_raw) = (columns(paths, PATH), columns(raws, RAW));
    let schema = parse_message_type(&format!("message references {{ {with_path} {with_raw} }}"))?;
    // That no number is missing fastparquet learns from statistics; without, it makes floats of them.
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled("offset".into(), EnabledStatistics::Chunk)
        .set_column_statistics_enabled("size".into(), EnabledStatistics::Chunk)
        .set_created_by("h5sidecar".into())
        .build();
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut rows = file.next_row_group()?;
    if !with_path.is_empty() {
        column::<ByteArrayType>(&mut rows, &paths.values, Some(&paths.is_there))?;
        column::<Int64Type>(&mut rows, offsets, None)?;
        column::<Int64Type>(&mut rows, sizes, None)?;
    }
    if !with_raw.is_empty() {
        column::<ByteArrayType>(&mut rows, &raws.values, Some(&raws.is_there))?;
    }
    rows.close()?;
    file.into_inner()
}

fn column<T: DataType>(
    rows: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
    is_there: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let none = || ParquetError::General("a column too many".into());
    let mut column = rows.next_column()?.ok_or_else(none)?;
    column.typed::<T>().write_batch(values, is_there, None)?;
    column.close()
}

/// What a row of a table refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// The bytes themselves.
    Inline(Bytes),
    /// Bytes of a file: where they begin, and how many there are. No bytes at its very beginning are all.
    Stored(Arc<str>, u64, u64),
}

/// How much of a table may be held for each of its bytes, and how much however short it is: a row that says the same
/// as others is stored in less than a byte.
const MULTIPLE: usize = 50;
const SPARE: usize = 4 << 20;

/// How many rows a table may have for each of its bytes, most of them of nothing, and how many however short it is.
const ROWS: u64 = 1000;
const SPARE_ROWS: u64 = 1_000_000;

/// What a table refers to, each text and each run of bytes kept once: a dictionary has them once, too.
struct Kept {
    left: usize,
    texts: usize,
    paths: BTreeSet<Arc<str>>,
    raws: BTreeSet<Bytes>,
}

impl Kept {
    fn new(size: usize) -> Self {
        let left = size.saturating_mul(MULTIPLE).saturating_add(SPARE);
        Self { left, texts: 0, paths: BTreeSet::new(), raws: BTreeSet::new() }
    }

    fn charge(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or("rows of more bytes than a table of its size has")?;
        Ok(())
    }

    fn charge_text(&mut self, length: usize) -> Result<(), String> {
        let size = length.saturating_add(NODE);
        self.texts = self.texts.saturating_add(size);
        self.charge(size)
    }

    fn path(&mut self, path: &str) -> Result<Arc<str>, String> {
        if let Some(known) = self.paths.get(path) {
            return Ok(Arc::clone(known));
        }
        self.charge_text(path.len())?;
        let path: Arc<str> = path.into();
        self.paths.insert(Arc::clone(&path));
        Ok(path)
    }

    fn raw(&mut self, raw: &[u8]) -> Result<Bytes, String> {
        if let Some(known) = self.raws.get(raw) {
            return Ok(known.clone());
        }
        self.charge_text(raw.len())?;
        let raw = Bytes::copy_from_slice(raw);
        self.raws.insert(raw.clone());
        Ok(raw)
    }
}

/// What an entry of a set takes beside what it holds, about.
const NODE: usize = 100;

/// What a row takes: the list of them is held three times over when it grows.
const ROW: usize = 3 * size_of::<(u64, Recorded)>();

/// A table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The rows that refer to something, by number.
    pub(crate) rows: Vec<(u64, Recorded)>,
    /// Bytes that the texts and bytes of these take, each counted once.
    pub(crate) held: usize,
}

/// The rows of a table that refer to something.
///
/// # Errors
/// What is no such table, or has more than `most` rows.
pub(crate) fn read_table(bytes: Bytes, most: u64) -> Result<Table, String> {
    let failed = |error: ParquetError| error.to_string();
    let size = bytes.len();
    let reader = SerializedFileReader::new(bytes).map_err(failed)?;
    let rows = u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);
    let most = most.min((size as u64).saturating_mul(ROWS).saturating_add(SPARE_ROWS));
    if rows > most {
        return Err(format!("{rows} rows, more than the {most} of a table"));
    }
    let mut kept = Kept::new(size);
    let mut recorded = Vec::new();
    for (number, row) in (0_u64..rows).zip(reader.get_row_iter(None).map_err(failed)?) {
        if let Some(entry) = record(&row.map_err(failed)?, &mut kept)? {
            kept.charge(ROW)?;
            recorded.push((number, entry));
        }
    }
    Ok(Table { rows: recorded, held: kept.texts })
}

fn record(row: &Row, kept: &mut Kept) -> Result<Option<Recorded>, String> {
    let (mut path, mut offset, mut size) = (None, 0_i64, 0_i64);
    for (name, field) in row.get_column_iter() {
        match (name.as_str(), field) {
            ("path", Field::Str(text)) => path = Some(kept.path(text)?),
            ("path", Field::Bytes(bytes)) => {
                let text = bytes.as_utf8().map_err(|error| error.to_string())?;
                path = Some(kept.path(text)?);
            }
            ("offset", Field::Long(n)) => offset = *n,
            ("size", Field::Long(n)) => size = *n,
            ("raw", Field::Bytes(bytes)) => {
                return Ok(Some(Recorded::Inline(kept.raw(bytes.data())?)));
            }
            ("raw", Field::Str(text)) => {
                return Ok(Some(Recorded::Inline(kept.raw(text.as_bytes())?)));
            }
            (_, Field::Null) => {}
            (name, field) => {
                return Err(format!("a column {name} of {}", squeeze(&field.to_string())));
            }
        }
    }
    let number = |n: i64| u64::try_from(n).map_err(|_| format!("position {n}"));
    let Some(path) = path else { return Ok(None) };
    Ok(Some(Recorded::Stored(path, number(offset)?, number(size)?)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kerchunk::Elsewhere;

    fn entries() -> Vec<Entry> {
        let document = |text: &str| Reference::Document(text.into());
        let array = r#"{"shape":[3,4],"chunks":[1,2]}"#;
        let other = Elsewhere { file: Arc::from("b"), range: 7..9, inline: false };
        vec![
            (".zgroup".into(), document(r#"{"zarr_format":2}"#)),
            ("a/.zarray".into(), document(array)),
            ("a/0.0".into(), Reference::Range(10..30)),
            ("a/1.1".into(), Reference::Inline(b"xyz".as_slice().into())),
            ("a/2.1".into(), Reference::Elsewhere(other.into())),
            ("s/.zarray".into(), document(r#"{"shape":[],"chunks":[]}"#)),
            ("s/0".into(), Reference::Inline(b"1".as_slice().into())),
        ]
    }

    #[test]
    fn chunks_are_rows_by_their_number() {
        let files = files(&entries(), "a.h5", 4).unwrap();
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a/refs.0.parq", "a/refs.1.parq", "s/refs.0.parq", ".zmetadata"]);
        let read = |n: usize| read_table(files[n].1.clone(), 4).unwrap().rows;
        let stored = |file: &str, at, size| Recorded::Stored(file.into(), at, size);
        let inline = |bytes: &'static [u8]| Recorded::Inline(Bytes::from_static(bytes));
        assert_eq!(read(0), [(0, stored("a.h5", 10, 20)), (3, inline(b"xyz"))]);
        assert_eq!(read(1), [(1, stored("b", 7, 2))]);
        assert_eq!(read(2), [(0, inline(b"1"))]);
        let metadata: Value = serde_json::from_slice(&files[3].1).unwrap();
        assert_eq!(metadata["record_size"], 4);
        assert_eq!(metadata["metadata"]["a/.zarray"]["shape"], json!([3, 4]));
    }

    #[test]
    fn the_same_references_are_the_same_bytes() {
        assert_eq!(files(&entries(), "a.h5", 4), files(&entries(), "a.h5", 4));
    }

    #[test]
    fn numbers_stay_what_they_are() {
        let number = "2.3732524841697554e+242";
        let attributes = Reference::Document(format!(r#"{{"x":{number}}}"#));
        let files = files(&[(".zattrs".into(), attributes)], "a.h5", 4).unwrap();
        assert!(std::str::from_utf8(&files[0].1).unwrap().contains(number));
    }

    #[test]
    fn what_has_no_row_is_an_error() {
        let mut entries = entries();
        entries.push(("s/1".into(), Reference::Range(0..1)));
        assert!(files(&entries, "a.h5", 4).unwrap_err().contains("s/1"));
        assert!(read_table(Bytes::from_static(b"PAR1 no table PAR1"), 4).is_err());
        let files = files(&entries[..5], "a.h5", 4).unwrap();
        assert!(read_table(files[0].1.clone(), 3).unwrap_err().contains("4 rows"));
    }

    /// A dictionary has a long path, or long bytes, once for all rows.
    #[test]
    fn what_rows_have_in_common_is_held_once() {
        const ROWS: u64 = 5000;
        let text = "x".repeat(10_000);
        let entries = |reference: &Reference| {
            let rows: Vec<_> = (0..ROWS).map(|row| (row, reference)).collect();
            let bytes = Bytes::from(table(&rows, &text, ROWS).unwrap());
            read_table(bytes, ROWS)
                .unwrap()
                .rows
                .into_iter()
                .map(|(_, entry)| entry)
                .collect::<Vec<_>>()
        };
        let (stored, inline) =
            (entries(&Reference::Range(1..2)), entries(&Reference::Inline(text.as_bytes().into())));
        assert_eq!((stored.len(), inline.len()), (5000, 5000));
        for pair in stored.windows(2).chain(inline.windows(2)) {
            match (&pair[0], &pair[1]) {
                (Recorded::Stored(a, ..), Recorded::Stored(b, ..)) => assert!(Arc::ptr_eq(a, b)),
                (Recorded::Inline(a), Recorded::Inline(b)) => assert_eq!(a.as_ptr(), b.as_ptr()),
                _ => panic!("rows of another kind"),
            }
        }
    }

    #[test]
    fn a_table_has_no_more_rows_than_it_has_bytes_for() {
        const ROWS: u64 = 200_000;
        let reference = Reference::Range(1..2);
        let rows: Vec<_> = (0..ROWS).map(|row| (row, &reference)).collect();
        let bytes = Bytes::from(table(&rows, "a.h5", ROWS).unwrap());
        assert!(bytes.len() < 5000, "{}", bytes.len());
        assert!(read_table(bytes, ROWS).unwrap_err().contains("more bytes than a table"));
    }
}
