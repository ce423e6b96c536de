//! What reading a file costs in memory: a small file that lies costs little, and an honest one a multiple
//! of its length.

#![expect(clippy::unwrap_used, clippy::as_conversions, reason = "a test")]

mod support;

use bytes::Bytes;
use h5meta::message::FillValue;
use h5meta::model::{Dataset, Effect, Object, Problem};
use h5meta::wire::lookup3;
use support::counting::{self, Counting};
use support::forge::{
    BYTE, Forge, HEAP_SIZE, ROOT, attribute, attribute_body, byte_type, chunked, committed,
    dataspace, dataspace_body, dense, elsewhere, hard_link, header, link_info, message, node,
    overlapping, string, symbol_table, words,
};
use support::{files, whole};

/// What a lie of a few kilobytes may cost.
const LIE: usize = 4 << 20;

/// What an honest file may cost: a multiple of its length, and a little for the walk itself and the
/// window of an inflater.
const MULTIPLE: usize = 8;
const SLACK: usize = 128 << 10;

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most that reading a file held at once, the file itself not counted.
fn cost(file: &Bytes) -> usize {
    counting::cost(|| whole(file)).1
}

#[test]
fn an_honest_file_costs_a_multiple_of_its_length() {
    for (name, file) in files() {
        let cost = cost(&file);
        // What filters are undone to follows no length: it has a budget of its own.
        let inflated = if name == "filtered_heaps.h5" { 256 << 10 } else { 0 };
        let most = file.len() * MULTIPLE + SLACK + inflated;
        assert!(cost < most, "{name}: {cost} for {}", file.len());
    }
}

fn assert_cheap(what: &str, file: Forge) {
    let file = file.file();
    assert!(file.len() < 64 << 10, "{what}: a small file");
    let cost = cost(&file);
    assert!(cost < LIE, "{what}: {cost} for {}", file.len());
}

#[test]
fn lies_are_cheap() {
    let with = |message| Forge::new().put(ROOT, &header(&[link_info(), message]));
    let one = || dataspace_body(1);

    let many = u64::MAX >> 8;
    assert_cheap("attribute elements", with(attribute("a", &BYTE, &dataspace_body(many), &[0; 8])));

    let mut nothing = BYTE;
    nothing[4] = 0;
    let elements = dataspace_body(1 << 40);
    assert_cheap("elements of no size", with(attribute("a", &nothing, &elements, &[])));

    let mut array = vec![0x3a, 0, 0, 0, 0, 0, 0, 0, 4];
    array.extend([0xff; 16]); // four dimensions of four billion
    array.extend(nothing);
    assert_cheap("an array type", with(attribute("a", &array, &one(), &[])));

    let mut compound = vec![0x36, 0xff, 0xff, 0, 1, 0, 0, 0];
    compound.extend([&[b'm', 0, 0][..], &BYTE].concat());
    assert_cheap("members", with(attribute("a", &compound, &one(), &[0])));

    let mut members = vec![0x36, 0xf4, 0x01, 0, 1, 0, 0, 0]; // 500 members, all of the same byte
    members.extend([&[0, 0][..], &BYTE].concat().repeat(500));
    let overlapping = attribute("a", &members, &dataspace_body(5000), &[0; 5000]);
    assert_cheap("members that overlap", with(overlapping));

    let mut enumeration = vec![0x38, 0xff, 0xff, 0, 1, 0, 0, 0];
    enumeration.extend([&BYTE[..], &[0; 60_000]].concat());
    assert_cheap("an enumeration", with(attribute("a", &enumeration, &one(), &[0])));

    let nested = [0x39, 0, 0, 0, 16, 0, 0, 0].repeat(5000);
    assert_cheap("nested sequences", with(attribute("a", &nested, &one(), &[0; 16])));
}

#[test]
fn lying_tables_are_cheap() {
    let data = |at| Forge::new().put(ROOT, &header(&[link_info(), hard_link("a", at)]));
    let lying = node(1, 0, u16::MAX, &words(&[1, 0, 0, 5000]));
    assert_cheap("chunks", data(512).put(512, &header(&chunked(1024))).put(1024, &lying));

    let group = Forge::new().put(ROOT, &header(&[symbol_table(512, 4096)]));
    let heap = [b"HEAP\0\0\0\0".to_vec(), words(&[1 << 14, u64::MAX, 8192])].concat();
    let children = [words(&[0, 1024]), words(&[0, 16])].concat();
    let entry = words(&[0, 512, 0, 0, 0]);
    let symbols = [b"SNOD\x01\0\x3c\0".to_vec(), entry.repeat(60)].concat();
    let group = group
        .put(512, &node(0, 0, 1, &children))
        .put(1024, &symbols)
        .put(4096, &heap)
        .put(8192, &[b'n'; 1 << 14])
        .put(8191 + (1 << 14), &[0]);
    assert_cheap("one long name for many links", group);

    // Objects whose headers lie in each other.
    let prefix = |size: u32| [vec![1, 0, 0, 0, 1, 0, 0, 0], size.to_le_bytes().to_vec()].concat();
    let mut nested = Forge::new();
    let links: Vec<_> = (0..1000).map(|n| hard_link(&n.to_string(), 40_000 + n * 16)).collect();
    nested = nested.put(ROOT, &header(&[vec![link_info()], links].concat()));
    for n in 0..1000_u32 {
        nested = nested.put(40_000 + u64::from(n) * 16, &prefix(16_000 - n * 16 - 16));
    }
    assert_cheap("headers in headers", nested);
}

/// Values in the global heap that are all the same object.
#[test]
fn shared_values_are_cheap() {
    const HEAP: u64 = 44_000;
    let collection = |object: &[u8]| {
        let mut bytes = [b"GCOL\x01\0\0\0".to_vec(), words(&[16 << 10])].concat();
        bytes.extend([1, 0, 1, 0, 0, 0, 0, 0]); // object 1
        bytes.extend(words(&[object.len() as u64]));
        bytes.extend(object);
        bytes.resize(16 << 10, 0);
        bytes
    };
    let file = |datatype: &[u8], element: &[u8], object: &[u8]| {
        let attribute = attribute("a", datatype, &dataspace_body(2000), &element.repeat(2000));
        Forge::new().put(ROOT, &header(&[link_info(), attribute])).put(HEAP, &collection(object))
    };
    let id = [words(&[HEAP]), vec![1, 0, 0, 0]].concat();

    let string = [[0x19, 1, 0, 0, 16, 0, 0, 0].as_slice(), &BYTE].concat();
    let length = 15_000_u32.to_le_bytes();
    let element = [&length[..], &id].concat();
    assert_cheap("one long string", file(&string, &element, &[b't'; 15_000]));

    // An old reference to a region of 1,800 points.
    let region = [0x17, 1, 0, 0, 12, 0, 0, 0];
    let points = [1_u32, 1, 0, 0, 1, 1800].map(u32::to_le_bytes).concat();
    let object = [words(&[ROOT]), points, vec![0; 1800 * 4]].concat();
    assert_cheap("one long selection", file(&region, &id, &object));
}

/// Groups in groups, each with a long name: the last path has all of them.
#[test]
fn long_paths_are_cheap() {
    let name = "n".repeat(200);
    let mut file = Forge::new().put(ROOT, &header(&[link_info(), hard_link(&name, 512)]));
    for n in 1..200 {
        let group = header(&[link_info(), hard_link(&name, 512 + n * 300)]);
        file = file.put(512 + (n - 1) * 300, &group);
    }
    assert_cheap("long paths", file);
}

/// A thousand links in a group with a long path: those of further ones are left out, and the file is not.
#[test]
fn links_with_paths_that_are_too_long_are_a_problem_of_their_group() {
    let name = "n".repeat(250);
    let links = (0..1000).map(|n| hard_link(&n.to_string(), ROOT));
    let links: Vec<_> = std::iter::once(link_info()).chain(links).collect();
    let file = Forge::new()
        .put(ROOT, &header(&[link_info(), hard_link(&name, 512), hard_link("o", 1024)]))
        .put(512, &header(&[link_info(), hard_link(&name, 1536)]))
        .put(1024, &header(&[link_info()]))
        .put(1536, &header(&links));
    let (index, problems) = whole(&file.clone().file()).unwrap();
    let long = format!("/{name}/{name}");
    let paths: Vec<_> = index.objects.iter().map(|each| each.path.as_str()).collect();
    assert_eq!(paths, ["/", &format!("/{name}"), &long, "/o"]);
    let aliases = index.objects[0].aliases.len();
    assert!((100..900).contains(&aliases), "{aliases}");
    let [Problem { path, effect, error }] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!((path, effect), (&long, &Effect::Links));
    assert!(error.to_string().contains("paths far longer"), "{error}");
    assert_cheap("paths that are too long", file);
}

/// Two thousand attributes that cannot be read, of an object with a long path: it is said of the first, and how many
/// more there are.
#[test]
fn problems_of_a_long_path_are_cheap() {
    let name = "n".repeat(250);
    let broken = vec![message(0x0c, &[9; 8]); 2000];
    let broken: Vec<_> = std::iter::once(link_info()).chain(broken).collect();
    let file = Forge::new()
        .put(ROOT, &header(&[link_info(), hard_link(&name, 512)]))
        .put(512, &header(&[link_info(), hard_link(&name, 1024)]))
        .put(1024, &header(&broken));
    let (index, problems) = whole(&file.clone().file()).unwrap();
    assert_eq!((index.objects.len(), problems.len()), (3, 17));
    let more = problems[16].error.to_string();
    assert!(more.contains("further problems like these (found 1984)"), "{more}");
    let place = "(object at address 0x400, whose path is long)";
    assert!(problems.iter().all(|problem| problem.path == place), "{:?}", problems[0]);
    assert_cheap("problems of a long path", file);
}

/// Ten thousand pages of a chunk index that lie behind the end of the file: it is said of the first, and of the rest.
#[test]
fn problems_that_are_alike_are_cheap() {
    let checked = |bytes: Vec<u8>| [&bytes[..], &lookup3(&bytes).to_le_bytes()].concat();
    // Of eight bytes an element, two to a page.
    let header_of = [b"FAHD\0\0\x08\x01".to_vec(), words(&[20_000, 2048])].concat();
    let data = [b"FADB\0\0".to_vec(), words(&[1024]), vec![0xff; 1250]].concat();
    // Version 4, chunked, no flags, two dimensions of one byte, a fixed array with that many elements a page.
    let layout = [vec![4, 2, 0, 2, 1, 1, 1, 3, 1], words(&[1024])].concat();
    let file = Forge::new()
        .put(ROOT, &header(&[link_info(), hard_link("d", 512)]))
        .put(512, &header(&[dataspace(20_000), byte_type(), message(0x08, &layout)]))
        .put(1024, &checked(header_of))
        .put(2048, &checked(data));
    let (_, problems) = whole(&file.clone().file()).unwrap();
    assert_eq!(problems.len(), 17, "{problems:?}");
    assert!(problems[0].error.to_string().contains("fixed array"), "{}", problems[0].error);
    let more = problems[16].error.to_string();
    assert!(more.contains("further problems like these (found 9984)"), "{more}");
    assert_cheap("problems that are alike", file);
}

/// One string that five hundred members of a compound are.
#[test]
fn members_that_share_a_string_are_cheap() {
    let compound = overlapping(30_000, 500, &string(30_000));
    let attribute = attribute("a", &compound, &dataspace_body(1), &[b's'; 30_000]);
    let file = Forge::new().put(ROOT, &header(&[link_info(), attribute]));
    let (outcome, cost) = counting::cost(|| whole(&file.file()));
    let (_, problems) = outcome.unwrap();
    assert!(problems.iter().any(|it| it.error.to_string().contains("share their bytes")));
    assert!(cost < LIE, "{cost}");
}

/// A committed type of two thousand members, which hundreds of attributes have, and hundreds of datasets.
#[test]
fn a_committed_type_is_one_in_memory() {
    const TYPE: u64 = 33_000;
    let typed = header(&[message(0x03, &overlapping(1, 2000, &BYTE))]);
    let mut of_type = attribute("a", &committed(TYPE), &[2, 0, 0, 2], &[]);
    of_type[9] = 1; // its type is elsewhere
    let attributes = [vec![link_info()], vec![of_type; 500]].concat();
    let attributes = Forge::new().put(ROOT, &header(&attributes)).put(TYPE, &typed);
    assert_cheap("attributes of a committed type", attributes);

    let dataset = header(&[dataspace(0), elsewhere(0x03, &committed(TYPE)), contiguous()]);
    let root = group_of(200, 8000, dataset.len());
    let datasets = Forge::new().put(ROOT, &root).put(8000, &dataset.repeat(200)).put(TYPE, &typed);
    assert_cheap("datasets of a committed type", datasets);
}

/// A message that is kept once for many objects: all of them have it.
#[test]
fn a_shared_message_is_one_in_memory() {
    const TABLE: u64 = 8192;
    const HEAP: u64 = 8704;
    const OBJECTS: u64 = HEAP + HEAP_SIZE;
    const COUNT: usize = 150;
    let text = attribute_body("a", &string(30_000), &dataspace_body(1), &[b's'; 30_000]);
    let deflate = [&[2, 1, 1, 0, 0, 0, 0x4c, 0x1d][..], &[0; 30_000]].concat(); // of 7,500 parameters
    let fill = [&[3, 0x20][..], &30_000_u32.to_le_bytes(), &[7; 30_000]].concat();
    let compound = overlapping(1, 1800, &BYTE);
    for (message_type, body) in [(0x0c, text), (0x03, compound), (0x0b, deflate), (0x05, fill)] {
        let (file, shared) = Forge::new().shared(TABLE, HEAP, message_type, &body);
        let mut messages = vec![dataspace(0), shared, contiguous()];
        if message_type != 0x03 {
            messages.push(byte_type());
        }
        let object = header(&messages);
        let root = group_of(COUNT, OBJECTS, object.len());
        let file = file.put(ROOT, &root).put(OBJECTS, &object.repeat(COUNT)).file();
        let (outcome, cost) = counting::cost(|| whole(&file));
        let (index, problems) = outcome.unwrap();
        assert!(problems.is_empty(), "{message_type}: {:?}", problems.first());
        let has_it = |(object, dataset): &(&Object, &Dataset)| match message_type {
            0x0c => object.attributes.iter().any(|it| it.values.is_some()),
            0x03 => dataset.datatype.as_ref().is_some_and(|it| it.class_name() == "compound"),
            0x0b => dataset.filters.len() == 1,
            _ => matches!(&dataset.fill_value, FillValue::Value(bytes) if bytes.len() == 30_000),
        };
        assert_eq!(index.datasets().filter(has_it).count(), COUNT, "{message_type}");
        assert!(cost < LIE, "{message_type}: {cost}");
    }
}

/// A heap's one message, which all records of the names say is theirs.
#[test]
fn records_that_name_one_message_are_cheap() {
    const HEAP: u64 = 512;
    const NAMES: u64 = HEAP + HEAP_SIZE;
    let link = [&[1, 2][..], &30_000_u32.to_le_bytes(), &[b'n'; 30_000], &words(&[ROOT])].concat();
    let text = attribute_body("a", &string(30_000), &dataspace_body(1), &[b's'; 30_000]);
    // A record is the message's ID, behind a hash of its name, or before its flags, order and hash.
    let stores = [("links", 0x02, link, 5, 4, 0), ("attributes", 0x15, text, 8, 0, 9)];
    for (what, info, object, record_type, before, behind) in stores {
        let (file, id) = Forge::new().fractal_heap(HEAP, &object);
        let record = [&vec![0; before][..], &id, &vec![0; behind]].concat();
        let own = if info == 0x02 { vec![] } else { vec![link_info()] };
        let root = header(&[own, vec![dense(info, HEAP, NAMES)]].concat());
        let one = file.put(ROOT, &root);
        let many = one.clone().tree(NAMES, record_type, &record, 1000);
        let (outcome, _) =
            counting::cost(|| whole(&one.tree(NAMES, record_type, &record, 1).file()));
        assert_eq!(outcome.unwrap().1.len(), 0, "{what}: one record is honest");
        let outcome = whole(&many.clone().file());
        let (_, problems) = outcome.unwrap();
        assert!(problems.iter().any(|it| it.error.to_string().contains("overlap")), "{what}");
        assert_cheap(what, many);
    }
}

/// A group of so many objects, one behind the other.
fn group_of(count: usize, at: u64, size: usize) -> Vec<u8> {
    let links = (0..count).map(|n| hard_link(&n.to_string(), at + (n * size) as u64));
    header(&[vec![link_info()], links.collect()].concat())
}

/// A dataset's layout: nothing was written.
fn contiguous() -> Vec<u8> {
    message(0x08, &[vec![3, 1], words(&[u64::MAX, 0])].concat())
}
