//! Chunks: what they inflate to, decode to and are inlined as, and those that are nowhere or shown many times.

use super::*;

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
    assert!(reasons(&made).contains(NO_ROOM), "{}", reasons(&made));
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
    assert!(reasons(&made).contains(NO_ROOM), "{}", reasons(&made));
}

/// A short float in an element of half a gigabyte, behind a filter that says so: what it becomes is little, and what
/// it is decoded from is not.
#[tokio::test]
async fn elements_that_become_shorter_are_charged_as_they_are() {
    const ELEMENT: u32 = 1 << 29;
    let mut float = vec![0x11, 0x20, 15, 0];
    float.extend(ELEMENT.to_le_bytes());
    float.extend([0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0]);
    let lz4 = message(0x0b, &[2, 1, 0x04, 0x7d, 0, 0, 0, 0, 0, 0]);
    let chunk = [&u64::from(ELEMENT).to_be_bytes()[..], &ELEMENT.to_be_bytes()].concat();
    let messages = [dataspace(1), message(0x03, &float), lz4, layout(&[1, ELEMENT], BTREE)];
    let file = datasets(1, &messages).put(BTREE, &leaf(1, 1, CHUNK, 12, |_| 0)).put(CHUNK, &chunk);
    let made = made(file, &Options::default(), 16).await;
    assert!(reasons(&made).contains("floating-point numbers of 536870912"), "{}", reasons(&made));
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

/// A dataset of one-byte chunks that need no index, at the file's beginning.
pub(super) fn implicit() -> [Vec<u8>; 3] {
    // Version 4, chunked, no flags, two dimensions of four bytes: one element, of one byte; an implicit index.
    let mut layout = vec![4, 2, 0, 2, 4, 1, 0, 0, 0, 1, 0, 0, 0, 2];
    layout.extend(0_u64.to_le_bytes());
    [dataspace(200_000), byte_type(), message(0x08, &layout)]
}

/// A thousand datasets of one-byte chunks that need no index, all in the same place.
#[tokio::test]
async fn chunks_without_an_index_are_no_more_than_the_file() {
    let mut options = Options::default();
    options.references.inline_threshold = 0;
    let made = made(datasets(1000, &implicit()), &options, 130).await;
    let referenced = made.counts.referenced_chunks;
    assert!((200_000..1_000_000).contains(&referenced), "{referenced}");
    assert!(reasons(&made).contains(NO_ROOM), "{}", reasons(&made));
}

/// A million one-byte chunks in twenty dimensions, of a file that has as many bytes: each would take two hundred.
#[tokio::test]
async fn chunks_of_many_dimensions_are_charged() {
    let space = [vec![2, 20, 0, 1], words(&[2; 20])].concat();
    let mut implicit = vec![4, 2, 0, 21, 1];
    implicit.extend([1; 21]);
    implicit.push(2);
    implicit.extend(0_u64.to_le_bytes());
    let messages = [message(0x01, &space), byte_type(), message(0x08, &implicit)];
    let made = made(datasets(2, &messages), &Options::default(), 16).await;
    let reasons = reasons(&made);
    assert!(reasons.contains("more chunks than a file of this length has"), "{reasons}");
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

/// Two thousand datasets that are all the same megabyte, in pieces of a hundred bytes: most of them stay whole.
#[tokio::test]
async fn pieces_of_datasets_are_charged() {
    let contiguous = [vec![3, 1], words(&[0, 1_000_000])].concat();
    let messages = [dataspace(1_000_000), byte_type(), message(0x08, &contiguous)];
    let mut options = Options::default();
    options.references.inline_threshold = 0;
    options.references.subchunk = Some(100);
    let made = made(datasets(2_000, &messages), &options, 170).await;
    assert_eq!(made.counts.arrays, 2_000, "{}", reasons(&made));
    let chunks = made.counts.referenced_chunks;
    assert!((100_000..2_000_000).contains(&chunks), "{chunks}");
}
