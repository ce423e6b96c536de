//! Steps: bytes that are wanted, and what is done with them.

use super::Want;
use super::btree_v2::Tree;
use super::chunk_arrays::Part;
use super::dense::StoreId;
use super::objects::{HeaderBlock, ObjectId};
use crate::heap::fractal::{Direct, HugeObject};
use crate::spec::Structure;
use crate::superblock::CacheImage;
use crate::wire::Address;

#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) want: Want,
    pub(super) then: Then,
}

/// What the bytes are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// A place where a superblock may be.
    Signature,
    /// The start of a file that has none.
    Foreign,
    Superblock,
    /// The driver information block.
    DriverInfo,
    /// The metadata cache image.
    CacheImage(CacheImage),
    /// What will be wanted if a cache tells the truth: see `guess`.
    Guess(Guess),
    /// An object header's first block.
    Header(ObjectId),
    /// An object header's continuation block of this many bytes.
    Continuation(HeaderBlock, u64),
    /// A node of a group's B-tree, at this level if its parent says so.
    GroupNode(HeaderBlock, Option<u8>),
    SymbolNode(HeaderBlock),
    LocalHeap(HeaderBlock),
    /// A local heap's data segment of this many bytes.
    LocalHeapData(HeaderBlock, u64),
    /// The local heap with the names of a dataset's external files.
    ExternalHeap(HeaderBlock),
    /// Its data segment of this many bytes.
    ExternalHeapData(HeaderBlock, u64),
    /// A node of a dataset's chunk B-tree, at this level if its parent says so.
    ChunkNode(HeaderBlock, Option<u8>),
    /// A part of a dataset's chunk array.
    ArrayPart(HeaderBlock, Part),
    /// A version 2 B-tree's header.
    BtreeV2(Tree),
    /// A version 2 B-tree's node, at this level and with so many records.
    BtreeV2Node(Tree, u16, u64),
    /// A fractal heap's header.
    FractalHeap(StoreId),
    /// A fractal heap's indirect block, by where it starts in the heap and its rows.
    HeapIndirect(StoreId, u64, u16),
    /// A fractal heap's direct block.
    HeapDirect(StoreId, Direct),
    /// A huge object of a fractal heap.
    HeapHuge(StoreId, HugeObject),
    /// The shared message table, of so many indexes.
    SharedTable(HeaderBlock, u8),
    /// A global heap collection.
    Collection(Address),
}

/// What bytes are if a cache tells the truth.
#[derive(Clone, Copy, Debug)]
pub(super) enum Guess {
    /// Something that names nothing, or nothing to follow on a guess.
    Block,
    GroupNode,
    SymbolNode,
}

impl Then {
    /// Whether the bytes may name others, and are not the last on their way.
    pub(super) const fn names_more(self) -> bool {
        match self {
            Self::ChunkNode(_, level) => !matches!(level, Some(0)),
            Self::BtreeV2Node(Tree::Chunks(_), level, _) => level > 0,
            Self::ArrayPart(_, part) => part.names_more(),
            Self::LocalHeapData(..) | Self::ExternalHeapData(..) => false,
            _ => true,
        }
    }

    /// Whether slices of the bytes are kept, and not only what they say.
    pub(super) const fn keeps_bytes(self) -> bool {
        matches!(
            self,
            Self::CacheImage(_)
                | Self::LocalHeapData(..)
                | Self::ExternalHeapData(..)
                | Self::HeapDirect(..)
                | Self::HeapHuge(..)
                | Self::Collection(_)
        )
    }

    pub(super) const fn structure(self) -> Structure {
        match self {
            Self::Signature | Self::Foreign | Self::Superblock | Self::Guess(_) => {
                Structure::Superblock
            }
            Self::DriverInfo => Structure::DriverInfo,
            Self::CacheImage(_) => Structure::CacheImage,
            Self::Header(_) | Self::Continuation(..) => Structure::ObjectHeader,
            Self::GroupNode(..) | Self::ChunkNode(..) => Structure::BtreeV1,
            Self::SymbolNode(_) => Structure::SymbolTableNode,
            Self::LocalHeap(_)
            | Self::LocalHeapData(..)
            | Self::ExternalHeap(_)
            | Self::ExternalHeapData(..) => Structure::LocalHeap,
            Self::ArrayPart(_, part) => part.structure(),
            Self::BtreeV2(_) | Self::BtreeV2Node(..) => Structure::BtreeV2,
            Self::FractalHeap(_)
            | Self::HeapIndirect(..)
            | Self::HeapDirect(..)
            | Self::HeapHuge(..) => Structure::FractalHeap,
            Self::SharedTable(..) => Structure::SharedMessageTable,
            Self::Collection(_) => Structure::GlobalHeap,
        }
    }
}
