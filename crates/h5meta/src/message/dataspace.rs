//! The dataspace message: the dimensions of a dataset or attribute.
//!
//! Spec: IV.A.2.b, "The Dataspace Message".

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Cursor, Sizes, to_u64};

/// The most dimensions that libhdf5 allows, and with them the format's writers.
pub const MAX_RANK: u8 = 32;

/// The extent of a dataset or attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dataspace {
    /// No elements at all.
    Null,
    /// One element, no dimensions.
    Scalar,
    /// A grid of elements.
    Simple {
        /// Elements along each dimension now.
        shape: Vec<u64>,
        /// Elements along each dimension at most; `None` is unlimited.
        max_shape: Vec<Option<u64>>,
    },
}

impl Dataspace {
    /// A decoder for bodies of files with these `sizes`.
    pub(crate) fn decode(sizes: Sizes) -> impl Fn(&[u8]) -> Result<Self> {
        move |body| Self::decode_body(body, sizes)
    }

    fn decode_body(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::Dataspace);
        let version = cursor.version(&[1, 2])?;
        let rank = cursor.u8()?;
        if rank > MAX_RANK {
            return Err(cursor.invalid(rank, "more than 32 dimensions"));
        }
        let flags = cursor.u8()?;
        // Version 1 has no type: no dimensions make a scalar, and it cannot say null.
        let space_type = match version {
            1 => {
                cursor.take(5)?; // reserved
                u8::from(rank > 0)
            }
            _ => cursor.u8()?,
        };
        cursor.mark(["scalar", "simple", "null"].get(usize::from(space_type)).unwrap_or(&"?"));
        match (space_type, rank) {
            (0, 0) => return Ok(Self::Scalar),
            (1, _) => {}
            (2, _) => return Ok(Self::Null),
            _ => return Err(cursor.invalid(space_type, "a dataspace type that cannot be")),
        }
        let shape = (0..rank).map(|_| cursor.length(sizes)).collect::<Result<Vec<u64>>>()?;
        let max_shape = match flags & 1 {
            0 => shape.iter().copied().map(Some).collect(),
            _ => (0..rank).map(|_| maximum(&mut cursor, sizes)).collect::<Result<_>>()?,
        };
        Ok(Self::Simple { shape, max_shape })
    }

    /// The elements along each dimension; none for a scalar or null dataspace.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        match self {
            Self::Simple { shape, .. } => shape,
            Self::Null | Self::Scalar => &[],
        }
    }

    /// The number of elements, if 64 bits can count them.
    #[must_use]
    pub fn elements(&self) -> Option<u64> {
        match self {
            Self::Null => Some(0),
            Self::Scalar => Some(1),
            Self::Simple { shape, .. } if shape.contains(&0) => Some(0),
            Self::Simple { shape, .. } => {
                shape.iter().try_fold(1_u64, |product, &n| product.checked_mul(n))
            }
        }
    }
}

/// A maximum of all ones is no maximum.
fn maximum(cursor: &mut Cursor<'_>, sizes: Sizes) -> Result<Option<u64>> {
    let field = cursor.clone().take(to_u64(sizes.l()))?;
    if field.iter().all(|&byte| byte == 0xff) {
        cursor.take(to_u64(sizes.l()))?;
        cursor.mark("unlimited dimension");
        return Ok(None);
    }
    cursor.length(sizes).map(Some)
}
