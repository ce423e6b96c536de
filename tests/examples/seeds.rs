//! Seeds for fuzzing: `cargo run -p e2e --example seeds FOLDER` writes to `FOLDER/<target>/` the structures of each
//! small file of `testdata/`, as the targets of `fuzz/` take them. `cargo xtask fuzz --seeds` chooses among these and
//! what fuzzing finds.

#![expect(clippy::print_stdout, reason = "a program")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::PathBuf;

use e2e::testdata;
use h5meta::Sizes;
use h5meta::chunk_index::extensible_array::Header;
use h5meta::object_header::{RawMessage, decode};
use h5meta::wire::{Checksums, Width};

/// Bytes of a test file that is taken apart.
const SMALL: u64 = 64 << 10;

/// Bytes behind a signature that are taken for its structure, and for those behind it.
const LENGTH: usize = 1024;

type Seeds = BTreeMap<&'static str, BTreeSet<Vec<u8>>>;

fn main() -> io::Result<()> {
    let into = std::env::args_os().nth(1).map(PathBuf::from);
    let into = into.ok_or_else(|| io::Error::other("where to?"))?;
    let mut seeds = Seeds::new();
    for folder in ["", "parts", "not_hdf5"] {
        for entry in fs::read_dir(testdata(folder))? {
            let entry = entry?;
            let meta = entry.metadata()?;
            if meta.is_file() && meta.len() <= SMALL && !entry.path().ends_with("README.md") {
                take_apart(&fs::read(entry.path())?, &mut seeds);
            }
        }
    }
    for entry in fs::read_dir(testdata("golden/h5sidecar"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_sidecar = name.ends_with(".json") && !name.ends_with(".report.json");
        if is_sidecar && entry.metadata()?.len() <= SMALL {
            seeds.entry("sidecar").or_default().insert(fs::read(entry.path())?);
        }
    }
    made_up(&mut seeds);
    for (target, inputs) in seeds {
        let folder = into.join(target);
        fs::create_dir_all(&folder)?;
        for input in &inputs {
            let mut hasher = DefaultHasher::new();
            input.hash(&mut hasher);
            fs::write(folder.join(format!("{:016x}", hasher.finish())), input)?;
        }
        println!("{target}: {}", inputs.len());
    }
    Ok(())
}

fn take_apart(file: &[u8], seeds: &mut Seeds) {
    let mut add = |target, parameters: &[u8], bytes: &[u8]| {
        seeds.entry(target).or_default().insert([parameters, bytes].concat());
    };
    for target in ["walk", "walk_split", "refs"] {
        add(target, &[], file);
    }
    let start = [0, 512, 1024, 2048]
        .into_iter()
        .find(|at| file[(*at).min(file.len())..].starts_with(b"\x89HDF"));
    let Some(start) = start else { return };
    add("superblock", &[], &file[start..file.len().min(start + 200)]);
    let widths = widths(&file[start..]);
    for at in 0..file.len() {
        let bytes = &file[at..file.len().min(at + LENGTH)];
        match bytes.get(..4) {
            Some(b"OHDR") | Some(b"OCHK") => add("object_header", &[], bytes),
            Some(b"TREE") => {
                for rank in [0, 1, 3, 5, 7] {
                    add("btree_v1", &[rank, widths], bytes);
                }
            }
            Some(b"SNOD") => add("symbol_table", &[widths], bytes),
            Some(b"HEAP") => add("local_heap", &[widths], bytes),
            Some(b"GCOL") => {
                add("global_heap", &[widths], &file[at..file.len().min(at + 4 * LENGTH)]);
                // The first object, behind its header.
                for place in [24, 32, 40] {
                    let object = file.get(at + place..).unwrap_or_default();
                    let object = &object[..object.len().min(LENGTH)];
                    add("virtual_dataset", &[widths], object);
                }
            }
            Some(b"SMTB") => (1..5).for_each(|n| add("shared_messages", &[widths, n], bytes)),
            Some(b"BTHD") => with_blocks(file, bytes, &[b"BTLF", b"BTIN"], 38, |both, n| {
                (1..12).for_each(|records| add("btree_v2", &[widths, n, records], both));
            }),
            Some(b"FRHP") => with_blocks(file, bytes, &[b"FHDB", b"FHIB"], 146, |both, _| {
                (0..4).for_each(|rows| add("fractal_heap", &[widths, rows], both));
            }),
            Some(b"FAHD") => with_blocks(file, bytes, &[b"FADB"], 28, |both, _| {
                add("fixed_array", &[widths], both);
            }),
            Some(b"EAHD") => with_blocks(file, bytes, &[b"EAIB"], 72, |both, _| {
                add("extensible_array", &[widths], both);
                // Behind the index block, a super block or a data block.
                for end in index_block_end(both).into_iter().filter(|end| *end < both.len()) {
                    with_blocks(file, &both[..end], &[b"EADB", b"EASB"], end, |all, _| {
                        add("extensible_array", &[widths], all);
                    });
                }
            }),
            // A header of version 1 with a message, at eight bytes.
            Some([1, 0, 1..=40, 0]) if at % 8 == start % 8 => add("object_header", &[], bytes),
            // A selection: its type and its version.
            Some([0..=3, 0, 0, 0])
                if matches!(file.get(at + 4..at + 8), Some([1..=3, 0, 0, 0])) =>
            {
                add("selection", &[], &bytes[..bytes.len().min(200)]);
            }
            _ => {}
        }
        for message in messages(bytes) {
            let number = message.message_type.0 as u8;
            add("messages", &[number, message.flags.0, widths], message.body);
            // A datatype, and elements of it: whatever comes next.
            if number == 3 && !message.flags.is_shared() && message.body.len() < 1000 {
                let body = message.body.len().next_multiple_of(4);
                let padded = [message.body, &[0; 3]].concat();
                let input = [&padded[..body], &file[..file.len().min(256)]].concat();
                add("value", &[widths, 3, (body / 4) as u8], &input);
            }
        }
    }
}

/// The messages of a header, if there is one.
fn messages(bytes: &[u8]) -> Vec<RawMessage<'_>> {
    let is_header =
        matches!(bytes, [b'O', b'H', b'D', b'R', ..] | [1, 0, 1..=40, 0, 1..=255, 0, ..]);
    let header = is_header.then(|| decode(bytes, Checksums::Skip));
    header.and_then(Result::ok).map_or_else(Vec::new, |header| header.messages)
}

/// A header of `size` bytes, for offsets and lengths of eight, and behind it each block of its kind.
fn with_blocks(
    file: &[u8],
    header: &[u8],
    signatures: &[&[u8; 4]],
    size: usize,
    mut each: impl FnMut(&[u8], u8),
) {
    let header = &header[..header.len().min(size)];
    for (n, signature) in (0..).zip(signatures) {
        let places = (0..file.len()).filter(|&at| file[at..].starts_with(&signature[..]));
        for at in places.take(4) {
            each(&[header, &file[at..file.len().min(at + LENGTH)]].concat(), n);
        }
    }
}

/// Where the index block behind a header ends, offsets and lengths being of eight bytes.
fn index_block_end(bytes: &[u8]) -> Option<usize> {
    let eight = Width::new(8)?;
    let sizes = Sizes { offsets: eight, lengths: eight };
    let header = Header::decode(bytes, sizes, Checksums::Skip).ok()?;
    usize::try_from(Header::size(sizes) + header.index_block_size(sizes)).ok()
}

/// The widths of offsets and lengths that a superblock says, as the targets take them.
fn widths(superblock: &[u8]) -> u8 {
    let at = if superblock.get(8).is_some_and(|version| *version < 2) { 13 } else { 9 };
    let nibble = |at: usize| superblock.get(at).map_or(2, |bytes| bytes.max(&2).ilog2() as u8 - 1);
    nibble(at) | nibble(at + 1) << 4
}

/// What no file has to be searched for.
fn made_up(seeds: &mut Seeds) {
    let numbers = |numbers: &[u64]| -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    };
    let mut add = |target, kind: u8, bytes: Vec<u8>| {
        seeds.entry(target).or_default().insert([vec![kind], bytes].concat());
    };
    add("grid", 0x02, numbers(&[21, 33, 21, 100, 5, 8, 12]));
    add("grid", 0x82, numbers(&[10, 30, 10, u64::MAX, 5, 10, 7]));
    add("grid", 0x01, numbers(&[u64::MAX, u64::MAX, 1, u64::MAX]));
    for which in 0..400_u16 {
        add("codecs", 1, [&which.to_le_bytes()[..], &[0, 1, 0, 0, 1]].concat());
        add("codecs", 1, [&which.to_le_bytes()[..], &[0, 1, 0, 7, 1]].concat());
    }
}
