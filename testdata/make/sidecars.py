"""What is hard to say in a sidecar: chunks that look like text, compounds that are not flat, gaps in what is masked."""

import h5py
import numpy as np

from common import create, makes


@makes("like_text.h5")
def like_text(path):
    """Shows: chunks whose bytes look like JSON, like numbers, like base64 of a sidecar, and are none."""
    texts = {
        "json": b"[1,  2]",
        "spaces": b'{"a":   1}',
        "number": b"006 ",
        "decimals": b"1.50",
        "exponent": b"1e3",
        "base64": b"base64:AAAA",
        "quoted": b'"a\\u0041"',
        "braces": b"{{u}}",
        "true": b"true",
    }
    with create(path) as f:
        for name, text in texts.items():
            f[name] = np.frombuffer(text, "u1")
            f[f"{name}_string"] = np.array([text], f"S{len(text)}")


@makes("compounds.h5")
def compounds(path):
    """Shows: compounds with unused bytes, in one another, with arrays, of one member, in chunks, never written."""
    inner = np.dtype({"names": ["x", "y"], "formats": ["<f8", ">i2"], "offsets": [0, 12], "itemsize": 16})
    aligned = np.dtype([("flag", "i1"), ("value", "<f8"), ("name", "S3")], align=True)
    types = {
        "flat": np.dtype([("a", "<i4"), ("b", "<f4")]),
        "aligned": aligned,
        "nested": np.dtype([("id", "<u2"), ("inner", inner)]),
        "with_array": np.dtype([("a", "<i2", (2, 3)), ("b", "u1")]),
        "of_nested_arrays": np.dtype([("points", inner, (2,)), ("end", "<i4")]),
        "one_member": np.dtype([("only", "<i4")]),
    }
    with create(path) as f:
        for name, dtype in types.items():
            values = filled(dtype, 7)
            f[name] = values
            f.create_dataset(f"{name}_chunked", data=values, chunks=(3,), shuffle=True, compression="gzip")
        f.create_dataset("never_written", (4,), types["aligned"], chunks=(2,), fillvalue=filled(aligned, 1)[0])


def filled(dtype, count):
    """Values that differ from member to member, and zeros between the members."""
    values = np.zeros(count, dtype)
    for n, (member, place) in enumerate(members(values)):
        member[place] = (np.arange(member[place].size).reshape(member[place].shape) + 10 * n).astype(member[place].dtype)
    return values


def members(values):
    for name in values.dtype.names:
        if values[name].dtype.names:
            yield from members(values[name])
        else:
            yield values, name


@makes("gaps.h5")
def gaps(path):
    """Shows: chunks that were never written of variables that mask a value: times, with and without _FillValue, none at all."""
    with create(path) as f:
        time = partly_written(f, "time", "<f8", fillvalue=np.nan)
        time.attrs["units"] = "days since 2000-01-01"
        filled = partly_written(f, "time_filled", "<f8", fillvalue=-1.0)
        filled.attrs["units"] = "days since 2000-01-01"
        filled.attrs["_FillValue"] = np.float64(-1)
        masked = partly_written(f, "masked", "<i2", fillvalue=-32767)
        masked.attrs["_FillValue"] = np.int16(-32767)
        partly_written(f, "zeros", "<i4")
        compressed = partly_written(f, "compressed", ">i4", fillvalue=9, shuffle=True, compression="gzip")
        compressed.attrs["_Netcdf4Dimid"] = np.int32(0)
        f.create_dataset("never_written", (6,), "<f4", chunks=(2,), fillvalue=3.5)


def partly_written(f, name, dtype, **how):
    d = f.create_dataset(name, (10,), dtype, chunks=(4,), **how)
    d[4:8] = np.arange(4)
    return d
