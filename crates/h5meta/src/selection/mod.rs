//! Dataspace selections: which elements of a dataspace are meant. They are kept as they are stored
//! and never expanded: a few bytes can select more elements than any machine has memory for.
//!
//! Spec: VIII.A, "Dataspace Selection".

mod hyperslab;
mod points;

use crate::error::Result;
use crate::message::dataspace::MAX_RANK;
use crate::spec::Structure;
use crate::wire::{Cursor, to_u64, to_usize};

pub use hyperslab::{Blocks, Span};
pub use points::Points;

/// Which elements of a dataspace are selected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// None at all.
    None,
    /// These, in this order.
    Points(Points),
    /// Where along each dimension: a regular hyperslab.
    Regular(Vec<Span>),
    /// Boxes: an irregular hyperslab, or one of version 1, which has no other form.
    Blocks(Blocks),
    /// All of them.
    All,
}

/// The least bytes of a selection: points of version 2, of which there are none.
pub const SMALLEST: u64 = 15;

impl Selection {
    /// Decodes the selection that `bytes` start with; tells how many of them it is.
    ///
    /// # Errors
    /// `Truncated`, `Version`, or `Invalid` types, ranks and widths.
    pub fn decode(bytes: &[u8]) -> Result<(Self, u64)> {
        let mut cursor = Cursor::new(bytes, Structure::Selection);
        let selection = match cursor.u32()? {
            0 => nothing_more(&mut cursor).map(|()| Self::None),
            1 => points::decode(&mut cursor),
            2 => hyperslab::decode(&mut cursor),
            3 => nothing_more(&mut cursor).map(|()| Self::All),
            other => Err(cursor.invalid(other, "a selection type that cannot be")),
        }?;
        Ok((selection, cursor.position()))
    }

    /// The dimensions of its dataspace, if it says.
    #[must_use]
    pub fn rank(&self) -> Option<usize> {
        match self {
            Self::None | Self::All => None,
            Self::Points(points) => Some(points.rank()),
            Self::Regular(spans) => Some(spans.len()),
            Self::Blocks(blocks) => Some(blocks.rank()),
        }
    }

    /// Where along each dimension, if that says it all: a regular hyperslab, or a single box.
    #[must_use]
    pub fn spans(&self) -> Option<Vec<Span>> {
        match self {
            Self::Regular(spans) => Some(spans.clone()),
            Self::Blocks(blocks) => blocks.single(),
            Self::None | Self::Points(_) | Self::All => None,
        }
    }
}

/// The info of a selection that its type alone describes.
fn nothing_more(cursor: &mut Cursor<'_>) -> Result<()> {
    version(cursor, &[1])?;
    cursor.take(8)?; // reserved
    Ok(())
}

/// A selection's version, of four bytes.
fn version(cursor: &mut Cursor<'_>, known: &[u32]) -> Result<u32> {
    let found = cursor.u32()?;
    if known.contains(&found) {
        let of = ["none or all", "points", "hyperslab"];
        let of = of.get(known.len().saturating_sub(1)).unwrap_or(&"?");
        cursor.mark(format_args!("{of}, version {found}"));
        return Ok(found);
    }
    Err(cursor.unknown_version(found))
}

fn rank(cursor: &mut Cursor<'_>) -> Result<usize> {
    let rank = cursor.u32()?;
    if rank == 0 || rank > u32::from(MAX_RANK) {
        return Err(cursor.invalid(rank, "a selection of no dimension, or of more than 32"));
    }
    Ok(to_usize(rank.into()))
}

/// Encode Size: the width of what follows.
fn width(cursor: &mut Cursor<'_>) -> Result<u8> {
    let width = cursor.u8()?;
    if !matches!(width, 2 | 4 | 8) {
        return Err(cursor.invalid(width, "a width that is not 2, 4 or 8"));
    }
    Ok(width)
}

/// So many coordinates of `width` bytes. The bytes are looked for first, then room is made.
fn coordinates(cursor: &mut Cursor<'_>, count: u64, width: u8) -> Result<Vec<u64>> {
    cursor.clone().take(count.saturating_mul(width.into()))?;
    (0..count).map(|_| cursor.uint(width.into())).collect()
}

/// What a list has of coordinates: so many rows of so many.
fn product(rows: u64, columns: usize) -> u64 {
    rows.saturating_mul(to_u64(columns))
}

#[cfg(test)]
mod tests;
