//! A global heap collection is decoded or refused; of its first objects each is within its bytes.

#![no_main]

use bytes::Bytes;
use h5meta::heap::global::Collection;
use h5meta_fuzz::{asks_for_more, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [widths, bytes @ ..] = input else { return };
    let bytes = Bytes::copy_from_slice(bytes);
    let collection = Collection::decode(&bytes, sizes(*widths));
    asks_for_more(&bytes, &collection);
    if let Ok(collection) = collection {
        let objects = (0..256).filter_map(|n| collection.object(n));
        assert!(objects.map(|object| object.len()).sum::<usize>() <= bytes.len());
    }
});
