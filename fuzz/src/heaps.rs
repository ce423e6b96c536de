//! Local, global and fractal heaps, and the mappings of virtual datasets, which are in one.

use bytes::Bytes;
use h5meta::heap::fractal::{Header as FractalHeader, HeapId, decode_indirect, indirect_size};
use h5meta::heap::global::Collection;
use h5meta::heap::local::{Header as LocalHeader, string};
use h5meta::heap::virtual_dataset as mappings;
use h5meta::wire::Checksums;

use crate::values::numbers;
use crate::{asks_for_more, behind, sizes};

/// A local heap is decoded or refused, and any offset of its data is a name or an error.
pub fn local_heap(input: &[u8]) {
    let [widths, bytes @ ..] = input else { return };
    let header = LocalHeader::decode(bytes, sizes(*widths));
    asks_for_more(bytes, &header);
    let offset = header.map_or(u64::from(*widths), |header| header.data_size);
    if let Ok(name) = string(bytes, offset) {
        assert_eq!(bytes[offset as usize + name.len()], 0);
    }
}

/// A global heap collection is decoded or refused; of its first objects each is within its bytes.
pub fn global_heap(input: &[u8]) {
    let [widths, bytes @ ..] = input else { return };
    let bytes = Bytes::copy_from_slice(bytes);
    let collection = Collection::decode(&bytes, sizes(*widths));
    asks_for_more(&bytes, &collection);
    if let Ok(collection) = collection {
        let objects = (0..256).filter_map(|n| collection.object(n));
        assert!(objects.map(|object| object.len()).sum::<usize>() <= bytes.len());
    }
}

/// A fractal heap's header, a direct block, an indirect block and a heap ID are decoded or refused.
pub fn fractal_heap(input: &[u8]) {
    let [widths, rows, bytes @ ..] = input else { return };
    let sizes = sizes(*widths);
    let header = FractalHeader::decode(bytes, sizes, Checksums::Skip);
    asks_for_more(bytes, &header);
    let Ok(header) = header else { return };
    let Some(bytes) = behind(bytes, FractalHeader::size(sizes)) else { return };
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
}

/// The mappings of a virtual dataset are decoded or refused. What is decoded is no larger than its bytes allow.
pub fn virtual_dataset(input: &[u8]) {
    let [widths, bytes @ ..] = input else { return };
    let block = Bytes::copy_from_slice(bytes);
    let mappings = mappings::decode(&block, sizes(*widths), Checksums::Skip);
    asks_for_more(bytes, &mappings);
    for mapping in mappings.into_iter().flatten() {
        numbers(&mapping.source, bytes.len());
        numbers(&mapping.target, bytes.len());
    }
}
