//! Driver information: which file driver wrote the file, and what it needs to open it again.
//!
//! Spec: II.B, "Disk Format: Level 0B - File Driver Info" (versions 0 and 1 of the superblock);
//! IV.A.2.u, "The Driver Info Message" (in the extension of the newer ones).
//!
//! Only the drivers that split a file leave such information. One file of such a set is not the file.

use crate::error::{Error, Kind, Result};
use crate::spec::Structure;
use crate::wire::{Cursor, to_u64};

/// Bytes of the block before the driver's own information.
pub const BLOCK_PREFIX: u64 = 16;

/// What a file driver left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverInfo {
    /// The driver's name, eight bytes: `NCSAfami`, `NCSAmult`.
    pub identification: [u8; 8],
    /// The rest, in the driver's own form.
    pub information: Vec<u8>,
}

impl DriverInfo {
    /// Decodes the block behind a superblock of version 0 or 1.
    ///
    /// # Errors
    /// `Truncated` or `Version`.
    pub fn decode_block(bytes: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, Structure::DriverInfo);
        cursor.mark("block");
        cursor.version(&[0])?;
        cursor.take(3)?; // reserved
        let size = cursor.u32()?;
        let identification = cursor.array()?;
        Ok(Self { identification, information: cursor.take(size.into())?.to_vec() })
    }

    /// Decodes a Driver Info message.
    ///
    /// # Errors
    /// `Truncated` or `Version`.
    pub fn decode_message(body: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::DriverInfo);
        cursor.mark("message");
        cursor.version(&[0])?;
        let identification = cursor.array()?;
        let size = cursor.u16()?;
        Ok(Self { identification, information: cursor.take(size.into())?.to_vec() })
    }

    /// Checks that the file is whole: not one of several that a driver split it into.
    ///
    /// # Errors
    /// `Part`, with what the driver left of the others.
    pub fn check_whole(&self) -> Result<()> {
        let set = match &self.identification {
            b"NCSAfami" => {
                let size = self.information.first_chunk().map(|size| u64::from_le_bytes(*size));
                FileSet::Family { member_size: size.unwrap_or(0) }
            }
            b"NCSAmult" => FileSet::Multi { members: member_names(&self.information) },
            // Whatever else a driver may note, the bytes are in one file.
            _ => return Ok(()),
        };
        Err(Error::new(Kind::Part(set), Structure::DriverInfo, 8))
    }

    /// The bytes of the block whose first bytes say so.
    #[must_use]
    pub fn block_size(&self) -> u64 {
        BLOCK_PREFIX.saturating_add(to_u64(self.information.len()))
    }
}

/// The files that a driver split one into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileSet {
    /// Pieces of so many bytes, one after the other.
    Family {
        /// Bytes of each but the last.
        member_size: u64,
    },
    /// One file for each kind of content (a `split` file has two: metadata and raw data).
    Multi {
        /// The names, of which `%s` is what they have in common.
        members: Vec<String>,
    },
}

impl std::fmt::Display for FileSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Family { member_size } => write!(
                f,
                "this is one part of a family file, which is in parts of {member_size} bytes; \
                 `h5repart` joins them to one"
            ),
            Self::Multi { members } => write!(
                f,
                "this is one part of a multi or split file ({}); `h5repack` makes one file of them",
                members.join(", ")
            ),
        }
    }
}

/// The names of a multi file's members: a map of the six kinds of content, two addresses for each
/// member, then their names, each padded to eight bytes.
fn member_names(information: &[u8]) -> Vec<String> {
    let Some((map, rest)) = information.split_first_chunk::<8>() else { return Vec::new() };
    let mut kinds: Vec<u8> = map.iter().take(6).copied().filter(|member| *member != 0).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let names = rest.get(kinds.len().saturating_mul(16)..).unwrap_or_default();
    names
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
        .take(kinds.len())
        .map(|name| name.escape_ascii().to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(identification: &[u8; 8], information: &[u8]) -> Vec<u8> {
        let mut block = vec![0; 4]; // version, reserved
        block.extend(u32::try_from(information.len()).unwrap().to_le_bytes());
        block.extend(identification);
        block.extend(information);
        block
    }

    fn refusal(info: &DriverInfo) -> String {
        info.check_whole().unwrap_err().to_string()
    }

    #[test]
    fn a_member_of_a_family_is_not_the_file() {
        let block = block(b"NCSAfami", &1024_u64.to_le_bytes());
        let info = DriverInfo::decode_block(&block).unwrap();
        assert_eq!(info.block_size(), 24);
        let refusal = refusal(&info);
        assert!(refusal.contains("family") && refusal.contains("1024 bytes"), "{refusal}");
        for end in 0..block.len() {
            let error = DriverInfo::decode_block(&block[..end]).unwrap_err();
            assert!(error.needs().is_some_and(|need| need > to_u64(end)), "{end}: {error}");
        }
    }

    #[test]
    fn the_members_of_a_multi_file_are_named() {
        // A split file: everything but raw data (kind 3) in member 1.
        let mut information = vec![1, 1, 3, 1, 1, 1, 0, 0];
        information.extend([0; 32]); // two addresses for each of the two
        information.extend(b"%s-m.h5\0");
        information.extend(b"%s-r.h5\0");
        let info = DriverInfo::decode_block(&block(b"NCSAmult", &information)).unwrap();
        let refusal = refusal(&info);
        assert!(refusal.contains("(%s-m.h5, %s-r.h5)"), "{refusal}");
        // Cut off, it is still refused, and no panic.
        let cut = DriverInfo::decode_block(&block(b"NCSAmult", &information[..3])).unwrap();
        assert!(cut.check_whole().is_err());
    }

    #[test]
    fn other_drivers_leave_whole_files() {
        let message = [[0].as_slice(), b"SOMEBODY", &[2, 0], &[7, 8]].concat();
        let info = DriverInfo::decode_message(&message).unwrap();
        assert_eq!(info.information, [7, 8]);
        info.check_whole().unwrap();
        assert!(DriverInfo::decode_message(&[1]).is_err());
    }
}
