//! Any file is walked to an index or an error, and every dataset of the index can be looked at.

#![no_main]

use bytes::Bytes;
use h5meta_fuzz::whole;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let Ok((index, problems)) = whole(&Bytes::copy_from_slice(file)) else { return };
    for object in &index.objects {
        assert_eq!(index.object_at(object.address).map(|found| &found.path), Some(&object.path));
    }
    for (object, dataset) in index.datasets() {
        assert!(object.path.starts_with('/'));
        let _ = dataset.size();
    }
    for problem in problems {
        assert!(!problem.error.to_string().is_empty());
    }
});
