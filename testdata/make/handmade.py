"""Files written byte by byte (`by_hand.py`): what older writers left, and what the specification allows and no writer does."""

import zlib

import numpy as np

from by_hand import INTEGER_4, File, number
from common import makes

GRID = np.arange(12, dtype="<i4").reshape(3, 4)
CHUNKS = {(0, 0): GRID[:2, :3], (0, 3): GRID[:2, 3:], (2, 0): GRID[2:, :3], (2, 3): GRID[2:, 3:]}

DATASPACE, LINK_INFO, DATATYPE, FILL_VALUE, LINK, LAYOUT, BOGUS = 0x01, 0x02, 0x03, 0x05, 0x06, 0x08, 0x09
GROUP_INFO, ATTRIBUTE, TIME_OLD, SYMBOL_TABLE, ATTRIBUTE_INFO, REFERENCE_COUNT, FILE_SPACE_INFO = 0x0A, 0x0C, 0x0E, 0x11, 0x15, 0x16, 0x17


def chunks_of_grid(f):
    """A B-tree of chunks of 2 x 3 elements; those over the edge are as large as the others."""
    whole = lambda part: np.pad(part, [(0, 2 - part.shape[0]), (0, 3 - part.shape[1])]).tobytes()
    return f.chunk_btree({offsets: whole(part) for offsets, part in CHUNKS.items()}, end=(4, 0))


@makes("old_versions.h5")
def old_versions(path):
    """Shows: what libhdf5 has not written for long, and reads: layout message versions 1 and 2, fill value message version 1, shared message version 1, a time as text; a Bogus message, and one of no type that is defined. Written by hand."""
    f = File()
    datatype = (DATATYPE, 0, INTEGER_4)
    late, always = 2, 0
    fill_value = bytes([1, late, always, 1]) + number(4, 4) + GRID[1, 1].tobytes()

    def layout(version, class_, *address, chunk=GRID.shape, data=b""):
        dimensions = b"".join(number(n, 4) for n in (*chunk, 4))
        return bytes([version, 3, class_]) + bytes(5) + b"".join(map(f.address, address)) + dimensions + data

    def dataset(layout, datatype=datatype, fill=fill_value, *more):
        return f.header_1((DATASPACE, 0, f.dataspace_1(*GRID.shape)), datatype, (FILL_VALUE, 0, fill), (LAYOUT, 0, layout), *more)

    links = {}
    for version in 1, 2:
        compact = layout(version, 0, data=number(GRID.nbytes, 4) + GRID.tobytes())
        links[b"compact_%d" % version] = dataset(compact)
        links[b"contiguous_%d" % version] = dataset(layout(version, 1, f.place(GRID.tobytes())))
        links[b"chunked_%d" % version] = dataset(layout(version, 2, chunks_of_grid(f), chunk=(2, 3)))
        links[b"no_chunk_%d" % version] = dataset(layout(version, 2, None, chunk=(2, 3)))
    contiguous = layout(2, 1, f.place(GRID.tobytes()))
    links[b"no_fill_value"] = dataset(contiguous, datatype, bytes([1, late, 1, 0]) + number(0, 4))
    links[b"type"] = f.header_1(datatype)
    # A shared message held a whole symbol table entry, of which the header's address counts.
    entry = f.length(0) + f.address(links[b"type"]) + bytes(4 + 4 + 16)
    links[b"shared"] = dataset(contiguous, (DATATYPE, 0x02, bytes([1, 0]) + bytes(6) + entry))
    time = (TIME_OLD, 0, b"20010909014640" + bytes(2))
    links[b"time"] = dataset(contiguous, datatype, fill_value, time)
    nothing = (BOGUS, 0, number(0xDEADBEEF, 4)), (0x0042, 0, b"no one knows what")
    links[b"bogus"] = dataset(contiguous, datatype, fill_value, *nothing)
    f.superblock_0(f.header_1((SYMBOL_TABLE, 0, f.group(links))))
    path.write_bytes(f.content)


def new_group(f, links, info=None):
    """A group with these links in its header, or all where the Link Info message says."""
    info = info or bytes([0, 0]) + f.address() + f.address()
    links = [(LINK, 0, f.link(name, header)) for name, header in links.items()]
    return f.header_2((LINK_INFO, 0, info), (GROUP_INFO, 0, bytes([0, 0])), *links)


def new_dataset(f, layout, *more):
    fill_value = bytes([3, 0x0A])  # the default, written if it is set, space allocated late
    messages = (DATASPACE, 0, f.dataspace_1(*GRID.shape)), (DATATYPE, 0, INTEGER_4), (FILL_VALUE, 0, fill_value)
    return f.header_2(*messages, (LAYOUT, 0, layout), *more)


def contiguous(f):
    return bytes([3, 1]) + f.address(f.place(GRID.tobytes())) + f.length(GRID.nbytes)


@makes("file_space_v0.h5")
def file_space_v0(path):
    """Shows: File Space Info message version 0, of libhdf5 1.10.0 alone, in a superblock extension. Written by hand."""
    f = File()
    root = new_group(f, {b"data": new_dataset(f, contiguous(f))})
    info = bytes([0, 2]) + f.length(1) + f.address() * 6  # free space is not kept: no manager has an address
    f.superblock_2(root, f.header_2((FILE_SPACE_INFO, 0, info)))
    path.write_bytes(f.content)


def plain_heap(f, links):
    """The Link Info message of links in one direct block without a checksum."""
    heap = f.place(bytes(26 + 3 * f.offsets + 12 * f.lengths))
    block = b"FHDB" + bytes([0]) + f.address(heap) + bytes(4)  # which is the first of the heap
    ids = {}
    for name, header in links.items():
        message = f.link(name, header)
        ids[name] = bytes([0]) + number(len(block), 4) + number(len(message), 2)
        block += message
    f.heap_header(heap, root=f.place(block.ljust(512, b"\0")), objects=len(ids))
    return f.dense_links(ids, heap)


@makes("heap_without_checksums.h5")
def heap_without_checksums(path):
    """Shows: a fractal heap whose direct blocks have no checksum. Written by hand."""
    f = File()
    data = new_dataset(f, contiguous(f), (REFERENCE_COUNT, 0, bytes([0]) + number(4, 4)))
    group = new_group(f, {}, plain_heap(f, {b"first": data, b"second": data, b"third": data}))
    f.superblock_2(new_group(f, {b"data": data, b"group": group}))
    path.write_bytes(f.content)


@makes("heap_long_ids.h5")
def heap_long_ids(path):
    """Shows: the same links in a fractal heap with IDs of 30 bytes: a tiny object with a longer length, a filtered huge object by address. libhdf5 does not read this group, and may crash on it: all its own IDs of links have 7 bytes. Written by hand."""
    f = File()
    data = new_dataset(f, contiguous(f), (REFERENCE_COUNT, 0, bytes([0]) + number(4, 4)))
    deflate = bytes([2, 1]) + number(1, 2) + number(0, 2) + number(1, 2) + number(6, 4)
    heap = f.place(bytes(26 + 3 * 8 + 12 * 8 + 8 + 4 + len(deflate)))
    block = b"FHDB" + bytes([0]) + f.address(heap) + bytes(4)
    managed, tiny, huge = (f.link(name, data) for name in (b"first", b"second", b"third"))
    ids = {
        b"first": bytes([0]) + number(len(block), 4) + number(len(managed), 2),
        b"second": bytes([0x20, len(tiny) - 1]) + tiny,  # twelve bits of length
    }
    block = zlib.compress((block + managed).ljust(512, b"\0"))
    f.heap_header(heap, id_length=30, root=f.place(block), filters=deflate, root_stored=len(block))
    stored = zlib.compress(huge)
    place = f.address(f.place(stored)) + f.length(len(stored)) + number(0, 4) + f.length(len(huge))
    ids[b"third"] = bytes([0x10]) + place
    ids = {name: heap_id.ljust(30, b"\0") for name, heap_id in ids.items()}
    f.superblock_2(new_group(f, {b"data": data, b"group": new_group(f, {}, f.dense_links(ids, heap))}))
    path.write_bytes(f.content)


@makes("length_size_8.h5")
def length_size_8(path):
    """Shows: offsets and lengths of 8 bytes, for the three that follow: the same with other widths. Written by hand."""
    of_widths(path, 8, 8)


@makes("offset_size_32.h5")
def offset_size_32(path):
    """Shows: offsets of 32 bytes, which libhdf5 reads and does not write. Written by hand."""
    of_widths(path, 32, 8)


@makes("length_size_16.h5")
def length_size_16(path):
    """Shows: lengths of 16 bytes, which libhdf5 opens and takes for other numbers. Written by hand."""
    of_widths(path, 8, 16)


@makes("length_size_32.h5")
def length_size_32(path):
    """Shows: lengths of 32 bytes, which libhdf5 opens and takes for other numbers. Written by hand."""
    of_widths(path, 8, 32)


def of_widths(path, offsets, lengths):
    """A file that has most structures with offsets and lengths in them."""
    f = File(offsets, lengths, superblock=12 + 4 * offsets + 4)
    text = f.global_heap([b"in the global heap"])
    string = bytes([0x19, 0x01, 0, 0]) + number(4 + offsets + 4, 4) + bytes([0x13, 0, 0, 0]) + number(1, 4)
    scalar = f.dataspace_1()
    attribute = bytes([3, 0]) + number(5, 2) + number(len(string), 2) + number(len(scalar), 2) + bytes([0]) + b"text\0"
    attribute += string + scalar + number(18, 4) + f.address(text) + number(1, 4)
    in_header = bytes([0, 0]) + f.address() + f.address()
    data = new_dataset(f, contiguous(f), (ATTRIBUTE_INFO, 0, in_header), (ATTRIBUTE, 0, attribute))
    dimensions = b"".join(number(n, 4) for n in (2, 3, 4))
    chunked = new_dataset(f, bytes([3, 2, 3]) + f.address(chunks_of_grid(f)) + dimensions)
    dense = new_group(f, {}, plain_heap(f, {b"data": new_dataset(f, contiguous(f))}))
    old = f.header_1((SYMBOL_TABLE, 0, f.group({b"data": new_dataset(f, contiguous(f))})))
    f.superblock_2(new_group(f, {b"chunked": chunked, b"data": data, b"dense": dense, b"old": old}))
    path.write_bytes(f.content)
