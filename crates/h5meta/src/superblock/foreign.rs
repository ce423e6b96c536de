//! What a file without a superblock is instead, so that the error can name it.
//!
//! Spec: none; these are the signatures of other formats.

use std::fmt;

/// A format that is not HDF5, told by a file's first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignFormat {
    /// No bytes at all.
    Empty,
    /// NetCDF classic, 64-bit offset or 64-bit data: not NetCDF-4.
    NetCdf3,
    /// HDF4, the older and unrelated format.
    Hdf4,
    /// TIFF or BigTIFF.
    Tiff,
    /// A gzip stream, perhaps of an HDF5 file.
    Gzip,
    /// A Zstandard stream.
    Zstd,
    /// A bzip2 stream.
    Bzip2,
    /// A ZIP archive.
    Zip,
    /// GRIB edition 1 or 2.
    Grib,
    /// Apache Parquet.
    Parquet,
    /// A PDF document.
    Pdf,
    /// A JSON document, perhaps a sidecar.
    Json,
    /// An HTML or XML document: often a server's error or login page.
    Markup,
    /// Other text.
    Text,
    /// Nothing that is recognised.
    Unknown,
}

impl ForeignFormat {
    /// The format of a file that starts with `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let starts = |signature: &[u8]| bytes.starts_with(signature);
        match bytes {
            [] => Self::Empty,
            [b'C', b'D', b'F', 1 | 2 | 5, ..] => Self::NetCdf3,
            _ if starts(b"\x0e\x03\x13\x01") => Self::Hdf4,
            _ if starts(b"II*\0") || starts(b"MM\0*") => Self::Tiff,
            _ if starts(b"II+\0") || starts(b"MM\0+") => Self::Tiff,
            _ if starts(b"\x1f\x8b") => Self::Gzip,
            _ if starts(b"\x28\xb5\x2f\xfd") => Self::Zstd,
            _ if starts(b"BZh") => Self::Bzip2,
            _ if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") => Self::Zip,
            _ if starts(b"GRIB") => Self::Grib,
            _ if starts(b"PAR1") => Self::Parquet,
            _ if starts(b"%PDF") => Self::Pdf,
            _ => Self::of_text(bytes),
        }
    }

    fn of_text(bytes: &[u8]) -> Self {
        let head = bytes.get(..256).unwrap_or(bytes);
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        if head.iter().any(|&byte| byte < b' ' && !byte.is_ascii_whitespace()) {
            return Self::Unknown;
        }
        match text.first() {
            Some(b'<') => Self::Markup,
            Some(b'{' | b'[') => Self::Json,
            _ => Self::Text,
        }
    }
}

impl fmt::Display for ForeignFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the file is empty",
            Self::NetCdf3 => "this is NetCDF-3 (classic); `nccopy -k nc4` makes NetCDF-4 of it",
            Self::Hdf4 => "this is HDF4, another format",
            Self::Tiff => "this is a TIFF image",
            Self::Gzip => "this is gzip-compressed; decompress it first",
            Self::Zstd => "this is Zstandard-compressed; decompress it first",
            Self::Bzip2 => "this is bzip2-compressed; decompress it first",
            Self::Zip => "this is a ZIP archive",
            Self::Grib => "this is GRIB",
            Self::Parquet => "this is Parquet",
            Self::Pdf => "this is a PDF document",
            Self::Json => "this is JSON (a sidecar?)",
            Self::Markup => "this is an HTML or XML page (a server's error or login page?)",
            Self::Text => "this is text",
            Self::Unknown => {
                "no HDF5 signature at byte 0, 512, 1024, 2048, ... (of a family or split file only the \
                 first part has one)"
            }
        })
    }
}
