"""Fractal heaps and version 2 B-trees, as libhdf5 lays them out."""

import ctypes

import h5py
import numpy as np
from h5py import h5g, h5p

from common import create, hid, libhdf5, makes

# More than the 4096 bytes that an object in a block may have.
HUGE = "a_name_of_more_than_4096_bytes_" * 140


def dense_group(parent, name, *filters):
    """A group whose links are all in a fractal heap, whose blocks go through these filters: number and values of each."""
    gcpl = h5p.create(h5p.GROUP_CREATE)
    gcpl.set_obj_track_times(False)
    libhdf5("H5Pset_link_phase_change", hid(gcpl), 0, 0)
    for number, *values in filters:
        client_data = (ctypes.c_uint * len(values))(*values)
        libhdf5("H5Pset_filter", hid(gcpl), number, 0, ctypes.c_size_t(len(values)), client_data)
    h5g.create(parent.id, name.encode(), gcpl=gcpl)
    return parent[name]


DEFLATE, FLETCHER32 = (1, 6), (3,)


@makes("filtered_heaps.h5")
def filtered_heaps(path):
    """Shows: fractal heaps whose blocks go through filters: direct and indirect root blocks, an indirect block in an indirect one, huge objects by key."""
    with create(path, libver=("v108", "v108")) as f:
        f["data"] = np.arange(3, dtype="<i2")
        for name, filters in (
            ("deflate", [DEFLATE]),
            ("fletcher32", [FLETCHER32]),
            ("deflate_fletcher32", [DEFLATE, FLETCHER32]),
        ):
            group = dense_group(f, name, *filters)
            group["first"] = f["data"]
            group["second"] = f["data"]
        group = dense_group(f, "indirect", DEFLATE)
        for i in range(30):
            group[f"link_{i:02}_with_a_rather_long_name"] = f["data"]
        dense_group(f, "huge", DEFLATE)[HUGE] = f["data"]
        # Half a MiB of names before an indirect block is in another one; then only a few are kept.
        group = dense_group(f, "nested", DEFLATE)
        for i in range(145):
            group[f"{i:03}_" + "long_name_" * 395] = f["data"]
        for i in range(143):
            del group[f"{i:03}_" + "long_name_" * 395]


@makes("huge_heap_objects.h5")
def huge_heap_objects(path):
    """Shows: a link with a name of more than 4096 bytes: a huge object of its heap, by key, and no block at all."""
    with create(path, libver=("v108", "v108")) as f:
        f["data"] = np.arange(3, dtype="<i2")
        dense_group(f, "huge")[HUGE] = f["data"]
        group = dense_group(f, "huge_and_managed")
        group[HUGE] = f["data"]
        group["short"] = f["data"]


@makes("heap_ids_with_objects.h5")
def heap_ids_with_objects(path):
    """Shows: offsets of 2 bytes, with which heap IDs have room for the address of a huge object, and for a whole tiny link."""
    with create(path, libver=("v108", "v108"), file_creation=lambda fcpl: fcpl.set_sizes(2, 4)) as f:
        f["data"] = np.arange(3, dtype="<i2")
        group = dense_group(f, "group")
        group[HUGE] = f["data"]
        group["short"] = f["data"]
        # Six bytes: the name of one letter is ASCII, which h5py's own names are not.
        ascii_names = h5p.create(h5p.LINK_CREATE)
        ascii_names.set_char_encoding(h5py.h5t.CSET_ASCII)
        group.id.links.create_hard(b"t", f.id, b"data", lcpl=ascii_names)


@makes("btree_v2_levels.h5")
def btree_v2_levels(path):
    """Shows: version 2 B-trees of two levels: names of dense attributes, names of dense links, chunks."""
    with create(path, libver=("v110", "v110")) as f:
        d = f.create_dataset("data", shape=(9, 8), maxshape=(None, None), chunks=(1, 1), dtype="u1")
        d[...] = np.arange(128, 200).reshape(9, 8)
        for i in range(40):
            d.attrs[f"a{i:02}"] = np.int8(i)
        group = dense_group(f, "group")
        for i in range(60):
            group[f"l{i:02}"] = d


@makes("shared_messages_btree.h5")
def shared_messages_btree(path):
    """Shows: shared object header messages whose table has a B-tree index, for there are too many for a list."""

    def share_everything(fcpl):
        libhdf5("H5Pset_shared_mesg_nindexes", hid(fcpl), 2)
        libhdf5("H5Pset_shared_mesg_index", hid(fcpl), 0, 0x10, 16)  # H5O_SHMESG_ATTR_FLAG
        libhdf5("H5Pset_shared_mesg_index", hid(fcpl), 1, 0x0F, 16)  # the other kinds of messages
        libhdf5("H5Pset_shared_mesg_phase_change", hid(fcpl), 3, 2)

    with create(path, libver=("v108", "v108"), file_creation=share_everything) as f:
        for i in range(6):
            d = f.create_dataset(f"d{i}", data=np.arange(i + 1, dtype="<i4"), fillvalue=-1)
            d.attrs["own"] = np.arange(8, dtype="<f8") + i
            d.attrs["common"] = np.arange(8, dtype="<f8")
