//! The data layout message: how and where a dataset's raw data is stored.
//!
//! Spec: IV.A.2.i, "The Data Layout Message".

mod v1;
mod v3;
mod v4;

use crate::coverage;
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes};

/// How a dataset's raw data is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// In the message itself.
    Compact {
        /// The raw data.
        data: Vec<u8>,
    },
    /// In one run of bytes.
    Contiguous {
        /// Where the run starts; `None` if nothing was ever written.
        address: Option<Address>,
        /// Bytes in the run; `None` where the message does not say.
        size: Option<u64>,
    },
    /// In chunks of one shape.
    Chunked {
        /// Elements along each dimension of a chunk.
        chunk_shape: Vec<u64>,
        /// Bytes of an element.
        element_size: u64,
        /// How the chunks are found.
        index: ChunkIndex,
        /// Whether chunks that reach over the edge of the dataset are stored without filters.
        unfiltered_edges: bool,
    },
    /// In other datasets, of this or other files.
    Virtual {
        /// The global heap collection of the mapping.
        collection: Option<Address>,
        /// The object in it.
        object: u32,
    },
}

/// How a dataset's chunks are found. An address of `None` means that there is no chunk yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChunkIndex {
    /// A version 1 B-tree.
    BtreeV1 {
        /// Its root node.
        address: Option<Address>,
    },
    /// One chunk, which holds the whole dataset.
    Single {
        /// The chunk itself.
        address: Option<Address>,
        /// Bytes stored and filter mask, if the chunk is filtered.
        filtered: Option<(u64, u32)>,
    },
    /// Unfiltered chunks one behind the other.
    Implicit {
        /// The first chunk.
        address: Option<Address>,
    },
    /// A fixed array.
    FixedArray {
        /// Its header.
        address: Option<Address>,
    },
    /// An extensible array.
    ExtensibleArray {
        /// Its header.
        address: Option<Address>,
    },
    /// A version 2 B-tree.
    BtreeV2 {
        /// Its header.
        address: Option<Address>,
    },
}

impl ChunkIndex {
    /// What the index is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BtreeV1 { .. } => "version 1 B-tree",
            Self::Single { .. } => "single chunk",
            Self::Implicit { .. } => "implicit",
            Self::FixedArray { .. } => "fixed array",
            Self::ExtensibleArray { .. } => "extensible array",
            Self::BtreeV2 { .. } => "version 2 B-tree",
        }
    }

    /// The index, or the chunk where there is only one; `None` if there is no chunk yet.
    #[must_use]
    pub const fn address(self) -> Option<Address> {
        match self {
            Self::BtreeV1 { address }
            | Self::Single { address, .. }
            | Self::Implicit { address }
            | Self::FixedArray { address }
            | Self::ExtensibleArray { address }
            | Self::BtreeV2 { address } => address,
        }
    }
}

impl Layout {
    /// Decodes a data layout message.
    ///
    /// # Errors
    /// `Truncated`, `Version`, or `Invalid` dimensions.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::Layout);
        let version = cursor.version(&[1, 2, 3, 4, 5])?;
        let layout = match version {
            1 | 2 => v1::decode(cursor, sizes),
            3 => v3::decode(cursor, sizes),
            _ => v4::decode(cursor, sizes),
        }?;
        coverage::mark(Structure::Layout, format_args!("version {version}, {}", layout.class()));
        Ok(layout)
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Compact { .. } => "compact",
            Self::Contiguous { .. } => "contiguous",
            Self::Chunked { .. } => "chunked",
            Self::Virtual { .. } => "virtual",
        }
    }
}

impl Layout {
    /// The bytes of a chunk before it is filtered; the most there can be if they are more.
    #[must_use]
    pub fn chunk_bytes(&self) -> u64 {
        let Self::Chunked { chunk_shape, element_size, .. } = self else { return 0 };
        let bytes = chunk_shape.iter().try_fold(*element_size, |n, dim| n.checked_mul(*dim));
        bytes.unwrap_or(u64::MAX)
    }
}

/// The dimensions of a chunk, of which the last is the element's size.
fn chunk_dimensions(cursor: &Cursor<'_>, mut dimensions: Vec<u64>) -> Result<(Vec<u64>, u64)> {
    if dimensions.contains(&0) {
        return Err(cursor.invalid(0_u8, "a chunk without extent"));
    }
    match dimensions.pop() {
        Some(element_size) if !dimensions.is_empty() => Ok((dimensions, element_size)),
        _ => Err(cursor.invalid(0_u8, "a chunk without dimensions")),
    }
}

/// A message counts a chunk's dimensions and one more, the element.
fn chunk_rank(cursor: &mut Cursor<'_>) -> Result<u8> {
    let rank = cursor.u8()?;
    // libhdf5's own bound; it also bounds what the dimensions take.
    if rank > 33 {
        return Err(cursor.invalid(rank, "more than 32 dimensions"));
    }
    Ok(rank)
}
