//! The mappings of a virtual dataset, and a selection, are decoded or refused. What is decoded is no
//! larger than its bytes allow.

#![no_main]

use bytes::Bytes;
use h5meta::heap::virtual_dataset;
use h5meta::selection::Selection;
use h5meta::wire::Checksums;
use h5meta_fuzz::{asks_for_more, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [widths, bytes @ ..] = input else { return };
    let block = Bytes::copy_from_slice(bytes);
    let mappings = virtual_dataset::decode(&block, sizes(*widths), Checksums::Skip);
    asks_for_more(bytes, &mappings);
    for mapping in mappings.into_iter().flatten() {
        numbers(&mapping.source, bytes.len());
        numbers(&mapping.target, bytes.len());
    }
    let selection = Selection::decode(bytes);
    asks_for_more(bytes, &selection);
    if let Ok((selection, size)) = selection {
        assert!(size as usize <= bytes.len());
        numbers(&selection, size as usize);
    }
});

/// Each coordinate takes two bytes at least.
fn numbers(selection: &Selection, bytes: usize) {
    let numbers = match selection {
        Selection::Points(points) => points.iter().map(<[u64]>::len).sum(),
        Selection::Blocks(blocks) => blocks.iter().map(|(first, last)| first.len() + last.len()).sum(),
        _ => 0,
    };
    assert!(numbers * 2 <= bytes);
    if let (Some(spans), Some(rank)) = (selection.spans(), selection.rank()) {
        assert_eq!(spans.len(), rank);
    }
}
