//! Broken files: whatever is wrong with one, reading it ends soon, without a panic, and comes to the same
//! end however its bytes arrive.

#![expect(clippy::unwrap_used, clippy::as_conversions, reason = "a test")]

/// The same faults that sidecars are tried with.
#[path = "../../../fuzz/src/mutations.rs"]
#[expect(unreachable_pub, reason = "it is a library's")]
mod mutations;
mod support;

use std::time::{Duration, Instant};

use bytes::Bytes;
use fastrand::Rng;
use h5meta::model::{Effect, ObjectKind, Storage};
use h5meta::wire::Checksums;
use h5meta::{Kind, Limits, Need, Structure, Walk};
use mutations::mutated;
use support::forge::{
    BYTE, Forge, ROOT, attribute, chunked, continuation, dataspace_body, hard_link, header,
    link_info, node, symbol_table, words,
};
use support::{Outcome, cut, driven, small_files, supply_in_pieces, text, whole};

/// Mutated files in all. The environment variable `MUTATIONS` asks for more.
const MUTATIONS: usize = 10_000;

/// More than any file here may take, by far, on a busy machine.
const SOON: Duration = Duration::from_secs(5);

#[test]
fn mutated_files_are_read_or_refused_soon() {
    let files = small_files();
    let count = std::env::var("MUTATIONS").map_or(MUTATIONS, |count| count.parse().unwrap());
    for n in 0..count {
        let (name, file) = &files[n % files.len()];
        let mut rng = Rng::with_seed(n as u64);
        let mutated = mutated(file, &files, &mut rng);
        let start = Instant::now();
        let outcome = whole(&mutated);
        assert!(start.elapsed() < SOON, "{name}, mutation {n}");
        // What is said of it is the same however it came.
        if n % 20 == 0 {
            let pieces = in_pieces(&mutated, &mut rng);
            assert!(text(&outcome) == text(&pieces), "{name}, mutation {n}: depends on the cuts");
        }
    }
}

/// Wants served one at a time, in any order, in pieces.
fn in_pieces(file: &Bytes, rng: &mut Rng) -> Outcome {
    let mut outstanding = Vec::new();
    driven(file, |walk, wants| {
        outstanding.extend(wants);
        assert!(!outstanding.is_empty(), "nothing is on its way, and it is not done");
        let want = outstanding.swap_remove(rng.usize(..outstanding.len()));
        let length = if rng.bool() { want.min } else { want.hint };
        supply_in_pieces(file, walk, (want.at.0, length), || rng.u64(1..300));
    })
}

/// Reads a forged file, which must come to the same end in many orders.
fn read(file: &Bytes) -> Outcome {
    let outcome = whole(file);
    for seed in 0..50 {
        let pieces = in_pieces(file, &mut Rng::with_seed(seed));
        assert_eq!(text(&outcome), text(&pieces), "seed {seed}");
    }
    outcome
}

/// The problems of a file, as kind, structure and effect.
fn problems(file: &Bytes) -> Vec<(Kind, Structure, Effect)> {
    let (_, problems) = read(file).unwrap();
    let facts = |problem: h5meta::Problem| {
        (problem.error.kind().clone(), problem.error.structure(), problem.effect)
    };
    problems.into_iter().map(facts).collect()
}

#[test]
fn a_group_in_itself_is_named_once() {
    let root = header(&[link_info(), hard_link("self", ROOT), hard_link("again", ROOT)]);
    let (index, problems) = read(&Forge::new().put(ROOT, &root).file()).unwrap();
    assert!(problems.is_empty());
    assert_eq!(index.objects.len(), 1);
    assert_eq!(index.objects[0].aliases, ["/again", "/self"]);
}

#[test]
fn a_cycle_of_groups_ends() {
    let root = header(&[link_info(), hard_link("a", 512)]);
    let a = header(&[link_info(), hard_link("up", ROOT), hard_link("b", 1024)]);
    let b = header(&[link_info(), hard_link("a", 512)]);
    let file = Forge::new().put(ROOT, &root).put(512, &a).put(1024, &b).file();
    let (index, _) = read(&file).unwrap();
    let paths: Vec<_> = index.objects.iter().map(|object| &object.path[..]).collect();
    assert_eq!(paths, ["/", "/a", "/a/b"]);
}

#[test]
fn a_chunk_btree_that_contains_itself_ends() {
    let key = words(&[1, 0, 0]);
    let root = header(&[link_info(), hard_link("data", 512)]);
    let cycle = node(1, 1, 2, &[key.clone(), words(&[2048]), key, words(&[2048])].concat());
    let file = Forge::new().put(ROOT, &root).put(512, &header(&chunked(2048))).put(2048, &cycle);
    let (index, problems) = read(&file.file()).unwrap();
    let (_, dataset) = index.datasets().next().unwrap();
    assert!(matches!(dataset.storage, Storage::Chunked { chunks: None, .. }));
    assert!(problems.iter().any(|problem| *problem.error.kind() == Kind::Cycle), "{problems:?}");
}

/// Two levels of nodes that each name the whole level below: an exponential number of paths.
#[test]
fn nodes_with_two_parents_are_visited_once() {
    let key = words(&[1, 0, 0]);
    let root = header(&[link_info(), hard_link("data", 512)]);
    let mut file = Forge::new().put(ROOT, &root).put(512, &header(&chunked(4096)));
    for level in 0..40 {
        let at = 4096 + level * 256;
        let child = [key.clone(), words(&[at + 256])].concat();
        let height = u8::try_from(39 - level).unwrap();
        file = file.put(at, &node(1, height, 4, &child.repeat(4)));
    }
    let start = Instant::now();
    let (index, problems) = read(&file.put(4096 + 41 * 256, &[0]).file()).unwrap();
    assert!(start.elapsed() < SOON);
    // The first of them, and how many more there are: 39 in all.
    let (more, told) = problems.split_last().unwrap();
    assert!(told.iter().all(|problem| *problem.error.kind() == Kind::Cycle), "{problems:?}");
    let more = more.error.to_string();
    assert!(told.len() == 16 && more.contains("further problems like these (found 23)"), "{more}");
    assert!(matches!(&index.objects[1].kind, ObjectKind::Dataset(_)));
}

/// The same node below parents of different levels: which of them is right is no question of time.
#[test]
fn a_node_at_two_levels_is_the_same_whichever_parent_comes_first() {
    let key = words(&[1, 0, 0]);
    let entry = |at| [key.clone(), words(&[at])].concat();
    let root = header(&[link_info(), hard_link("data", 512)]);
    let file = Forge::new()
        .put(ROOT, &root)
        .put(512, &header(&chunked(1024)))
        .put(1024, &node(1, 2, 2, &[entry(2048), entry(3072)].concat()))
        .put(2048, &node(1, 1, 2, &[entry(4096), entry(3072)].concat()))
        .put(3072, &node(1, 1, 2, &[entry(4096), entry(2048)].concat()))
        .put(4096, &node(1, 0, 1, &entry(5000)))
        .file();
    assert!(problems(&file).len() > 1);
}

#[test]
fn continuations_that_name_each_other_end() {
    let root = header(&[link_info(), continuation(512, 24), continuation(1024, 24)]);
    let file = Forge::new()
        .put(ROOT, &root)
        .put(512, &continuation(1024, 24))
        .put(1024, &continuation(512, 24))
        .file();
    let expected = (Kind::Cycle, Structure::ObjectHeader, Effect::Object);
    assert_eq!(problems(&file), [expected.clone(), expected]);
}

/// Two blocks of a header, each with a layout, which may arrive in either order.
#[test]
fn of_two_layouts_the_first_in_order_counts() {
    let key = |offset| [words(&[1, offset, 0]), words(&[5000 + offset])].concat();
    let root = header(&[link_info(), hard_link("data", 512)]);
    let [space, datatype, one] = <[_; 3]>::try_from(chunked(3000)).unwrap();
    let two = chunked(4000).pop().unwrap();
    let length = one.len() as u64;
    let data = header(&[space, datatype, continuation(1024, length), continuation(2048, length)]);
    let file = Forge::new()
        .put(ROOT, &root)
        .put(512, &data)
        .put(1024, &one)
        .put(2048, &two)
        .put(3000, &node(1, 0, 1, &key(10)))
        .put(4000, &node(1, 0, 2, &[key(20), key(30)].concat()))
        .file();
    let (index, problems) = read(&file).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    let (_, dataset) = index.datasets().next().unwrap();
    let Storage::Chunked { chunks: Some(chunks), .. } = &dataset.storage else { panic!() };
    let offsets: Vec<_> = chunks.iter().map(|chunk| chunk.offset.to_vec()).collect();
    assert_eq!(offsets, [[10]]);
}

#[test]
fn huge_counts_in_tiny_files_are_refused() {
    let root = header(&[link_info(), hard_link("a", 512), hard_link("b", 1024)]);
    let mut endless = header(&[]);
    endless[8..12].fill(0xff); // a block of 4 GiB
    let file = Forge::new().put(ROOT, &root).put(512, &endless).put(1024, &header(&chunked(2048)));
    let file = file.put(2048, &node(1, 0, u16::MAX, &words(&[1, 0, 0, 5000]))).file();
    let truncated = |kind: &Kind| matches!(kind, Kind::Truncated { .. });
    let problems = problems(&file);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().all(|(kind, ..)| truncated(kind)), "{problems:?}");
}

#[test]
fn a_continuation_of_any_length_is_refused() {
    for length in [0, 1, 7, 1 << 20, 1 << 40, u64::MAX] {
        let root = header(&[link_info(), continuation(512, length)]);
        let file = Forge::new().put(ROOT, &root).put(1000, &[0]).file();
        let expected = usize::from(length > 7);
        assert_eq!(problems(&file).len(), expected, "{length}");
    }
}

#[test]
fn a_global_heap_of_no_size_loses_its_attribute_only() {
    // A variable-length sequence of bytes, eight of them, in a collection that says it has no bytes.
    let sequence = [&[0x19, 0, 0, 0, 16, 0, 0, 0][..], &BYTE].concat();
    let data = [words(&[8])[..4].to_vec(), words(&[512]), vec![1, 0, 0, 0]].concat();
    let lost = attribute("lost", &sequence, &dataspace_body(1), &data);
    let kept = attribute("kept", &BYTE, &dataspace_body(1), &[7]);
    let root = header(&[link_info(), lost, kept]);
    let file = Forge::new().put(ROOT, &root).put(512, b"GCOL\x01\0\0\0").put(1024, &[0]).file();
    let (index, problems) = read(&file).unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].effect, Effect::Attribute("lost".into()));
    let why = "a collection smaller than its header";
    assert_eq!(*problems[0].error.kind(), Kind::Invalid { value: 0, why });
    assert!(index.objects[0].attributes.iter().any(|attribute| attribute.name == "kept"));
}

#[test]
fn a_symbol_table_of_two_nodes_of_one_name_is_read_alike() {
    let entry = |address| words(&[0, address, 0, 0, 0]);
    let node_of = |address| [b"SNOD\x01\0\x01\0".to_vec(), entry(address)].concat();
    let children = words(&[0, 1024, 0, 2048, 0]);
    let heap = [b"HEAP\0\0\0\0".to_vec(), words(&[8, u64::MAX, 4000])].concat();
    let file = Forge::new()
        .put(ROOT, &header(&[symbol_table(512, 3000)]))
        .put(512, &node(0, 0, 2, &children))
        .put(1024, &node_of(5000))
        .put(2048, &node_of(6000))
        .put(3000, &heap)
        .put(4000, b"same\0")
        .put(5000, &header(&[link_info()]))
        .put(6000, &header(&[link_info()]))
        .file();
    let (index, problems) = read(&file).unwrap();
    assert_eq!(problems[0].path, "/same", "{problems:?}");
    assert_eq!(index.objects.len(), 2);
}

/// A hundred datasets that share one B-tree: each is read, but not a hundred times the file.
#[test]
fn a_file_that_overlaps_itself_is_refused() {
    let records = 2000_u16;
    let links: Vec<_> = (0..200).map(|n| hard_link(&format!("{n}"), 20_000 + n * 128)).collect();
    let root = header(&[vec![link_info()], links].concat());
    let mut file = Forge::new().put(ROOT, &root);
    for n in 0..200 {
        file = file.put(20_000 + n * 128, &header(&chunked(50_000)));
    }
    let table = words(&[1, 0, 0, 5000]).repeat(records.into());
    let file = file.put(50_000, &node(1, 0, records, &table)).file();
    let error = read(&file).unwrap_err();
    assert!(error.to_string().contains("overlap"), "{error}");
}

#[test]
fn a_file_cut_off_anywhere_keeps_what_is_before() {
    let (_, file) = small_files().into_iter().find(|(name, _)| name == "superblock_v2.h5").unwrap();
    let mut objects = 0;
    for end in (0..file.len()).step_by(7) {
        if let Ok((index, _)) = whole(&cut(&file, 0, end as u64)) {
            assert!(index.objects.len() >= objects, "a longer file has no less");
            objects = index.objects.len();
        }
    }
    assert!(objects > 3);
}

/// A checksum that is wrong is an error, and no more than that: the rest of the block is as it was.
#[test]
fn checksums_are_verified_or_passed_over() {
    for (name, checksum) in [("superblock_v3.h5", 44), ("dense.h5", 44)] {
        let honest = support::file(name);
        let mut bytes = honest.to_vec();
        bytes[checksum] ^= 1;
        let broken = Bytes::from(bytes);
        let error = whole(&broken).unwrap_err();
        assert!(matches!(error.kind(), Kind::Checksum { .. }), "{name}: {error}");

        let mut walk = Walk::new(Limits::default());
        walk.set_checksums(Checksums::Skip);
        walk.supply_whole(broken);
        assert_eq!(walk.next().unwrap(), Need::Done);
        assert!(text(&walk.finish()) == text(&whole(&honest)), "{name}");
    }
}
