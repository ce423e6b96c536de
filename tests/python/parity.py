"""Does a sidecar read as the file reads? Compares every dataset and attribute with h5py.

    python tests/python/parity.py SIDECAR.json FILE.h5 [--report report.json] [--attributes]

A dataset is *equal* through zarr and through xarray, or *reported* (not in the sidecar, and the report says so), or
*wrong*, or *missing*: neither in the sidecar nor in the report. Wrong or missing ones make the exit code 1; with
`--attributes`, so do attributes that differ.
"""

import argparse
import json
import sys
import warnings
from collections import defaultdict
from pathlib import Path

import fsspec
import h5py
import hdf5plugin  # noqa: F401  the filters of testdata/filter_*.h5
import numpy as np
import xarray
import zarr
from zarr.storage import FsspecStore

import sidecar

# Attributes of dimension scales and netCDF-4 that a sidecar expresses otherwise, or drops.
HIDDEN = {
    "CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS", "_Netcdf4Dimid", "_Netcdf4Coordinates",
    "_nc3_strict", "_NCProperties", "_FillValue", "_ARRAY_DIMENSIONS",
}  # fmt: skip

# Files that libhdf5 does not read, or not all of, and another one with the same content.
SAME_CONTENT = {
    "length_size_16.h5": "length_size_8.h5",
    "length_size_32.h5": "length_size_8.h5",
    "heap_long_ids.h5": "heap_without_checksums.h5",
}


def main():
    parser = argparse.ArgumentParser(description="Does a sidecar read as the file reads?")
    parser.add_argument("sidecar", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--report", type=Path, help="JSON with `problems` and `not_referenced`, each a list of {path, ...}")
    parser.add_argument("--attributes", action="store_true", help="fail on attributes that differ, too")
    options = parser.parse_args()
    parity = compare(options.sidecar, options.file, reported_paths(options.report))
    parity.print()
    return parity.failed(options.attributes)


def reported_paths(report):
    if report is None:
        return {}
    report = json.loads(report.read_text())
    entries = report.get("problems", []) + report.get("not_referenced", [])
    return {entry["path"].strip("/"): entry.get("reason", "") for entry in entries if entry.get("path")}


def reason_for(path, reported):
    """Why a dataset is not in the sidecar, as reported of itself or of a group above it, whose links are lost."""
    while path not in reported and path:
        path = path.rpartition("/")[0]
    return reported.get(path)


class Parity:
    def __init__(self):
        self.datasets = defaultdict(list)  # verdict -> [(path, detail)]
        self.attributes = []  # (path, name, in the file, in the sidecar)
        self.xarray = []  # (group, why xarray does not open it)

    def print(self):
        for verdict in "wrong", "missing", "reported":
            for path, detail in self.datasets[verdict]:
                print(f"{verdict}: {path}: {detail}")
        for path, name, expected, found in self.attributes:
            print(f"attribute differs: {path}@{name}: {expected!r:.80} in the file, {found!r:.80} in the sidecar")
        for group, why in self.xarray:
            print(f"xarray does not open: /{group}: {why}")
        counts = {verdict: len(self.datasets[verdict]) for verdict in ("equal", "reported", "wrong", "missing")}
        counts |= {"attribute differences": len(self.attributes), "groups xarray does not open": len(self.xarray)}
        print("\n" + "\n".join(f"{count:>7,}  {name}" for name, count in counts.items()))

    def failed(self, attributes_count):
        return bool(self.datasets["wrong"] or self.datasets["missing"] or attributes_count and self.attributes)


def compare(sidecar_path, file, reported):
    refs = sidecar.load(sidecar_path)
    store = open_store(refs, file)
    arrays = {key.removesuffix("/.zarray") for key in refs if key.endswith("/.zarray")}
    parity = Parity()
    known = set()
    through_xarray = XarrayGroups(store, parity)
    with h5py.File(file.with_name(SAME_CONTENT.get(file.name, file.name))) as f:
        groups, datasets = walk(f)
        for paths in datasets:
            known.update(paths)
            present = [path for path in paths if path in arrays]
            if not present:
                why = next((reason for path in paths if (reason := reason_for(path, reported)) is not None), None)
                verdict = "missing" if why is None else "reported"
                parity.datasets[verdict].append((paths[0], why or "not in the sidecar"))
            for path in present:
                wrong = compare_dataset(f[path], store, path, through_xarray)
                parity.datasets["wrong" if wrong else "equal"].append((path, wrong))
                compare_attributes(parity, path, f[path], refs)
        for path in groups:
            if (path + "/.zgroup").lstrip("/") in refs:
                compare_attributes(parity, path, f[path or "/"], refs)
    parity.datasets["wrong"] += [(path, "no such dataset in the file") for path in sorted(arrays - known)]
    return parity


def open_store(refs, file):
    """The references as a Zarr store that reads `file`, whatever the URL in them, and other files where they are."""
    local = Path(file).resolve()

    def place(url):
        if Path(url).name != local.name and Path(url).is_file():
            return url
        return str(local)

    refs = {key: [place(ref[0]), *ref[1:]] if isinstance(ref, list) else ref for key, ref in refs.items()}
    fs = fsspec.filesystem("reference", fo={"version": 1, "refs": refs}, remote_protocol="file", asynchronous=True)
    return FsspecStore(fs, read_only=True, path="")


def walk(f):
    """All groups by one path each, and for every dataset all its paths: hard links give it several."""
    groups, datasets = {}, defaultdict(list)

    def visit(group, path, ancestors):
        groups.setdefault(address(group), path)
        for name in group:
            if not is_hard_link(group, name):
                continue
            item, item_path = group[name], f"{path}/{name}".lstrip("/")
            if isinstance(item, h5py.Dataset):
                datasets[address(item)].append(item_path)
            elif isinstance(item, h5py.Group) and address(item) not in ancestors:
                visit(item, item_path, ancestors | {address(item)})

    visit(f, "", {address(f)})
    return groups.values(), datasets.values()


def is_hard_link(group, name):
    try:
        return isinstance(group.get(name, getlink=True), h5py.HardLink)
    except TypeError:  # what h5py says of a user-defined link
        return False


def address(item):
    return h5py.h5o.get_info(item.id).addr


def compare_dataset(dataset, store, path, through_xarray):
    """What is wrong with the dataset's values, if anything."""
    try:
        expected = h5_values(dataset)
        with warnings.catch_warnings(action="ignore"):
            array = zarr.open_array(store, path=path, mode="r", zarr_format=2)
            found = array[...]
            if wrong := difference(expected, found):
                return f"through zarr: {wrong}"
            if wrong := through_xarray.difference(path, expected):
                return f"through xarray: {wrong}"
    except Exception as error:
        return f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
    return None


class XarrayGroups:
    """Groups of the sidecar as xarray datasets, each opened once."""

    def __init__(self, store, parity):
        self.store, self.parity, self.opened = store, parity, {}

    def difference(self, path, expected):
        group, _, name = path.rpartition("/")
        if group not in self.opened:
            self.opened[group] = self.open(group)
        if self.opened[group] is None:
            return None
        if name not in self.opened[group].variables:
            return "no such variable"
        try:
            found = self.opened[group].variables[name].values
        except TypeError as error:  # xarray casts compounds with big-endian members to bytes, in vain
            self.parity.xarray.append((path, f"{type(error).__name__}: {error}".replace("\n", " ")[:200]))
            return None
        return difference(expected, found)

    def open(self, group):
        try:
            # zarr 3.1 lists a group below the root of a reference file system as empty, so `group=` finds no variables;
            # a store that begins at the group lists them. Without decode_cf: no masks, no scaling, no times.
            store = FsspecStore(self.store.fs, read_only=True, path=group)
            return xarray.open_dataset(store, engine="zarr", zarr_format=2, consolidated=False, chunks=None, decode_cf=False)
        except Exception as error:
            self.parity.xarray.append((group, f"{type(error).__name__}: {error}".replace("\n", " ")[:200]))
            return None


def h5_values(dataset):
    """The dataset's values as h5py reads them, with strings and references as text."""
    if dataset.shape is None:
        return np.zeros(0, dataset.dtype)
    values = dataset[()]
    if h5py.check_string_dtype(dataset.dtype) and dataset.dtype.kind == "O":
        return np.vectorize(lambda text: text.decode("utf-8", "replace"), otypes=[object])(values)
    if h5py.check_ref_dtype(dataset.dtype) is h5py.Reference:
        return np.vectorize(lambda ref: name_of(dataset.file, ref), otypes=[object])(values)
    return np.asarray(values)


def name_of(f, ref):
    try:
        return f[ref].name if ref else ""
    except (KeyError, ValueError):  # the object was deleted
        return ""


def difference(expected, found):
    """The first difference in shape, type or values, as text."""
    found = np.asarray(found)
    if expected.size == 0 and found.size == 0:
        return None
    if expected.shape != found.shape:
        return f"shape {expected.shape} in the file, {found.shape} in the sidecar"
    if expected.dtype.kind == "O" or found.dtype.kind in "OTU":
        same = [plain(a) == plain(b) for a, b in zip(expected.flat, found.flat)]
    elif expected.dtype.names:
        if expected.dtype.names != found.dtype.names:
            return f"type {expected.dtype} in the file, {found.dtype} in the sidecar"
        wrong = [(name, difference(expected[name], found[name])) for name in expected.dtype.names]
        return next((f"member {name}: {why}" for name, why in wrong if why), None)
    else:
        if (expected.dtype.kind, expected.dtype.itemsize) != (found.dtype.kind, found.dtype.itemsize):
            return f"type {expected.dtype} in the file, {found.dtype} in the sidecar"
        same = expected == found
        if expected.dtype.kind in "fc":
            same |= np.isnan(expected) & np.isnan(found)
        elif expected.dtype.kind == "S":  # libhdf5 takes away the spaces of space-padded strings
            same |= np.strings.rstrip(expected) == np.strings.rstrip(found)
        elif expected.dtype.kind == "V":
            same = np.array([a.tobytes() == b.tobytes() for a, b in zip(expected.flat, found.flat)])
    same = np.ravel(same)
    if same.all():
        return None
    first = int(np.argmin(same))
    values = f"{expected.flat[first]!r:.60} in the file, {found.flat[first]!r:.60} in the sidecar"
    return f"{np.sum(~same):,} of {same.size:,} elements, first number {first}: {values}"


def compare_attributes(parity, path, item, refs):
    found = json.loads(refs.get(f"{path}/.zattrs".lstrip("/"), "{}"))
    names = {name for name in (set(item.attrs) | set(found)) - HIDDEN}
    for name in sorted(names):
        expected = attribute(item, name)
        if name not in found or not sidecar.alike(expected, found[name]):
            parity.attributes.append((path, name, expected, found.get(name, "nothing")))


def attribute(item, name):
    """An attribute's value as plain Python, the way JSON would hold it."""
    if name not in item.attrs:
        return "nothing"
    try:
        value = item.attrs[name]
    except (TypeError, OSError, KeyError) as error:
        return f"nothing that h5py reads: {error}"
    element = h5py.check_vlen_dtype(item.attrs.get_id(name).dtype)
    if isinstance(element, np.dtype) and not element.isnative:  # h5py 3.16 does not swap their bytes
        value = [part.view(element) for part in value]
    return plain(value)


def plain(value):
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, (h5py.Reference, h5py.RegionReference)):
        return "a reference"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.void) and value.dtype.names is None:
        return value.tobytes()
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value] if value.ndim else plain(value[()])
    if isinstance(value, (list, tuple, np.void)):
        return [plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


if __name__ == "__main__":
    sys.exit(main())
