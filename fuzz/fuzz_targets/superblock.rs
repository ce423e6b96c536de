//! A superblock, driver information and a cache image are decoded or refused; what asks for more asks
//! for more than it was given.

#![no_main]

use bytes::Bytes;
use h5meta::superblock::{CacheImage, DriverInfo, Superblock};
use h5meta::wire::Checksums;
use h5meta::{Address, FileOffset};
use h5meta_fuzz::{asks_for_more, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let superblock = Superblock::decode(bytes, FileOffset(512), Checksums::Skip);
    asks_for_more(bytes, &superblock);
    if let Ok(superblock) = superblock {
        let _ = superblock.locate(superblock.root);
    }

    let info = DriverInfo::decode_block(bytes);
    asks_for_more(bytes, &info);
    if let Ok(info) = info {
        assert!(info.block_size() <= bytes.len() as u64);
        let _ = info.check_whole();
    }

    let length = bytes.len() as u64;
    let image = CacheImage { address: Address(0), length };
    let image_bytes = Bytes::copy_from_slice(bytes);
    for widths in [0x22, 0x11] {
        let entries = image.entries(&image_bytes, sizes(widths), Checksums::Skip);
        let held = entries.iter().flatten().map(|entry| entry.bytes.len() as u64).sum::<u64>();
        assert!(held <= length);
    }
});
