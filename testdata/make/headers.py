"""What object headers and links may have beside what they describe: times, comments, creation order, links of one's own class."""

import ctypes

import numpy as np
from h5py import h5g, h5o, h5p

from by_hand import number
from changes import blocks, changed
from common import create, hid, libhdf5, makes
from storage import creation, dataset

DEFAULT = ctypes.c_int64(0)  # H5P_DEFAULT
THEN = 1_000_000_000  # seconds: 9 September 2001, 01:46:40 UTC


def with_time(chunks=None):
    dcpl = creation(chunks)
    dcpl.set_obj_track_times(True)
    return dcpl


@makes("header_fields_v1.h5")
def header_fields_v1(path):
    """Shows: version 1 object headers with a modification time, and with a comment."""
    with create(path) as f:
        dataset(f, "data", np.arange(5, dtype="<i4"), with_time())
        f.create_group("group")
        h5o.set_comment(f.id, b"what the group is for", obj_name=b"group")
    data = bytearray(path.read_bytes())
    # Type 0x12, 8 bytes, no flags; version 1 and three reserved bytes come before the seconds.
    message = data.index(b"\x12\0\x08\0\0\0\0\0\x01\0\0\0")
    data[message + 12 : message + 16] = number(THEN, 4)
    path.write_bytes(data)


@makes("header_fields_v2.h5")
def header_fields_v2(path):
    """Shows: version 2 object headers with times, with a comment, with its own limits of attribute storage, with creation order that is not indexed."""
    with create(path, libver=("v110", "v110")) as f:
        timed = with_time((2,))
        timed.set_attr_phase_change(2, 1)
        dataset(f, "times", np.arange(5, dtype="<i4"), timed)
        for name in "abc":
            f["times"].attrs[name] = 1.5
        h5o.set_comment(f.id, b"what the data is for", obj_name=b"times")
        gcpl = h5p.create(h5p.GROUP_CREATE)
        gcpl.set_obj_track_times(False)
        gcpl.set_link_creation_order(h5p.CRT_ORDER_TRACKED)
        gcpl.set_attr_creation_order(h5p.CRT_ORDER_TRACKED)
        h5g.create(f.id, b"tracked", gcpl=gcpl)
        # Few are kept in the header, many are dense.
        h5g.create(f.id, b"tracked_dense", gcpl=gcpl)
        for name, count in ("tracked", 3), ("tracked_dense", 12):
            for i in reversed(range(count)):
                f[name].attrs[f"attribute_{i}"] = np.int8(i)
                f[name][f"link_{i}"] = f["times"]
    with changed(path) as data:
        for block in blocks(data):
            if block.flags & 0x20 and data[block.start : block.start + 4] == b"OHDR":
                # Access, modification, change and birth.
                data[block.start + 6 : block.start + 22] = b"".join(number(THEN + i, 4) for i in range(4))


class LinkClass(ctypes.Structure):
    """H5L_class_t, of which a link that is never followed needs three fields and a function that is never called."""

    _fields_ = [
        ("version", ctypes.c_int),
        ("type", ctypes.c_int),
        ("comment", ctypes.c_char_p),
        *((name, ctypes.CFUNCTYPE(None)) for name in ("create", "move", "copy", "follow", "delete", "query")),
    ]


@makes("user_defined_links.h5")
def user_defined_links(path):
    """Shows: user-defined links, of a class that no one else knows, compact and dense."""
    link_class = LinkClass(version=1, type=187, comment=b"of h5sidecar's tests", follow=ctypes.CFUNCTYPE(None)(lambda: None))
    libhdf5("H5Lregister", ctypes.byref(link_class))
    with create(path, libver=("v108", "v108")) as f:
        f["data"] = np.arange(3)
        for group, count in ("compact", 2), ("dense", 10):
            f.create_group(group)["data"] = f["data"]
            for i in range(count):
                name, value = f"{group}/own_{i}".encode(), b"only its class knows"
                libhdf5("H5Lcreate_ud", hid(f.id), name, 187, value, ctypes.c_size_t(len(value)), DEFAULT, DEFAULT)
    libhdf5("H5Lunregister", 187)
