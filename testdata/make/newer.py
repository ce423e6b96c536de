"""What came with libhdf5 1.10, 1.12 and 2.0: layouts, chunk indexes, datatypes; and types that hardly any file has."""

import ctypes

import h5py
import numpy as np
from h5py import h5a, h5d, h5s, h5t

from changes import blocks, changed
from common import compact_root, create, hid, libhdf5, library, makes
from storage import EDGES, GRID, creation, dataset


@makes("edge_chunks.h5")
def edge_chunks(path):
    """Shows: chunks over the edge of the dataset that are stored without the filters of the others, in every chunk index that has filters."""
    with create(path, libver=("v110", "v110"), file_creation=compact_root) as f:
        for name, maxshape in ("fixed_array", GRID.shape), ("extensible_array", (None, 33)), ("btree_v2", (None, None)):
            dcpl = creation((5, 8))
            dcpl.set_shuffle()
            dcpl.set_deflate(6)
            libhdf5("H5Pset_chunk_opts", hid(dcpl), 2)  # H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS
            space = h5s.create_simple(GRID.shape, tuple(h5s.UNLIMITED if n is None else n for n in maxshape))
            h5d.create(f.id, name.encode(), h5t.STD_I32LE, space, dcpl).write(h5s.ALL, h5s.ALL, GRID)


@makes("extensible_array_pages.h5")
def extensible_array_pages(path):
    """Shows: extensible arrays with data blocks of two pages, of which some were never written, unfiltered and filtered."""
    with create(path, libver=("v110", "v110"), file_creation=lambda fcpl: fcpl.set_sizes(4, 8)) as f:
        # Rows far apart in the array, for it has room for 140,000 columns; blocks from number 131,060 on have pages.
        for name, options in ("plain", {}), ("gzip", dict(compression="gzip")):
            d = f.create_dataset(name, shape=(2, 5), maxshape=(None, 140_000), chunks=(1, 1), dtype="u1", **options)
            d[0, 0], d[1, 0], d[1, 4] = 1, 2, 3


@makes("datatypes_v4.h5")
def datatypes_v4(path):
    """Shows: libhdf5 1.12's datatype message version, 4: compounds, enumerations, arrays."""
    with create(path, libver=("v112", "v112"), file_creation=compact_root) as f:
        nested_types(f)


@makes("datatypes_v5.h5")
def datatypes_v5(path):
    """Shows: libhdf5 2.0's datatype message version, 5, and its complex numbers, in datasets and in attributes."""
    with create(path, libver=("v200", "v200"), file_creation=compact_root) as f:
        nested_types(f)
        holder = f.create_group("attributes")
        for name in "F16LE", "F32LE", "F32BE", "F64LE", "F64BE":
            datatype = getattr(h5t, f"COMPLEX_IEEE_{name}")
            values = np.array([1 + 2j, -0.5j, 3], "c16")
            space = h5s.create_simple((3,))
            for made in (
                h5d.create(f.id, f"complex_{name}".encode(), datatype, space, creation()),
                h5d.create(f.id, f"chunked_{name}".encode(), datatype, space, creation((2,))),
            ):
                made.write(h5s.ALL, h5s.ALL, values, mtype=h5t.COMPLEX_IEEE_F64LE)
            attribute = h5a.create(holder.id, name.encode(), datatype, space)
            attribute.write(values, mtype=h5t.COMPLEX_IEEE_F64LE)


def nested_types(f):
    pair = np.dtype([("n", "<i4"), ("x", ">f8")])
    f.create_dataset("compound", data=np.array([(1, -2.5), (2, 0.5)], pair))
    f.create_dataset("nested", data=np.array([((1, 2), [3, 4])], [("p", [("a", "i1"), ("b", "<u2")]), ("q", "<f4", 2)]))
    f.create_dataset("enum", data=[1, 2, 1], dtype=h5py.enum_dtype({"land": 1, "sea": 2}, "i1"))
    f.create_dataset("array", shape=(2,), dtype=np.dtype("(2,3)<i2"))[...] = np.arange(12, dtype="<i2").reshape(2, 2, 3)
    f.create_dataset("sequences", shape=(2,), dtype=h5py.vlen_dtype(pair))
    f.attrs.create("compound", np.array((1, -2.5), pair))
    f.attrs.create("enum", 2, dtype=h5py.enum_dtype({"land": 1, "sea": 2}, "i1"))


@makes("rare_types.h5")
def rare_types(path):
    """Shows: numbers in VAX byte order, and times, of which h5py reads neither, in datasets and in attributes."""
    numbers = np.array([0.1, -2.5, 60000, 0])
    with create(path) as f:
        for name, datatype, values in (
            ("vax_F32", h5t.TypeFloatID(global_id("H5T_VAX_F32_g")), vax(numbers.astype("<f4"), "<u4", 23)),
            ("vax_F64", h5t.TypeFloatID(global_id("H5T_VAX_F64_g")), vax(numbers, "<u8", 52)),
            ("time_le", h5t.UNIX_D32LE, np.array([0, 1_000_000_000], "<i4")),
            ("time_be", h5t.UNIX_D64BE, np.array([0, 1_000_000_000], ">i8")),
        ):
            space = h5s.create_simple((len(values),))
            h5d.create(f.id, name.encode(), datatype, space, creation()).write(h5s.ALL, h5s.ALL, values, mtype=datatype)
            h5a.create(f.id, name.encode(), datatype, space).write(values, mtype=datatype)


def vax(numbers, bits, mantissa):
    """The same numbers, whose exponents are larger by two, with the more significant pairs of bytes first: libhdf5 reads
    them so, and would write them with all bytes in reverse."""
    bits = np.where(numbers == 0, 0, numbers.view(bits) + (2 << mantissa)).astype(bits)
    return bits.view("<u2").reshape(len(numbers), -1)[:, ::-1].copy().view(bits.dtype).ravel()


def global_id(name):
    return ctypes.c_int64.in_dll(library("h5py"), name).value


@makes("layouts_v4.h5")
def layouts_v4(path):
    """Shows: layout message version 4 for compact and contiguous data, too: libhdf5 reads that and writes it only for the other kinds."""
    with_layouts_of(path, 4)


@makes("layouts_v5.h5")
def layouts_v5(path):
    """Shows: layout message version 5 for compact, contiguous, chunked and virtual data: libhdf5 2.0 reads that and writes it only for some chunked data."""
    with_layouts_of(path, 5)


def with_layouts_of(path, version):
    bound = {4: "v110", 5: "v200"}[version]
    with create(path, libver=(bound, bound), file_creation=compact_root) as f:
        compact = creation()
        compact.set_layout(h5d.COMPACT)
        dataset(f, "compact", GRID[:2, :3], compact)
        f.create_dataset("contiguous", data=GRID[:4, :5])
        f.create_dataset("contiguous_unallocated", shape=(3,), dtype="<i4")
        f.create_dataset("chunked", **EDGES, compression="gzip")
        virtual = creation()
        virtual.set_virtual(h5s.create_simple((4, 5)), b".", b"/contiguous", h5s.create_simple((4, 5)))
        h5d.create(f.id, b"virtual", h5t.STD_I32LE, h5s.create_simple((4, 5)), virtual)
    with changed(path) as data:
        found = [at for block in blocks(data) for kind, at, _ in block.messages(data) if kind == 0x08]
        assert len(found) == 5
        for layout in found:
            data[layout] = version
