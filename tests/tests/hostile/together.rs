//! A file that does at once what the others do alone.

use super::*;

/// Names of dimensions, small chunks, chunks without an index, pieces of datasets, an attribute that many share, links
/// to an object with a long path, and links that are left out below others: all that there is room for, of each.
#[tokio::test]
async fn what_has_budgets_of_its_own_has_one_room() {
    const SIZE: u32 = 499;
    const CHUNKS: u16 = 15_000;
    const TABLE: u64 = 200_000;
    const HEAP: u64 = 210_000;
    let text = attribute_body("a", &string(30_000), &dataspace_body(1), &[b's'; 30_000]);
    let (mut file, shared) = Forge::new().shared(TABLE, HEAP, 0x0c, &text);
    let long = "x".repeat(60_000);

    let small =
        [dataspace(u64::from(CHUNKS) * u64::from(SIZE)), byte_type(), layout(&[SIZE, 1], BTREE)];
    let contiguous = [vec![3, 1], words(&[0, 1_000_000])].concat();
    let pieces = [dataspace(1_000_000), byte_type(), message(0x08, &contiguous)];
    let mut back = vec![link_info()];
    back.extend((0..300).map(|n| hard_link(&n.to_string(), ROOT)));
    let groups: [(&str, u64, Vec<u8>); 6] = [
        (&long, 1, header(&documents::scale())),
        ("d", 60, header(&documents::scaled())),
        ("i", 1, header(&small)),
        ("n", 200, header(&chunks::implicit())),
        ("p", 500, header(&pieces)),
        ("s", 900, header(&[link_info(), shared])),
    ];
    let mut objects = vec![link_info(), hard_link("!", BACK)];
    let mut at = OBJECTS;
    for (name, count, object) in groups {
        for n in 0..count {
            let name = if count == 1 { name.to_owned() } else { format!("{name}{n}") };
            objects.push(link(&name, Ok(at)));
            file = file.put(at, &object);
            at += object.len() as u64;
        }
    }
    let leaf = leaf(CHUNKS, SIZE.into(), 0, SIZE, |_| 0);
    let file = file.put(BTREE, &leaf).put(BACK, &header(&back)).put(at, &[0]);
    let mut options = Options::default();
    options.references.subchunk = Some(100);
    // Links are the first to take, and without them names of dimensions are.
    for count in [1_000, 0] {
        let to =
            |name: &'static str, at| (0..count).map(move |n| hard_link(&format!("{name}{n}"), at));
        let links: Vec<_> =
            objects.iter().cloned().chain(to("l", OBJECTS)).chain(to("m", BACK)).collect();
        let made = made(file.clone().put(ROOT, &header(&links)), &options, 245).await;
        assert!(reasons(&made).contains(NO_ROOM), "{}", reasons(&made));
    }
}
