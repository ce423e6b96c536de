//! Files that would make more of themselves than they are: whatever a file claims, its sidecar costs memory and
//! time that follow its length, and says what it lacks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

#[path = "../../../crates/h5meta/tests/support/forge.rs"]
#[allow(clippy::allow_attributes, dead_code, reason = "this test uses a part of it")]
mod forge;

mod chunks;
mod documents;
mod heaps;
mod links;
mod objects;
mod sidecars;
mod together;

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use e2e::memory::Memory;
use e2e::peak::{self, Peak};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::{GzEncoder, ZlibEncoder};
use forge::{
    BYTE, Forge, HEAP_SIZE, ROOT, attribute, attribute_body, byte_type, dataspace, dataspace_body,
    hard_link, header, link_info, message, node, string, words,
};
use h5meta::wire::lookup3;
use h5refs::Error;
use h5refs::fetch::Counters;
use h5refs::follow::Follow;
use h5refs::render::Layout;
use h5refs::sidecar::{Options, Sidecar, sidecar};
use h5refs::sink::Counted;
use h5refs::source::{Opener, SourceOptions};
use h5refs::verify::{self, Document, Verified};

#[global_allocator]
static ALLOCATOR: Peak = Peak;

/// What any file may cost: a hundred times its length, and a constant that is mostly the budget that every file has,
/// however short it is. Each of these has a limit of its own below that, in megabytes.
const MULTIPLE: usize = 100;
const CONSTANT: usize = 128 << 20;

/// More than any of them may take, by far, on a machine that does much else: a second or two, mostly.
const SOON: Duration = Duration::from_secs(120);

/// Where the files have their parts, the root group's header before all others.
const BTREE: u64 = 500_000;
const CHUNK: u64 = 700_000;
const BACK: u64 = 900_000;
const OBJECTS: u64 = 1 << 20;

/// Why something is not in a sidecar for which there is no room.
const NO_ROOM: &str = "more than a file of this length may bring into its sidecar";

/// One at a time: memory is counted for the process.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Makes a sidecar and its report, and counts what that costs.
async fn measured(file: Forge, options: &Options, megabytes: usize) -> Result<Sidecar, Error> {
    let _alone = ALONE.lock().await;
    let file = file.file();
    let source = Memory::new("a.h5", file.clone());
    let start = Instant::now();
    peak::reset();
    let made = sidecar(&source, options, &Counters::default()).await;
    let mut out = Counted { out: std::io::sink(), size: 0 };
    if let Ok(made) = &made {
        made.write_to(Layout::default(), &mut out).unwrap();
        out.write_all(made.report("a.h5").to_string().as_bytes()).unwrap();
    }
    let (cost, elapsed) = (peak::peak(), start.elapsed());
    println!("{} bytes: {cost} held, {} written, {elapsed:?}", file.len(), out.size);
    let most = (megabytes * 1_000_000).min(file.len() * MULTIPLE + CONSTANT);
    assert!(cost < most, "{cost} bytes for {}", file.len());
    assert!(elapsed < SOON, "{elapsed:?}");
    made
}

async fn made(file: Forge, options: &Options, megabytes: usize) -> Sidecar {
    let made = measured(file, options, megabytes).await.unwrap();
    // Each dataset is in it or in the report, where groups are that lack their attributes.
    let lost = made.not_referenced.iter().filter(|lost| lost.lost);
    let left_out = lost.filter(|lost| !lost.reason.starts_with("its attributes")).count() as u64;
    assert_eq!(made.counts.arrays + left_out, made.counts.datasets);
    made
}

/// The root group's header, with so many datasets that are all alike but for where they are.
fn datasets(count: u64, messages: &[Vec<u8>]) -> Forge {
    let each = header(messages);
    let size = each.len() as u64;
    let mut links = vec![link_info()];
    let first = OBJECTS;
    links.extend((0..count).map(|n| hard_link(&n.to_string(), first + n * size)));
    // Of version 1, a header is as long as its messages say.
    let mut file = Forge::new().put(ROOT, &header(&links));
    for n in 0..count {
        file = file.put(first + n * size, &each);
    }
    file
}

fn layout(rank_and_size: &[u32], btree: u64) -> Vec<u8> {
    let mut body = vec![3, 2, u8::try_from(rank_and_size.len()).unwrap()];
    body.extend(btree.to_le_bytes());
    body.extend(rank_and_size.iter().flat_map(|n| n.to_le_bytes()));
    message(0x08, &body)
}

/// A leaf of one-dimensional chunks: each stored at the same place.
fn leaf(chunks: u16, extent: u64, at: u64, size: u32, mask: impl Fn(u64) -> u64) -> Vec<u8> {
    let key = |n: u64| words(&[u64::from(size) | mask(n) << 32, n * extent, 0]);
    let mut table: Vec<u8> =
        (0..u64::from(chunks)).flat_map(|n| [key(n), words(&[at])].concat()).collect();
    table.extend(key(u64::from(chunks)));
    node(1, 0, chunks, &table)
}

fn deflated(zeros: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; zeros]).unwrap();
    encoder.finish().unwrap()
}

/// Deflate alone.
fn deflate() -> Vec<u8> {
    message(0x0b, &[2, 1, 1, 0, 1, 0, 1, 0, 6, 0, 0, 0])
}

fn reasons(made: &Sidecar) -> String {
    made.not_referenced.iter().map(|dataset| dataset.reason.clone() + "\n").collect()
}

/// A link message with room for a long name; soft if it has a target.
fn link(name: &str, target: Result<u64, &str>) -> Vec<u8> {
    let mut body = match target {
        Ok(_) => vec![1, 1],
        Err(_) => vec![1, 1 | 8, 1],
    };
    body.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    body.extend(name.as_bytes());
    match target {
        Ok(address) => body.extend(address.to_le_bytes()),
        Err(path) => {
            body.extend(u16::try_from(path.len()).unwrap().to_le_bytes());
            body.extend(path.as_bytes());
        }
    }
    message(0x06, &body)
}
