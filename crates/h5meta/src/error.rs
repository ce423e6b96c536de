//! One error type: a kind, which says who must act, and a site, which says where.

use std::fmt;

use crate::spec::Structure;
use crate::superblock::{FileSet, ForeignFormat};
use crate::wire::FileOffset;

/// The result of anything that reads a file's bytes.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong, and where: one line with everything that a report of it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: Kind,
    structure: Structure,
    /// Where the structure starts, once the walk has said so.
    start: Option<FileOffset>,
    /// The byte of the structure at which decoding stopped.
    position: u64,
}

/// What is wrong with the bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Kind {
    /// The structure needs `need` bytes and `have` were given. A decoder that is given the start of
    /// its structure asks for more this way.
    #[error("needs {need} bytes, the file has {have} there")]
    Truncated {
        /// Bytes that the structure needs, counted from its start.
        need: u64,
        /// Bytes that were given.
        have: u64,
    },
    /// The structure does not start with its signature.
    #[error("found \"{}\" in place of its signature", found.escape_ascii())]
    Signature {
        /// The four bytes found instead.
        found: [u8; 4],
    },
    /// The checksum stored with the structure is not that of its bytes.
    #[error("checksum {stored:#010x} stored, {computed:#010x} computed")]
    Checksum {
        /// The checksum in the file.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// A version of the structure that this crate does not know.
    #[error("version {found} is not known")]
    Version {
        /// The version found.
        found: u64,
    },
    /// A field's value contradicts the specification or another field.
    #[error("{why} (found {value})")]
    Invalid {
        /// The value found.
        value: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Valid as far as can be told, but not read by this version of the crate.
    #[error("{what}: not read yet")]
    Unsupported {
        /// What is not read.
        what: &'static str,
    },
    /// Behind a filter that this crate does not undo.
    #[error("behind filter {id}, which is not undone here")]
    Filter {
        /// The filter's number.
        id: u16,
    },
    /// A budget of [`Limits`](crate::Limits) would be exceeded.
    #[error("more than the limit {limit}={max} allows")]
    Limit {
        /// The field of [`Limits`](crate::Limits).
        limit: &'static str,
        /// Its value.
        max: u64,
    },
    /// A structure is reached again from below itself, or from a second parent.
    #[error("reached a second time: a cycle, or two parents")]
    Cycle,
    /// The file is shorter than its superblock says.
    #[error(
        "the file has {have} bytes of the {need} that it says: it was cut off, or is one of several \
         that a file driver split it into"
    )]
    CutOff {
        /// Bytes of the file, as it says.
        need: u64,
        /// Bytes that are there.
        have: u64,
    },
    /// One of several files that a file driver split one into.
    #[error("{0}")]
    Part(FileSet),
    /// The file is not HDF5; what it seems to be instead, where that can be told.
    #[error("not HDF5: {0}")]
    NotHdf5(ForeignFormat),
}

impl Error {
    /// An error in `structure`, `position` bytes from its start.
    #[must_use]
    pub fn new(kind: Kind, structure: Structure, position: u64) -> Self {
        Self(Box::new(Inner { kind, structure, start: None, position }))
    }

    /// The error with the file offset of its structure, unless it already has one.
    #[must_use]
    pub fn at(mut self, start: FileOffset) -> Self {
        self.0.start.get_or_insert(start);
        self
    }

    /// The error of a structure that starts `by` bytes from the start of the one it is in, counted
    /// from there.
    pub(crate) fn further(mut self, by: u64) -> Self {
        self.0.position = self.0.position.saturating_add(by);
        if let Kind::Truncated { need, have } = &mut self.0.kind {
            *need = need.saturating_add(by);
            *have = have.saturating_add(by);
        }
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// The structure in which it is wrong.
    #[must_use]
    pub fn structure(&self) -> Structure {
        self.0.structure
    }

    /// The file offset of the byte at which decoding stopped, where it is known.
    #[must_use]
    pub fn offset(&self) -> Option<FileOffset> {
        let start = self.0.start?;
        Some(FileOffset(start.0.saturating_add(self.0.position)))
    }

    /// The reason alone, without the place.
    #[must_use]
    pub fn reason(&self) -> String {
        self.0.kind.to_string()
    }

    /// Whether the file is valid as far as can be told, but uses something not read yet.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self.0.kind, Kind::Unsupported { .. } | Kind::Version { .. } | Kind::Filter { .. })
    }

    /// Whether a budget stopped the reading, so that a larger one might help.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self.0.kind, Kind::Limit { .. })
    }

    /// Bytes the structure needs from its start, if all that is wrong is that it was given fewer.
    pub(crate) fn needs(&self) -> Option<u64> {
        match self.0.kind {
            Kind::Truncated { need, .. } => Some(need),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Kind::NotHdf5(format) = self.0.kind {
            return write!(f, "not an HDF5 file: {format}");
        }
        write!(f, "{}", self.0.structure)?;
        match self.offset() {
            Some(FileOffset(offset)) => write!(f, " at {offset:#x}")?,
            None => write!(f, " at its byte {}", self.0.position)?,
        }
        write!(f, ": {} [spec {}]", self.0.kind, self.0.structure.section())
    }
}

impl std::error::Error for Error {}
