//! Header messages, one file a message, in the order of the specification.
//!
//! Spec: IV.A.2, "Header Message Types".

pub mod attribute;
pub mod attribute_info;
pub mod continuation;
pub mod dataspace;
pub mod datatype;
pub mod external_files;
pub mod fill_value;
pub mod filter_pipeline;
pub mod layout;
pub mod link;
pub mod link_info;
pub mod shared;
pub mod shared_message_table;
pub mod symbol_table;

pub use attribute::RawAttribute;
pub use continuation::Continuation;
pub use dataspace::Dataspace;
pub use datatype::{Class, Datatype};
pub use external_files::ExternalFiles;
pub use fill_value::FillValue;
pub use filter_pipeline::Filter;
pub use layout::{ChunkIndex, Layout};
pub use link::{Link, LinkTarget};
pub use shared::{MaybeShared, SharedAt};
pub use symbol_table::SymbolTable;

use std::sync::Arc;

use crate::error::Result;
use crate::object_header::{MessageType, RawMessage};
use crate::spec::Structure;
use crate::superblock::{BtreeK, CacheImage, DriverInfo, FileSpaceInfo, decode_btree_k};
use crate::wire::Sizes;

/// A decoded header message of a type that describes the object. What many objects may have, and may be
/// long, is shared.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Message {
    /// The dataset's dimensions.
    Dataspace(MaybeShared<Dataspace>),
    /// Where a new-style group keeps its links.
    LinkInfo(link_info::LinkInfo),
    /// The datatype of a dataset, or a committed one.
    Datatype(MaybeShared<Arc<Datatype>>),
    /// The value of elements never written.
    FillValue(MaybeShared<FillValue>),
    /// The same, in its older form.
    FillValueOld(MaybeShared<FillValue>),
    /// One link of a new-style group.
    Link(Link),
    /// Raw data in other files.
    ExternalFiles(ExternalFiles),
    /// How and where the raw data is stored.
    Layout(Layout),
    /// The filters of each chunk.
    FilterPipeline(MaybeShared<Arc<[Filter]>>),
    /// An attribute.
    Attribute(MaybeShared<RawAttribute>),
    /// Where more messages are.
    Continuation(Continuation),
    /// Where an old-style group keeps its links.
    SymbolTable(SymbolTable),
    /// Where shared messages are (in the superblock extension).
    SharedMessageTable(shared_message_table::SharedMessageTable),
    /// B-tree K values (in the superblock extension).
    BtreeK(BtreeK),
    /// What a file driver left (in the superblock extension).
    DriverInfo(DriverInfo),
    /// How the file's space is managed (in the superblock extension).
    FileSpaceInfo(FileSpaceInfo),
    /// Where metadata is that is not in its place (in the superblock extension).
    CacheImage(Option<CacheImage>),
    /// Where attributes are that do not fit the header.
    AttributeInfo(attribute_info::AttributeInfo),
    /// A message that says nothing of where data is: times, comments, free space and so on.
    Other(MessageType),
}

impl Message {
    /// Decodes a message's body by its type.
    ///
    /// # Errors
    /// Whatever the body's decoder finds wrong, with positions from the body's start.
    pub fn decode(raw: &RawMessage<'_>, sizes: Sizes) -> Result<Self> {
        let body = raw.body;
        let shared = raw.flags.is_shared();
        Ok(match raw.message_type {
            MessageType::DATASPACE => {
                Self::Dataspace(MaybeShared::decode(shared, body, sizes, Dataspace::decode(sizes))?)
            }
            MessageType::LINK_INFO => Self::LinkInfo(link_info::LinkInfo::decode(body, sizes)?),
            MessageType::DATATYPE => {
                Self::Datatype(MaybeShared::decode(shared, body, sizes, Datatype::decode_shared)?)
            }
            MessageType::FILL_VALUE_OLD => {
                Self::FillValueOld(MaybeShared::decode(shared, body, sizes, FillValue::decode_old)?)
            }
            MessageType::FILL_VALUE => {
                Self::FillValue(MaybeShared::decode(shared, body, sizes, FillValue::decode)?)
            }
            MessageType::LINK => Self::Link(Link::decode(body, sizes)?),
            MessageType::EXTERNAL_FILES => Self::ExternalFiles(ExternalFiles::decode(body, sizes)?),
            MessageType::LAYOUT => Self::Layout(Layout::decode(body, sizes)?),
            MessageType::FILTER_PIPELINE => {
                Self::FilterPipeline(MaybeShared::decode(shared, body, sizes, |body| {
                    filter_pipeline::decode(body).map(Arc::from)
                })?)
            }
            MessageType::ATTRIBUTE => Self::Attribute(MaybeShared::decode(
                shared,
                body,
                sizes,
                RawAttribute::decode(sizes),
            )?),
            MessageType::CONTINUATION => Self::Continuation(Continuation::decode(body, sizes)?),
            MessageType::SYMBOL_TABLE => Self::SymbolTable(SymbolTable::decode(body, sizes)?),
            MessageType::SHARED_MESSAGE_TABLE => Self::SharedMessageTable(
                shared_message_table::SharedMessageTable::decode(body, sizes)?,
            ),
            MessageType::BTREE_K => Self::BtreeK(decode_btree_k(body)?),
            MessageType::DRIVER_INFO => Self::DriverInfo(DriverInfo::decode_message(body)?),
            MessageType::FILE_SPACE_INFO => {
                Self::FileSpaceInfo(FileSpaceInfo::decode(body, sizes)?)
            }
            MessageType::CACHE_IMAGE => Self::CacheImage(CacheImage::decode(body, sizes)?),
            MessageType::ATTRIBUTE_INFO => {
                Self::AttributeInfo(attribute_info::AttributeInfo::decode(body, sizes)?)
            }
            other => {
                crate::coverage::mark(Structure::UnknownMessage, passed_over(other));
                Self::Other(other)
            }
        })
    }
}

/// What a message is called that says nothing of where data is.
const fn passed_over(message_type: MessageType) -> &'static str {
    match message_type.0 {
        0x0009 => "bogus (0x0009)",
        0x000a => "group info (0x000a)",
        0x000d => "object comment (0x000d)",
        0x000e => "object modification time, old (0x000e)",
        0x0012 => "object modification time (0x0012)",
        0x0016 => "object reference count (0x0016)",
        _ => "of a type that format 4.0 does not define",
    }
}

#[cfg(test)]
mod tests;
