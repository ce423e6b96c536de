//! What becomes text: references as paths, sizes as fill values, places as names.

use h5refs::document::document;
use h5refs::limits;
use h5refs::sidecar::index;

use super::forge::{committed, overlapping};
use super::*;

/// Attributes of references, each of which is written as a path of sixty thousand bytes; of characters that are
/// escaped, in seven times as many.
#[tokio::test]
async fn paths_of_references_are_charged() {
    for (name, count) in [("x", 8_000_u16), ("\u{1}", 700)] {
        let references: Vec<u8> = words(&vec![OBJECTS; count.into()]);
        let reference = [0x17, 0, 0, 0, 8, 0, 0, 0];
        let messages = [
            dataspace(1),
            byte_type(),
            layout(&[1, 1], u64::MAX),
            attribute("r", &reference, &dataspace_body(count.into()), &references),
        ];
        let file = Forge::new()
            .put(ROOT, &header(&[link_info(), link(&name.repeat(60_000), Ok(OBJECTS))]))
            .put(OBJECTS, &header(&messages));
        let made = made(file, &Options::default(), 75).await;
        let reasons = reasons(&made);
        assert!(reasons.contains(NO_ROOM), "{reasons}");
    }
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

const INT: [u8; 12] = [0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0];

/// A dimension, by its number.
pub(super) fn scale() -> [Vec<u8>; 5] {
    let scalar = [2, 0, 0, 0];
    [
        dataspace(1),
        byte_type(),
        layout(&[1, 1], u64::MAX),
        attribute("CLASS", &string(16), &scalar, b"DIMENSION_SCALE\0"),
        attribute("_Netcdf4Dimid", &INT, &scalar, &[7, 0, 0, 0]),
    ]
}

/// A dataset that has thirty-two times that dimension.
pub(super) fn scaled() -> [Vec<u8>; 4] {
    let space = [vec![2, 32, 0, 1], words(&[1; 32])].concat();
    let ids: Vec<u8> = [7, 0, 0, 0].repeat(32);
    [
        message(0x01, &space),
        byte_type(),
        layout(&[1; 33], u64::MAX),
        attribute("_Netcdf4Coordinates", &INT, &dataspace_body(32), &ids),
    ]
}

/// Thirty-two dimensions of one scale with a long path, in each of sixty datasets.
#[tokio::test]
async fn names_of_dimensions_are_charged() {
    let at = |n: u64| OBJECTS + (n << 12);
    let name = "x".repeat(60_000);
    let mut links = vec![link_info(), link(&name, Ok(at(0)))];
    links.extend((1..60).map(|n| hard_link(&n.to_string(), at(n))));
    let mut file = Forge::new().put(ROOT, &header(&links)).put(at(0), &header(&scale()));
    for n in 1..60 {
        file = file.put(at(n), &header(&scaled()));
    }
    let made = made(file, &Options::default(), 170).await;
    assert!(reasons(&made).contains(NO_ROOM), "{}", reasons(&made));
}

/// What `ls --json` writes of a file: why it does not, if it does not.
async fn listed(file: Forge, megabytes: usize) -> Result<(), String> {
    let _alone = ALONE.lock().await;
    let source = Memory::new("a.h5", file.file());
    let (mut options, start) = (Options::default(), Instant::now());
    options.references.document_bytes = 4 << 20;
    peak::reset();
    let (index, problems) = index(&source, &options, &Counters::default()).await.unwrap();
    let written = limits::fits(&options, index.file_length, |out| {
        serde_json::to_writer(out, &document(&index, &problems)).map_err(Into::into)
    });
    let (cost, elapsed) = (peak::peak(), start.elapsed());
    println!("{} bytes: {cost} held, {elapsed:?}", index.file_length.unwrap());
    assert!(cost < megabytes * 1_000_000, "{cost}");
    assert!(elapsed < SOON, "{elapsed:?}");
    written.map_err(|why| why.to_string())
}

/// A type of two thousand members, which a thousand attributes have; a member with a long name, of an attribute with
/// twenty thousand elements; eight thousand references to an object with a long path.
#[tokio::test]
async fn listings_are_not_far_longer_than_the_file() {
    let typed = header(&[message(0x03, &overlapping(1, 2000, &BYTE))]);
    let of_type = |n: u32| {
        let mut of_type = attribute(&n.to_string(), &committed(OBJECTS), &[2, 0, 0, 2], &[]);
        of_type[9] = 1; // its type is elsewhere
        of_type
    };
    let shared: Vec<_> = std::iter::once(link_info()).chain((0..1000).map(of_type)).collect();
    let shared = Forge::new().put(ROOT, &header(&shared)).put(OBJECTS, &typed);

    let mut compound = vec![0x36, 1, 0, 0, 1, 0, 0, 0];
    compound.extend([&b"x".repeat(30_000)[..], &[0, 0], &BYTE].concat());
    let elements = attribute("a", &compound, &dataspace_body(20_000), &[0; 20_000]);
    let names = Forge::new().put(ROOT, &header(&[link_info(), elements]));

    let reference = [0x17, 0, 0, 0, 8, 0, 0, 0];
    let values = words(&vec![OBJECTS; 8000]);
    let references = attribute("r", &reference, &dataspace_body(8000), &values);
    let long = link(&"x".repeat(60_000), Ok(OBJECTS));
    let paths = Forge::new().put(ROOT, &header(&[link_info(), references, long]));
    let paths = paths.put(OBJECTS, &header(&[link_info()]));

    for (file, megabytes) in [(shared, 30), (names, 30), (paths, 30)] {
        let why = listed(file, megabytes).await.unwrap_err();
        assert!(why.contains("more than the limit document_bytes allows"), "{why}");
    }
    let group = Forge::new().put(ROOT, &header(&[link_info()]));
    assert_eq!(listed(group, 1).await, Ok(()));
}
