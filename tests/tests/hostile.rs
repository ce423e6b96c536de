//! Files that would make more of themselves than they are: whatever a file claims, its sidecar costs memory and
//! time that follow its length, and says what it lacks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

#[path = "../../crates/h5meta/tests/support/forge.rs"]
#[allow(clippy::allow_attributes, dead_code, reason = "this test uses a part of it")]
mod forge;

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use e2e::memory::Memory;
use e2e::peak::{self, Peak};
use flate2::Compression;
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

/// More than any of them may take, by far, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// Where the files have their parts, the root group's header before all others.
const BTREE: u64 = 500_000;
const CHUNK: u64 = 700_000;
const OBJECTS: u64 = 1 << 20;

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

/// A hard link with a name of any length.
fn long_link(name: &str, address: u64) -> Vec<u8> {
    let mut body = vec![1, 1];
    body.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    body.extend(name.as_bytes());
    body.extend(address.to_le_bytes());
    message(0x06, &body)
}

/// Attributes of references, each of which is written as a path of sixty thousand bytes.
#[tokio::test]
async fn paths_of_references_are_charged() {
    let name = "x".repeat(60_000);
    let references: Vec<u8> = words(&vec![OBJECTS; 8_000]);
    let reference = [0x17, 0, 0, 0, 8, 0, 0, 0];
    let messages = [
        dataspace(1),
        byte_type(),
        layout(&[1, 1], u64::MAX),
        attribute("r", &reference, &dataspace_body(8_000), &references[..64_000]),
    ];
    let file = Forge::new()
        .put(ROOT, &header(&[link_info(), long_link(&name, OBJECTS)]))
        .put(OBJECTS, &header(&messages));
    let made = made(file, &Options::default(), 75).await;
    assert!(reasons(&made).contains("more than the limit document_bytes"), "{}", reasons(&made));
}

/// Elements of a gigabyte each, of which all that there is are zeros nobody wrote.
#[tokio::test]
async fn fill_values_are_not_what_a_size_claims() {
    let opaque = message(0x03, &[0x15, 0, 0, 0, 0, 0, 0, 0x40]);
    let messages = [dataspace(3), opaque, layout(&[1, 1 << 30], u64::MAX)];
    let made = made(datasets(1000, &messages), &Options::default(), 75).await;
    assert!(reasons(&made).contains("fill value"), "{}", reasons(&made));
}

/// A thousand elements of an array in a compound are a thousand names.
#[tokio::test]
async fn names_of_fields_are_bounded() {
    let array = [
        vec![0x3a, 0, 0, 0],
        1000_u32.to_le_bytes().to_vec(),
        vec![1],
        1000_u32.to_le_bytes().to_vec(),
        BYTE.to_vec(),
    ];
    let mut compound = vec![0x36, 1, 0, 0];
    compound.extend(1000_u32.to_le_bytes());
    compound.extend("x".repeat(30_000).as_bytes());
    compound.extend([0, 0, 0]); // the end of the name, and the offset, in two bytes
    compound.extend(array.concat());
    let messages = [dataspace(1), message(0x03, &compound), layout(&[1, 1000], u64::MAX)];
    let made = made(datasets(10, &messages), &Options::default(), 75).await;
    assert!(reasons(&made).contains("bytes of field names"), "{}", reasons(&made));
}

/// Thirty-two dimensions of one scale with a long path, in each of sixty datasets.
#[tokio::test]
async fn names_of_dimensions_are_charged() {
    let int = [0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0];
    let text = [0x13, 0, 0, 0, 16, 0, 0, 0];
    let scalar = [2, 0, 0, 0];
    let scale = [
        dataspace(1),
        byte_type(),
        layout(&[1, 1], u64::MAX),
        attribute("CLASS", &text, &scalar, b"DIMENSION_SCALE\0"),
        attribute("_Netcdf4Dimid", &int, &scalar, &[7, 0, 0, 0]),
    ];
    let mut space = vec![2, 32, 0, 1];
    space.extend(words(&[1; 32]));
    let mut chunk = vec![1; 32];
    chunk.push(1);
    let ids: Vec<u8> = [7, 0, 0, 0].repeat(32);
    let messages = [
        message(0x01, &space),
        byte_type(),
        layout(&chunk, u64::MAX),
        attribute("_Netcdf4Coordinates", &int, &dataspace_body(32), &ids),
    ];
    let at = |n: u64| OBJECTS + (n << 12);
    let name = "x".repeat(60_000);
    let mut links = vec![link_info(), long_link(&name, at(0))];
    links.extend((1..60).map(|n| hard_link(&n.to_string(), at(n))));
    let mut file = Forge::new().put(ROOT, &header(&links)).put(at(0), &header(&scale));
    for n in 1..60 {
        file = file.put(at(n), &header(&messages));
    }
    let made = made(file, &Options::default(), 170).await;
    assert!(reasons(&made).contains("more than the limit document_bytes"), "{}", reasons(&made));
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

/// How many links are left out, those that are not listed too.
fn left_out(made: &Sidecar) -> usize {
    let more = made.links.last().filter(|last| last.kind == "any");
    let more = more.map(|last| last.reason.split(' ').next().unwrap().parse::<usize>().unwrap());
    made.links.len() - usize::from(more.is_some()) + more.unwrap_or(0)
}

/// Five thousand links to an object with a name of sixty thousand bytes.
#[tokio::test]
async fn links_to_a_long_path_are_charged() {
    let mut links = vec![link_info(), link(&"!".repeat(60_000), Ok(OBJECTS))];
    links.extend((0..5_000).map(|n| hard_link(&n.to_string(), OBJECTS)));
    let dataset = header(&[dataspace(1), byte_type(), layout(&[1, 1], BTREE)]);
    let file = Forge::new().put(ROOT, &header(&links)).put(OBJECTS, &dataset);
    let made = made(file.put(BTREE, &leaf(1, 1, 0, 1, |_| 0)), &Options::default(), 130).await;
    assert_eq!(made.counts.linked as usize + left_out(&made), 5_000);
    assert!(made.counts.linked > 100 && made.links.last().unwrap().kind == "any");
}

/// A thousand links back, in a group that three thousand links lead to.
#[tokio::test]
async fn links_that_are_left_out_below_others_are_charged() {
    let mut links = vec![link_info(), hard_link("!", OBJECTS)];
    links.extend((0..3_000).map(|n| hard_link(&n.to_string(), OBJECTS)));
    let mut back = vec![link_info()];
    back.extend((0..1_000).map(|n| hard_link(&n.to_string(), ROOT)));
    let file = Forge::new().put(ROOT, &header(&links)).put(OBJECTS, &header(&back));
    let made = made(file, &Options::default(), 130).await;
    // Those of the group itself, and as many below each that is taken.
    let below = 1_000 * (1 + made.counts.linked as usize);
    assert_eq!(left_out(&made), below + 3_000 - made.counts.linked as usize);
    assert!(made.counts.linked > 1_000, "{}", made.counts.linked);
}

/// A hundred soft links in a group that a hundred links lead to, each through a path of thirty thousand steps.
#[tokio::test]
async fn long_paths_are_gone_once() {
    let long = "/a".repeat(30_000) + "/x";
    let mut links = vec![link_info(), link("a", Ok(ROOT)), link("p", Err(&long))];
    links.extend((0..100).map(|n| hard_link(&format!("g{n}"), OBJECTS)));
    links.push(link("x", Ok(OBJECTS)));
    let mut soft = vec![link_info()];
    soft.extend((0..100).map(|n| link(&n.to_string(), Err("/p"))));
    let file = Forge::new().put(ROOT, &header(&links)).put(OBJECTS, &header(&soft));
    let made = made(file, &Options::default(), 60).await;
    let back = made.links.iter().filter(|link| link.reason.starts_with("leads back")).count();
    assert!(back > 10_000, "{back}");
}

/// Two thousand mappings that show the same five thousand chunks, all the same byte.
#[tokio::test]
async fn chunks_that_are_shown_are_charged() {
    const CHUNKS: u16 = 5_000;
    const MAPPINGS: u16 = 2_000;
    let block = |m: u16| -> Vec<u8> {
        let first = u32::from(m) * u32::from(CHUNKS);
        let all = [3_u32, 1, 0, 0];
        let some = [2_u32, 1, 0, 16, 1, 1, first, first + u32::from(CHUNKS) - 1];
        let selections = all.iter().chain(&some).flat_map(|n| n.to_le_bytes());
        b".\0s\0".iter().copied().chain(selections).collect()
    };
    let mut mappings = [vec![0], words(&[MAPPINGS.into()])].concat();
    mappings.extend((0..MAPPINGS).flat_map(block));
    mappings.extend(lookup3(&mappings).to_le_bytes());
    let size = mappings.len() as u64;
    let object = [vec![1, 0, 1, 0, 0, 0, 0, 0], words(&[size]), mappings].concat();
    let whole = 16 + object.len().next_multiple_of(8) as u64;
    let collection = [b"GCOL\x01\0\0\0".to_vec(), words(&[whole]), object].concat();

    let heap = [vec![4, 3], words(&[CHUNK]), vec![1, 0, 0, 0]].concat();
    let shape = u64::from(CHUNKS) * u64::from(MAPPINGS);
    let shown = header(&[dataspace(shape), byte_type(), message(0x08, &heap)]);
    let source = header(&[dataspace(CHUNKS.into()), byte_type(), layout(&[1, 1], BTREE)]);
    let links = [link_info(), hard_link("s", OBJECTS), hard_link("v", OBJECTS + 1000)];
    let file = Forge::new()
        .put(ROOT, &header(&links))
        .put(BTREE, &leaf(CHUNKS, 1, 0, 1, |_| 0))
        .put(CHUNK, &collection)
        .put(OBJECTS, &source)
        .put(OBJECTS + 1000, &shown);
    let mut options = Options::default();
    options.follow = Some(Follow::new(Arc::new(Opener::new(SourceOptions::default()))));
    let made = made(file, &options, 130).await;
    assert!(reasons(&made).contains("more chunks of other files"), "{}", reasons(&made));
}

/// Two hundred thousand strings, each in a heap collection of its own: a few bytes after the one before.
#[tokio::test]
async fn collections_are_charged_before_they_are_read() {
    const COUNT: u32 = 200_000;
    let strings = message(0x03, &[[0x19, 1, 0, 0, 16, 0, 0, 0].as_slice(), &BYTE].concat());
    let id =
        |n: u32| [&1_u32.to_le_bytes()[..], &words(&[u64::from(n) * 5]), &[1, 0, 0, 0]].concat();
    let ids: Vec<u8> = (1..=COUNT).flat_map(id).collect();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&ids).unwrap();
    let chunk = encoder.finish().unwrap();
    let size = u32::try_from(chunk.len()).unwrap();
    let messages = [dataspace(COUNT.into()), strings, deflate(), layout(&[COUNT, 16], BTREE)];
    let file = datasets(1, &messages)
        .put(BTREE, &leaf(1, COUNT.into(), 2 << 20, size, |_| 0))
        .put(2 << 20, &chunk);
    let made = made(file, &Options::default(), 90).await;
    assert_eq!(made.counts.arrays, 0);
}

/// Sixty thousand attributes of one name: the first of them is what libhdf5 finds.
#[tokio::test]
async fn attributes_of_one_name_are_said_to_be() {
    let value = |n: u8| attribute("NAME", &BYTE, &dataspace_body(1), &[n]);
    let mut messages = vec![link_info(), value(7)];
    messages.extend(std::iter::repeat_n(value(8), 60_000));
    let made = made(Forge::new().put(ROOT, &header(&messages)), &Options::default(), 130).await;
    let text = String::from_utf8(made.json().unwrap().to_vec()).unwrap();
    assert!(text.contains("{\\\"NAME\\\":7}"), "{text}");
    assert!(!made.is_complete());
    let problem = made.problems[0].error.to_string();
    assert!(problem.contains("60000") && made.problems.len() == 1, "{problem}");
}

/// Reads a sidecar and decodes all that is in it, and counts what that costs. Who makes a large one has been alone since.
fn verified(sidecar: &[u8]) -> Result<Verified, String> {
    let sidecar = Bytes::copy_from_slice(sidecar);
    let mut options = verify::Options::default();
    options.sample = u64::MAX;
    let start = Instant::now();
    peak::reset();
    let verified = Document::read(&sidecar, &options).map(|document| document.decode(&options));
    let (cost, elapsed) = (peak::peak(), start.elapsed());
    println!("{} bytes: {cost} held, {elapsed:?}", sidecar.len());
    assert!(cost < sidecar.len() * MULTIPLE + CONSTANT, "{cost} bytes for {}", sidecar.len());
    assert!(elapsed < SOON, "{elapsed:?}");
    verified
}

/// A sidecar of these references, compressed to some hundred kilobytes at least.
fn packed(references: &str) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let noise: String = std::iter::repeat_with(|| random.alphanumeric()).take(550_000).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    write!(gzip, "{{\"version\":1,\"refs\":{{{references}\"noise\":\"{noise}\"}}}}").unwrap();
    gzip.finish().unwrap()
}

const ARRAY: &str = r#""a/.zarray":{"zarr_format":2,"shape":[9000000],"chunks":[1],"dtype":"|u1","order":"C",
    "fill_value":null,"filters":FILTERS,"compressor":null},"#;

/// Whatever a small sidecar unpacks to.
#[tokio::test]
async fn what_a_sidecar_unpacks_to_is_charged() {
    let _alone = ALONE.lock().await;
    for each in [
        r#""k1":"","#,
        r#""a/1":"a","#,
        r#""a/1":["f",0,1],"#,
        r#""a/.zattrs":{"":{"":{"":{"":{"":{"":{"":{"":{"":{"":{"":{}}}}}}}}}}}},"#,
        r#""a/.zattrs":"{\"a\":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]}","#,
        r#""b/.zarray":{"filters":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]},"#,
    ] {
        // As much as may be, or nearly, and more than that.
        for bytes in [1 << 20, 8 << 20, 30 << 20, 60 << 20] {
            let array = ARRAY.replace("FILTERS", "null");
            let sidecar = packed(&format!("{array}{}", each.repeat(bytes / each.len())));
            let verified = verified(&sidecar);
            if bytes == 1 << 20 {
                assert!(verified.is_ok(), "{each}: {verified:?}");
            }
            if bytes == 60 << 20 {
                assert!(verified.is_err(), "{each}");
            }
        }
    }
}

/// One document of many objects, which are a hundred times their text as a tree.
#[tokio::test]
async fn documents_are_held_as_text() {
    let _alone = ALONE.lock().await;
    let objects = "{\"\":{\"\":{\"\":0}}},".repeat(1 << 20);
    for name in [".zattrs", "a/.zattrs", "b/.zarray", ".zmetadata"] {
        let json =
            format!(r#"{{"version":1,"refs":{{"{name}":{{"metadata":{{"x":[{objects}0]}}}}}}}}"#);
        let faults = verified(json.as_bytes()).unwrap().faults;
        assert_eq!(faults.is_empty(), name == ".zattrs", "{faults:?}");
    }
}

/// Two thousand codecs, each of which goes over half a gigabyte that one of them makes of nothing.
#[tokio::test]
async fn codecs_are_charged_each() {
    let _alone = ALONE.lock().await;
    let shuffles = r#"{"id":"shuffle","elementsize":4},"#.repeat(2000);
    let array = ARRAY
        .replace("FILTERS", &format!("[{shuffles}{{\"id\":\"zlib\"}}]"))
        .replace("[1]", "[9000000]");
    let chunk =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, deflated(9_000_000));
    let json = format!(r#"{{"version":1,"refs":{{{array}"a/0":"base64:{chunk}"}}}}"#);
    let verified = verified(json.as_bytes()).unwrap();
    assert_eq!(verified.not_decoded.keys().collect::<Vec<_>>(), ["more than 32 codecs"]);
}

/// References whose names are a long template and something.
#[tokio::test]
async fn names_of_files_are_charged() {
    let _alone = ALONE.lock().await;
    let names: String = (0..40_000).map(|n| format!("\"a/{n}\":[\"{{{{u}}}}{n}\",0,1],")).collect();
    let refs =
        format!("{}{names}\".zgroup\":{{\"zarr_format\":2}}", ARRAY.replace("FILTERS", "null"));
    let template = "x".repeat(65_000);
    let json = format!(r#"{{"version":1,"templates":{{"u":"{template}"}},"refs":{{{refs}}}}}"#);
    let why = verified(json.as_bytes()).unwrap_err();
    assert!(why.contains("more than"), "{why}");
}

/// A long text that is said of each of a thousand chunks.
#[tokio::test]
async fn what_is_said_of_codecs_is_short() {
    let _alone = ALONE.lock().await;
    let codec = format!(r#"[{{"id":"shuffle","x":"{}"}}]"#, "y".repeat(1_000_000));
    let chunks: String = (0..1000).map(|n| format!("\"a/{n}\":\"a\",")).collect();
    let refs =
        format!("{}{chunks}\".zgroup\":{{\"zarr_format\":2}}", ARRAY.replace("FILTERS", &codec));
    let verified = verified(format!(r#"{{"version":1,"refs":{{{refs}}}}}"#).as_bytes()).unwrap();
    let (what, count) = verified.not_decoded.first_key_value().unwrap();
    assert_eq!(*count, 1000);
    assert!(what.len() < 1000 && what.contains("elementsize"), "{}", what.len());
}
