//! The attribute message: a small named value kept with an object.
//!
//! Spec: IV.A.2.m, "The Attribute Message".

use std::sync::Arc;

use super::{Dataspace, Datatype, MaybeShared};
use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Cursor, Sizes, to_u64};

/// An attribute as stored; its value needs the datatype, which may be elsewhere, to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAttribute {
    /// The name as stored: by convention UTF-8 or ASCII, in fact any bytes.
    pub name: Vec<u8>,
    /// The datatype of one element.
    pub datatype: MaybeShared<Arc<Datatype>>,
    /// How many elements.
    pub dataspace: MaybeShared<Dataspace>,
    /// The elements' bytes; variable-length ones are heap IDs.
    pub data: Vec<u8>,
}

impl RawAttribute {
    /// A decoder for bodies of files with these `sizes`.
    pub(crate) fn decode(sizes: Sizes) -> impl Fn(&[u8]) -> Result<Self> {
        move |body| Self::decode_body(body, sizes)
    }

    fn decode_body(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::Attribute);
        let version = cursor.version(&[1, 2, 3])?;
        let flags = cursor.u8()?; // reserved in version 1
        let (shared_type, shared_space) = match version {
            1 => (false, false),
            _ => (flags & 1 != 0, flags & 2 != 0),
        };
        if shared_type {
            cursor.mark("shared datatype");
        }
        if shared_space {
            cursor.mark("shared dataspace");
        }
        let name_size = cursor.u16()?;
        let type_size = cursor.u16()?;
        let space_size = cursor.u16()?;
        if version == 3 {
            cursor.u8()?; // the name's character set
        }
        let mut part = |size: u16| {
            let padded =
                if version == 1 { u64::from(size).next_multiple_of(8) } else { size.into() };
            let bytes = cursor.take(padded)?;
            Ok::<_, crate::Error>(bytes.get(..size.into()).unwrap_or(bytes))
        };
        let name = part(name_size)?;
        let datatype = part(type_size)?;
        let dataspace = part(space_size)?;
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        Ok(Self {
            name,
            datatype: MaybeShared::decode(shared_type, datatype, sizes, Datatype::decode_shared)?,
            dataspace: MaybeShared::decode(
                shared_space,
                dataspace,
                sizes,
                Dataspace::decode(sizes),
            )?,
            data: cursor.take(to_u64(cursor.rest().len()))?.to_vec(),
        })
    }
}
