"""A small file with the shape of an ICESat-2 ATL03 granule.

    python testdata/make/atl03.py OUT.h5 [--chunks-times N]

Groups, datasets, datatypes, attributes and dimension scales are those of the product. Lengths are cut down and values
are invented: smooth tracks with noise, so that they compress about as the real ones do. `--chunks-times` makes the
photon-rate datasets, and so the number of their chunks, N times as long.

Chunks are written in the order a long-running producer appends them, a little to every dataset in turn. So the nodes
of a chunk B-tree lie scattered over the whole file: what makes such granules slow to open.
"""

import argparse
import gzip
import json
import re
import zlib
from collections import Counter

import h5py
import numpy as np
from h5py import h5s

from common import HERE, create, makes

LAYOUT = HERE / "atl03_layout.json.gz"
# Chunk lengths along the photons. Two photons a chunk is absurd, but gives a B-tree of three levels within megabytes.
PHOTON_CHUNK = {"quality_ph": 2, "signal_conf_ph": 100, "ph_id_count": 100, "ph_id_pulse": 100}


@makes("atl03_mini.h5")
def atl03_mini(path):
    """Shows: the shape of an ICESat-2 ATL03 granule: 986 datasets in 171 groups, six beams, dimension scales, chunk B-trees of up to three levels with nodes scattered over the file."""
    write(path, chunks_times=1)


def write(path, chunks_times):
    layout = json.loads(gzip.decompress(LAYOUT.read_bytes()))
    length = {name: scaled_length(name, size, chunks_times) for name, size in layout["dims"].items()}
    with create(path) as f:
        for group in layout["groups"]:
            write_attributes(f.require_group(group["path"]), group["attrs"])
        appended = []
        for entry in layout["datasets"]:
            shape = tuple(length[dim] if isinstance(dim, str) else scaled_constant(dim) for dim in entry["dims"])
            values = invent(entry, shape)
            dataset = create_dataset(f, entry, values)
            write_attributes(dataset, entry["attrs"])
            if dataset.chunks:
                appended.append((dataset, values))
            else:
                dataset[...] = values
        append_in_turn(appended)
        attach_scales(f, layout["datasets"])


def scaled_length(name, size, chunks_times):
    if name.endswith("/heights/delta_time"):
        return (7600 + size // 50_000) * chunks_times
    return scaled_constant(size) if size <= 2000 else max(2, size // 600)


def scaled_constant(size):
    return size if size <= 20 else size // 10


def create_dataset(f, entry, values):
    fill = [np.array(value, entry["dtype"]) for name, _, value in entry["attrs"] if name == "_FillValue"]
    options = dict(fillvalue=fill[0][0]) if fill else {}
    if values.size > 32:
        rows = PHOTON_CHUNK.get(entry["path"].split("/")[-1], 250) if "/heights/" in entry["path"] else 100
        chunks = (min(rows, values.shape[0]), *values.shape[1:])
        unlimited = (None if is_dimension(entry["dims"][0]) else values.shape[0], *values.shape[1:])
        options |= dict(chunks=chunks, maxshape=unlimited, shuffle=True, compression="gzip", compression_opts=6)
        # No chunk cache: a chunk goes to the file when it is written, not when the dataset is closed.
        options |= dict(rdcc_nbytes=0)
    return f.create_dataset(entry["path"], shape=values.shape, dtype=values.dtype, **options)


def is_dimension(dim):
    return isinstance(dim, str)


def write_attributes(holder, attributes):
    for name, kind, value in attributes:
        if kind == "S":
            text = np.array([item.encode() for item in value])
            if text.dtype.itemsize == 0:
                text = text.astype("S1")
            holder.attrs[name] = text if len(text) > 1 else text[0]
        else:
            holder.attrs[name] = np.array(value, kind)


def append_in_turn(appended):
    """Writes every chunk, each dataset advancing at the pace that lets all of them end together."""
    steps = []
    for number, (dataset, values) in enumerate(appended):
        rows = dataset.chunks[0]
        starts = range(0, len(values), rows)
        steps += [(start / len(values), number, start, start + rows) for start in starts]
    # The low-level calls are several times faster than slicing the dataset, which matters with --chunks-times 100.
    spaces = [dataset.id.get_space() for dataset, _ in appended]
    for _, number, start, stop in sorted(steps):
        dataset, values = appended[number]
        part = values[start:stop]
        spaces[number].select_hyperslab((start,) + (0,) * (part.ndim - 1), part.shape)
        dataset.id.write(h5s.create_simple(part.shape), spaces[number], part)


def attach_scales(f, entries):
    scales = {dim for entry in entries for dim in entry["dims"] if is_dimension(dim)}
    for path in sorted(scales):
        f[path].make_scale(path)
    for entry in entries:
        for axis, dim in enumerate(entry["dims"]):
            if is_dimension(dim) and dim != entry["path"]:
                f[entry["path"]].dims[axis].attach_scale(f[dim])


def invent(entry, shape):
    """Values for a dataset, the same for the same path and shape."""
    name = entry["path"].split("/")[-1]
    attributes = {name: value for name, _, value in entry["attrs"]}
    random = np.random.default_rng(zlib.crc32(entry["path"].encode()))
    n = shape[0]
    along = np.arange(n) / n
    jitter = random.integers(-500, 500, n) * 1e-7
    if entry["dtype"] == "S":
        return np.array([f"{name} {i + 1} of {n}".encode() for i in range(n)])
    if name.startswith("ds_") or name == "segment_id":
        values = np.arange(n) + (1 if n <= 20 else 680_000)
    elif "flag_values" in attributes:
        values = runs(random, shape, attributes["flag_values"])
    elif name.endswith(("delta_time", "_time", "tep_tod")):
        values = 80_006_294.5 + np.round(np.cumsum(random.integers(0, 3, n)) * 1e-4, 4)
    elif name.endswith(("lat_ph", "photon_lat")):
        values = np.round(26.997 + 32.5 * along + jitter, 7)
    elif name.endswith(("lon_ph", "photon_lon")):
        values = np.round(134.948 - 4.5 * along + jitter, 7)
    elif entry["dtype"].startswith("f"):
        values = smooth(random, shape)
    else:
        values = runs(random, shape, np.arange(1, 50))
    values = np.broadcast_to(values, shape).astype(entry["dtype"])
    if "_FillValue" in attributes and n > 2 and entry["dtype"].startswith("f"):
        values[n // 3 : n // 3 + n // 20] = attributes["_FillValue"][0]
    return np.ascontiguousarray(values)


def smooth(random, shape):
    """A random walk along the first axis, with few enough digits to compress a little."""
    steps = random.integers(-300, 300, shape)
    return np.cumsum(steps, axis=0) / 1024.0 + float(random.integers(0, 1000))


def runs(random, shape, choices):
    """Few values, each held for a while."""
    changes = random.random(shape) < 0.05
    picks = random.choice(np.asarray(choices), shape)
    last_change = np.maximum.accumulate(np.where(changes, np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1)), 0), axis=0)
    return np.take_along_axis(picks, last_change, axis=0)


def describe(path):
    content = path.read_bytes()
    datasets = []
    with h5py.File(path) as f:
        f.visititems(lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
        chunks = {d.name: d.id.get_num_chunks() for d in datasets if d.chunks}
        contiguous = sum(d.chunks is None for d in datasets)
    nodes = Counter(found[1][0] for found in re.finditer(rb"TREE\x01(.)", content, re.DOTALL))
    print(f"{path}: {len(content):,} bytes, superblock version {content[8]}")
    print(f"datasets: {len(datasets)}, of which {contiguous} contiguous and {len(chunks)} chunked")
    print(f"chunks: {sum(chunks.values()):,}, at most {max(chunks.values()):,} in a dataset")
    print(f"chunk B-tree levels: {max(nodes) + 1}; nodes by level: {dict(sorted(nodes.items()))}")


if __name__ == "__main__":
    from pathlib import Path

    parser = argparse.ArgumentParser(description="Makes a file with the shape of an ICESat-2 ATL03 granule.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--chunks-times", type=int, default=1, metavar="N", help="make photon-rate datasets N times as long")
    options = parser.parse_args()
    write(options.out, options.chunks_times)
    describe(options.out)
