//! Objects with nothing but faults, headers in headers, attributes that many have or that are many.

use super::*;

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
