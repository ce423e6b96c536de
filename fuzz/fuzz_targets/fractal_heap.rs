//! A fractal heap's header, an indirect block and a heap ID are decoded or refused.

#![no_main]

use h5meta::heap::fractal::{Header, HeapId, decode_indirect, indirect_size};
use h5meta::wire::Checksums;
use h5meta_fuzz::{asks_for_more, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [widths, rows, bytes @ ..] = input else { return };
    let sizes = sizes(*widths);
    let header = Header::decode(bytes, sizes, Checksums::Skip);
    asks_for_more(bytes, &header);
    let Ok(header) = header else { return };
    let size = usize::try_from(Header::size(sizes)).unwrap();
    let Some(bytes) = bytes.get(size..) else { return };
    let _ = HeapId::decode(bytes, &header, sizes);
    let _ = header.check_direct(bytes, sizes);
    let rows = u16::from(rows % 32);
    if indirect_size(&header, rows, sizes) > 1 << 20 {
        return;
    }
    if let Ok(children) = decode_indirect(bytes, &header, 0, rows, sizes) {
        let most = usize::from(rows) * usize::from(header.table.width);
        assert!(children.direct.len() + children.indirect.len() <= most);
    }
});
