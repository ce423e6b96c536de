"""Data layouts, chunk indexes, filters and fill values."""

import ctypes
import zlib

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

from common import compact_root, create, hid, libhdf5, makes

GRID = np.arange(21 * 33, dtype="<i4").reshape(21, 33)
EDGES = dict(data=GRID, chunks=(5, 8))  # 5 x 5 chunks, the last of each row and column partly outside


def dataset(parent, name, data, dcpl, datatype=None):
    """A dataset from a creation property list, for what create_dataset has no keyword for."""
    data = np.asarray(data)
    space = h5s.create_simple(data.shape) if data.shape else h5s.create(h5s.SCALAR)
    datatype = datatype or h5t.py_create(data.dtype, logical=True)
    dsid = h5d.create(parent.id, name.encode(), datatype, space, dcpl)
    # numpy knows no string padding or character set, so a string's bytes are written as they are.
    memory = datatype if isinstance(datatype, h5t.TypeStringID) else None
    dsid.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(data), mtype=memory)
    return h5py.Dataset(dsid)


def creation(chunks=None):
    dcpl = h5p.create(h5p.DATASET_CREATE)
    dcpl.set_obj_track_times(False)
    if chunks:
        dcpl.set_chunk(chunks)
    return dcpl


@makes("layouts.h5")
def layouts(path):
    """Shows: compact, contiguous and chunked layouts; unallocated, scalar, null and zero-sized datasets."""
    with create(path) as f:
        compact = creation()
        compact.set_layout(h5d.COMPACT)
        dataset(f, "compact", GRID[:4, :5], compact)
        dataset(f, "compact_scalar", np.float32(1.5), compact)
        # More than any sensible inline threshold.
        dataset(f, "compact_large", GRID[:20, :25], compact)
        f.create_dataset("contiguous", data=GRID)
        f.create_dataset("contiguous_unallocated", shape=(7, 3), dtype="<f4")
        f.create_dataset("scalar", data=np.float64(3.25))
        f.create_dataset("null", dtype="<i2", data=h5py.Empty("<i2"))
        f.create_dataset("zero_size", shape=(0, 4), dtype="<i4")
        f.create_dataset("zero_size_chunked", shape=(0, 4), maxshape=(None, 4), chunks=(2, 4), dtype="<i4")
        f.create_dataset("chunked", **EDGES)
        early = creation((5, 8))
        early.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        h5d.create(f.id, b"chunked_early_unwritten", h5t.STD_I32LE, h5s.create_simple(GRID.shape), early)


@makes("fill_values.h5")
def fill_values(path):
    """Shows: fill value messages, old and new: default, user's and undefined; never written and partly written; each kind of datatype."""
    with create(path) as f:
        fill_value_datasets(f)


@makes("fill_values_v3.h5")
def fill_values_v3(path):
    """Shows: the same with fill value message version 3."""
    with create(path, libver=("v108", "v108"), file_creation=compact_root) as f:
        fill_value_datasets(f)


def fill_value_datasets(f):
    complex_pair = np.dtype([("lat", "<f4"), ("n", ">i2")])
    fills = {
        "i1": np.int8(-7),
        "u8": np.uint64(2**64 - 1),
        "i4_be": np.array(-99999, ">i4")[()],
        "f4": np.float32(-999.9),
        "f8_nan": np.float64("nan"),
        "f8_inf": np.float64("-inf"),
        "f4_be": np.array(1e20, ">f4")[()],
        "bool": np.bool_(True),
        "complex": np.complex64(1 - 2j),
        "string": np.bytes_(b"none"),
        "compound": np.array((-1.5, 12), complex_pair)[()],
    }
    f.create_dataset("default", shape=(4, 6), dtype="<i4", chunks=(2, 3))
    for kind, fill in fills.items():
        dtype = {"i4_be": ">i4", "f4_be": ">f4"}.get(kind, fill.dtype)
        d = f.create_dataset(f"user_{kind}", shape=(6,), dtype=dtype, chunks=(2,), fillvalue=fill)
        d[2:3] = np.zeros(1, dtype)  # chunk 1 is stored, 0 and 2 are not
        f.create_dataset(f"never_written_{kind}", shape=(3,), dtype=dtype, fillvalue=fill)
    undefined = creation((2,))
    libhdf5("H5Pset_fill_value", hid(undefined), hid(h5t.STD_I16LE), None)
    dataset(f, "undefined", np.arange(6, dtype="<i2"), undefined)
    # netCDF's way: the attribute agrees with the message, or it does not.
    d = f.create_dataset("with_attribute", data=np.array([1, -1, 3], "<i2"), fillvalue=-1)
    d.attrs["_FillValue"] = np.int16(-1)
    d = f.create_dataset("with_other_attribute", shape=(4,), chunks=(2,), dtype="<i2", fillvalue=-1)
    d[:2] = 5
    d.attrs["_FillValue"] = np.int16(-2)


@makes("fill_attributes.h5")
def fill_attributes(path):
    """Shows: _FillValue attributes of another type than their array's, as netCDF's _Unsigned has them, and fill values that Zarr cannot say."""
    with create(path) as f:
        for name, dtype, value in (
            ("unsigned", "u1", np.int8(-1)),
            ("signed", "i1", np.uint8(255)),
            ("too_large", "<i2", np.float32(1e20)),
            ("not_a_number", "<i2", np.float64("nan")),
            ("half", "<i2", np.float32(-0.5)),
            ("float", "<f4", np.int16(-1)),
        ):
            f[name] = np.array([1, 0, 3], dtype)
            f[name].attrs["_FillValue"] = value
        # An array's fill value is of the whole array: of three different elements there is no one value.
        array = h5t.array_create(h5t.STD_I32LE, (3,))
        three = np.array([1, 2, 3], "<i4")
        for name, chunks in ("mixed", (2,)), ("mixed_contiguous", None):
            properties = creation(chunks)
            libhdf5("H5Pset_fill_value", hid(properties), hid(array), ctypes.c_void_p(three.ctypes.data))
            h5d.create(f.id, name.encode(), array, h5s.create_simple((4,)), properties)


@makes("chunks_btree_v1.h5")
def chunks_btree_v1(path):
    """Shows: version 1 chunk B-trees of one to four levels: sparse, partial edge chunks, a chunk larger than the dataset, rank 3, written out of order."""
    with create(path, file_creation=lambda fcpl: libhdf5("H5Pset_istore_k", hid(fcpl), 2)) as f:
        f.create_dataset("edges", **EDGES)
        f.create_dataset("chunk_larger_than_shape", data=np.arange(6, dtype="<i2"), chunks=(20,), maxshape=(None,))
        sparse = f.create_dataset("sparse", shape=(1000, 1000), dtype="<i2", chunks=(10, 10), fillvalue=-5)
        for i in 999, 3, 501, 250:
            sparse[i, 1000 - i - 1] = i
        f.create_dataset("rank_3", data=np.arange(4 * 5 * 6, dtype="u1").reshape(4, 5, 6), chunks=(1, 2, 3))
        deep = f.create_dataset("four_levels", shape=(100,), dtype="<i4", chunks=(2,))
        for i in np.random.default_rng(0).permutation(50):
            deep[2 * i : 2 * i + 2] = [i, -i]
        f.create_dataset("no_chunk_written", shape=(9,), dtype="<f4", chunks=(2,))


@makes("single_chunk.h5")
def single_chunk(path):
    """Shows: layout message version 4 with a single chunk, unfiltered, filtered, and filtered with a filter mask."""
    with create(path, libver=("v110", "v110")) as f:
        f.create_dataset("plain", data=GRID, chunks=GRID.shape)
        f.create_dataset("gzip", data=GRID, chunks=GRID.shape, compression="gzip")
        d = f.create_dataset("gzip_masked", shape=GRID.shape, dtype="<i4", chunks=GRID.shape, compression="gzip")
        d.id.write_direct_chunk((0, 0), GRID.tobytes(), filter_mask=1)
        f.create_dataset("unwritten", shape=(3, 4), dtype="<f4", chunks=(3, 4), fillvalue=2)


@makes("chunk_index_v4.h5")
def chunk_index_v4(path):
    """Shows: the other chunk indexes of layout message version 4: implicit, fixed array, extensible array, version 2 B-tree; filtered or not, sparse."""
    with create(path, libver=("v110", "v110"), file_creation=compact_root) as f:
        early = creation((5, 8))
        early.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        dataset(f, "implicit", GRID, early)
        unlimited = {"fixed_array": None, "extensible_array": (None, 33), "btree_v2": (None, None)}
        for index, maxshape in unlimited.items():
            f.create_dataset(index, **EDGES, maxshape=maxshape)
            f.create_dataset(f"{index}_gzip", **EDGES, maxshape=maxshape, compression="gzip", shuffle=True)
            sparse = f.create_dataset(f"{index}_sparse", shape=GRID.shape, dtype="<i4", chunks=(5, 8), maxshape=maxshape)
            sparse[20, 32] = 1
        many = dict(shape=(3000,), dtype="u1", chunks=(1,))
        # Long enough for a paged fixed array data block, and for extensible array super blocks.
        f.create_dataset("fixed_array_paged", **many)[[0, 1500, 2999]] = [1, 2, 3]
        f.create_dataset("extensible_array_super_blocks", **many, maxshape=(None,))[[0, 1500, 2999]] = [1, 2, 3]


@makes("filters.h5")
def filters(path):
    """Shows: the filters of libhdf5 and h5py: deflate, shuffle, fletcher32, nbit, scaleoffset, lzf, and a filter pipeline on partial chunks."""
    with create(path) as f:
        f.create_dataset("gzip", **EDGES, compression="gzip", compression_opts=9)
        f.create_dataset("shuffle", **EDGES, shuffle=True)
        f.create_dataset("shuffle_gzip", **EDGES, shuffle=True, compression="gzip")
        f.create_dataset("shuffle_gzip_f8", data=GRID * 0.5, chunks=(5, 8), shuffle=True, compression="gzip")
        f.create_dataset("shuffle_gzip_string", data=GRID.astype("S5"), chunks=(5, 8), shuffle=True, compression="gzip")
        f.create_dataset("fletcher32", **EDGES, fletcher32=True)
        f.create_dataset("shuffle_gzip_fletcher32", **EDGES, shuffle=True, compression="gzip", fletcher32=True)
        f.create_dataset("scaleoffset", **EDGES, scaleoffset=0)
        f.create_dataset("lzf", **EDGES, compression="lzf")
        twelve_bits = h5t.STD_I16LE.copy()
        twelve_bits.set_precision(12)
        nbit = creation((5, 8))
        libhdf5("H5Pset_nbit", hid(nbit))
        dataset(f, "nbit", GRID, nbit, twelve_bits)


@makes("filter_order.h5")
def filter_order(path):
    """Shows: the pipeline's order is the file's, not a custom: deflate before shuffle; fletcher32 first, as netCDF-C writes it."""
    with create(path) as f:
        for filters in (
            ("deflate", "shuffle"),
            ("fletcher32", "deflate"),
            ("fletcher32", "shuffle", "deflate"),
            ("shuffle", "fletcher32", "deflate"),
            ("deflate", "deflate"),
        ):
            dcpl = creation((5, 8))
            for name in filters:
                dcpl.set_deflate(6) if name == "deflate" else getattr(dcpl, f"set_{name}")()
            dataset(f, "_".join(filters), GRID, dcpl)
        f.create_dataset("fletcher32_shuffle_f8", data=GRID * 0.5, chunks=(5, 8), fletcher32=True, shuffle=True)


@makes("filter_mask.h5")
def filter_mask(path):
    """Shows: filter masks that skip filters: in every chunk alike, in some, and an optional filter libhdf5 itself skipped."""
    chunk = np.arange(400, dtype="<i4")

    def masked(f, name, masks):
        d = f.create_dataset(name, shape=(400 * len(masks),), dtype="<i4", chunks=(400,), shuffle=True, compression="gzip")
        shuffled = np.frombuffer(chunk.tobytes(), "u1").reshape(400, 4).T.tobytes()
        for i, mask in enumerate(masks):
            stored = chunk.tobytes() if mask & 1 else shuffled
            stored = stored if mask & 2 else zlib.compress(stored, 6)
            d.id.write_direct_chunk((400 * i,), stored, filter_mask=mask)

    with create(path) as f:
        masked(f, "none", (0, 0))
        masked(f, "no_shuffle", (1, 1))
        masked(f, "no_deflate", (2, 2))
        masked(f, "no_filter", (3, 3))
        masked(f, "mixed", (0, 1, 2, 3))
        noise = np.random.default_rng(1).integers(0, 256, 1000, "u1")
        # Noise does not shrink, and h5py makes lzf optional, so the chunk is stored as it is with its mask set.
        f.create_dataset("skipped_by_libhdf5", data=noise, chunks=(500,), compression="lzf")


@makes("external_and_virtual.h5")
def external_and_virtual(path):
    """Shows: data that lies in other files: External Data Files message, virtual dataset. To be reported, not read as fill values."""
    with create(path, libver=("v110", "v110")) as f:
        f["here"] = GRID[0, :10]
        # The other file need not exist for this one to be read.
        f.create_dataset("external", shape=(10,), dtype="<i4", external=[("not_in_testdata.bin", 0, 40)])
        virtual = creation()
        virtual.set_fill_value(np.array(-1, "<i4"))
        space = h5s.create_simple((2, 10))
        for row, (file, name) in enumerate(((b"not_in_testdata.h5", b"data"), (b".", b"/here"))):
            space.select_hyperslab((row, 0), (1, 10))
            virtual.set_virtual(space, file, name, h5s.create_simple((10,)))
        h5d.create(f.id, b"virtual", h5t.STD_I32LE, space, virtual)
