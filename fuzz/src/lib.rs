//! What the targets share.

use bytes::Bytes;
use h5meta::wire::{Checksums, Width};
use h5meta::{Error, FileOffset, Index, Kind, Limits, Need, Problem, Sizes, Walk};

/// The widths that a byte chooses.
pub fn sizes(choice: u8) -> Sizes {
    let width = |n: u8| Width::new(2 << (n % 5)).expect("2, 4, 8, 16 or 32");
    Sizes { offsets: width(choice & 0x0f), lengths: width(choice >> 4) }
}

/// Checks what every decoder that is given the start of its structure promises: when it asks for
/// more, it asks for more than it was given.
pub fn asks_for_more<T>(bytes: &[u8], result: &Result<T, Error>) {
    if let Err(error) = result
        && let Kind::Truncated { need, have } = error.kind()
    {
        assert!(need > have && *have <= bytes.len() as u64, "{error}");
    }
}

/// Walks a file that is supplied whole.
pub fn whole(file: &Bytes) -> Result<(Index, Vec<Problem>), Error> {
    let mut walk = Walk::new(Limits::default());
    walk.set_checksums(Checksums::Skip);
    walk.supply_whole(file.clone());
    assert_eq!(walk.next()?, Need::Done);
    walk.finish()
}

/// Walks a file cut as `cuts` says: which want is served next, and how much of it and around it.
pub fn cut(file: &Bytes, cuts: &[u8]) -> Result<(Index, Vec<Problem>), Error> {
    let mut cuts = cuts.iter().cycle().map(|&cut| usize::from(cut));
    let mut cut = || cuts.next().unwrap_or(1);
    let mut walk = Walk::new(Limits::default());
    walk.set_checksums(Checksums::Skip);
    walk.set_length(file.len() as u64);
    let mut outstanding = Vec::new();
    loop {
        match walk.next()? {
            Need::Done => return walk.finish(),
            Need::Bytes(wants) => outstanding.extend(wants),
        }
        assert!(!outstanding.is_empty(), "not done, and nothing is on its way");
        let want = outstanding.swap_remove(cut() % outstanding.len());
        let length = if cut() % 2 == 0 { want.min } else { want.hint };
        let end =
            want.at.0.saturating_add(length).saturating_add(cut() as u64).min(file.len() as u64);
        let mut at = (want.at.0 as usize).saturating_sub(cut());
        while at < end as usize {
            let next = (at + 1 + cut() * cut()).min(end as usize);
            walk.supply(FileOffset(at as u64), file.slice(at..next));
            at = next;
        }
    }
}
