"""What concerns a file as a whole: its widths, its metadata cache, the drivers that split it."""

import ctypes
import tempfile
from pathlib import Path

import h5py
from h5py import h5f, h5p

from common import create, hid, libhdf5, makes
from groups import nested


@makes("length_size_2.h5")
def length_size_2(path):
    """Shows: offsets of 8 bytes and lengths of 2."""
    with create(path, file_creation=lambda fcpl: fcpl.set_sizes(8, 2)) as f:
        nested(f)


@makes("offset_size_16.h5")
def offset_size_16(path):
    """Shows: offsets of 16 bytes, lengths of 8; libhdf5 writes and reads them, with superblock version 2."""
    with create(path, libver=("v108", "v108"), file_creation=lambda fcpl: fcpl.set_sizes(16, 8)) as f:
        nested(f)


class CacheImage(ctypes.Structure):
    """H5AC_cache_image_config_t."""

    _fields_ = [
        ("version", ctypes.c_int),
        ("generate_image", ctypes.c_bool),
        ("save_resize_status", ctypes.c_bool),
        ("entry_ageout", ctypes.c_int),
    ]


@makes("cache_image.h5")
def cache_image(path):
    """Shows: a metadata cache image: what the file was closed with is in one block, and not where its addresses say."""
    fapl = h5p.create(h5p.FILE_ACCESS)
    fapl.set_libver_bounds(h5f.LIBVER_V110, h5f.LIBVER_V110)
    libhdf5("H5Pset_mdc_image_config", hid(fapl), ctypes.byref(CacheImage(1, True, False, -1)))
    fcpl = h5p.create(h5p.FILE_CREATE)
    fcpl.set_obj_track_times(False)
    with h5py.File(h5f.create(bytes(path), h5f.ACC_TRUNC, fcpl=fcpl, fapl=fapl)) as f:
        # No version 2 B-tree: libhdf5 2.0 does not open its own images of them again.
        nested(f)


def split(path, driver, first, version):
    """The first of the files that a driver splits one into."""
    bound = {0: (h5f.LIBVER_EARLIEST, h5f.LIBVER_V110), 2: (h5f.LIBVER_V18, h5f.LIBVER_V18)}[version]
    fapl = h5p.create(h5p.FILE_ACCESS)
    fapl.set_libver_bounds(*bound)
    fcpl = h5p.create(h5p.FILE_CREATE)
    fcpl.set_obj_track_times(False)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        name = driver(fapl, folder)
        with h5py.File(h5f.create(bytes(folder / name), h5f.ACC_TRUNC, fcpl=fcpl, fapl=fapl)) as f:
            nested(f)
        path.write_bytes((folder / first).read_bytes())


def family(fapl, _):
    fapl.set_fapl_family(4096, h5p.DEFAULT)
    return "part_%d.h5"


def metadata_and_raw_data(fapl, _):
    fapl.set_fapl_split(b"-metadata.h5", h5p.DEFAULT, b"-raw.h5", h5p.DEFAULT)
    return "split"


@makes("parts/family_v0.h5")
def family_v0(path):
    """Shows: the first of a family of files, with superblock version 0: a driver information block."""
    split(path, family, "part_0.h5", 0)


@makes("parts/family_v2.h5")
def family_v2(path):
    """Shows: the same with superblock version 2: a Driver Info message."""
    split(path, family, "part_0.h5", 2)


@makes("parts/split_metadata.h5")
def split_metadata(path):
    """Shows: the metadata file of a split file, whose other file has the raw data."""
    split(path, metadata_and_raw_data, "split-metadata.h5", 0)
