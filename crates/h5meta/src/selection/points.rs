//! A sequence of points.
//!
//! Spec: VIII.A, "Selection Info for H5S_SEL_POINTS", versions 1 and 2.
//!
//! libhdf5 makes no virtual dataset of them; region references have them.

use super::{Selection, coordinates, product, rank, version, width};
use crate::error::Result;
use crate::wire::Cursor;

/// Points, in the order in which they were selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Points {
    rank: usize,
    /// `rank` numbers a point.
    coordinates: Vec<u64>,
}

impl Points {
    /// The dimensions of the dataspace.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Each point's coordinates.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u64]> {
        self.coordinates.chunks_exact(self.rank.max(1))
    }
}

/// Decodes what follows the selection's type.
pub(super) fn decode(cursor: &mut Cursor<'_>) -> Result<Selection> {
    let width = match version(cursor, &[1, 2])? {
        1 => {
            cursor.take(8)?; // reserved, length
            4
        }
        _ => width(cursor)?,
    };
    let rank = rank(cursor)?;
    let count = cursor.uint(width.into())?;
    let coordinates = coordinates(cursor, product(count, rank), width)?;
    Ok(Selection::Points(Points { rank, coordinates }))
}
