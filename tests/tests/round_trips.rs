//! Dependent round trips follow the depth of the pointer graph, not the number of objects or chunks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::fmt::Write as _;
use std::ops::Range;

use e2e::granule::{CHILDREN, Granule, Shape};
use e2e::memory::Memory;
use e2e::snapshot::assert_snapshot;
use e2e::{testdata, testfiles, workspace};
use h5meta::{Limits, Walk};
use h5refs::fetch::{Counters, Policy, Trace, walk};
use h5refs::source::Source;

/// The pointer depth of `atl03_mini.h5`, by its structures: superblock; root header, its continuation,
/// B-tree, symbol node; the same four of `gt1l` and of `gt1l/heights`; the header of
/// `gt1l/heights/quality_ph`; the three levels of its chunk B-tree. (Other paths are deeper in groups,
/// and have no chunk B-tree as deep.)
const ATL03_DEPTH: u64 = 1 + 3 * 4 + 1 + 3;

async fn trace(source: &dyn Source, policy: &Policy) -> Trace {
    let counters = Counters::default();
    walk(Walk::new(Limits::default()), source, policy, &counters).await.unwrap();
    counters.trace()
}

#[tokio::test]
async fn a_granule_of_the_product_takes_no_more_waves_than_its_pointers_are_deep() {
    let source = Memory::new("atl03_mini.h5", std::fs::read(testdata("atl03_mini.h5")).unwrap());
    let exact = trace(&source, &Policy::exact()).await;
    assert!(exact.waves <= ATL03_DEPTH, "{exact:?}");
    let default = trace(&source, &Policy::fixed()).await;
    assert!(default.waves <= exact.waves && default.requests < exact.requests, "{default:?}");
}

/// A hundred times the chunks cost the waves of the B-tree levels that they add, and none else.
#[tokio::test]
async fn waves_grow_by_the_levels_of_the_btree_only() {
    let shape = |chunks| Shape { groups: 3, datasets: 10, chunks };
    // Two levels, and three: 64 x 64 chunks are the most that two levels hold.
    let small = Granule::new(shape(CHILDREN * 2));
    let large = Granule::new(shape(CHILDREN * 2 * 100));
    let (few, many) =
        (trace(&small, &Policy::exact()).await, trace(&large, &Policy::exact()).await);
    assert_eq!(many.waves, few.waves + 1, "{few:?} {many:?}");
    // Every block once, and nothing but the blocks and what was hinted at.
    assert!(many.requests <= large.blocks() + large.blocks() / 20, "{many:?}");
    assert!(many.bytes <= large.metadata() * 3 / 2, "{many:?} of {}", large.metadata());
}

/// No group costs a wave because there are others.
#[tokio::test]
async fn waves_do_not_grow_with_groups_and_datasets() {
    let shape = |groups, datasets| Shape { groups, datasets, chunks: 10 };
    let few = trace(&Granule::new(shape(2, 2)), &Policy::exact()).await;
    let many = trace(&Granule::new(shape(200, 50)), &Policy::exact()).await;
    assert_eq!(few.waves, many.waves);
}

/// Once a file is known to be of pages, they are read whole, and none twice.
#[tokio::test]
async fn pages_of_metadata_are_read_whole_and_once() {
    const PAGE: u64 = 512;
    let bytes = std::fs::read(testdata("superblock_extension.h5")).unwrap();
    let source = Memory::new("superblock_extension.h5", bytes);
    trace(&source, &Policy::exact()).await;
    let reads = source.reads();
    // Before: the signature, the superblock, and the extension that says so.
    let is_whole =
        |read: &Range<u64>| read.start.is_multiple_of(PAGE) && read.end.is_multiple_of(PAGE);
    let known = reads.iter().take_while(|read| !is_whole(read)).count();
    assert!(known <= 3 && reads.len() > known, "{reads:?}");
    let mut pages = std::collections::BTreeSet::new();
    for read in &reads[known..] {
        assert!(is_whole(read), "{read:?}");
        for page in read.start / PAGE..read.end / PAGE {
            assert!(pages.insert(page), "page {page} twice");
        }
    }
}

/// The cost of every test file, under review: a lost round trip shows in the diff.
#[tokio::test]
async fn the_cost_of_every_test_file_is_known() {
    let mut snapshot = String::from(
        "file                          exact: waves requests    bytes   default: waves requests    bytes\n",
    );
    for name in testfiles() {
        let source = Memory::new(&name, std::fs::read(testdata(&name)).unwrap());
        let exact = trace(&source, &Policy::exact()).await;
        let default = trace(&source, &Policy::fixed()).await;
        writeln!(
            snapshot,
            "{name:<36} {:>5} {:>8} {:>8} {:>16} {:>8} {:>8}",
            exact.waves,
            exact.requests,
            exact.bytes,
            default.waves,
            default.requests,
            default.bytes,
        )
        .unwrap();
    }
    assert_snapshot(&workspace().join("tests/snapshots/round_trips.txt"), &snapshot);
}
