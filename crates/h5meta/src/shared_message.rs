//! The shared object header message table (`SMTB`): a fractal heap for each kind of message that many
//! objects have.
//!
//! Spec: III.I, "Disk Format: Level 1I - Shared Object Header Message Table".
//!
//! The bits of Message Type Flags are numbered by message type, as libhdf5 writes them
//! (`shared_messages.h5`), and not from 0 to 4.
//!
//! A header that has a shared message has its heap ID; the table's lists and B-trees, which writers
//! search, are not needed to read it.

use crate::error::Result;
use crate::object_header::MessageType;
use crate::spec::Structure;
use crate::wire::{Address, Checksums, Cursor, Sizes, to_u64};

/// One index of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// A bit for each type of message that it has.
    message_types: u16,
    /// The heap of the messages; `None` if there are none yet.
    pub heap: Option<Address>,
}

impl Index {
    /// Whether the index has messages of this type.
    #[must_use]
    pub fn has(&self, message_type: MessageType) -> bool {
        let number = match message_type {
            // The older form is shared as the newer one.
            MessageType::FILL_VALUE_OLD => MessageType::FILL_VALUE.0,
            MessageType(number) => number,
        };
        1_u16.checked_shl(number.into()).is_some_and(|bit| self.message_types & bit != 0)
    }
}

/// The bytes of a table of `indexes` indexes, checksum included.
#[must_use]
pub fn table_size(indexes: u8, sizes: Sizes) -> u64 {
    let index = to_u64(sizes.o()).saturating_mul(2).saturating_add(14);
    u64::from(indexes).saturating_mul(index).saturating_add(8)
}

/// Decodes a table of `indexes` indexes.
///
/// # Errors
/// `Truncated`, `Signature`, `Version`, or `Checksum`.
pub fn decode_table(
    bytes: &[u8],
    indexes: u8,
    sizes: Sizes,
    checksums: Checksums,
) -> Result<Vec<Index>> {
    let mut cursor = Cursor::new(bytes, Structure::SharedMessageTable);
    cursor.signature(b"SMTB")?;
    let mut table = Vec::new();
    for _ in 0..indexes {
        cursor.version(&[0])?;
        let index_type = cursor.u8()?;
        cursor.mark(if index_type == 0 { "list index" } else { "B-tree index" });
        let message_types = cursor.u16()?;
        cursor.take(4 + 2 + 2 + 2)?; // least size, cutoffs, messages
        cursor.address(sizes)?; // of the list or B-tree
        table.push(Index { message_types, heap: cursor.address(sizes)? });
    }
    cursor.checksum(checksums)?;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Width, lookup3};

    #[test]
    fn an_index_has_the_messages_its_bits_say() {
        let eight = Width::new(8).unwrap();
        let sizes = Sizes { offsets: eight, lengths: eight };
        let mut bytes = b"SMTB".to_vec();
        bytes.extend([0, 0]); // version, a list
        bytes.extend(0x1008_u16.to_le_bytes()); // datatypes and attributes
        bytes.extend([0; 10]); // least size, cutoffs, messages
        bytes.extend(100_u64.to_le_bytes()); // the list
        bytes.extend(200_u64.to_le_bytes()); // the heap
        bytes.extend(lookup3(&bytes).to_le_bytes());
        assert_eq!(table_size(1, sizes), bytes.len() as u64);
        let [index] = decode_table(&bytes, 1, sizes, Checksums::Verify).unwrap()[..] else {
            panic!("one index")
        };
        assert_eq!(index.heap, Some(Address(200)));
        assert!(index.has(MessageType::DATATYPE) && index.has(MessageType::ATTRIBUTE));
        assert!(!index.has(MessageType::DATASPACE) && !index.has(MessageType::FILL_VALUE));
        for end in 0..bytes.len() {
            let error = decode_table(&bytes[..end], 1, sizes, Checksums::Verify).unwrap_err();
            assert!(error.needs().is_some_and(|need| need > end as u64), "{end}: {error}");
        }
    }
}
