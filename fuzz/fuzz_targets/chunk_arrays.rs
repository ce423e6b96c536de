//! Fixed and extensible arrays, header and blocks, are decoded or refused; no element has a number
//! that its array does not.

#![no_main]

use h5meta::chunk_index::{extensible_array, fixed_array};
use h5meta::wire::Checksums;
use h5meta_fuzz::{asks_for_more, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [widths, bytes @ ..] = input else { return };
    let sizes = sizes(*widths);
    let fixed = fixed_array::Header::decode(bytes, sizes, Checksums::Skip);
    asks_for_more(bytes, &fixed);
    if let Ok(header) = fixed {
        let size = usize::try_from(fixed_array::Header::size(sizes)).unwrap();
        match bytes.get(size..).map(|rest| (rest, header.data_block(rest, sizes))) {
            Some((_, Ok(fixed_array::DataBlock::Elements(elements)))) => {
                assert!(elements.iter().all(|(number, _)| *number < header.elements));
            }
            Some((rest, Ok(fixed_array::DataBlock::Pages(pages)))) => {
                for page in pages.into_iter().take(8) {
                    assert!(page.first + page.elements <= header.elements);
                    let _ = header.page(rest, page, sizes);
                }
            }
            _ => {}
        }
    }
    let extensible = extensible_array::Header::decode(bytes, sizes, Checksums::Skip);
    let Ok(header) = extensible else { return };
    let size = usize::try_from(extensible_array::Header::size(sizes)).unwrap();
    let Some(rest) = bytes.get(size..) else { return };
    let Ok(children) = header.index_block(rest, sizes) else { return };
    for (_, block) in children.super_blocks.into_iter().take(8) {
        let _ = header.super_block(rest, block, sizes);
    }
    for (_, block) in children.data_blocks.into_iter().take(8) {
        let _ = header.data_block(rest, &block, sizes);
    }
});
