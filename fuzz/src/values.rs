//! Elements of datatypes, and selections of them.

use bytes::Bytes;
use h5meta::Error;
use h5meta::heap::global::HeapId;
use h5meta::message::Datatype;
use h5meta::selection::Selection;
use h5meta::value::{GlobalHeap, Reader};

use crate::{asks_for_more, sizes};

/// A heap that gives back what it is asked by.
struct Heap(Bytes);

impl GlobalHeap for Heap {
    fn object(&self, id: HeapId) -> Result<Option<Bytes>, Error> {
        let start = (id.object as usize).min(self.0.len());
        Ok((id.object % 3 != 0).then(|| self.0.slice(start..)))
    }
}

/// Elements of any datatype are read or refused, whatever their bytes: the first byte is the widths, the second how
/// many elements, the third the length of the datatype message, in steps of four bytes.
pub fn value(input: &[u8]) {
    let [widths, count, length, rest @ ..] = input else { return };
    let (body, data) = rest.split_at((usize::from(*length) * 4).min(rest.len()));
    let Ok(datatype) = Datatype::decode(body) else { return };
    let heap = Heap(Bytes::copy_from_slice(data));
    let mut reader =
        Reader { sizes: sizes(*widths), heap: &heap, budget: 10_000, heap_bytes: 1 << 20 };
    if let Ok(values) = reader.elements(&datatype, data, (*count).into()) {
        assert_eq!(values.len(), usize::from(*count));
    }
}

/// A selection is decoded or refused; it has no more numbers than its bytes allow.
pub fn selection(bytes: &[u8]) {
    let selection = Selection::decode(bytes);
    asks_for_more(bytes, &selection);
    if let Ok((selection, size)) = selection {
        assert!(size as usize <= bytes.len());
        numbers(&selection, size as usize);
    }
}

/// Each coordinate takes two bytes at least.
pub(crate) fn numbers(selection: &Selection, bytes: usize) {
    let numbers = match selection {
        Selection::Points(points) => points.iter().map(<[u64]>::len).sum(),
        Selection::Blocks(blocks) => {
            blocks.iter().map(|(first, last)| first.len() + last.len()).sum()
        }
        _ => 0,
    };
    assert!(numbers * 2 <= bytes);
    if let (Some(spans), Some(rank)) = (selection.spans(), selection.rank()) {
        assert_eq!(spans.len(), rank);
    }
}
