"""Does a sidecar read as the file reads? Compares datasets and attributes with h5py, through zarr and through xarray."""

import json
import os
import warnings
from collections import defaultdict
from pathlib import Path

# libhdf5 looks for external files in the working directory unless it is told otherwise, before it is loaded.
os.environ.setdefault("HDF5_EXTFILE_PREFIX", "${ORIGIN}")

import fsspec
import h5py
import hdf5plugin  # noqa: F401, filters for h5py
import imagecodecs.numcodecs
import xarray
import zarr
from zarr.storage import FsspecStore

import sidecar
from values import Allowed, attribute, difference, h5_values, missing_chunks, selections

imagecodecs.numcodecs.register_codecs(verbose=False)

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


# Of datasets with more chunks, xarray reads the first element only.
MANY_CHUNKS = 16


def open_file(file):
    return h5py.File(file.with_name(SAME_CONTENT.get(file.name, file.name)))


class Tree:
    """What h5py finds in a file: each group and dataset once, by where its header is, with the paths it is found under."""

    def __init__(self, f):
        self.file = f
        self.groups, self.datasets = {}, defaultdict(list)
        self.unreadable = {}  # path -> why h5py opens no object there, or not all of its members
        self.groups[place(f)] = ""
        todo = [("", f)]
        while todo:
            path, group = todo.pop()
            for name in self.names(path, group):
                item_path = f"{path}/{name}".lstrip("/")
                try:
                    item = group[name] if is_hard_link(group, name) else None
                    if isinstance(item, h5py.Dataset):
                        self.datasets[place(item)].append(item_path)
                    elif isinstance(item, h5py.Group) and place(item) not in self.groups:
                        self.groups[place(item)] = item_path
                        todo.append((item_path, item))
                except Exception as error:
                    self.unreadable[item_path] = one_line(error)

    def names(self, path, group):
        try:
            return list(group)
        except Exception as error:
            self.unreadable[path] = one_line(error)
            return []

    def at(self, path):
        """Where the object under a path is, if there is one; links of any kind are followed within this file."""
        try:
            return place(self.file[path or "/"])
        except Exception:
            return None


def is_hard_link(group, name):
    try:
        return isinstance(group.get(name, getlink=True), h5py.HardLink)
    except TypeError:  # what h5py says of a user-defined link
        return False


def place(item):
    info = h5py.h5o.get_info(item.id)
    return info.fileno, info.addr


def above(path):
    """A path and those of the groups that it is in, up to the root."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


def one_line(error):
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:300]


class Reader:
    """A sidecar whose arrays are read through zarr and xarray, from `file` whatever the URL in them."""

    def __init__(self, refs, file):
        self.refs = refs
        self.chunks = defaultdict(dict)  # array -> chunk -> reference
        self.arrays = set()
        for key, ref in refs.items():
            array, _, name = key.rpartition("/")
            if name == ".zarray":
                self.arrays.add(array)
            elif not sidecar.is_metadata(key):
                self.chunks[array][name] = ref
        self.store = open_store(refs, file)
        self.opened = {}
        self.not_opened = {}  # group, or variable, -> why xarray does not open it

    def alike(self, a, b):
        """Whether two paths have the same metadata and chunks."""
        return self.refs[f"{a}/.zarray"] == self.refs[f"{b}/.zarray"] and self.chunks[a] == self.chunks[b]

    def wrong(self, path, expected, dataset, allowed, with_xarray=True):
        """What is wrong with a dataset's values, if anything: of `expected`, pairs of a selection and its values."""
        sampled = expected[0][0] is not None
        scales = scale_names(dataset) if with_xarray else []
        try:
            with warnings.catch_warnings(action="ignore"):
                array = zarr.open_array(self.store, path=path, mode="r", zarr_format=2)
                for selection, values in expected:
                    if wrong := difference(values, array[... if selection is None else selection], allowed):
                        return f"through zarr: {wrong}"
                    if with_xarray and (wrong := self.wrong_in_xarray(path, selection, values, allowed, scales)):
                        return f"through xarray: {wrong}"
        except Exception as error:
            return one_line(error)
        return missing_chunks(dataset, path, self.refs) if sampled and with_xarray else None

    def wrong_in_xarray(self, path, selection, expected, allowed, scales):
        group, _, name = path.rpartition("/")
        opened = self.group(group)
        if opened is None:
            return None
        if name not in opened.variables:
            return "no such variable"
        variable = opened.variables[name]
        for axis, (scale, dimension) in enumerate(zip(scales, variable.dims)):
            if scale not in (None, dimension.rpartition("/")[2]):
                return f"dimension {axis} is {dimension}, in the file {scale}"
        if selection is None and len(self.chunks[path]) > MANY_CHUNKS:
            # The chunks themselves were just read, by the same zarr: this is about what xarray makes of the array.
            selection = tuple(slice(0, 1) for _ in expected.shape)
            expected = expected[selection]
        try:
            found = (variable if selection is None else variable[selection]).values
        except TypeError as error:  # xarray casts compounds with big-endian members to bytes, in vain
            self.not_opened[path] = one_line(error)
            return None
        return difference(expected, found, allowed)

    def group(self, group):
        """A group as xarray opens it, if it does. Without decode_cf: no masks, no scaling, no times."""
        if group not in self.opened:
            self.opened[group] = None
            try:
                # zarr 3.1 lists a group below the root of a reference file system as empty, so `group=` finds no
                # variables; a store that begins at the group lists them.
                store = FsspecStore(self.store.fs, read_only=True, path=group)
                with warnings.catch_warnings(action="ignore"):
                    self.opened[group] = xarray.open_dataset(
                        store, engine="zarr", zarr_format=2, consolidated=False, chunks=None, decode_cf=False
                    )
            except Exception as error:
                self.not_opened[group] = one_line(error)
        return self.opened[group]


def scale_names(dataset):
    """What the file calls a dataset's dimensions: the names of their scales, `None` without one."""
    try:
        if dataset.is_scale:
            # Its other dimensions have scales that only netCDF's attributes tell.
            return [dataset.name.rpartition("/")[2]] if dataset.ndim == 1 else []
        return [next(iter(scales.values())).name.rpartition("/")[2] if len(scales) else None for scales in dataset.dims]
    except (RuntimeError, KeyError, ValueError, TypeError, AttributeError):
        return []  # a scale that is not there any more, or attributes that only look like one's


def open_store(refs, file):
    """The references as a Zarr store that reads `file`, whatever the URL in them, and other files where they are."""
    local = Path(file).resolve()

    def is_place(url):
        return Path(url).name != local.name and Path(url).is_file()

    urls = {ref[0] for ref in refs.values() if isinstance(ref, list)}
    places = {url: url if is_place(url) else str(local) for url in urls}
    refs = {key: [places[ref[0]], *ref[1:]] if isinstance(ref, list) else ref for key, ref in refs.items()}
    fs = fsspec.filesystem("reference", fo={"version": 1, "refs": refs}, remote_protocol="file", asynchronous=True)
    return FsspecStore(fs, read_only=True, path="")


def expected_values(dataset):
    """Pairs of a selection and the values that h5py reads there."""
    return [(selection, h5_values(dataset, selection)) for selection in selections(dataset) or [None]]


def wrong_attributes(item, path, refs):
    """Attributes that differ: (name, in the file, in the sidecar)."""
    found = json.loads(refs.get(f"{path}/.zattrs".lstrip("/"), "{}"))
    for name in sorted((set(item.attrs) | set(found)) - HIDDEN):
        expected = attribute(item, name)
        if name not in found or not sidecar.alike(expected, found[name]):
            yield name, expected, found.get(name, "nothing")


def faults(refs, file):
    """Where a sidecar does not read as its file: (kind, path, what)."""
    reader = Reader(refs, file)
    with open_file(file) as f:
        tree = Tree(f)
        known = set()
        for paths in tree.datasets.values():
            known.update(paths)
            present = [path for path in paths if path in reader.arrays]
            if not present:
                yield "missing", paths[0], "not in the sidecar"
            for path in present:
                try:
                    wrong = reader.wrong(path, expected_values(f[path]), f[path], Allowed(f[path]))
                except Exception as error:  # h5py does not read it
                    wrong = one_line(error)
                if wrong:
                    yield "wrong", path, wrong
        for path in sorted(reader.arrays - known):
            yield "wrong", path, "no such dataset in the file"
        for path in [*sorted(known & reader.arrays), *tree.groups.values()]:
            if path in reader.arrays or f"{path}/.zgroup".lstrip("/") in refs:
                for name, expected, found in wrong_attributes(f[path or "/"], path, refs):
                    yield "attribute", f"{path}@{name}", f"is `{found!r:.60}`, in the file `{expected!r:.60}`"
    for group, why in reader.not_opened.items():
        yield "xarray", group, why
