"""Datatypes, in attributes and in datasets, and values that lie in the global heap."""

import h5py
import numpy as np
from h5py import h5a, h5s, h5t

from common import compact_root, create, makes
from storage import creation, dataset


@makes("attributes.h5")
def attributes(path):
    """Shows: attributes of every datatype class and dataspace, on a dataset and on the root group (attribute message version 1)."""
    with create(path) as f:
        f["target"] = np.arange(5, dtype="<i2")
        write_attributes(f["target"], f)
        write_attributes(f, f)


@makes("attributes_v3.h5")
def attributes_v3(path):
    """Shows: the same in libhdf5 1.8's format (attribute message version 3, compact: no more than eight an object)."""
    with create(path, libver=("v108", "v108"), file_creation=compact_root) as f:
        f["target"] = np.arange(5, dtype="<i2")
        holder = Spread(f)
        write_attributes(holder, f)


class Spread:
    """Looks like one object to `write_attributes`, and is a new group for every eight attributes."""

    def __init__(self, parent):
        self.parent, self.count = parent, 0

    @property
    def group(self):
        group = self.parent.require_group(f"attributes_{self.count // 8}")
        self.count += 1
        return group

    @property
    def id(self):
        return self.group.id

    @property
    def attrs(self):
        return self.group.attrs


def write_attributes(holder, f):
    for name, value in plain_values().items():
        holder.attrs[name] = value
    for name, (datatype, data) in raw_strings().items():
        write_raw(holder, name, datatype, data)
    holder.attrs["empty"] = h5py.Empty("<f4")
    holder.attrs["empty_string"] = h5py.Empty("S1")
    holder.attrs["string_vlen"] = "variable: é µ 日本"
    holder.attrs["string_vlen_empty"] = ""
    holder.attrs.create("string_vlen_array", ["one", "", "drei ß"], dtype=h5py.string_dtype())
    holder.attrs.create("string_vlen_ascii", "ascii", dtype=h5py.string_dtype("ascii"))
    holder.attrs.create("string_not_utf8", b"caf\xe9", dtype="S4")
    holder.attrs.create("enum", 2, dtype=h5py.enum_dtype({"land": 1, "sea": 2}, "i1"))
    sequences = np.empty(3, object)
    sequences[:] = [np.array([1, 2, 3], "<i4"), np.array([], "<i4"), np.array([-4], "<i4")]
    holder.attrs.create("vlen_i4", sequences, dtype=h5py.vlen_dtype("<i4"))
    big_endian = np.empty(1, object)
    big_endian[0] = np.array([1.5, -2.5], ">f8")
    holder.attrs.create("vlen_f8_be", big_endian, dtype=h5py.vlen_dtype(">f8"))
    holder.attrs.create("array_type", np.arange(6, dtype="<i2").reshape(2, 3), dtype=np.dtype("(2,3)<i2"))
    holder.attrs["object_reference"] = f["target"].ref
    holder.attrs.create("object_references", [f["target"].ref, f.ref, h5py.Reference()], dtype=h5py.ref_dtype)
    holder.attrs["region_reference"] = f["target"].regionref[1:3]
    if "a_named_type" not in f:
        f["a_named_type"] = np.dtype(">i4")
    committed = h5a.create(holder.id, b"committed_type", f["a_named_type"].id, h5s.create(h5s.SCALAR))
    committed.write(np.array(77, ">i4"))


def plain_values():
    values = {}
    for kind in "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8":
        limits = np.iinfo(kind)
        values[f"{kind}_le"] = np.array([limits.min, 0, limits.max], f"<{kind}")
        values[f"{kind}_be"] = np.array([limits.min, 0, limits.max], f">{kind}")
    for kind in "f2", "f4", "f8":
        values[f"{kind}_le"] = np.array([0.1, -2.5, 60000], f"<{kind}")
        values[f"{kind}_be"] = np.array([0.1, -2.5, 60000], f">{kind}")
    values |= {
        "not_finite": np.array([np.nan, np.inf, -np.inf, -0.0]),
        "scalar": np.float32(0.1),
        "one_element": np.array([7], "<i4"),
        "two_dimensions": np.arange(6, dtype="<i4").reshape(2, 3),
        "three_dimensions": np.arange(8, dtype="<f4").reshape(2, 2, 2),
        "zero_size": np.zeros(0, "<i4"),
        "zero_size_2d": np.zeros((2, 0), "<f4"),
        "bool": np.bool_(True),
        "bools": np.array([True, False]),
        "complex64": np.complex64(1 + 2j),
        "complex128": np.array([1 - 2j, complex("nan")]),
        "opaque": np.void(b"\x00\x01\xfe\xff"),
        "compound": np.array([(1, -2.5, b"ab"), (2, 0.5, b"")], [("n", "<i4"), ("x", ">f8"), ("s", "S3")]),
        "compound_nested": np.array(((1, 2), [3.0, 4.0]), [("p", [("a", "i1"), ("b", "<u2")]), ("q", "<f4", 2)]),
    }
    return values


def raw_strings():
    """Fixed-length strings of each padding and character set: name -> (datatype, bytes)."""
    strings = {}
    for padding, code in ("null_term", h5t.STR_NULLTERM), ("null_pad", h5t.STR_NULLPAD), ("space_pad", h5t.STR_SPACEPAD):
        datatype = h5t.C_S1.copy()
        datatype.set_size(8)
        datatype.set_strpad(code)
        fill = b" " if code == h5t.STR_SPACEPAD else b"\0"
        strings[f"string_{padding}"] = (datatype, [b"meters".ljust(8, fill)])
        strings[f"string_{padding}_array"] = (datatype, [b"a".ljust(8, fill), fill * 8, b"in a".ljust(8, fill)])
        utf8 = datatype.copy()
        utf8.set_cset(h5t.CSET_UTF8)
        strings[f"string_{padding}_utf8"] = (utf8, ["µm/日".encode().ljust(8, fill)])
    return strings


def write_raw(holder, name, datatype, data):
    space = h5s.create_simple((len(data),)) if len(data) > 1 else h5s.create(h5s.SCALAR)
    attribute = h5a.create(holder.id, name.encode(), datatype, space)
    attribute.write(np.array(data, "S8"), mtype=datatype)


@makes("datatypes.h5")
def datatypes(path):
    """Shows: datasets of every datatype class, one contiguous and one chunked with shuffle and deflate where that is possible."""
    with create(path) as f:
        write_datasets(f)


@makes("datatypes_v3.h5")
def datatypes_v3(path):
    """Shows: the same with libhdf5 1.8's datatype message versions (3: packed compounds, enums, arrays)."""
    with create(path, libver=("v108", "v108"), file_creation=compact_root) as f:
        write_datasets(f)


def write_datasets(f):
    # Compact storage would need no chunk; these are about types, so a few elements each do.
    for name, value in plain_values().items():
        if name.endswith(("_be", "bools", "complex128", "compound")):
            f.create_dataset(f"chunked_{name}", data=value, chunks=value.shape, shuffle=True, compression="gzip")
        f[f"contiguous_{name}"] = value
    for name, (datatype, data) in raw_strings().items():
        dataset(f, name, np.array(data, "S8"), creation(), datatype)
    twelve_bits = h5t.STD_I16LE.copy()
    twelve_bits.set_precision(12)
    twelve_bits.set_offset(2)
    dataset(f, "integer_12_bits", np.arange(-3, 3, dtype="<i2"), creation(), twelve_bits)
    f.create_dataset("enum", data=[1, 2, 1], dtype=h5py.enum_dtype({"land": 1, "sea": 2}, "i1"))
    f.create_dataset("array_type", shape=(2,), dtype=np.dtype("(2,3)<i2"))[...] = np.arange(12, dtype="<i2").reshape(2, 2, 3)
    sequences = f.create_dataset("vlen_i4", shape=(3,), dtype=h5py.vlen_dtype("<i4"))
    sequences[0], sequences[2] = [1, 2, 3], [-4]
    f.create_dataset("compound_with_vlen", data=[(1, "one"), (2, "two")], dtype=[("n", "<i4"), ("s", h5py.string_dtype())])
    f.create_dataset("region_reference", data=f["enum"].regionref[:2], dtype=h5py.regionref_dtype)
    dataset(f, "bitfield", np.array([1, 0x80, 0xFF], "u1"), creation(), h5t.STD_B8LE)


@makes("vlen_strings.h5")
def vlen_strings(path):
    """Shows: variable-length strings in the global heap: 1-D, scalar, 2-D, chunked with deflate, empty and never written."""
    with create(path) as f:
        text = h5py.string_dtype()
        names = np.array(["alpha", "", "gämma", "日本語", "e" * 300, "last"], object)
        f.create_dataset("one_dimension", data=names, dtype=text)
        f.create_dataset("scalar", data="just one", dtype=text)
        f.create_dataset("two_dimensions", data=names.reshape(2, 3), dtype=text)
        f.create_dataset("chunked", data=names, dtype=text, chunks=(4,))
        f.create_dataset("chunked_gzip", data=names, dtype=text, chunks=(4,), shuffle=True, compression="gzip")
        f.create_dataset("never_written", shape=(3,), dtype=text)
        f.create_dataset("ascii", data=[b"a", b"b"], dtype=h5py.string_dtype("ascii"))
        f.create_dataset("not_utf8", data=[b"caf\xe9"], dtype=text)
        # More than one global heap collection of 4096 bytes.
        f.create_dataset("many", data=[f"string number {i:04}" for i in range(300)], dtype=text)


@makes("object_references.h5")
def object_references(path):
    """Shows: datasets and attributes of object references: to groups, to datasets by two names, null, and to a deleted object."""
    with create(path) as f:
        f["group/data"] = np.arange(3)
        f["alias"] = f["group/data"]
        f["deleted"] = 1
        refs = [f["group"].ref, f["group/data"].ref, f["alias"].ref, h5py.Reference(), f["deleted"].ref]
        f.create_dataset("references", data=refs, dtype=h5py.ref_dtype)
        f["references"].attrs.create("targets", refs[:4], dtype=h5py.ref_dtype)
        del f["deleted"]


@makes("committed_datatype.h5")
def committed_datatype(path):
    """Shows: a committed (named) datatype in a group, used by a dataset and by an attribute: shared messages."""
    with create(path) as f:
        f["types/position"] = np.dtype([("lat", "<f4"), ("lon", "<f4")])
        f["types/depth"] = np.dtype(">i2")
        f["types/depth"].attrs["units"] = "m"
        f.create_dataset("positions", data=np.zeros(3, f["types/position"].dtype), dtype=f["types/position"])
        f.create_dataset("depths", data=[1, -2, 3], dtype=f["types/depth"])
        f["depths"].attrs.create("typical", 10, dtype=f["types/depth"])
