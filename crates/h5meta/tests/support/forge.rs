//! Hand-made files: blocks put where a test wants them, with what a writer would never say.

use bytes::Bytes;
use h5meta::wire::lookup3;

/// A file of a version 2 superblock, whose root group's header is at [`ROOT`], and what is put in it.
pub(crate) struct Forge(Vec<u8>);

/// Where the root group's header is.
pub(crate) const ROOT: u64 = 48;

impl Forge {
    pub(crate) fn new() -> Self {
        let mut bytes = b"\x89HDF\r\n\x1a\n\x02\x08\x08\x00".to_vec();
        for address in [0, u64::MAX, u64::MAX, ROOT] {
            bytes.extend(address.to_le_bytes()); // base, extension, end of file, root
        }
        bytes.extend(lookup3(&bytes).to_le_bytes());
        Self(bytes)
    }

    /// Puts bytes at an offset, over what is there.
    pub(crate) fn put(mut self, at: u64, bytes: &[u8]) -> Self {
        let at = usize::try_from(at).unwrap();
        let end = at + bytes.len();
        self.0.resize(self.0.len().max(end), 0);
        self.0[at..end].copy_from_slice(bytes);
        self
    }

    pub(crate) fn file(self) -> Bytes {
        self.0.into()
    }
}

/// Little-endian eight-byte numbers.
pub(crate) fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A message of a version 1 header.
pub(crate) fn message(message_type: u16, body: &[u8]) -> Vec<u8> {
    let size = u16::try_from(body.len().next_multiple_of(8)).unwrap();
    let mut bytes = [message_type.to_le_bytes(), size.to_le_bytes()].concat();
    bytes.extend([0; 4]); // flags, reserved
    bytes.extend(body);
    bytes.resize(8 + usize::from(size), 0);
    bytes
}

/// A version 1 object header.
pub(crate) fn header(messages: &[Vec<u8>]) -> Vec<u8> {
    let block = messages.concat();
    let mut bytes = vec![1, 0, 0, 0, 1, 0, 0, 0];
    bytes.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(block);
    bytes
}

/// A hard link message.
pub(crate) fn hard_link(name: &str, address: u64) -> Vec<u8> {
    let mut body = vec![1, 0, u8::try_from(name.len()).unwrap()];
    body.extend(name.as_bytes());
    body.extend(address.to_le_bytes());
    message(0x06, &body)
}

/// A link info message of a group without dense links: what makes an object a group.
pub(crate) fn link_info() -> Vec<u8> {
    message(0x02, &[vec![0, 0], vec![0xff; 16]].concat())
}

/// A continuation message.
pub(crate) fn continuation(at: u64, length: u64) -> Vec<u8> {
    message(0x10, &words(&[at, length]))
}

/// A symbol table message.
pub(crate) fn symbol_table(btree: u64, heap: u64) -> Vec<u8> {
    message(0x11, &words(&[btree, heap]))
}

/// A version 1 B-tree node: type, level, entries, without siblings.
pub(crate) fn node(node_type: u8, level: u8, entries: u16, table: &[u8]) -> Vec<u8> {
    let mut bytes = [b"TREE".to_vec(), vec![node_type, level]].concat();
    bytes.extend(entries.to_le_bytes());
    bytes.extend([0xff; 16]);
    bytes.extend(table);
    bytes
}

/// The messages of a one-dimensional dataset of bytes in chunks of one, indexed by a B-tree.
pub(crate) fn chunked(btree: u64) -> Vec<Vec<u8>> {
    let mut layout = vec![3, 2, 2];
    layout.extend(btree.to_le_bytes());
    layout.extend([1, 0, 0, 0, 1, 0, 0, 0]);
    vec![dataspace(100), byte_type(), message(0x08, &layout)]
}

/// A dataspace message of one dimension.
pub(crate) fn dataspace(elements: u64) -> Vec<u8> {
    message(0x01, &dataspace_body(elements))
}

pub(crate) fn dataspace_body(elements: u64) -> Vec<u8> {
    [vec![2, 1, 0, 1], words(&[elements])].concat()
}

/// A datatype message: an unsigned byte.
pub(crate) fn byte_type() -> Vec<u8> {
    message(0x03, &BYTE)
}

/// An unsigned byte.
pub(crate) const BYTE: [u8; 12] = [0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0];

/// An attribute message, version 3.
pub(crate) fn attribute(name: &str, datatype: &[u8], dataspace: &[u8], data: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 0];
    for size in [name.len() + 1, datatype.len(), dataspace.len()] {
        body.extend(u16::try_from(size).unwrap().to_le_bytes());
    }
    body.push(0);
    body.extend([name.as_bytes(), &[0], datatype, dataspace, data].concat());
    message(0x0c, &body)
}
