//! What a file holds: plain data, with no trace of how it was read.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::Error;
use crate::heap::virtual_dataset::Mapping;
use crate::message::{ChunkIndex, Dataspace, Datatype, FillValue, Filter, LinkTarget};
use crate::superblock::Superblock;
use crate::value::Value;
use crate::wire::{Address, FileOffset};

mod chunks;
pub use chunks::{Chunk, ChunkTable};

/// The groups, datasets and committed datatypes of a file, with the place of every chunk.
#[derive(Clone, Debug)]
pub struct Index {
    /// The file's superblock.
    pub superblock: Superblock,
    /// The file's length in bytes, if it is known.
    pub file_length: Option<u64>,
    /// Every object that a path leads to, a group before what it holds, links by name.
    pub objects: Vec<Object>,
    /// `objects` by address.
    pub(crate) by_address: std::collections::HashMap<Address, usize>,
}

impl Index {
    /// The object whose header is at `address`.
    #[must_use]
    pub fn object_at(&self, address: Address) -> Option<&Object> {
        self.objects.get(*self.by_address.get(&address)?)
    }

    /// The datasets, in the order of `objects`.
    pub fn datasets(&self) -> impl Iterator<Item = (&Object, &Dataset)> {
        self.objects.iter().filter_map(|object| match &object.kind {
            ObjectKind::Dataset(dataset) => Some((object, &**dataset)),
            _ => None,
        })
    }

    /// The groups, in the order of `objects`.
    pub fn groups(&self) -> impl Iterator<Item = (&Object, &Group)> {
        self.objects.iter().filter_map(|object| match &object.kind {
            ObjectKind::Group(group) => Some((object, group)),
            _ => None,
        })
    }
}

/// An object: what one object header describes.
#[derive(Clone, Debug)]
pub struct Object {
    /// The first path that leads to it, names in order: `/` for the root group.
    pub path: String,
    /// The other paths that hard links give it.
    pub aliases: Vec<String>,
    /// Its header's address.
    pub address: Address,
    /// Its header's version, 1 or 2.
    pub header_version: u8,
    /// By name; many objects may share one.
    pub attributes: Vec<Arc<Attribute>>,
    /// What it is.
    pub kind: ObjectKind,
}

/// What an object is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ObjectKind {
    /// Links to other objects.
    Group(Group),
    /// An array.
    Dataset(Box<Dataset>),
    /// A datatype that others share.
    NamedDatatype(Option<Arc<Datatype>>),
    /// Not enough of its header could be read to tell; a [`Problem`] says why.
    Unreadable,
}

/// A group.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// By name.
    pub links: Vec<NamedLink>,
}

/// A link whose name can be shown.
#[derive(Clone, Debug)]
pub struct NamedLink {
    /// The name; bytes that are not UTF-8 are written `\xHH`.
    pub name: String,
    /// What it leads to.
    pub target: LinkTarget,
}

/// A dataset.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its extent; `None` if it could not be read.
    pub dataspace: Option<Dataspace>,
    /// What an element is; `None` if it could not be read.
    pub datatype: Option<Arc<Datatype>>,
    /// Whether the datatype is committed: kept in an object of its own.
    pub committed: bool,
    /// What elements never written read as.
    pub fill_value: FillValue,
    /// What is done to each chunk before it is stored, first to last.
    pub filters: Arc<[Filter]>,
    /// Where the data is.
    pub storage: Storage,
}

impl Dataset {
    /// The bytes of all elements, if 64 bits can count them.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        let elements = self.dataspace.as_ref()?.elements()?;
        elements.checked_mul(self.datatype.as_ref()?.size.into())
    }
}

/// Where a dataset's data is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Storage {
    /// The data itself.
    Compact {
        /// Its bytes.
        data: Vec<u8>,
    },
    /// One run of bytes.
    Contiguous {
        /// Where it starts; `None` if nothing was written.
        at: Option<FileOffset>,
        /// Its bytes; 0 if nothing was written.
        size: u64,
    },
    /// Chunks.
    Chunked {
        /// Elements along each dimension of a chunk.
        chunk_shape: Vec<u64>,
        /// How the file finds them.
        index: ChunkIndex,
        /// Whether chunks that reach over the edge of the dataset are stored without filters.
        unfiltered_edges: bool,
        /// The chunks, by offset; `None` if not all of them could be found.
        chunks: Option<ChunkTable>,
    },
    /// Runs of bytes in other files, one behind the other.
    External {
        /// The runs, in order.
        files: Vec<ExternalFile>,
    },
    /// Mapped from other datasets, of this or other files.
    Virtual {
        /// What of which dataset is shown where; `None` if it could not be read.
        mappings: Option<Vec<Mapping>>,
    },
    /// It could not be read; a [`Problem`] says why.
    Unreadable,
}

/// A run of bytes in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalFile {
    /// The file's name, as stored.
    pub name: Bytes,
    /// Where the run starts in that file, in bytes.
    pub offset: u64,
    /// Bytes in the run; `None` is as many as are needed.
    pub size: Option<u64>,
}

/// An attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The name; bytes that are not UTF-8 are written `\xHH`.
    pub name: String,
    /// What an element is.
    pub datatype: Arc<Datatype>,
    /// Its extent.
    pub dataspace: Dataspace,
    /// The elements in C order; `None` if they could not be read.
    pub values: Option<Vec<Value>>,
}

/// Something of the file that could not be read. Nothing is left out without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The object it belongs to, or the link that leads nowhere.
    pub path: String,
    /// What it means for that object.
    pub effect: Effect,
    /// What is wrong, and where.
    pub error: Error,
}

/// What a problem means for its object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Effect {
    /// The whole object is lost.
    Object,
    /// Links of the group may be lost, and with them what is below.
    Links,
    /// The attribute of that name (or an unknown number, if empty) is lost.
    Attribute(String),
    /// The dataset's raw data cannot be found.
    Data,
    /// Less than that: the fill value, an unknown message.
    Detail,
}
