use super::*;
use crate::wire::{Width, lookup3};

const SIZES: Sizes = Sizes { offsets: Width::new(8).unwrap(), lengths: Width::new(8).unwrap() };

fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(lookup3(&bytes).to_le_bytes());
    bytes
}

fn word(n: u64) -> [u8; 8] {
    n.to_le_bytes()
}

/// The heap that libhdf5 makes for dense links: blocks of 512 to 64 KiB, four in a row.
fn header(id_length: u16) -> Vec<u8> {
    let mut bytes = b"FRHP\0".to_vec();
    bytes.extend(id_length.to_le_bytes());
    bytes.extend([0, 0, 2]); // no filters; direct blocks have checksums
    bytes.extend(4096_u32.to_le_bytes()); // largest managed object
    bytes.extend(word(0)); // next huge ID
    bytes.extend([0xff; 8]); // no huge objects
    bytes.extend(word(0)); // free space
    bytes.extend([0xff; 8]); // no free space manager
    bytes.extend([0; 64]); // counts
    bytes.extend(4_u16.to_le_bytes()); // table width
    bytes.extend(word(512)); // starting block size
    bytes.extend(word(65_536)); // largest direct block
    bytes.extend(32_u16.to_le_bytes()); // bits of an offset
    bytes.extend([1, 0]); // rows to start with
    bytes.extend(word(800)); // root
    bytes.extend([2, 0]); // its rows
    summed(bytes)
}

fn decoded(id_length: u16) -> Header {
    Header::decode(&header(id_length), SIZES, Checksums::Verify).unwrap()
}

#[test]
fn a_header_is_decoded() {
    let heap = decoded(7);
    assert_eq!(Header::size(SIZES), header(7).len() as u64);
    assert_eq!((heap.root, heap.root_rows), (Some(Address(800)), 2));
    // Sizes: 512, 512, 1024, ...; direct up to 64 KiB, which is the ninth row.
    let sizes: Vec<u64> = (0..5).map(|row| heap.table.block_size(row)).collect();
    assert_eq!(sizes, [512, 512, 1024, 2048, 4096]);
    assert_eq!(heap.table.direct_rows(), 9);
    // An indirect block of 128 KiB: rows of 2, 2, 4, ... KiB up to that.
    assert_eq!(heap.table.rows_of(131_072), 7);
    for end in 0..header(7).len() {
        let error = Header::decode(&header(7)[..end], SIZES, Checksums::Verify).unwrap_err();
        assert!(error.needs().is_some_and(|need| need > end as u64), "{end}: {error}");
    }
}

#[test]
fn a_table_that_cannot_be_is_refused() {
    let mut bytes = header(7);
    bytes.truncate(bytes.len() - 4);
    let width = bytes.len() - 32;
    bytes[width] = 3;
    let error = Header::decode(&summed(bytes), SIZES, Checksums::Verify).unwrap_err();
    assert!(matches!(error.kind(), Kind::Invalid { .. }), "{error}");
}

#[test]
fn ids_say_where_an_object_is() {
    let heap = decoded(7);
    let managed = [0x00, 0x10, 0x02, 0, 0, 0x22, 0x00];
    let id = HeapId::decode(&managed, &heap, SIZES).unwrap();
    assert_eq!(id, HeapId::Managed { offset: 0x210, length: 0x22 });
    let tiny = [0x22, b'a', b'b', b'c', 0, 0, 0];
    assert_eq!(HeapId::decode(&tiny, &heap, SIZES).unwrap(), HeapId::Tiny(b"abc".to_vec()));
    // Six bytes hold no address: a key for the B-tree of huge objects.
    let huge = [0x10, 5, 0, 0, 0, 0, 0];
    assert_eq!(HeapId::decode(&huge, &heap, SIZES).unwrap(), HeapId::Huge(Huge::Key(5)));
    // Sixteen bytes do.
    let mut direct = vec![0x10];
    direct.extend(word(4096));
    direct.extend(word(70_000));
    let id = HeapId::decode(&direct, &decoded(17), SIZES).unwrap();
    let expected = HugeObject { address: Address(4096), size: 70_000, filtered: None };
    assert_eq!(id, HeapId::Huge(Huge::Direct(expected)));
    assert!(HeapId::decode(&[0x30, 0, 0, 0, 0, 0, 0], &heap, SIZES).is_err());
    assert!(HeapId::decode(&[0x40, 0, 0, 0, 0, 0, 0], &heap, SIZES).is_err());
}

#[test]
fn an_indirect_block_leads_to_blocks_by_offset() {
    let heap = decoded(7);
    let mut bytes = b"FHIB\0".to_vec();
    bytes.extend(word(0)); // header's address
    bytes.extend([0; 4]); // block offset
    bytes.extend(word(1000));
    bytes.extend([0xff; 8]);
    bytes.extend(word(2000));
    bytes.extend([0xff; 8]);
    bytes.extend(word(3000)); // the second row
    bytes.extend([0xff; 24]);
    let bytes = summed(bytes);
    assert_eq!(indirect_size(&heap, 2, SIZES), bytes.len() as u64);
    let children = decode_indirect(&bytes, &heap, 0, 2, SIZES).unwrap();
    let block = |address, offset| (Address(address), Direct { offset, size: 512, filtered: None });
    let expected = [block(1000, 0), block(2000, 1024), block(3000, 2048)];
    assert_eq!(children.direct, expected);
    assert!(children.indirect.is_empty());
}

#[test]
fn a_direct_block_has_a_checksum_of_its_own() {
    let heap = decoded(7);
    let mut block = b"FHDB\0".to_vec();
    block.extend(word(0));
    block.extend([0; 4]); // block offset
    block.extend([0; 4]); // the checksum's place
    block.resize(512, 7);
    let sum = lookup3(&block);
    block[17..21].copy_from_slice(&sum.to_le_bytes());
    heap.check_direct(&block, SIZES).unwrap();
    block[100] ^= 1;
    assert!(matches!(heap.check_direct(&block, SIZES).unwrap_err().kind(), Kind::Checksum { .. }));
}

/// The same heap, behind deflate: what is stored has a size and a filter mask of its own.
fn filtered(id_length: u16) -> Header {
    let mut bytes = header(id_length);
    bytes.truncate(bytes.len() - 4);
    let pipeline = [2, 1, 1, 0, 0, 0, 1, 0, 6, 0, 0, 0]; // version 2: deflate, level 6
    bytes[7] = 12;
    bytes.extend(word(100)); // the root's size in the file
    bytes.extend([0; 4]); // its filter mask
    bytes.extend(pipeline);
    Header::decode(&summed(bytes), SIZES, Checksums::Verify).unwrap()
}

#[test]
fn a_filtered_heap_says_how_things_are_stored() {
    let heap = filtered(7);
    assert_eq!(heap.filters.iter().map(|filter| filter.id).collect::<Vec<_>>(), [1]);
    assert_eq!(heap.filtered_root, Some(Stored { size: 100, filter_mask: 0 }));

    let mut bytes = b"FHIB\0".to_vec();
    bytes.extend(word(0)); // header's address
    bytes.extend([0; 4]); // block offset
    bytes.extend(word(1000));
    bytes.extend(word(90)); // its size in the file
    bytes.extend([1, 0, 0, 0]); // its filter mask
    bytes.extend([[0xff; 8].as_slice(), &[0; 12]].concat().repeat(7));
    let bytes = summed(bytes);
    assert_eq!(indirect_size(&heap, 2, SIZES), bytes.len() as u64);
    let children = decode_indirect(&bytes, &heap, 0, 2, SIZES).unwrap();
    let [(Address(1000), block)] = children.direct[..] else { panic!("{children:?}") };
    assert_eq!((block.size, block.stored_size()), (512, 90));
    assert_eq!(block.filtered, Some(Stored { size: 90, filter_mask: 1 }));
}

#[test]
fn a_huge_object_behind_filters_needs_a_longer_id() {
    // Address, size in the file, filter mask, size: 28 bytes. Fewer are a key.
    let mut id = vec![0x10];
    id.extend(word(4096));
    id.extend(word(300));
    id.extend([0; 4]);
    id.extend(word(70_000));
    let stored = Some(Stored { size: 300, filter_mask: 0 });
    let object = HugeObject { address: Address(4096), size: 70_000, filtered: stored };
    let direct = HeapId::decode(&id, &filtered(29), SIZES).unwrap();
    assert_eq!(direct, HeapId::Huge(Huge::Direct(object)));
    assert_eq!(object.stored_size(), 300);
    let key = HeapId::decode(&id[..17], &filtered(17), SIZES).unwrap();
    assert_eq!(key, HeapId::Huge(Huge::Key(4096)));
}
