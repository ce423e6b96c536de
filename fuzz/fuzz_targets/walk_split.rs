//! However a file is cut, ordered, repeated and over-read, its index and its problems are the same. The
//! last sixteen bytes say how.

#![no_main]

use bytes::Bytes;
use h5meta_fuzz::{cut, whole};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((file, cuts)) = input.split_last_chunk::<16>() else { return };
    let file = Bytes::copy_from_slice(file);
    match (whole(&file), cut(&file, cuts)) {
        (Ok((index, problems)), Ok((cut_index, cut_problems))) => {
            assert_eq!(problems, cut_problems);
            assert_eq!(format!("{:?}", index.objects), format!("{:?}", cut_index.objects));
        }
        (Err(error), Err(cut_error)) => assert_eq!(error, cut_error),
        (whole, cut) => panic!("{whole:#?}\n{cut:#?}"),
    }
});
