//! Filters are undone or refused, whatever the bytes: never to more than was asked for.

#![no_main]

use h5meta::filter::decode;
use h5meta::message::filter_pipeline;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [mask, size, length, rest @ ..] = input else { return };
    let (body, stored) = rest.split_at(usize::from(*length).min(rest.len()));
    let Ok(filters) = filter_pipeline::decode(body) else { return };
    let size = usize::from(*size) * 16;
    if let Ok(plain) = decode(stored, &filters, (*mask).into(), size) {
        assert_eq!(plain.len(), size);
    }
});
