//! Hyperslabs: boxes at regular distances, or a list of boxes.
//!
//! Spec: VIII.A, "Selection Info for H5S_SEL_HYPERSLABS", versions 1 to 3.
//!
//! Beyond the specification, a count or block of all ones, at whatever width, is unlimited
//! (`virtual.h5`).

use super::{Selection, coordinates, product, rank, version, width};
use crate::error::Result;
use crate::wire::Cursor;

/// Bit 0 of the flags: a regular hyperslab.
const REGULAR: u8 = 0x01;

/// What is selected along one dimension: `count` blocks of `block` elements, each `stride` elements
/// behind the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first element.
    pub start: u64,
    /// Elements from the start of a block to the start of the next.
    pub stride: u64,
    /// Blocks; `None` is unlimited.
    pub count: Option<u64>,
    /// Elements of a block; `None` is unlimited.
    pub block: Option<u64>,
}

impl Span {
    /// Whether it goes on as far as the dataspace does.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        self.count.is_none() || self.block.is_none()
    }
}

/// Boxes, each by its first and its last element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    rank: usize,
    /// `2 * rank` numbers a box.
    corners: Vec<u64>,
}

impl Blocks {
    /// The dimensions of the dataspace.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The first and the last element of each box.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u64], &[u64])> {
        let corners = self.corners.chunks_exact(self.rank.max(1).saturating_mul(2));
        corners.map(|corners| corners.split_at(self.rank))
    }

    /// The only box, if there is one only.
    pub(super) fn single(&self) -> Option<Vec<Span>> {
        let mut blocks = self.iter();
        let (first, last) = blocks.next()?;
        if blocks.next().is_some() {
            return None;
        }
        let span = |(&start, &end): (&u64, &u64)| {
            let block = end.checked_sub(start)?.checked_add(1)?;
            Some(Span { start, stride: block, count: Some(1), block: Some(block) })
        };
        first.iter().zip(last).map(span).collect()
    }
}

/// Decodes what follows the selection's type.
pub(super) fn decode(cursor: &mut Cursor<'_>) -> Result<Selection> {
    let (regular, width) = match version(cursor, &[1, 2, 3])? {
        1 => {
            cursor.take(8)?; // reserved, length
            (false, 4)
        }
        2 => {
            let flags = cursor.u8()?;
            cursor.take(4)?; // length
            (flags & REGULAR != 0, 8)
        }
        _ => {
            let flags = cursor.u8()?;
            (flags & REGULAR != 0, width(cursor)?)
        }
    };
    let rank = rank(cursor)?;
    if regular {
        return (0..rank)
            .map(|_| span(cursor, width))
            .collect::<Result<_>>()
            .map(Selection::Regular);
    }
    let count = cursor.uint(width.into())?;
    let corners = coordinates(cursor, product(count, rank).saturating_mul(2), width)?;
    Ok(Selection::Blocks(Blocks { rank, corners }))
}

fn span(cursor: &mut Cursor<'_>, width: u8) -> Result<Span> {
    let start = cursor.uint(width.into())?;
    let stride = cursor.uint(width.into())?;
    let (count, block) = (limit(cursor, width)?, limit(cursor, width)?);
    if count.is_none() && block.is_none() {
        return Err(cursor.invalid(start, "a hyperslab unlimited twice along one dimension"));
    }
    // One block needs no stride; others must not overlap.
    if stride == 0 || block.is_some_and(|block| count != Some(1) && block > stride) {
        return Err(cursor.invalid(stride, "a stride that is shorter than its block"));
    }
    Ok(Span { start, stride, count, block })
}

/// A count or block; all ones is no limit.
fn limit(cursor: &mut Cursor<'_>, width: u8) -> Result<Option<u64>> {
    let unlimited = cursor.rest().iter().take(width.into()).all(|&byte| byte == 0xff);
    let value = cursor.uint(width.into())?;
    Ok((!unlimited).then_some(value))
}
