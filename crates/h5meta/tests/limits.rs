//! Every limit stops something, and says its name.

#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use bytes::Bytes;
use h5meta::{Error, Kind, Limits, Need, Problem, Walk};
use support::file;

/// A limit, a value that a test file exceeds, and the file.
const TRIPS: [(&str, u64, &str); 12] = [
    ("objects", 3, "superblock_v0.h5"),
    ("links", 1, "superblock_v0.h5"),
    ("messages", 1, "superblock_v0.h5"),
    ("dimensions", 0, "superblock_v0.h5"),
    ("depth", 1, "superblock_v0.h5"),
    ("problems", 1, "superblock_v0.h5, cut off"),
    ("chunks", 2, "chunks_btree_v1.h5"),
    ("steps", 3, "superblock_v0.h5"),
    ("block_bytes", 64, "superblock_v0.h5"),
    ("metadata_bytes", 100, "superblock_v0.h5"),
    ("inflated_bytes", 10, "filtered_heaps.h5"),
    ("attribute_elements", 1, "attributes.h5"),
];

/// A test file, or the first half of one.
fn test_file(name: &str) -> Bytes {
    match name.strip_suffix(", cut off") {
        Some(name) => file(name).slice(..file(name).len() / 2),
        None => file(name),
    }
}

/// The errors of a file, of all of it or of its parts.
fn errors(name: &str, limits: Limits) -> Vec<Error> {
    let walked = || {
        let mut walk = Walk::new(limits);
        walk.supply_whole(test_file(name));
        assert_eq!(walk.next()?, Need::Done);
        walk.finish()
    };
    match walked() {
        Err(error) => vec![error],
        Ok((_, problems)) => problems.into_iter().map(|Problem { error, .. }| error).collect(),
    }
}

#[test]
fn every_limit_stops_something_and_says_its_name() {
    let names: Vec<&str> = Limits::ALL.iter().map(|(name, ..)| *name).collect();
    let tried: Vec<&str> = TRIPS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names, tried, "each limit has a test");
    for (name, value, file) in TRIPS {
        let is_limit = |error: &Error| error.is_limit();
        assert!(!errors(file, Limits::default()).iter().any(is_limit), "{file} by default");
        let mut limits = Limits::default();
        assert!(limits.set(name, value));
        let errors = errors(file, limits);
        let stopped = errors.iter().filter(|error| {
            matches!(error.kind(), Kind::Limit { limit, max } if (*limit, *max) == (name, value))
        });
        let stopped = stopped.collect::<Vec<_>>();
        assert!(!stopped.is_empty(), "{name}={value} of {file}: {errors:?}");
        let says = format!("more than the limit {name}={value} allows");
        assert!(stopped.iter().all(|error| error.to_string().contains(&says)), "{stopped:?}");
    }
}

/// What is within a limit is there: the first links by name, and the groups that are not too deep.
#[test]
fn what_is_within_a_limit_stays() {
    let index = |limits: Limits| {
        let mut walk = Walk::new(limits);
        walk.supply_whole(file("superblock_v0.h5"));
        assert_eq!(walk.next().unwrap(), Need::Done);
        walk.finish().unwrap().0
    };
    let all: Vec<String> = index(Limits::default()).objects.into_iter().map(|it| it.path).collect();
    let mut limits = Limits::default();
    limits.depth = 1;
    let shallow: Vec<String> = index(limits).objects.into_iter().map(|it| it.path).collect();
    let expected: Vec<&String> = all.iter().filter(|path| path.matches('/').count() == 1).collect();
    assert_eq!(shallow.iter().collect::<Vec<_>>(), expected);
    let mut limits = Limits::default();
    limits.links = 1;
    let few = index(limits).objects;
    assert!(few.len() > 1 && few.len() < all.len(), "{} of {}", few.len(), all.len());
    assert!(few.iter().all(|object| all.contains(&object.path)));
}
