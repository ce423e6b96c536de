//! B-tree K values: how large the nodes of the version 1 B-trees are.
//!
//! Spec: IV.A.2.t, "The B-tree 'K' Values Message" (a message of the superblock extension, II.C).

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::Cursor;

/// Half the number of children that each kind of version 1 B-tree node has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BtreeK {
    /// Chunk indexes: Indexed Storage Internal Node K.
    pub indexed_storage: u16,
    /// Group B-trees: Group Internal Node K.
    pub group_internal: u16,
    /// Symbol table nodes: Group Leaf Node K.
    pub group_leaf: u16,
}

/// What libhdf5 uses where a file says nothing.
impl Default for BtreeK {
    fn default() -> Self {
        Self { indexed_storage: 32, group_internal: 16, group_leaf: 4 }
    }
}

/// Decodes a B-tree 'K' Values message.
///
/// # Errors
/// `Truncated` or `Version`.
pub fn decode_btree_k(body: &[u8]) -> Result<BtreeK> {
    let mut cursor = Cursor::new(body, Structure::BtreeK);
    cursor.version(&[0])?;
    Ok(BtreeK {
        indexed_storage: cursor.u16()?,
        group_internal: cursor.u16()?,
        group_leaf: cursor.u16()?,
    })
}
