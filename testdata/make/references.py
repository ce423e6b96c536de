"""References: to regions, and those of HDF5 1.12 and later (H5T_STD_REF), which h5py neither writes nor reads."""

import ctypes
from pathlib import Path

import h5py
import numpy as np
from h5py import h5r, h5s

from changes import changed, replace
from common import create, library, makes
from storage import creation

ID, TEXT, PLACE = ctypes.c_int64, ctypes.c_char_p, ctypes.c_void_p
REFERENCE = 64  # bytes of an H5R_ref_t


def call(function, *arguments):
    """Calls libhdf5 with ids, names and places in memory, each of its own width."""
    types = {int: ID, bytes: TEXT, PLACE: PLACE}
    function = getattr(library("h5py"), function)
    function.argtypes, function.restype = [types[type(each)] for each in arguments], ID
    result = function(*arguments)
    if result & 1 << 31:  # a negative status of 32 bits, or id of 64
        raise RuntimeError(f"{function.__name__} failed")
    return result


class References:
    """References in memory, as libhdf5 keeps them."""

    def __init__(self):
        self.places = []

    def to(self, kind, f, path, *what):
        place = ctypes.create_string_buffer(REFERENCE)
        arguments = [PLACE(each) if isinstance(each, PLACE) else each for each in what]
        call(f"H5Rcreate_{kind}", f.id.id, path, *arguments, 0, PLACE(ctypes.addressof(place)))
        self.places.append(place)
        return self

    def to_nothing(self):
        self.places.append(ctypes.create_string_buffer(REFERENCE))
        return self

    def write(self, holder, name, dataset=False):
        """An attribute of them, or a dataset."""
        bytes_of_all = ctypes.create_string_buffer(b"".join(place.raw for place in self.places))
        datatype = ID.in_dll(library("h5py"), "H5T_STD_REF_g").value
        space = h5s.create_simple((len(self.places),))
        place = PLACE(ctypes.addressof(bytes_of_all))
        if dataset:
            properties = creation()
            made = call("H5Dcreate2", holder.id.id, name, datatype, space.id, 0, properties.id, 0)
            call("H5Dwrite", made, datatype, 0, 0, 0, place)
            call("H5Dclose", made)
        else:
            made = call("H5Acreate2", holder.id.id, name, datatype, space.id, 0, 0)
            call("H5Awrite", made, datatype, place)
            call("H5Aclose", made)


def content(f):
    f["data"] = np.arange(16, dtype="<i4").reshape(4, 4)
    f["data"].attrs["unit"] = 3
    f.create_group("group")
    corner = h5s.create_simple((4, 4))
    corner.select_hyperslab((1, 1), (2, 2))
    return corner


@makes("references.h5")
def references(path):
    """Shows: references of HDF5 1.12 to objects, regions and attributes, also of another file; datatypes that say which of these they are of."""
    elsewhere = Path("not_in_testdata.h5")
    with create(path, libver=("v112", "v112")) as f, create(elsewhere, libver=("v112", "v112")) as other:
        corner = content(f)
        content(other)
        g = f["group"]
        References().to("object", f, b"/data").to("object", f, b"/group").to_nothing().write(g, b"objects")
        References().to("region", f, b"/data", corner.id).write(g, b"regions")
        points = h5s.create_simple((4, 4))
        points.select_elements([(0, 3), (2, 1)])
        References().to("region", f, b"/data", points.id).write(g, b"regions_of_points")
        References().to("attr", f, b"/data", b"unit").write(g, b"attributes")
        References().to("object", other, b"/data").write(g, b"objects_elsewhere")
        References().to("region", other, b"/data", corner.id).write(g, b"regions_elsewhere")
        References().to("attr", other, b"/data", b"unit").write(g, b"attributes_elsewhere")
        References().to("region", f, b"/data", corner.id).write(f, b"typed_regions")
        References().to("attr", f, b"/data", b"unit").write(f, b"typed_attributes")
        References().to("object", f, b"/data").write(f, b"dataset", dataset=True)
    elsewhere.unlink()
    # libhdf5 has one datatype for them all, which says "object"; it reads the others that the specification has.
    with changed(path) as data:
        any_reference = b"\x47\x12\0\0"  # version 4, class 7; revision 1 of type 2
        replace(data, any_reference, b"\x47\x13\0\0", after=b"typed_regions\0")
        replace(data, any_reference, b"\x47\x14\0\0", after=b"typed_attributes\0")


@makes("region_references.h5")
def region_references(path):
    """Shows: region references before HDF5 1.12: to a box, to several, to points, to all, to none; and to nothing."""
    with create(path) as f:
        content(f)
        data = f["data"]
        some = np.zeros((4, 4), bool)
        some[[0, 2], [3, 1]] = True
        none = h5s.create_simple((4, 4))
        none.select_none()
        attributes = f["group"].attrs
        attributes["box"] = data.regionref[1:3, 1:3]
        attributes["boxes"] = data.regionref[[0, 2], 1:]
        attributes["points"] = data.regionref[some]
        attributes["all"] = data.regionref[...]
        attributes["none"] = h5r.create(f.id, b"data", h5r.DATASET_REGION, none)
        attributes.create("nothing", h5py.RegionReference(), dtype=h5py.regionref_dtype)
