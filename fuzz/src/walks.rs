//! Whole files to an index.

use bytes::Bytes;
use h5meta::wire::Checksums;
use h5meta::{Error, FileOffset, Index, Limits, Need, Problem, Walk};

/// Any file is walked to an index or an error, and every dataset of the index can be looked at.
pub fn walk(file: &[u8]) {
    let Ok((index, problems)) = whole(&Bytes::copy_from_slice(file)) else { return };
    for object in &index.objects {
        assert_eq!(index.object_at(object.address).map(|found| &found.path), Some(&object.path));
    }
    for (object, dataset) in index.datasets() {
        assert!(object.path.starts_with('/'));
        let _ = dataset.size();
    }
    for problem in problems {
        assert!(!problem.error.to_string().is_empty());
    }
}

/// However a file is cut, ordered, repeated and over-read, its index and its problems are the same. Its last
/// sixteen bytes say how.
pub fn walk_split(file: &[u8]) {
    let Some((_, cuts)) = file.split_last_chunk::<16>() else { return };
    let file = Bytes::copy_from_slice(file);
    match (whole(&file), cut(&file, cuts)) {
        (Ok((index, problems)), Ok((cut_index, cut_problems))) => {
            assert_eq!(problems, cut_problems);
            assert_eq!(format!("{:?}", index.objects), format!("{:?}", cut_index.objects));
        }
        (Err(error), Err(cut_error)) => assert_eq!(error, cut_error),
        (whole, cut) => panic!("{whole:#?}\n{cut:#?}"),
    }
}

/// Walks a file that is supplied whole.
///
/// # Errors
/// Those of the walk.
pub fn whole(file: &Bytes) -> Result<(Index, Vec<Problem>), Error> {
    let mut walk = Walk::new(Limits::default());
    walk.set_checksums(Checksums::Skip);
    walk.supply_whole(file.clone());
    assert_eq!(walk.next()?, Need::Done);
    walk.finish()
}

/// Walks a file cut as `cuts` says: which want is served next, and how much of it and around it.
fn cut(file: &Bytes, cuts: &[u8]) -> Result<(Index, Vec<Problem>), Error> {
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
