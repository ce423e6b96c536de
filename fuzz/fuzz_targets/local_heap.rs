//! `h5sidecar_fuzz::local_heap`, which says what must hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| h5sidecar_fuzz::local_heap(input));
