//! Sidecars of strangers.

use bytes::Bytes;
use h5refs::verify::{Document, Options};
use serde_json::Value;

use crate::strict;

/// Any bytes are a sidecar or refused: JSON, or gzip or zstd of it. What is in it is checked and its chunks are
/// decoded to an end, within the bounds that were set; a key that is there twice is a fault.
pub fn sidecar(bytes: &[u8]) {
    let mut options = Options::default();
    options.sample = u64::MAX;
    options.max_sidecar = 1 << 20;
    options.max_chunk = 1 << 16;
    let bytes = Bytes::copy_from_slice(bytes);
    let Ok(document) = Document::read(&bytes, &options) else { return };
    let verified = document.decode(&options);
    let not_decoded: u64 = verified.not_decoded.values().sum();
    assert!(verified.decoded + not_decoded <= verified.inlined_chunks);
    // A key may be there twice, and both of its chunks wrong.
    let wrong = verified.faults.len() as u64;
    assert!(verified.inlined_chunks <= verified.decoded + not_decoded + wrong);
    assert!(verified.faults.is_sorted());
    assert!(document.arrays().len() as u64 <= verified.arrays);
    let outside = document.faults(Some(0));
    assert!(verified.referenced_chunks == 0 || !document.files().is_empty());
    assert!(document.faults(None).iter().all(|fault| outside.contains(fault)));
    // Of what is not compressed, the references can be looked at from here.
    if let Ok(json) = serde_json::from_slice::<Value>(&bytes)
        && strict::check(&bytes).is_err_and(|why| why.contains("twice"))
        && json["refs"].as_object().is_some_and(|references| references.values().all(is_flat))
    {
        assert!(!verified.faults.is_empty(), "a key is there twice, and nobody says so");
    }
}

/// Whether a reference has no objects in it, which may have keys twice of their own.
fn is_flat(reference: &Value) -> bool {
    !reference.is_object()
}
