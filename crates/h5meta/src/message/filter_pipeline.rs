//! The filter pipeline message: what is done to each chunk before it is stored.
//!
//! Spec: IV.A.2.l, "The Data Storage - Filter Pipeline Message".

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Cursor, to_u64};

/// One filter of a pipeline. Filters are applied first to last on writing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Filter {
    /// The registered number: 1 deflate, 2 shuffle, 3 fletcher32, 4 szip, 5 nbit, 6 scale-offset;
    /// above 255 other people's.
    pub id: u16,
    /// The name that came with it, if any.
    pub name: Option<String>,
    /// Bit 0: a chunk may be stored although the filter failed.
    pub flags: u16,
    /// The filter's own parameters.
    pub client_data: Vec<u32>,
}

/// Filters that libhdf5 brings along carry no name in version 2.
const FIRST_NAMED: u16 = 256;

/// The most filters that libhdf5 allows in a pipeline: a filter mask has a bit for each.
const MAX_FILTERS: u8 = 32;

/// Decodes a filter pipeline message.
///
/// # Errors
/// `Truncated`, `Version`, or `Invalid` if there are more than 32 filters.
pub fn decode(body: &[u8]) -> Result<Vec<Filter>> {
    let mut cursor = Cursor::new(body, Structure::FilterPipeline);
    let version = cursor.version(&[1, 2])?;
    let filters = cursor.u8()?;
    if filters > MAX_FILTERS {
        return Err(cursor.invalid(filters, "more than 32 filters"));
    }
    if version == 1 {
        cursor.take(6)?; // reserved
    }
    (0..filters).map(|_| filter(&mut cursor, version)).collect()
}

fn filter(cursor: &mut Cursor<'_>, version: u8) -> Result<Filter> {
    let id = cursor.u16()?;
    let named = version == 1 || id >= FIRST_NAMED;
    let name_length = if named { cursor.u16()? } else { 0 };
    let flags = cursor.u16()?;
    let values = cursor.u16()?;
    let name = name(cursor, name_length, version)?;
    cursor.clone().take(u64::from(values).saturating_mul(4))?;
    let client_data = (0..values).map(|_| cursor.u32()).collect::<Result<_>>()?;
    if version == 1 && values % 2 == 1 {
        // The last filter's padding is missing from some writers' messages.
        cursor.take(to_u64(cursor.rest().len()).min(4))?;
    }
    Ok(Filter { id, name, flags, client_data })
}

fn name(cursor: &mut Cursor<'_>, length: u16, version: u8) -> Result<Option<String>> {
    // Version 1 pads names to eight bytes, whether or not the length says so.
    let stored = if version == 1 { u64::from(length).next_multiple_of(8) } else { length.into() };
    let bytes = cursor.take(stored)?;
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let name = bytes.get(..end).unwrap_or_default();
    Ok((!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned()))
}
