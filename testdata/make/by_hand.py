"""Structures of the format byte by byte, for files that libhdf5 does not write, or does not write any more.

The names are the specification's. Every field is written; what is reserved or of no account is `0` or `bytes(n)`."""


class File:
    """A file in the making. What is placed in it gets the next address."""

    def __init__(self, offsets=8, lengths=8, superblock=96):
        self.offsets, self.lengths = offsets, lengths
        self.content = bytearray(superblock)  # to be filled in when it is known

    def place(self, content):
        """The address of what is appended, a multiple of eight."""
        self.content += bytes(-len(self.content) % 8)
        at = len(self.content)
        self.content += content
        return at

    def address(self, address=None):
        return b"\xff" * self.offsets if address is None else number(address, self.offsets)

    def length(self, length):
        return number(length, self.lengths)

    # II.A: superblocks

    def superblock_0(self, root, leaf_k=16, internal_k=16):
        """Groups of no more than 32 links have one node of each kind."""
        fields = b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, self.offsets, self.lengths, 0])
        fields += number(leaf_k, 2) + number(internal_k, 2) + number(0, 4)  # consistency flags
        fields += self.address(0) + self.address() + self.address(len(self.content)) + self.address()
        fields += self.length(0) + self.address(root) + bytes(4 + 4 + 16)  # symbol table entry, nothing cached
        self.finish(fields)

    def superblock_2(self, root, extension=None):
        fields = b"\x89HDF\r\n\x1a\n" + bytes([2, self.offsets, self.lengths, 0])
        fields += self.address(0) + self.address(extension) + self.address(len(self.content)) + self.address(root)
        self.finish(checked(fields))

    def finish(self, superblock):
        assert not any(self.content[: len(superblock)]), "there is room for it"
        self.content[: len(superblock)] = superblock

    # III.A.1, III.B, III.D: a group of the old kind

    def group(self, links):
        """The Symbol Table message of a group with these links, name -> address of the object's header."""
        names, entries = bytearray(8), b""
        for name, header in sorted(links.items()):
            entries += self.length(len(names)) + self.address(header) + bytes(4 + 4 + 16)
            last = len(names)
            names += padded(name + b"\0")
        heap = b"HEAP" + bytes(4) + self.length(len(names)) + self.length(1)  # no free list
        heap = self.place(heap + self.address(self.place(names)))
        room = 32 * (self.lengths + self.offsets + 24)
        node = self.place(b"SNOD" + bytes([1, 0]) + number(len(links), 2) + entries.ljust(room, b"\0"))
        tree = b"TREE" + bytes([0, 0]) + number(1, 2) + self.address() + self.address()
        tree += self.length(0) + self.address(node) + self.length(last)
        tree = self.place(tree.ljust(8 + 2 * self.offsets + 33 * self.lengths + 32 * self.offsets, b"\0"))
        return self.address(tree) + self.address(heap)

    def chunk_btree(self, chunks, end):
        """Of chunks {offsets in the dataset: stored bytes}; `end` is the key behind the last one."""
        key = lambda size, offsets: number(size, 4) + number(0, 4) + b"".join(number(n, 8) for n in (*offsets, 0))
        tree = b"TREE" + bytes([1, 0]) + number(len(chunks), 2) + self.address() + self.address()
        for offsets, stored in chunks.items():
            tree += key(len(stored), offsets) + self.address(self.place(stored))
        # Room for 64 chunks: the K that a superblock without a field for it implies.
        size = len(key(0, end))
        return self.place((tree + key(0, end)).ljust(8 + 2 * self.offsets + 65 * size + 64 * self.offsets, b"\0"))

    # III.E

    def global_heap(self, objects):
        """The address of a collection; the objects are numbered from 1."""
        align = lambda content: content + bytes(-len(content) % 8)
        collection = align(b"GCOL" + bytes([1, 0, 0, 0]) + self.length(4096))
        for index, content in enumerate(objects, 1):
            collection += align(number(index, 2) + number(0, 2) + bytes(4) + self.length(len(content))) + align(content)
        free = align(bytes(8) + self.length(4096 - len(collection)))
        return self.place((collection + free).ljust(4096, b"\0"))

    # III.A.2, III.G: dense links

    def dense_links(self, names, heap):
        """The Link Info message of links {name: heap ID}."""
        records = sorted((lookup3(name), heap_id) for name, heap_id in names.items())
        records = [number(checksum, 4) + heap_id for checksum, heap_id in records]
        leaf = b"BTLF" + bytes([0, 5]) + b"".join(records)
        leaf = self.place(checked(leaf).ljust(512, b"\0"))
        tree = b"BTHD" + bytes([0, 5]) + number(512, 4) + number(len(records[0]), 2) + number(0, 2) + bytes([100, 40])
        tree += self.address(leaf) + number(len(records), 2) + self.length(len(records))
        return bytes([0, 0]) + self.address(heap) + self.address(self.place(checked(tree)))

    def heap_header(self, place, id_length=7, flags=0, root=None, objects=1, filters=b"", root_stored=0, rows=0, **table):
        table = dict(width=4, start=512, largest=65536, bits=32) | table
        header = b"FRHP" + bytes([0]) + number(id_length, 2) + number(len(filters), 2) + bytes([flags]) + number(4096, 4)
        header += self.length(0) + self.address()  # huge objects: next key, B-tree
        header += self.length(0) + self.address()  # free space, its manager
        header += self.length(table["start"]) * 2 + self.length(0) + self.length(objects) + self.length(0) * 4
        header += number(table["width"], 2) + self.length(table["start"]) + self.length(table["largest"])
        header += number(table["bits"], 2) + number(1, 2) + self.address(root) + number(rows, 2)
        if filters:
            header += self.length(root_stored) + number(0, 4) + filters
        header = checked(header)
        self.content[place : place + len(header)] = header

    # IV.A.1: object headers, of messages (type, flags, body)

    def header_1(self, *messages):
        content = b""
        for kind, flags, body in messages:
            body = padded(body)
            content += number(kind, 2) + number(len(body), 2) + bytes([flags, 0, 0, 0]) + body
        return self.place(bytes([1, 0]) + number(len(messages), 2) + number(1, 4) + number(len(content), 4) + bytes(4) + content)

    def header_2(self, *messages):
        content = b"".join(bytes([kind]) + number(len(body), 2) + bytes([flags]) + body for kind, flags, body in messages)
        return self.place(checked(b"OHDR" + bytes([2, 0x02]) + number(len(content), 4) + content))

    # IV.A.2: messages

    def dataspace_1(self, *shape):
        return bytes([1, len(shape), 0, 0]) + bytes(4) + b"".join(map(self.length, shape))

    def link(self, name, header):
        return bytes([1, 0, len(name)]) + name + self.address(header)


INTEGER_4 = bytes([0x10, 0x08, 0, 0]) + (4).to_bytes(4, "little") + bytes([0, 0, 32, 0])  # <i4


def padded(content):
    return content + bytes(-len(content) % 8)


def checked(content):
    return content + number(lookup3(content), 4)


def number(value, width):
    return value.to_bytes(width, "little")


def lookup3(data):
    """Bob Jenkins' lookup3 with an initial value of 0: the checksum of the format's newer structures."""

    def rotate(x, bits):
        return (x << bits | x >> (32 - bits)) & 0xFFFFFFFF

    def word(at):
        return int.from_bytes(data[at : at + 4], "little")

    a = b = c = (0xDEADBEEF + len(data)) & 0xFFFFFFFF
    at = 0
    while len(data) - at > 12:
        a, b, c = a + word(at), b + word(at + 4), c + word(at + 8)
        for bits in 4, 6, 8, 16, 19, 4:
            # Each step changes one word and names the words anew.
            a = ((a - c) & 0xFFFFFFFF) ^ rotate(c & 0xFFFFFFFF, bits)
            c = (c + b) & 0xFFFFFFFF
            a, b, c = b & 0xFFFFFFFF, c, a
        at += 12
    if len(data) == at:
        return c
    a, b, c = a + word(at), b + word(at + 4), c + word(at + 8)
    a, b, c = (x & 0xFFFFFFFF for x in (a, b, c))
    for bits in 14, 11, 25, 16, 4, 14, 24:
        c = ((c ^ b) - rotate(b, bits)) & 0xFFFFFFFF
        a, b, c = b, c, a
    return b
