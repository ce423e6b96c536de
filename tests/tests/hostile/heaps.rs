//! Collections of the global heap.

use super::*;

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
