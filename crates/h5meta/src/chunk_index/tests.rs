use super::extensible_array;
use super::fixed_array::{self, DataBlock};
use super::*;
use crate::error::Kind;
use crate::spec::Structure;
use crate::wire::{Checksums, Width, lookup3};

const SIZES: Sizes = Sizes { offsets: Width::new(8).unwrap(), lengths: Width::new(8).unwrap() };

fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(lookup3(&bytes).to_le_bytes());
    bytes
}

fn word(n: u64) -> [u8; 8] {
    n.to_le_bytes()
}

/// A fixed array of `elements` unfiltered chunks, in pages of four.
fn fixed_header(elements: u64) -> fixed_array::Header {
    let mut bytes = b"FAHD".to_vec();
    bytes.extend([0, 0, 8, 2]); // version, client, element size, page bits
    bytes.extend(word(elements));
    bytes.extend(word(100)); // data block
    fixed_array::Header::decode(&summed(bytes), SIZES, Checksums::Verify).unwrap()
}

fn fixed_prefix() -> Vec<u8> {
    let mut bytes = b"FADB\0\0".to_vec();
    bytes.extend(word(0)); // header's address
    bytes
}

#[test]
fn a_small_fixed_array_is_one_block() {
    let header = fixed_header(3);
    let mut bytes = fixed_prefix();
    bytes.extend(word(1000));
    bytes.extend([0xff; 8]); // never written
    bytes.extend(word(3000));
    let bytes = summed(bytes);
    assert_eq!(header.data_block_size(SIZES), bytes.len() as u64);
    let DataBlock::Elements(elements) = header.data_block(&bytes, SIZES).unwrap() else {
        panic!("not paged")
    };
    let record = |address| Record { address: Some(Address(address)), filtered: None };
    assert_eq!(elements, [(0, record(1000)), (2, record(3000))]);
    let mut broken = bytes;
    broken[20] ^= 1;
    let error = header.data_block(&broken, SIZES).unwrap_err();
    assert!(matches!(error.kind(), Kind::Checksum { .. }), "{error}");
}

#[test]
fn a_large_fixed_array_has_pages_and_a_bitmap_of_those_written() {
    // Ten elements are three pages, of four, four and two.
    let header = fixed_header(10);
    let mut bytes = fixed_prefix();
    bytes.push(0b1010_0000); // the first and the third
    let bytes = summed(bytes);
    assert_eq!(header.data_block_size(SIZES), bytes.len() as u64);
    let DataBlock::Pages(pages) = header.data_block(&bytes, SIZES).unwrap() else {
        panic!("paged")
    };
    let start = bytes.len() as u64;
    let found: Vec<_> =
        pages.iter().map(|page| (page.position, page.first, page.elements)).collect();
    assert_eq!(found, [(start, 0, 4), (start + 2 * 36, 8, 2)]);
    let page = summed([word(7), word(9)].concat());
    let elements = header.page(&page, pages[1], SIZES).unwrap();
    assert_eq!(elements[1], (9, Record { address: Some(Address(9)), filtered: None }));
}

#[test]
fn filtered_elements_have_sizes_as_wide_as_they_need() {
    let cursor = Cursor::new(&[], Structure::FixedArray);
    let element = Element::new(&cursor, 1, 8 + 3 + 4, SIZES).unwrap();
    let mut bytes = word(64).to_vec();
    bytes.extend([0x10, 0x27, 0x00]); // 10000 in three bytes
    bytes.extend([2, 0, 0, 0]); // the second filter was skipped
    let record = element.decode(&mut Cursor::new(&bytes, Structure::FixedArray), SIZES).unwrap();
    assert_eq!(record, Record { address: Some(Address(64)), filtered: Some((10_000, 2)) });
    assert!(Element::new(&cursor, 0, 9, SIZES).is_err());
    assert!(Element::new(&cursor, 1, 12, SIZES).is_err());
    assert!(Element::new(&cursor, 2, 8, SIZES).is_err());
}

/// libhdf5's defaults: 4 elements in the index block, data blocks of 16 and more, 4 pointers.
fn extensible_header() -> extensible_array::Header {
    let mut bytes = b"EAHD".to_vec();
    bytes.extend([0, 0, 8]); // version, client, element size
    bytes.extend([32, 4, 16, 4, 10]); // bits, in index block, least elements, least pointers, page bits
    bytes.extend([0; 48]); // statistics
    bytes.extend(word(200)); // index block
    extensible_array::Header::decode(&summed(bytes), SIZES, Checksums::Verify).unwrap()
}

#[test]
fn an_extensible_array_numbers_its_blocks_as_they_grow() {
    let header = extensible_header();
    let mut bytes = b"EAIB\0\0".to_vec();
    bytes.extend(word(0)); // header's address
    bytes.extend((0..4).flat_map(|n| word(1000 + n))); // elements
    // Six data blocks: one of 16, one of 32, two of 32, two of 64.
    bytes.extend((0..6).flat_map(|n| word(2000 + n)));
    // Super blocks 4 to 28.
    bytes.extend(word(3000));
    bytes.extend([0xff; 24 * 8]);
    let bytes = summed(bytes);
    assert_eq!(header.index_block_size(SIZES), bytes.len() as u64);
    let children = header.index_block(&bytes, SIZES).unwrap();
    assert_eq!(children.elements.len(), 4);
    let blocks: Vec<_> =
        children.data_blocks.iter().map(|(_, block)| (block.first, block.elements)).collect();
    assert_eq!(blocks, [(4, 16), (20, 32), (52, 32), (84, 32), (116, 64), (180, 64)]);
    let [(address, super_block)] = children.super_blocks[..] else { panic!("one super block") };
    assert_eq!(address, Address(3000));

    // Super block 4 has four data blocks of 64, behind those above.
    let mut bytes = b"EASB\0\0".to_vec();
    bytes.extend(word(0));
    bytes.extend([0; 4]); // where it starts in the array
    bytes.extend([0xff; 8]);
    bytes.extend((1..4).flat_map(|n| word(4000 + n)));
    let bytes = summed(bytes);
    assert_eq!(header.super_block_size(super_block, SIZES), bytes.len() as u64);
    let children = header.super_block(&bytes, super_block, SIZES).unwrap();
    let blocks: Vec<_> =
        children.data_blocks.iter().map(|(_, block)| (block.first, block.elements)).collect();
    assert_eq!(blocks, [(308, 64), (372, 64), (436, 64)]);
}

#[test]
fn every_shorter_prefix_asks_for_more() {
    let mut bytes = b"FAHD".to_vec();
    bytes.extend([0, 0, 8, 2]);
    bytes.extend(word(3));
    bytes.extend(word(100));
    let bytes = summed(bytes);
    for end in 0..bytes.len() {
        let error =
            fixed_array::Header::decode(&bytes[..end], SIZES, Checksums::Verify).unwrap_err();
        assert!(error.needs().is_some_and(|need| need > end as u64), "{end}: {error}");
    }
}
