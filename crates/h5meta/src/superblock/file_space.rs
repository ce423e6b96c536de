//! File space info: how the writer managed the file's space.
//!
//! Spec: IV.A.2.x, "The File Space Info Message" (in the superblock extension).

use crate::error::Result;
use crate::spec::Structure;
use crate::wire::{Cursor, Sizes};

/// How a file's space is managed. Free space itself is not looked at: nothing of a file's content is
/// in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSpaceInfo {
    /// What gives out space.
    pub strategy: Strategy,
    /// Whether free space is remembered when the file is closed.
    pub persists: bool,
    /// Bytes of a page, where metadata and raw data are kept in pages of their own.
    pub page_size: Option<u64>,
}

/// What gives out a file's space, numbered as version 1 of the message has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Free-space managers, aggregators and the file driver (`FSM_AGGR`; version 0: `ALL`).
    FreeSpaceAggregators = 0,
    /// Pages (`PAGE`).
    Pages = 1,
    /// Aggregators and the file driver (`AGGR`; version 0: `AGGR_VFD`).
    Aggregators = 2,
    /// The file driver alone (`NONE`; version 0: `VFD`).
    Driver = 3,
}

impl FileSpaceInfo {
    /// Decodes a File Space Info message.
    ///
    /// # Errors
    /// `Truncated`, `Version`, or an `Invalid` strategy.
    pub fn decode(body: &[u8], sizes: Sizes) -> Result<Self> {
        let mut cursor = Cursor::new(body, Structure::FileSpaceInfo);
        match cursor.version(&[0, 1])? {
            0 => {
                let (strategy, persists) = match cursor.u8()? {
                    1 => (Strategy::FreeSpaceAggregators, true),
                    2 => (Strategy::FreeSpaceAggregators, false),
                    3 => (Strategy::Aggregators, false),
                    4 => (Strategy::Driver, false),
                    other => return Err(cursor.invalid(other, "a strategy that cannot be")),
                };
                cursor.length(sizes)?; // smallest section that is tracked
                let managers = if persists { 6 } else { 0 };
                (0..managers).try_for_each(|_| cursor.address(sizes).map(drop))?;
                Ok(Self { strategy, persists, page_size: None })
            }
            _ => {
                let strategy = match cursor.u8()? {
                    0 => Strategy::FreeSpaceAggregators,
                    1 => Strategy::Pages,
                    2 => Strategy::Aggregators,
                    3 => Strategy::Driver,
                    other => return Err(cursor.invalid(other, "a strategy that cannot be")),
                };
                let persists = cursor.u8()? != 0;
                cursor.length(sizes)?; // smallest section that is tracked
                let page_size = cursor.length(sizes)?;
                cursor.u16()?; // smallest rest of a page that is tracked
                cursor.address(sizes)?; // end of allocated space
                // Six for what is smaller than a page, six for what is larger.
                let managers = if persists { 12 } else { 0 };
                (0..managers).try_for_each(|_| cursor.address(sizes).map(drop))?;
                let page_size = (strategy == Strategy::Pages).then_some(page_size);
                Ok(Self { strategy, persists, page_size })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Width;

    const SIZES: Sizes = Sizes { offsets: Width::new(8).unwrap(), lengths: Width::new(8).unwrap() };

    fn word(n: u64) -> [u8; 8] {
        n.to_le_bytes()
    }

    #[test]
    fn version_1() {
        let mut body = vec![1, 1, 1]; // pages, persistent
        body.extend(word(1)); // smallest section
        body.extend(word(4096)); // page
        body.extend([0, 0]); // smallest rest of a page
        body.extend(word(5000)); // end of allocated space
        body.extend([0xff; 12 * 8]);
        let info = FileSpaceInfo::decode(&body, SIZES).unwrap();
        let expected =
            FileSpaceInfo { strategy: Strategy::Pages, persists: true, page_size: Some(4096) };
        assert_eq!(info, expected);
        for end in 0..body.len() {
            let error = FileSpaceInfo::decode(&body[..end], SIZES).unwrap_err();
            assert!(error.needs().is_some_and(|need| need > end as u64), "{end}: {error}");
        }
        body[1] = 4;
        assert!(FileSpaceInfo::decode(&body, SIZES).is_err());
    }

    #[test]
    fn version_0() {
        let mut body = vec![0, 3]; // aggregators
        body.extend(word(1)); // smallest section
        let info = FileSpaceInfo::decode(&body, SIZES).unwrap();
        assert_eq!((info.strategy, info.persists), (Strategy::Aggregators, false));
        // The first strategy keeps six managers.
        body[1] = 1;
        assert_eq!(FileSpaceInfo::decode(&body, SIZES).unwrap_err().needs(), Some(10 + 8));
        body.extend([0xff; 6 * 8]);
        assert!(FileSpaceInfo::decode(&body, SIZES).unwrap().persists);
    }
}
