use super::*;

/// A version 0 superblock, field by field.
fn version_0() -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend([0, 0, 0, 0, 0]); // versions: superblock, free space, root entry, -, shared
    bytes.extend([8, 8, 0]); // size of offsets, of lengths, reserved
    bytes.extend([4, 0, 16, 0]); // leaf K, internal K
    bytes.extend([0; 4]); // consistency flags
    bytes.extend(0_u64.to_le_bytes()); // base
    bytes.extend([0xff; 8]); // free space: undefined
    bytes.extend(800_u64.to_le_bytes()); // end of file
    bytes.extend([0xff; 8]); // driver information: undefined
    bytes.extend(0_u64.to_le_bytes()); // root entry: name offset
    bytes.extend(96_u64.to_le_bytes()); // object header
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]); // cache type 1, reserved
    bytes.extend(136_u64.to_le_bytes()); // scratch-pad: B-tree
    bytes.extend(680_u64.to_le_bytes()); // and local heap
    bytes
}

fn version_2() -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend([2, 8, 8, 0]); // version, widths, flags
    for address in [0, u64::MAX, 2048, 48] {
        bytes.extend(address.to_le_bytes()); // base, extension, end of file, root
    }
    bytes.extend(crate::wire::lookup3(&bytes).to_le_bytes());
    bytes
}

#[test]
fn version_0_is_decoded() {
    let superblock = Superblock::decode(&version_0(), FileOffset(512), Checksums::Verify).unwrap();
    assert_eq!(superblock.version, 0);
    assert_eq!(superblock.root, Address(96));
    assert_eq!(superblock.end_of_file, Some(Address(800)));
    assert_eq!(
        superblock.root_cache,
        Some(CachedSymbolTable { btree: Address(136), heap: Address(680) })
    );
    assert_eq!(superblock.btree_k, BtreeK::default());
    // Addresses are relative to where the signature was found, whatever the stored base says.
    assert_eq!(superblock.locate(Address(96)).unwrap(), FileOffset(608));
    assert!(superblock.locate(Address(u64::MAX)).is_err());
}

#[test]
fn version_2_is_decoded() {
    let superblock = Superblock::decode(&version_2(), FileOffset(0), Checksums::Verify).unwrap();
    assert_eq!(superblock.version, 2);
    assert_eq!(superblock.root, Address(48));
    assert_eq!(superblock.extension, None);
}

#[test]
fn every_shorter_prefix_asks_for_more() {
    for bytes in [version_0(), version_2()] {
        for end in 0..bytes.len() {
            let error =
                Superblock::decode(&bytes[..end], FileOffset(0), Checksums::Verify).unwrap_err();
            let need = error.needs().expect("asks for more");
            assert!(need > end as u64 && need <= bytes.len() as u64, "{end}: {error}");
        }
    }
}

#[test]
fn broken_fields_are_named() {
    let broken = |at: usize, value: u8, bytes: Vec<u8>| {
        let mut bytes = bytes;
        bytes[at] = value;
        Superblock::decode(&bytes, FileOffset(0), Checksums::Verify).unwrap_err()
    };
    assert!(matches!(broken(0, 0, version_0()).kind(), Kind::Signature { .. }));
    assert!(matches!(broken(8, 4, version_0()).kind(), Kind::Version { found: 4 }));
    assert!(matches!(broken(13, 3, version_0()).kind(), Kind::Invalid { value: 3, .. }));
    assert!(matches!(broken(20, 1, version_2()).kind(), Kind::Checksum { .. }));
    assert_eq!(
        broken(8, 4, version_0()).at(FileOffset(512)).to_string(),
        "superblock at 0x209: version 4 is not known [spec II.A]"
    );
}

#[test]
fn places_double() {
    let places: Vec<u64> = places(5000).map(|at| at.0).collect();
    assert_eq!(places, [0, 512, 1024, 2048, 4096]);
    assert_eq!(super::places(0).count(), 0);
}

#[test]
fn other_formats_are_named() {
    for (bytes, format) in [
        (&b"CDF\x01\0\0"[..], ForeignFormat::NetCdf3),
        (b"CDF\x03\0\0", ForeignFormat::Unknown),
        (b"II*\0", ForeignFormat::Tiff),
        (b"\x1f\x8b\x08", ForeignFormat::Gzip),
        (b"  <!DOCTYPE html>", ForeignFormat::Markup),
        (b"{\"version\":1}", ForeignFormat::Json),
        (b"Not Found\n", ForeignFormat::Text),
        (b"", ForeignFormat::Empty),
        (b"\x00\x01\x02", ForeignFormat::Unknown),
        (b"<u\0\0=u\0\0>u\0\0", ForeignFormat::Unknown),
    ] {
        assert_eq!(ForeignFormat::of(bytes), format);
    }
}
