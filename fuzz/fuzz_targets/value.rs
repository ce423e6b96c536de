//! Elements of any datatype are read or refused, whatever their bytes: the first byte is the length of
//! the datatype message, in steps of four bytes; the heap gives back what it is asked by.

#![no_main]

use bytes::Bytes;
use h5meta::heap::global::HeapId;
use h5meta::message::Datatype;
use h5meta::value::{GlobalHeap, Reader};
use h5meta::{Error, Result};
use h5meta_fuzz::sizes;
use libfuzzer_sys::fuzz_target;

struct Heap(Bytes);

impl GlobalHeap for Heap {
    fn object(&self, id: HeapId) -> Result<Option<Bytes>, Error> {
        let start = (id.object as usize).min(self.0.len());
        Ok((id.object % 3 != 0).then(|| self.0.slice(start..)))
    }
}

fuzz_target!(|input: &[u8]| {
    let [widths, count, length, rest @ ..] = input else { return };
    let (body, data) = rest.split_at((usize::from(*length) * 4).min(rest.len()));
    let Ok(datatype) = Datatype::decode(body) else { return };
    let heap = Heap(Bytes::copy_from_slice(data));
    let mut reader = Reader { sizes: sizes(*widths), heap: &heap, budget: 10_000, heap_bytes: 1 << 20 };
    if let Ok(values) = reader.elements(&datatype, data, (*count).into()) {
        assert_eq!(values.len(), usize::from(*count));
    }
});
