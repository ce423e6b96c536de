//! References as the bytes of a sidecar, in the formats that fsspec reads.
//!
//! | file | what |
//! |---|---|
//! | `json` | one document |
//! | `parquet` | a directory: metadata, and tables of references |

mod json;
mod parquet;
mod zstd;

use std::io::{self, BufWriter, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use ruzstd::decoding::StreamingDecoder;

use crate::kerchunk::References;

pub(crate) use self::parquet::{Recorded, Table, ZMETADATA, read_table};

/// Bytes written at once.
const BUFFER: usize = 256 << 10;

/// What a sidecar looks like outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Kerchunk reference JSON, version 1.
    #[default]
    Json,
    /// The same, gzipped.
    JsonGz,
    /// The same, through zstd.
    JsonZst,
    /// Kerchunk's tables: a directory of which readers fetch what they need.
    Parquet,
}

/// How a sidecar is rendered.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Layout {
    /// The format.
    pub format: Format,
    /// Whether JSON has each file's name once, as a template, and not in every reference. GDAL does not
    /// read these.
    pub templates: bool,
    /// Whether JSON has all metadata once more in one document, which readers find groups by. The parquet
    /// format always has.
    pub consolidated: bool,
    /// References in a table of the parquet format: what readers fetch at once.
    pub record_size: u64,
}

impl Default for Layout {
    fn default() -> Self {
        Self { format: Format::Json, templates: false, consolidated: true, record_size: 10_000 }
    }
}

/// A sidecar as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rendered {
    /// A file.
    File(Bytes),
    /// The files of a directory by their paths in it, the one that readers begin with last.
    Directory(Vec<(String, Bytes)>),
}

impl Rendered {
    /// Bytes in all.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::File(bytes) => bytes.len() as u64,
            Self::Directory(files) => files.iter().map(|(_, bytes)| bytes.len() as u64).sum(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Format {
    /// What a sidecar's name ends with, after the name of its file.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Json => ".json",
            Self::JsonGz => ".json.gz",
            Self::JsonZst => ".json.zst",
            Self::Parquet => ".parq",
        }
    }

    /// The format that a name says, if it says one.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.trim_end_matches('/');
        let formats = [Self::Json, Self::JsonGz, Self::JsonZst, Self::Parquet];
        let found = formats.into_iter().find(|format| name.ends_with(format.suffix()));
        found.or_else(|| name.ends_with(".parquet").then_some(Self::Parquet))
    }
}

/// References in a format, `url` being what they call their file.
///
/// # Errors
/// As [`check`]; references that the tables of the parquet format have no place for.
pub(crate) fn render(
    references: &References,
    url: &str,
    layout: Layout,
) -> Result<Rendered, String> {
    check(references, url, layout)?;
    if layout.format == Format::Parquet {
        let files = parquet::files(references.entries(), url, layout.record_size)?;
        return Ok(Rendered::Directory(files));
    }
    let mut out = Vec::with_capacity(references.entries().len().saturating_mul(64));
    write(references, url, layout, &mut out).map_err(|error| error.to_string())?;
    Ok(Rendered::File(out.into()))
}

/// Whether a layout can say these references.
///
/// # Errors
/// A name that templates cannot say.
pub(crate) fn check(references: &References, url: &str, layout: Layout) -> Result<(), String> {
    match layout.templates {
        true => json::check_templates(references.entries(), url),
        false => Ok(()),
    }
}

/// Writes references in one of the formats that are one file, never all of it in memory.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(
    references: &References,
    url: &str,
    layout: Layout,
    out: &mut dyn Write,
) -> io::Result<()> {
    let json = |out: &mut dyn Write| -> io::Result<()> {
        let mut out = BufWriter::with_capacity(BUFFER, out);
        json::write(references.entries(), url, layout, &mut out)?;
        out.flush()
    };
    match layout.format {
        // A directory: `render` makes its files.
        Format::Parquet => Err(io::ErrorKind::Unsupported.into()),
        Format::Json => json(out),
        Format::JsonGz => {
            // Without a time or a name in it: the same bytes on every run.
            let mut gzip = GzEncoder::new(out, Compression::default());
            json(&mut gzip)?;
            gzip.finish().map(drop)
        }
        Format::JsonZst => zstd::compress(out, json),
    }
}

/// How many times its own length a compressed sidecar may unpack to, and how much however short it is, in bytes:
/// the same text of some kilobytes in every attribute comes to nearly two hundred times with zstd.
const UNPACKS_TO: u64 = 400;
const SPARE: u64 = 16 << 20;

/// Bytes of what is behind them that zstd may lead back to: more than its strongest levels do in documents of as many.
const WINDOW: u64 = 64 << 20;

/// The JSON of a sidecar of whichever of the three formats, of which no more than `most` bytes.
///
/// # Errors
/// Bytes that are not what they begin as; more of them than such a sidecar can be.
pub(crate) fn unpacked(bytes: &Bytes, most: u64) -> Result<Bytes, String> {
    let failed =
        |error: &dyn std::fmt::Display| format!("compressed bytes that are broken: {error}");
    let unpack = || unpack(bytes).map_err(|error| failed(&error));
    let Some(counted) = unpack()? else { return Ok(bytes.clone()) };
    let most = most.min((bytes.len() as u64).saturating_mul(UNPACKS_TO).saturating_add(SPARE));
    // How many there are is counted first: what grows as they come would be held twice and more.
    let mut counted = counted.take(most.saturating_add(1));
    let length = io::copy(&mut counted, &mut io::sink()).map_err(|error| failed(&error))?;
    let capacity = usize::try_from(length).ok().filter(|_| length <= most);
    let capacity = capacity.ok_or_else(|| format!("it unpacks to more than {most} bytes"))?;
    let mut json = Vec::with_capacity(capacity);
    if let Some(read) = unpack()? {
        read.take(length).read_to_end(&mut json).map_err(|error| failed(&error))?;
    }
    Ok(json.into())
}

/// Unpacks bytes that begin as compressed ones.
fn unpack(bytes: &[u8]) -> io::Result<Option<Box<dyn Read + '_>>> {
    Ok(match bytes.get(..4).unwrap_or_default() {
        [0x1f, 0x8b, ..] => Some(Box::new(MultiGzDecoder::new(bytes))),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let zstd = StreamingDecoder::new_with_max_window_size(bytes, WINDOW);
            Some(Box::new(zstd.map_err(io::Error::other)?))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_to_far_more_than_a_sidecar_is_refused() {
        let packed = |bytes: &[u8]| {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
            gzip.write_all(bytes).unwrap();
            Bytes::from(gzip.finish().unwrap())
        };
        let bomb = packed(&vec![b' '; 40 << 20]);
        assert!(bomb.len() < 64 << 10);
        let why = unpacked(&bomb, u64::MAX).unwrap_err();
        assert!(why.contains("unpacks to more than"), "{why}");
        assert_eq!(unpacked(&packed(b"{}"), 2).unwrap(), "{}");
        assert!(unpacked(&packed(b"{ }"), 2).is_err());
    }
}
