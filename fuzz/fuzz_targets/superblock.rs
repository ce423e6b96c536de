//! A superblock is decoded or refused; if it asks for more, for more than it was given.

#![no_main]

use h5meta::FileOffset;
use h5meta::superblock::Superblock;
use h5meta::wire::Checksums;
use h5meta_fuzz::asks_for_more;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let superblock = Superblock::decode(bytes, FileOffset(512), Checksums::Skip);
    asks_for_more(bytes, &superblock);
    if let Ok(superblock) = superblock {
        let _ = superblock.locate(superblock.root);
    }
});
