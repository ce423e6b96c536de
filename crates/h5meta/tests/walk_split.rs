//! The index does not depend on how a file's bytes were cut, ordered, repeated or over-read, nor on
//! where in its file the HDF5 part starts; and the walk asks for nothing twice, and ends.

#![expect(clippy::unwrap_used, clippy::as_conversions, reason = "a test")]

mod support;

use std::collections::BTreeMap;

use bytes::Bytes;
use fastrand::Rng;
use h5meta::{FileOffset, Limits, Need, Walk};
use support::{cut, driven, files, small_files, supply_exactly, supply_in_pieces, text, whole};

/// Compares text, and shows where it starts to differ.
fn assert_same(name: &str, how: &str, expected: &str, found: &str) {
    let differ = || expected.lines().zip(found.lines()).find(|(a, b)| a != b);
    assert!(expected == found, "{name} {how}: {:#?}", differ());
}

#[test]
fn exactly_what_is_wanted_is_enough() {
    for (name, file) in files() {
        let driven = driven(&file, |walk, wants| supply_exactly(&file, walk, &wants));
        assert_same(&name, "as wanted", &text(&whole(&file)), &text(&driven));
    }
}

#[test]
fn the_least_that_is_wanted_is_enough() {
    for (name, file) in small_files() {
        let driven = driven(&file, |walk, wants| {
            for want in wants {
                walk.supply(want.at, cut(&file, want.at.0, want.min));
            }
        });
        assert_same(&name, "at its least", &text(&whole(&file)), &text(&driven));
    }
}

#[test]
fn pieces_may_be_of_any_size() {
    for (name, file) in small_files() {
        let expected = text(&whole(&file));
        for size in [1, 2, 3, 7, 64, 513] {
            let driven = driven(&file, |walk, wants| {
                for want in wants {
                    supply_in_pieces(&file, walk, (want.at.0, want.hint), || size);
                }
            });
            assert_same(&name, &format!("in pieces of {size}"), &expected, &text(&driven));
        }
    }
}

#[test]
fn a_file_may_come_byte_by_byte_unasked() {
    for (name, file) in small_files() {
        let mut walk = Walk::new(Limits::default());
        walk.set_length(file.len() as u64);
        supply_in_pieces(&file, &mut walk, (0, file.len() as u64), || 1);
        let done = walk.next().map(|need| assert_eq!(need, Need::Done));
        let outcome = done.and_then(|()| walk.finish());
        assert_same(&name, "byte by byte", &text(&whole(&file)), &text(&outcome));
    }
}

/// What a network may do: replies out of order, one at a time, late, more than was asked, overlapping,
/// twice.
#[test]
fn replies_may_come_in_any_order() {
    for (name, file) in files() {
        let expected = text(&whole(&file));
        let seeds = if file.len() < 1 << 20 { 0..20 } else { 0..2 };
        for seed in seeds {
            let mut rng = Rng::with_seed(seed);
            let mut outstanding = Vec::new();
            let driven = driven(&file, |walk, wants| {
                outstanding.extend(wants);
                rng.shuffle(&mut outstanding);
                let replies = rng.usize(1..=outstanding.len());
                for want in outstanding.drain(..replies) {
                    let before = rng.u64(0..64).min(want.at.0);
                    let after = rng.u64(0..64);
                    let at = want.at.0 - before;
                    let length = want.hint.saturating_add(before + after);
                    for _ in 0..rng.usize(1..3) {
                        supply_in_pieces(&file, walk, (at, length), || rng.u64(1..1000));
                    }
                }
            });
            assert_same(&name, &format!("out of order, seed {seed}"), &expected, &text(&driven));
        }
    }
}

/// However late the bytes come, no want is told twice; and if one is told from the same offset again,
/// it is for more.
#[test]
fn nothing_is_wanted_twice() {
    for (name, file) in files() {
        let mut rng = Rng::with_seed(1);
        let mut told = BTreeMap::<FileOffset, (u64, u64)>::new();
        let mut outstanding = Vec::new();
        let mut rounds = 0;
        let mut wanted = 0;
        let outcome = driven(&file, |walk, wants| {
            rounds += 1;
            for want in &wants {
                let before = told.insert(want.at, (want.min, want.hint)).unwrap_or((0, 0));
                assert!(want.min > before.0 || want.hint > before.1, "{name}: {want:?} again");
                assert!(want.min <= want.hint, "{name}: {want:?}");
                wanted += 1;
            }
            outstanding.extend(wants);
            assert!(!outstanding.is_empty(), "{name}: nothing is on its way, and it is not done");
            let want = outstanding.swap_remove(rng.usize(..outstanding.len()));
            walk.supply(want.at, cut(&file, want.at.0, want.hint));
        });
        let ends = u64::try_from(told.len()).unwrap() + 1;
        assert!(rounds <= wanted && wanted <= 3 * ends, "{name}: {rounds} rounds, {wanted} wants");
        drop(outcome);
    }
}

/// A user block moves the whole file: addresses stay, file offsets move.
#[test]
fn a_user_block_moves_every_offset() {
    for (name, file) in small_files() {
        let Ok((index, problems)) = whole(&file) else { continue };
        if index.superblock.base != FileOffset(0) {
            continue;
        }
        for user_block in [512, 1024, 4096] {
            let mut moved = vec![0xaa; user_block];
            moved.extend_from_slice(&file);
            let moved = Bytes::from(moved);
            let (moved, moved_problems) = whole(&moved).unwrap();
            assert_eq!(moved.superblock.base, FileOffset(user_block as u64));
            assert_eq!(moved_problems.len(), problems.len(), "{name}");
            assert_eq!(moved.objects.len(), index.objects.len());
            for (then, now) in index.objects.iter().zip(&moved.objects) {
                let now = unmoved(&format!("{now:#?}"), user_block as u64);
                assert_same(&name, "behind a user block", &format!("{then:#?}"), &now);
            }
        }
    }
}

/// The text of an object with its file offsets moved back. In it each is a line of its own below
/// `FileOffset(`.
fn unmoved(text: &str, by: u64) -> String {
    let mut unmoved = Vec::new();
    let mut offset_is_next = false;
    for line in text.lines() {
        if offset_is_next {
            let number = line.trim().trim_end_matches(',');
            let moved = number.parse::<u64>().unwrap() - by;
            unmoved.push(line.replace(number, &moved.to_string()));
        } else {
            unmoved.push(line.to_owned());
        }
        offset_is_next = line.trim_end().ends_with("FileOffset(");
    }
    unmoved.join("\n")
}
