//! Files that would make more of themselves than they are: whatever a file claims, its sidecar costs memory and
//! time that follow its length, and says what it lacks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

#[path = "../../crates/h5meta/tests/support/forge.rs"]
#[allow(clippy::allow_attributes, dead_code, reason = "this test uses a part of it")]
mod forge;

use std::io::Write as _;
use std::time::{Duration, Instant};

use e2e::memory::Memory;
use e2e::peak::{self, Peak};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use forge::{
    BYTE, Forge, HEAP_SIZE, ROOT, attribute, attribute_body, byte_type, dataspace, dataspace_body,
    hard_link, header, link_info, message, node, string, words,
};
use h5refs::Error;
use h5refs::fetch::Counters;
use h5refs::render::Layout;
use h5refs::sidecar::{Options, Sidecar, sidecar};
use h5refs::sink::Counted;

#[global_allocator]
static ALLOCATOR: Peak = Peak;

/// What any file may cost: a hundred times its length, and a constant that is mostly the budget that every file has,
/// however short it is. Each of these has a limit of its own below that, in megabytes.
const MULTIPLE: usize = 100;
const CONSTANT: usize = 128 << 20;

/// More than any of them may take, by far, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// Where the files have their parts, the root group's header before all others.
const BTREE: u64 = 500_000;
const CHUNK: u64 = 700_000;
const OBJECTS: u64 = 1 << 20;

/// One at a time: memory is counted for the process.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Makes a sidecar, and counts what that costs.
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
    // Each dataset is in it or in the report.
    let left_out = made.not_referenced.iter().filter(|dataset| dataset.lost).count() as u64;
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

/// Thirty chunks of half a million strings of nothing, all the same eight kilobytes.
#[tokio::test]
async fn strings_that_inflate_are_charged() {
    const ELEMENTS: u32 = 1 << 19;
    let strings = message(0x03, &[[0x19, 1, 0, 0, 16, 0, 0, 0].as_slice(), &BYTE].concat());
    let chunk = deflated(ELEMENTS as usize * 16);
    let size = u32::try_from(chunk.len()).unwrap();
    let messages =
        [dataspace(30 * u64::from(ELEMENTS)), strings, deflate(), layout(&[ELEMENTS, 16], BTREE)];
    let file = datasets(1, &messages)
        .put(BTREE, &leaf(30, ELEMENTS.into(), CHUNK, size, |_| 0))
        .put(CHUNK, &chunk);
    let made = made(file, &Options::default(), 130).await;
    assert!(reasons(&made).contains("more than the limit decoded_bytes"), "{}", reasons(&made));
}

/// Chunks with one more mask than codecs can say, in a thousand datasets.
#[tokio::test]
async fn chunks_that_are_decoded_are_charged() {
    const EXTENT: u32 = 500_000;
    let chunk = deflated(EXTENT as usize);
    let size = u32::try_from(chunk.len()).unwrap();
    // The chunk that skipped the filter is not what it says either: the dataset is charged before it is read.
    let messages =
        [dataspace(2 * u64::from(EXTENT)), byte_type(), deflate(), layout(&[EXTENT, 1], BTREE)];
    let file = datasets(1000, &messages)
        .put(BTREE, &leaf(2, EXTENT.into(), CHUNK, size, |n| n))
        .put(CHUNK, &chunk);
    let made = made(file, &Options::default(), 16).await;
    assert!(reasons(&made).contains("more than the limit decoded_bytes"), "{}", reasons(&made));
}

/// Missing chunks that would be written out, in a thousand datasets: the fill value says them too.
#[tokio::test]
async fn chunks_that_are_missing_are_charged() {
    const EXTENT: u32 = 500_000;
    let messages = [
        dataspace(2 * u64::from(EXTENT)),
        byte_type(),
        message(0x05, &[3, 0x20, 1, 0, 0, 0, 7]),
        layout(&[EXTENT, 1], BTREE),
        attribute("_FillValue", &BYTE, &dataspace_body(1), &[9]),
    ];
    let file = datasets(1000, &messages)
        .put(BTREE, &leaf(1, EXTENT.into(), 0, EXTENT, |_| 0))
        .put(600_000, &[0]);
    let made = made(file, &Options::default(), 75).await;
    assert_eq!(made.counts.arrays, 1000, "{}", reasons(&made));
    let inlined = made.counts.inlined_chunks;
    assert!((10..900).contains(&inlined), "{inlined}");
}

/// Fifteen thousand chunks that are all the same bytes: some are inlined, the rest stay where they are.
#[tokio::test]
async fn chunks_that_are_inlined_are_charged() {
    const SIZE: u32 = 50_000;
    let chunks = 15_000;
    let messages = [dataspace(chunks * u64::from(SIZE)), byte_type(), layout(&[SIZE, 1], BTREE)];
    let leaf = leaf(u16::try_from(chunks).unwrap(), SIZE.into(), 0, SIZE, |_| 0);
    let mut options = Options::default();
    options.references.inline_threshold = 1 << 20;
    let made = made(datasets(1, &messages).put(BTREE, &leaf), &options, 75).await;
    let (inlined, referenced) = (made.counts.inlined_chunks, made.counts.referenced_chunks);
    assert_eq!(inlined + referenced, chunks);
    assert!(inlined > 500 && referenced > 5_000, "{inlined} {referenced}");
}

/// A thousand datasets of one-byte chunks that need no index, all in the same place.
#[tokio::test]
async fn chunks_without_an_index_are_no_more_than_the_file() {
    // Version 4, chunked, no flags, two dimensions of four bytes: one element, of one byte; an implicit index.
    let mut layout = vec![4, 2, 0, 2, 4, 1, 0, 0, 0, 1, 0, 0, 0, 2];
    layout.extend(0_u64.to_le_bytes());
    let messages = [dataspace(1_000_000), byte_type(), message(0x08, &layout)];
    let mut options = Options::default();
    options.references.inline_threshold = 0;
    let made = made(datasets(1000, &messages), &options, 130).await;
    assert!(made.counts.referenced_chunks < 10_000_000, "{}", made.counts.referenced_chunks);
    assert!(reasons(&made).contains("chunks"), "{}", reasons(&made));
}

/// Three thousand groups that share one long attribute: many have it, and of the others it is said.
#[tokio::test]
async fn attributes_that_are_shared_are_charged() {
    const GROUPS: u64 = 3000;
    const TABLE: u64 = 200_000;
    const HEAP: u64 = 210_000;
    const OBJECTS: u64 = HEAP + HEAP_SIZE;
    let text = attribute_body("a", &string(30_000), &dataspace_body(1), &[b's'; 30_000]);
    let (file, shared) = Forge::new().shared(TABLE, HEAP, 0x0c, &text);
    let group = header(&[link_info(), shared]);
    let mut links = vec![link_info()];
    links.extend((0..GROUPS).map(|n| hard_link(&n.to_string(), OBJECTS + n * group.len() as u64)));
    let file = file.put(ROOT, &header(&links)).put(OBJECTS, &group.repeat(GROUPS as usize));
    let made = made(file, &Options::default(), 110).await;
    assert_eq!(made.counts.groups, GROUPS + 1);
    let lost =
        made.problems.iter().filter(|it| it.error.to_string().contains("share them")).count();
    assert!((1000..2900).contains(&lost), "{lost}");
}

/// Collections of the heap that lie in each other.
#[tokio::test]
async fn collections_that_overlap_are_charged() {
    let at = |n: u64| 200_000 + n * 16;
    let count: u32 = 20_000;
    let strings = message(0x03, &[[0x19, 1, 0, 0, 16, 0, 0, 0].as_slice(), &BYTE].concat());
    let ids: Vec<u8> = (0..u64::from(count))
        .flat_map(|n| [&3_u32.to_le_bytes()[..], &words(&[at(n)]), &1_u32.to_le_bytes()].concat())
        .collect();
    let contiguous = [vec![3, 1], words(&[600_000, ids.len() as u64])].concat();
    let messages = [dataspace(count.into()), strings, message(0x08, &contiguous)];
    let mut file = datasets(1, &messages).put(600_000, &ids);
    for n in 0..u64::from(count) {
        let collection = [b"GCOL\x01\0\0\0".to_vec(), words(&[300_000])].concat();
        file = file.put(at(n), &collection);
    }
    let made = made(file, &Options::default(), 110).await;
    assert!(made.counts.arrays == 0, "{}", reasons(&made));
}

/// Two thousand datasets that are all broken: each is said to be, once.
#[tokio::test]
async fn many_broken_datasets_take_no_longer_than_others() {
    let messages = [dataspace(10), byte_type(), layout(&[2, 1], 96)];
    let made = made(datasets(2_000, &messages), &Options::default(), 16).await;
    assert_eq!(made.not_referenced.len(), 2_000);
    assert_eq!(made.counts.arrays, 0);
}

/// Twenty thousand headers that lie in each other, every message of them broken.
#[tokio::test]
async fn headers_that_overlap_are_charged() {
    let mut links = vec![link_info()];
    links.extend((0..20_000).map(|n| hard_link(&n.to_string(), OBJECTS + n * 16)));
    let prefix =
        [vec![1, 0, 0, 0, 1, 0, 0, 0], 4000_u32.to_le_bytes().to_vec(), vec![0; 4]].concat();
    let file = Forge::new()
        .put(ROOT, &header(&links))
        .put(OBJECTS, &prefix.repeat(20_000))
        .put(OBJECTS + 400_000, &[0]);
    let error = measured(file, &Options::default(), 75).await.unwrap_err().to_string();
    assert!(error.contains("overlap") || error.contains("problems="), "{error}");
}
