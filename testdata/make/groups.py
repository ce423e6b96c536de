"""Superblocks, object headers, groups and links."""

import h5py
import numpy as np

from common import create, hid, libhdf5, makes

NUMBERS = np.arange(100, dtype="<i4").reshape(10, 10)


def nested(f):
    """Groups three deep with a contiguous and a chunked dataset, for files about what lies around them."""
    f.attrs["title"] = "nested groups"
    f["top"] = NUMBERS[0]
    deep = f.create_group("a/b/c")
    deep.create_dataset("contiguous", data=NUMBERS)
    deep.create_dataset("chunked", data=NUMBERS, chunks=(4, 5), compression="gzip", shuffle=True)
    f["a/sibling"] = np.float64(2.5)


@makes("superblock_v0.h5")
def superblock_v0(path):
    """Shows: superblock version 0; groups with symbol tables (B-tree v1, local heap), three deep."""
    with create(path) as f:
        nested(f)


@makes("superblock_v2.h5")
def superblock_v2(path):
    """Shows: superblock version 2, object header version 2, compact links; B-tree v1 chunk index still."""
    with create(path, libver=("v108", "v108")) as f:
        nested(f)


@makes("superblock_v3.h5")
def superblock_v3(path):
    """Shows: superblock version 3 (libhdf5 1.10) with layout message version 4."""
    with create(path, libver=("v110", "v110")) as f:
        nested(f)


@makes("superblock_v3_hdf5_2.h5")
def superblock_v3_hdf5_2(path):
    """Shows: what libhdf5 2.0 writes at its newest: superblock version 3, newer message versions."""
    with create(path, libver="latest") as f:
        nested(f)


@makes("user_block_512.h5")
def user_block_512(path):
    """Shows: superblock version 0 behind a user block of 512 bytes; every address is relative to it."""
    with create(path, userblock_size=512) as f:
        nested(f)


@makes("user_block_2048_v3.h5")
def user_block_2048_v3(path):
    """Shows: superblock version 3 behind a user block of 2048 bytes."""
    with create(path, userblock_size=2048, libver=("v110", "v110")) as f:
        nested(f)


@makes("offset_size_4.h5")
def offset_size_4(path):
    """Shows: offsets and lengths of 4 bytes; the undefined address is 0xffffffff."""
    with create(path, file_creation=lambda fcpl: fcpl.set_sizes(4, 4)) as f:
        nested(f)


@makes("offset_size_2.h5")
def offset_size_2(path):
    """Shows: offsets of 2 bytes and lengths of 4; the undefined address is 0xffff."""
    with create(path, file_creation=lambda fcpl: fcpl.set_sizes(2, 4)) as f:
        nested(f)


def small_btrees(fcpl):
    libhdf5("H5Pset_istore_k", hid(fcpl), 2)
    libhdf5("H5Pset_sym_k", hid(fcpl), 3, 2)


def many_nodes(f, datasets=30):
    for i in range(datasets):
        f.create_dataset(f"group/dataset_{i:02}", data=np.int16(i))
    f.create_dataset("chunked", data=np.arange(40, dtype="<i2"), chunks=(1,))


@makes("btree_k_v1.h5")
def btree_k_v1(path):
    """Shows: superblock version 1 with its own K values: smaller nodes, deeper B-trees, for groups and for chunks."""
    with create(path, file_creation=small_btrees) as f:
        many_nodes(f)


@makes("btree_k_v2.h5")
def btree_k_v2(path):
    """Shows: superblock version 2 whose extension holds the K values (B-tree 'K' Values message)."""
    with create(path, libver=("v108", "v108"), file_creation=small_btrees) as f:
        many_nodes(f, datasets=3)  # its groups have no B-tree


@makes("superblock_extension.h5")
def superblock_extension(path):
    """Shows: a superblock extension with a File Space Info message (paged file space, kept free space)."""
    with create(path, libver=("v110", "v110"), fs_strategy="page", fs_persist=True, fs_page_size=512) as f:
        nested(f)


@makes("shared_messages.h5")
def shared_messages(path):
    """Shows: shared object header messages (SOHM): datatypes, dataspaces, fill values and attributes in the file's table."""

    def share_everything(fcpl):
        libhdf5("H5Pset_shared_mesg_nindexes", hid(fcpl), 1)
        libhdf5("H5Pset_shared_mesg_index", hid(fcpl), 0, 0x1F, 16)  # H5O_SHMESG_ALL_FLAG, messages of 16 bytes or more

    with create(path, libver=("v108", "v108"), file_creation=share_everything) as f:
        for name in "abc":
            d = f.create_dataset(name, data=NUMBERS, fillvalue=-1)
            d.attrs["a_long_enough_attribute"] = np.arange(8, dtype="<f8")


@makes("continuation_v1.h5")
def continuation_v1(path):
    """Shows: version 1 object headers of several chunks, as many attributes were added after creation."""
    with create(path) as f:
        many_attributes(f)


@makes("continuation_v2.h5")
def continuation_v2(path):
    """Shows: version 2 object headers with continuation blocks (OCHK), still without dense attributes."""
    with create(path, libver=("v108", "v108")) as f:
        # Eight is the most attributes a header keeps before they go to dense storage, so make them long.
        many_attributes(f, count=8, length=60)


def many_attributes(f, count=60, length=4):
    d = f.create_dataset("data", data=NUMBERS[0])
    g = f.create_group("group")
    for i in range(count):
        # Turn by turn, so that no header can simply grow where it lies.
        d.attrs[f"attribute_{i:02}"] = np.arange(length, dtype="<i4") + i
        g.attrs[f"attribute_{i:02}"] = f"text number {i} " + "x" * length
    del d.attrs["attribute_03"]  # leaves a NIL message


@makes("compact_links.h5")
def compact_links(path):
    """Shows: Link messages: hard, soft, dangling soft and external links, a second name for one dataset, a cycle of groups."""
    with create(path, libver=("v108", "v108"), track_order=True) as f:
        links(f)


@makes("symbol_table_links.h5")
def symbol_table_links(path):
    """Shows: the same links in symbol tables (soft link values lie in the local heap)."""
    with create(path) as f:
        links(f)


def links(f):
    g = f.create_group("group")
    g["data"] = NUMBERS[0]
    f["alias"] = g["data"]
    f["group_alias"] = g
    g["parent"] = f["/"]
    f["soft"] = h5py.SoftLink("/group/data")
    f["dangling"] = h5py.SoftLink("/nowhere")
    f["external"] = h5py.ExternalLink("superblock_v0.h5", "/top")


@makes("dense.h5")
def dense(path):
    """Shows: dense links and dense attributes (fractal heaps and version 2 B-trees), with and without creation order."""
    with create(path, libver=("v110", "v110")) as f:
        for name, track_order in ("by_name", False), ("by_creation_order", True):
            g = f.create_group(name, track_order=track_order)
            for i in reversed(range(20)):
                g.attrs[f"attribute_{i:02}"] = i
                g[f"dataset_{i:02}"] = np.int16(i)


@makes("non_ascii_names.h5")
def non_ascii_names(path):
    """Shows: names with non-ASCII letters, spaces, dots, percent and quotes, of groups, datasets, attributes."""
    with create(path) as f:
        for group in "température", "with space", "a.b%20c", 'quote"d', "日本":
            d = f.create_dataset(f"{group}/größe", data=NUMBERS[:2])
            d.attrs["einheit °C"] = "µm"


@makes("links.h5")
def all_links(path):
    """Shows: everything that links can do: further hard links, soft links to datasets, groups, through each other and up, links that lead nowhere."""
    with create(path, libver=("v108", "v108")) as f:
        x = f.create_dataset("data/x", data=np.arange(4, dtype="<f8") / 2)
        x.make_scale("x")
        values = f.create_dataset("data/values", data=np.arange(4, dtype="<i4"))
        values.dims[0].attach_scale(x)
        strings = f.create_dataset("data/strings", shape=(2,), dtype=h5py.string_dtype())
        strings[:] = ["one", "two"]
        # Another scale of the same name: arrays of `data` that come here are along the other one.
        other = f.create_dataset("other/x", data=np.arange(3, dtype="<f8"))
        other.make_scale("x")
        own = f.create_dataset("other/own", data=np.arange(3, dtype="<i2"))
        own.dims[0].attach_scale(other)
        f["other/values"] = values
        f["other/soft_values"] = h5py.SoftLink("../data/values")  # HDF5 knows no `..`: it leads nowhere
        f["also_data"] = f["data"]
        f["soft_group"] = h5py.SoftLink("/data")
        f["soft_of_soft"] = h5py.SoftLink("soft_group/values")
        f["data/up"] = h5py.SoftLink("/")
        f["data/self"] = f["data"]
        f["circle"] = h5py.SoftLink("circle")
        f["nowhere"] = h5py.SoftLink("/data/nothing")
        f["elsewhere"] = h5py.ExternalLink("another.h5", "/x")
        f["datatype"] = np.dtype("<i4")
        f["also_datatype"] = f["datatype"]
        f["null"] = h5py.Empty("<i4")
        f["also_null"] = f["null"]


@makes("links_doubling.h5")
def doubling_links(path):
    """Shows: thirty groups of which each has two links to the next: a billion paths to one dataset."""
    with create(path, libver=("v108", "v108")) as f:
        group = f
        for _ in range(30):
            below = group.create_group("a")
            group["b"] = below
            group = below
        group["x"] = np.int32(1)
