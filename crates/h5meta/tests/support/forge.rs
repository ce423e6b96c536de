//! Hand-made files: blocks put where a test wants them, with what a writer would never say.

use bytes::Bytes;
use h5meta::wire::lookup3;

/// A file of a version 2 superblock, whose root group's header is at [`ROOT`], and what is put in it.
#[derive(Clone)]
pub(crate) struct Forge(Vec<u8>);

/// Where the root group's header is.
pub(crate) const ROOT: u64 = 48;

impl Forge {
    pub(crate) fn new() -> Self {
        let mut bytes = b"\x89HDF\r\n\x1a\n\x02\x08\x08\x00".to_vec();
        for address in [0, u64::MAX, u64::MAX, ROOT] {
            bytes.extend(address.to_le_bytes()); // base, extension, end of file, root
        }
        Self(checked(bytes))
    }

    /// Puts a superblock extension at an offset, with messages.
    pub(crate) fn extension(mut self, at: u64, messages: &[Vec<u8>]) -> Self {
        self.0[20..28].copy_from_slice(&at.to_le_bytes());
        let checksum = lookup3(&self.0[..44]);
        self.0[44..48].copy_from_slice(&checksum.to_le_bytes());
        self.put(at, &header(messages))
    }

    /// Puts a fractal heap of one object at an offset; it ends [`HEAP_SIZE`] later. Gives the object's ID.
    pub(crate) fn fractal_heap(self, at: u64, object: &[u8]) -> (Self, [u8; 8]) {
        const BLOCK: u64 = 32 << 10;
        let block_at = at + HEAP_SIZE - BLOCK;
        let mut heap = [b"FRHP\0".as_slice(), &[8, 0, 0, 0, 0, 0xff, 0xff, 0, 0]].concat();
        heap.extend(words(&[0, u64::MAX, 0, u64::MAX])); // huge objects, free space
        heap.extend([0; 64]); // what it counts
        heap.extend([&[4, 0], &words(&[BLOCK, BLOCK])[..], &[32, 0, 1, 0]].concat());
        heap.extend([&words(&[block_at])[..], &[0, 0]].concat());
        let mut block = [b"FHDB\0".to_vec(), words(&[at]), vec![0; 4]].concat();
        let offset = u32::try_from(block.len()).unwrap().to_le_bytes();
        block.extend(object);
        assert!(block.len() as u64 <= BLOCK);
        block.resize(BLOCK as usize, 0);
        let length = u16::try_from(object.len()).unwrap().to_le_bytes();
        let mut id = [0; 8];
        id[1..5].copy_from_slice(&offset);
        id[5..7].copy_from_slice(&length);
        (self.put(at, &checked(heap)).put(block_at, &block), id)
    }

    /// Puts a version 2 B-tree at an offset: a leaf of records that are all the same.
    pub(crate) fn tree(self, at: u64, record_type: u8, record: &[u8], count: u16) -> Self {
        let leaf = [b"BTLF\0".to_vec(), vec![record_type], record.repeat(count.into())].concat();
        let leaf = checked(leaf);
        let mut tree = [b"BTHD\0".to_vec(), vec![record_type]].concat();
        tree.extend(u32::try_from(leaf.len()).unwrap().to_le_bytes());
        tree.extend(u16::try_from(record.len()).unwrap().to_le_bytes());
        tree.extend([0, 0, 100, 40]); // depth, when nodes split and merge
        tree.extend(words(&[at + 64]));
        tree.extend(count.to_le_bytes());
        tree.extend(words(&[count.into()]));
        self.put(at, &checked(tree)).put(at + 64, &leaf)
    }

    /// Puts a shared message table of one message into the file, and a heap for it: the table's extension at one
    /// offset, the heap at another. Gives the message that headers have in its place.
    pub(crate) fn shared(
        self,
        at: u64,
        heap: u64,
        message_type: u16,
        body: &[u8],
    ) -> (Self, Vec<u8>) {
        let (file, id) = self.fractal_heap(heap, body);
        let mut table = b"SMTB\0\0".to_vec();
        table.extend((1_u16 << message_type).to_le_bytes());
        table.extend([0; 10]); // least size, cutoffs, messages
        table.extend(words(&[u64::MAX, heap]));
        let place = message(0x0f, &[vec![0], words(&[at + 64]), vec![1]].concat());
        let file = file.extension(at, &[place]).put(at + 64, &checked(table));
        (file, elsewhere(message_type, &[&[3, 1][..], &id].concat()))
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

/// Bytes that a heap of [`Forge::fractal_heap`] takes.
pub(crate) const HEAP_SIZE: u64 = 33 << 10;

/// With a checksum behind it.
fn checked(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(lookup3(&bytes).to_le_bytes());
    bytes
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

/// A message that is elsewhere: the body says where.
pub(crate) fn elsewhere(message_type: u16, body: &[u8]) -> Vec<u8> {
    let mut message = message(message_type, body);
    message[4] = 2;
    message
}

/// Where a committed datatype is, by its header.
pub(crate) fn committed(at: u64) -> Vec<u8> {
    [vec![3, 2], words(&[at])].concat()
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

/// Where many links or attributes are: a link info or attribute info message.
pub(crate) fn dense(message_type: u16, heap: u64, names: u64) -> Vec<u8> {
    message(message_type, &[vec![0, 0], words(&[heap, names])].concat())
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

/// A string of fixed length.
pub(crate) fn string(length: u32) -> Vec<u8> {
    [&[0x13, 0, 0, 0][..], &length.to_le_bytes()].concat()
}

/// A compound of members of one type, all of which lie on the same bytes.
pub(crate) fn overlapping(size: u32, members: u16, of: &[u8]) -> Vec<u8> {
    let [low, high] = members.to_le_bytes();
    let mut compound = [&[0x36, low, high, 0][..], &size.to_le_bytes()].concat();
    // As many bytes for a member's offset as the size takes.
    let width = 4 - size.leading_zeros() as usize / 8;
    let member = [vec![b'm', 0], vec![0; width.max(1)], of.to_vec()].concat();
    compound.extend(member.repeat(members.into()));
    compound
}

/// An unsigned byte.
pub(crate) const BYTE: [u8; 12] = [0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0];

/// An attribute message, version 3.
pub(crate) fn attribute(name: &str, datatype: &[u8], dataspace: &[u8], data: &[u8]) -> Vec<u8> {
    message(0x0c, &attribute_body(name, datatype, dataspace, data))
}

pub(crate) fn attribute_body(
    name: &str,
    datatype: &[u8],
    dataspace: &[u8],
    data: &[u8],
) -> Vec<u8> {
    let mut body = vec![3, 0];
    for size in [name.len() + 1, datatype.len(), dataspace.len()] {
        body.extend(u16::try_from(size).unwrap().to_le_bytes());
    }
    body.push(0);
    body.extend([name.as_bytes(), &[0], datatype, dataspace, data].concat());
    body
}
