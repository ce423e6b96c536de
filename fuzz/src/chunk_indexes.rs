//! Chunk indexes that are arrays, and the grid that these number. (The others are B-trees, or no structure at all.)

use h5meta::chunk_index::{Grid, extensible_array as extensible, fixed_array as fixed};
use h5meta::wire::Checksums;

use crate::{asks_for_more, behind, sizes};

/// Blocks that are looked at, of as many as a header may say there are.
const SOME: usize = 8;

/// A fixed array, header, data block and pages one behind the other, is decoded or refused; no element has a number
/// that its array does not.
pub fn fixed_array(input: &[u8]) {
    let [widths, bytes @ ..] = input else { return };
    let sizes = sizes(*widths);
    let header = fixed::Header::decode(bytes, sizes, Checksums::Skip);
    asks_for_more(bytes, &header);
    let Ok(header) = header else { return };
    let Some(block) = behind(bytes, fixed::Header::size(sizes)) else { return };
    let decoded = header.data_block(block, sizes);
    asks_for_more(block, &decoded);
    match decoded {
        Ok(fixed::DataBlock::Elements(elements)) => {
            assert!(elements.iter().all(|(number, _)| *number < header.elements));
        }
        Ok(fixed::DataBlock::Pages(pages)) => {
            for page in pages.into_iter().take(SOME) {
                let end = page.first.checked_add(page.elements);
                assert!(end.is_some_and(|end| end <= header.elements));
                let Some(bytes) = behind(block, page.position) else { continue };
                for (number, _) in header.page(bytes, page, sizes).into_iter().flatten() {
                    assert!(number >= page.first && number - page.first < page.elements);
                }
            }
        }
        Err(_) => {}
    }
}

/// An extensible array, header, index block, super block and data blocks one behind the other, is decoded or
/// refused; no element has a number that its block does not.
pub fn extensible_array(input: &[u8]) {
    let [widths, bytes @ ..] = input else { return };
    let sizes = sizes(*widths);
    let header = extensible::Header::decode(bytes, sizes, Checksums::Skip);
    asks_for_more(bytes, &header);
    let Ok(header) = header else { return };
    let Some(index) = behind(bytes, extensible::Header::size(sizes)) else { return };
    let children = header.index_block(index, sizes);
    asks_for_more(index, &children);
    let Ok(children) = children else { return };
    let Some(rest) = behind(index, header.index_block_size(sizes)) else { return };
    for (_, block) in children.data_blocks.into_iter().take(SOME) {
        data_block(&header, rest, &block, sizes);
    }
    for (_, block) in children.super_blocks.into_iter().take(SOME) {
        let children = header.super_block(rest, block, sizes);
        asks_for_more(rest, &children);
        let Ok(children) = children else { continue };
        assert!(children.data_blocks.len() <= rest.len());
        let Some(rest) = behind(rest, header.super_block_size(block, sizes)) else { continue };
        for (_, block) in children.data_blocks.into_iter().take(SOME) {
            data_block(&header, rest, &block, sizes);
        }
    }
}

fn data_block(
    header: &extensible::Header,
    bytes: &[u8],
    block: &extensible::DataBlock,
    sizes: h5meta::Sizes,
) {
    let elements = header.data_block(bytes, block, sizes);
    asks_for_more(bytes, &elements);
    if let Ok(elements) = elements {
        assert!(elements.len() <= bytes.len());
        let is_inside =
            |number: u64| number >= block.first && number - block.first < block.elements;
        assert!(elements.iter().all(|(number, _)| is_inside(*number)));
    }
}

/// A grid of any extent numbers its chunks without two at one place: the first byte is how many dimensions, then
/// shape, largest shape and chunk shape, eight bytes each, then a number.
pub fn grid(input: &[u8]) {
    let [kind, numbers @ ..] = input else { return };
    let rank = usize::from(kind % 5);
    let mut numbers = numbers.chunks_exact(8).map(|it| u64::from_le_bytes(it.try_into().unwrap()));
    let mut next = || (0..rank).map(|_| numbers.next().unwrap_or(1)).collect::<Vec<_>>();
    let (shape, max_shape, chunk_shape) = (next(), next(), next());
    let max_shape: Vec<_> =
        max_shape.into_iter().map(|extent| (extent != u64::MAX).then_some(extent)).collect();
    let grid = Grid::new(&shape, &max_shape, &chunk_shape, kind & 0x80 != 0);
    let number = numbers.next().unwrap_or(0);
    let offset = grid.offset(number);
    assert_eq!(offset.len(), rank);
    // Extents whose products 64 bits hold: what wraps around, or stops at the largest number, is no place.
    let is_small = |n: u64| n < 1 << 15;
    let all = shape.iter().chain(&chunk_shape).chain(max_shape.iter().flatten());
    if rank > 0
        && all.copied().all(is_small)
        && grid.chunks().is_some_and(|chunks| number < chunks.saturating_sub(1))
        && chunk_shape.iter().all(|extent| *extent > 0)
    {
        assert_ne!(offset, grid.offset(number + 1), "two chunks at one place");
    }
}
