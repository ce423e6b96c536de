//! A large granule without its data: the metadata of an HDF5 file with many chunks, as an old libhdf5
//! writes it, and zeros for the chunks themselves.
//!
//! Superblock version 0, groups with symbol tables, version 1 object headers, version 1 chunk B-trees
//! whose nodes are scattered over the file between the chunks, as when datasets are appended to in
//! turn.

use std::collections::BTreeMap;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use h5refs::Result;
use h5refs::source::{Piece, Source};

/// Children of a full chunk B-tree node with libhdf5's default K.
pub const CHILDREN: u64 = 64;
/// Bytes of a stored chunk.
const CHUNK: u64 = 2_000;
/// Elements of a chunk.
const ELEMENTS: u64 = 500;
const UNDEFINED: u64 = u64::MAX;

/// What a granule holds.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Groups in the root group; at most 8 x 32.
    pub groups: u64,
    /// Datasets in each group; at most 8 x 32.
    pub datasets: u64,
    /// Chunks of each dataset.
    pub chunks: u64,
}

/// A file of which only the metadata is kept.
#[derive(Debug)]
pub struct Granule {
    blocks: BTreeMap<u64, Bytes>,
    length: u64,
}

impl Granule {
    /// A granule of this shape.
    pub fn new(shape: Shape) -> Self {
        let mut writer = Writer { blocks: BTreeMap::new(), end: 96 };
        let indexes = chunk_indexes(&mut writer, shape);
        let mut indexes = indexes.into_iter();
        let groups: Vec<(String, Link)> = (0..shape.groups)
            .map(|group| {
                let datasets: Vec<(String, Link)> = indexes
                    .by_ref()
                    .take(usize::try_from(shape.datasets).unwrap())
                    .enumerate()
                    .map(|(n, index)| (format!("d{n:03}"), dataset(&mut writer, shape, index)))
                    .collect();
                (format!("g{group:03}"), group_of(&mut writer, &datasets))
            })
            .collect();
        let root = group_of(&mut writer, &groups);
        let length = writer.end;
        writer.blocks.insert(0, superblock(&root, length));
        let blocks = writer.blocks.into_iter().map(|(at, bytes)| (at, bytes.into())).collect();
        Self { blocks, length }
    }

    /// Bytes of metadata.
    pub fn metadata(&self) -> u64 {
        self.blocks.values().map(|block| block.len() as u64).sum()
    }

    /// Blocks of metadata.
    pub fn blocks(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// Bytes of the file.
    pub fn length(&self) -> u64 {
        self.length
    }
}

#[async_trait]
impl Source for Granule {
    fn url(&self) -> &str {
        "granule.h5"
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        let end = range.end.min(self.length).max(range.start);
        let mut bytes = vec![0; usize::try_from(end - range.start).unwrap()];
        let before = self.blocks.range(..range.start).next_back();
        for (&at, block) in before.into_iter().chain(self.blocks.range(range.start..end)) {
            for (n, byte) in block.iter().enumerate() {
                let position = (at + n as u64).checked_sub(range.start);
                let slot = position.and_then(|n| bytes.get_mut(usize::try_from(n).ok()?));
                if let Some(slot) = slot {
                    *slot = *byte;
                }
            }
        }
        Ok(Piece { at: range.start, bytes: bytes.into(), file_len: Some(self.length) })
    }
}

/// A link's object header, and the symbol table if it is a group's.
struct Link {
    header: u64,
    cached: Option<(u64, u64)>,
}

struct Writer {
    blocks: BTreeMap<u64, Vec<u8>>,
    end: u64,
}

impl Writer {
    /// Room for bytes that are not kept.
    fn skip(&mut self, size: u64) -> u64 {
        let at = self.end;
        self.end += size;
        at
    }

    fn put(&mut self, bytes: Vec<u8>) -> u64 {
        let at = self.skip(bytes.len() as u64);
        self.blocks.insert(at, bytes);
        at
    }
}

/// A full leaf of a chunk B-tree.
pub fn leaf() -> Vec<u8> {
    let chunks: Vec<(u64, u64)> = (0..CHILDREN).map(|n| (n * ELEMENTS, 4096 + n * CHUNK)).collect();
    chunk_node(0, &chunks)
}

/// The root nodes of all datasets' chunk B-trees; leaves are written in turns.
fn chunk_indexes(writer: &mut Writer, shape: Shape) -> Vec<u64> {
    let datasets = usize::try_from(shape.groups * shape.datasets).unwrap();
    // By dataset: the first element and the address of each node of the level being written.
    let mut nodes: Vec<Vec<(u64, u64)>> = vec![Vec::new(); datasets];
    for first in (0..shape.chunks).step_by(usize::try_from(CHILDREN).unwrap()) {
        let count = CHILDREN.min(shape.chunks - first);
        for nodes in &mut nodes {
            let chunks: Vec<(u64, u64)> = (first..first + count)
                .map(|chunk| (chunk * ELEMENTS, writer.skip(CHUNK)))
                .collect();
            let leaf = writer.put(chunk_node(0, &chunks));
            nodes.push((first * ELEMENTS, leaf));
        }
    }
    let mut level = 0;
    while nodes[0].len() > 1 {
        level += 1;
        for below in &mut nodes {
            *below = below
                .chunks(usize::try_from(CHILDREN).unwrap())
                .map(|children| (children[0].0, writer.put(chunk_node(level, children))))
                .collect();
        }
    }
    nodes.into_iter().map(|root| root[0].1).collect()
}

/// A node of full size, with keys of a one-dimensional dataset.
fn chunk_node(level: u8, children: &[(u64, u64)]) -> Vec<u8> {
    let mut node = b"TREE\x01".to_vec();
    node.push(level);
    node.extend(u16::try_from(children.len()).unwrap().to_le_bytes());
    words(&mut node, &[UNDEFINED, UNDEFINED]);
    let key = |node: &mut Vec<u8>, offset: u64| {
        node.extend(u32::try_from(CHUNK).unwrap().to_le_bytes());
        node.extend([0; 4]); // filter mask
        words(node, &[offset, 0]);
    };
    for &(offset, address) in children {
        key(&mut node, offset);
        words(&mut node, &[address]);
    }
    key(&mut node, UNDEFINED);
    node.resize(24 + 64 * 32 + 24, 0);
    node
}

fn dataset(writer: &mut Writer, shape: Shape, index: u64) -> Link {
    let mut messages = Vec::new();
    message(&mut messages, 0x01, |body| {
        body.extend([1, 1, 0, 0, 0, 0, 0, 0]); // version, rank
        words(body, &[shape.chunks * ELEMENTS]);
    });
    message(&mut messages, 0x03, |body| {
        body.extend([0x10, 0x08, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0]); // int32
    });
    message(&mut messages, 0x08, |body| {
        body.extend([3, 2, 2]); // version, chunked, rank and one
        words(body, &[index]);
        body.extend(u32::try_from(ELEMENTS).unwrap().to_le_bytes());
        body.extend([4, 0, 0, 0, 0, 0, 0, 0, 0]); // element size, padding
    });
    Link { header: writer.put(header(&messages)), cached: None }
}

/// A group with these links: a heap of names, symbol table nodes, one B-tree node above them.
fn group_of(writer: &mut Writer, links: &[(String, Link)]) -> Link {
    let mut names = vec![0; 8];
    let offsets: Vec<u64> = links
        .iter()
        .map(|(name, _)| {
            let offset = names.len() as u64;
            names.extend(name.as_bytes());
            names.resize((names.len() + 1).next_multiple_of(8), 0);
            offset
        })
        .collect();
    let size = names.len() as u64;
    let mut heap = b"HEAP\0\0\0\0".to_vec();
    words(&mut heap, &[size, 1, writer.end + 32]);
    heap.extend(names);
    let heap = writer.put(heap);

    let entries: Vec<(u64, &Link)> =
        offsets.into_iter().zip(links.iter().map(|(_, link)| link)).collect();
    let nodes: Vec<(u64, u64)> = entries
        .chunks(8)
        .map(|entries| (entries.last().unwrap().0, writer.put(symbol_node(entries))))
        .collect();
    let mut node = b"TREE\0\0".to_vec();
    node.extend(u16::try_from(nodes.len()).unwrap().to_le_bytes());
    words(&mut node, &[UNDEFINED, UNDEFINED, 0]);
    for (last_name, address) in nodes {
        words(&mut node, &[address, last_name]);
    }
    node.resize(544, 0);
    let btree = writer.put(node);

    let mut messages = Vec::new();
    message(&mut messages, 0x11, |body| words(body, &[btree, heap]));
    Link { header: writer.put(header(&messages)), cached: Some((btree, heap)) }
}

fn symbol_node(entries: &[(u64, &Link)]) -> Vec<u8> {
    let mut node = b"SNOD\x01\0".to_vec();
    node.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
    for (name, link) in entries {
        entry(&mut node, *name, link);
    }
    node.resize(8 + 8 * 40, 0);
    node
}

fn entry(out: &mut Vec<u8>, name: u64, link: &Link) {
    let (cache_type, (btree, heap)) =
        (u64::from(link.cached.is_some()), link.cached.unwrap_or((0, 0)));
    words(out, &[name, link.header, cache_type, btree, heap]);
}

fn superblock(root: &Link, length: u64) -> Vec<u8> {
    let mut bytes = b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0".to_vec();
    bytes.extend([4, 0, 16, 0, 0, 0, 0, 0]); // K values, flags
    words(&mut bytes, &[0, UNDEFINED, length, UNDEFINED]);
    entry(&mut bytes, 0, root);
    bytes
}

/// A version 1 object header of one block.
fn header(messages: &[u8]) -> Vec<u8> {
    let mut bytes = vec![1, 0, 1, 0, 1, 0, 0, 0];
    bytes.extend(u32::try_from(messages.len()).unwrap().to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(messages);
    bytes
}

fn message(out: &mut Vec<u8>, message_type: u16, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::new();
    fill(&mut body);
    body.resize(body.len().next_multiple_of(8), 0);
    out.extend(message_type.to_le_bytes());
    out.extend(u16::try_from(body.len()).unwrap().to_le_bytes());
    out.extend([0; 4]);
    out.extend(body);
}

fn words(out: &mut Vec<u8>, words: &[u64]) {
    for word in words {
        out.extend(word.to_le_bytes());
    }
}
