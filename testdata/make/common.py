"""What every maker shares: the list of files, and the few libhdf5 calls h5py does not offer."""

import ctypes
from importlib import import_module
from pathlib import Path

import h5py

MAKERS = {}
HERE = Path(__file__).resolve().parent


def makes(name):
    """Registers a function that writes the file `name` of testdata/ at the path it is given."""

    def register(maker):
        MAKERS[name] = maker
        return maker

    return register


def create(path, libver="earliest", file_creation=None, **options):
    """A new file. `file_creation(fcpl)` sets what h5py.File has no keyword for."""
    if file_creation is None:
        return h5py.File(path, "w", libver=libver, **options)
    low, high = {"earliest": ("earliest", "v110")}.get(libver, libver)
    bound = {"earliest": h5py.h5f.LIBVER_EARLIEST, "v108": h5py.h5f.LIBVER_V18, "v110": h5py.h5f.LIBVER_V110}
    bound |= {"v112": h5py.h5f.LIBVER_V112, "v200": h5py.h5f.LIBVER_V200}
    fapl = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    fapl.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    fapl.set_libver_bounds(bound[low], bound[high])
    fcpl = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    fcpl.set_obj_track_times(False)
    file_creation(fcpl)
    return h5py.File(h5py.h5f.create(bytes(path), h5py.h5f.ACC_TRUNC, fcpl=fcpl, fapl=fapl))


def libhdf5(function, *arguments, package="h5py"):
    """Calls the libhdf5 inside a wheel, already loaded, so its ids are that package's ids."""
    status = getattr(library(package), function)(*arguments)
    if status < 0:
        raise RuntimeError(f"{function} failed")


def library(package):
    wheel = Path(import_module(package).__file__).parent
    folders = (wheel.parent / f"{package.lower()}.libs", wheel / ".dylibs")
    found = [lib for folder in folders for lib in sorted(folder.glob("libhdf5[-.]*"))]
    return ctypes.CDLL(str(found[0]))


def hid(object_id):
    return ctypes.c_int64(object_id.id)


def compact_root(fcpl):
    """Keeps the root group's links in its object header however many they are, for files that are about other things."""
    libhdf5("H5Pset_link_phase_change", hid(fcpl), 200, 100)


def write_no_times(package):
    """Makes "no times in object headers" the default, for the objects no keyword reaches: committed datatypes,
    intermediate groups, the superblock extension. Without it no two runs give the same bytes."""
    libhdf5("H5open", package=package)
    for kind in "GROUP_CREATE", "DATASET_CREATE", "DATATYPE_CREATE", "FILE_CREATE":
        default = ctypes.c_int64.in_dll(library(package), f"H5P_LST_{kind}_ID_g")
        no_flags = ctypes.byref(ctypes.c_uint8(0))
        libhdf5("H5Pset", default, b"object header flags", no_flags, package=package)


write_no_times("h5py")
