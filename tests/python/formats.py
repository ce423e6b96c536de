"""Does xarray open a sidecar of every format, and is it what h5netcdf makes of the file?

    python tests/python/formats.py --program h5sidecar

Every group of two files of testdata/, opened with `engine="kerchunk"` and with `engine="zarr"`: values, dimensions and
attributes. Names of dimensions that the file does not name are compared by length only: h5netcdf takes those of scales
of the same length, or counts, as sidecars do otherwise. What was never written xarray masks, as it equals a sidecar's fill
value: counted, and allowed. With engine="kerchunk" only roots are compared: zarr 3.1 lists nothing in groups below the
root of a reference file system, whatever is in the sidecar; with engine="zarr" the group goes into the URL. Formats that the program's --help does not list are skipped, and said to be.
"""

import argparse
import functools
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import h5py
import numpy as np
import xarray

import sidecar
from reading import scale_names
from values import plain

ROOT = Path(__file__).resolve().parents[2]
FILES = "atl03_mini.h5", "netcdf4.nc"
FORMATS = "json", "json.gz", "json.zst", "parquet"
ENGINES = "kerchunk", "zarr"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--format", nargs="*", default=FORMATS)
    options = parser.parse_args()
    usage = subprocess.run([options.program, "index", "--help"], capture_output=True, text=True, check=True).stdout
    described = re.search(r"--format\b.*?(?=\n\s+-|\Z)", usage, re.DOTALL)
    failed = 0
    for name in options.format:
        if name != "json" and (described is None or not re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", described[0])):
            print(f"SKIPPED: {name}: `h5sidecar index --help` lists no such --format")
            continue
        with tempfile.TemporaryDirectory() as folder:
            for file in FILES:
                failed += check(options.program, name, described is not None, ROOT / "testdata" / file, Path(folder))
    return failed > 0


def check(program, name, has_formats, file, folder):
    out = folder / f"{file.name}.{name}"
    form = ["--format", name] if has_formats else []
    subprocess.run([program, "index", file, "--quiet", "--output", out, *form], check=True)
    failed = 0
    for engine in ENGINES:
        with h5py.File(file) as f:
            groups = [""]
            if engine == "zarr":
                f.visititems(lambda path, item: groups.append(path) if isinstance(item, h5py.Group) else None)
            masked = []
            with opened(out, name, engine) as found:
                wrong = [(group, what) for group in groups for what in differences(f[group or "/"], file, found, masked)]
        print(f"{file.name} as {name}, engine={engine}: {len(groups)} groups, {len(wrong)} differences, {len(masked)} masked: {masked}")
        for group, what in wrong[:10]:
            print(f"  /{group}: {what}")
        failed += len(wrong)
    return failed


def differences(group, file, found, masked):
    path = group.name.strip("/")
    if isinstance(found, xarray.DataTree):
        if f"/{path}" not in found.groups:
            return ["no such group"]
        found = found[f"/{path}"].to_dataset(inherit=False)
    return list(compared(expected(file, path), found, group, masked))


@functools.cache
def expected(file, path):
    with warnings.catch_warnings(action="ignore"):
        return xarray.open_dataset(file, engine="h5netcdf", group=path or None, phony_dims="access")


def opened(out, name, engine):
    """A sidecar, as a user opens it: the whole tree or, with kerchunk's engine, which finds no other, the root group."""
    # fsspec finds the compression of JSON by itself only if it is told to look.
    options = {"remote_protocol": "file"}
    if name.endswith((".gz", ".zst")):
        options["target_options"] = {"compression": "infer"}
    if engine == "kerchunk":
        return xarray.open_dataset(str(out), engine="kerchunk", storage_options=options)
    return xarray.open_datatree("reference://", engine="zarr", storage_options={"fo": str(out), **options})


def compared(expected, found, group, masked):
    if missing := set(expected.variables) ^ set(found.variables):
        yield f"variables only on one side: {sorted(missing)}"
    for name in set(expected.variables) & set(found.variables):
        a, b = expected.variables[name], found.variables[name]
        scales = scale_names(group[name])
        if any(scale not in (None, x) for scale, x in zip(scales, b.dims)):
            yield f"{name}: dimensions {a.dims} in the file, {b.dims} in the sidecar"
        if is_masked(a, b, group[name]):
            masked.append(name)
        elif a.shape != b.shape or not same_values(a.values, b.values):
            yield f"{name}: {a.dtype} {a.shape} {a.values.ravel()[:3]} in the file, {b.dtype} {b.shape} {b.values.ravel()[:3]} in the sidecar"
        yield from (f"{name}: {what}" for what in attributes(a.attrs, b.attrs))
    yield from attributes(expected.attrs, found.attrs)


def is_masked(a, b, dataset):
    """Whether nothing was ever written, and xarray shows it as missing."""
    nothing = dataset.chunks and dataset.id.get_num_chunks() == 0 or dataset.id.get_storage_size() == 0
    return nothing and a.shape == b.shape and a.size and b.dtype.kind == "f" and np.isnan(b.values).all() and (a.values == dataset.fillvalue).all()


def same_values(a, b):
    if a.dtype.kind in "OSU" or b.dtype.kind in "OSU":
        return all(plain(x) == plain(y) for x, y in zip(a.flat, b.flat))
    if a.dtype.kind != b.dtype.kind:
        return False
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fcmM")


def attributes(a, b):
    for name in sorted(set(a) | set(b)):
        if name not in a or name not in b:
            yield f"attribute {name} is only in the {'file' if name in a else 'sidecar'}"
        elif not sidecar.alike(plain(a[name]), b[name]):
            yield f"attribute {name}: {a[name]!r:.60} in the file, {b[name]!r:.60} in the sidecar"


if __name__ == "__main__":
    sys.exit(main())
