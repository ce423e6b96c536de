"""A large file with the shape of an ICESat-2 ATL03 granule, for benchmarks: hundreds of megabytes, or seven gigabytes.

    python testdata/make/atl03_granule.py OUT.h5 --scale medium    380 MB, 30,000 chunks
    python testdata/make/atl03_granule.py OUT.h5 --scale full      6.9 GB, 549,000 chunks

Groups, datasets, datatypes, attributes and dimension scales are those of the product, as in `atl03.py`, and lengths are
real: those of one granule at the segment rate, and at the photon rate as many photons as make a file of the size wanted.
Chunks are 10,000 long, shuffled and deflated at level 6, and hold about as many stored bytes as those of the real
product: a granule of 6,925,710,500 bytes has 548,764 of them, of which some 83,500 have fewer than 300.

Chunks come from a pool of a few for each kind of dataset, compressed once and written as they are
(`write_direct_chunk`). All of them can be decoded, and values lie in a plausible range; they are no tracks. Chunks are
appended to every dataset in turn, so that the nodes of the chunk B-trees lie scattered over the file, as a long-running
producer leaves them.
"""

import argparse
import gzip
import json
import re
import zlib
from collections import Counter
from pathlib import Path

import h5py
import numpy as np

from atl03 import LAYOUT, attach_scales, is_dimension, write_attributes
from common import create

CHUNK = 10_000
# Bytes of a chunk B-tree's node, of one dimension.
NODE = 2_096
# Photons, against those of the granule that the layout is of.
PHOTONS = {"medium": 0.1122, "full": 2.5817}
# Turns by which a chunk may be late. With two, the nodes of the large file take some 6,000 reads if these pass over gaps
# of up to 64 KiB, as was seen of a real granule of that size; with none it would be 700, in any order 9,000.
LATE = 2
# Chunks to draw from, of each kind.
POOL = 8
# Stored bytes of a chunk of 10,000 values, about. What is not here is said by its datatype.
STORED = {
    "delta_time": 18_000,
    "dist_ph_across": 12_500,
    "dist_ph_along": 21_000,
    "h_ph": 23_000,
    "lat_ph": 25_000,
    "lon_ph": 23_500,
    "pce_mframe_cnt": 120,
    "ph_id_channel": 7_300,
    "ph_id_count": 2_900,
    "ph_id_pulse": 5_200,
    "quality_ph": 150,
    "signal_conf_ph": 2_700,
    "weight_ph": 4_400,
}
STORED_BY_SIZE = {1: 900, 4: 8_300, 8: 13_000}


def write(path, scale):
    layout = json.loads(gzip.decompress(LAYOUT.read_bytes()))
    photons = PHOTONS[scale]
    length = {
        name: round(size * photons) if name.endswith("/heights/delta_time") else size
        for name, size in layout["dims"].items()
    }
    with create(path) as f:
        for group in layout["groups"]:
            write_attributes(f.require_group(group["path"]), group["attrs"])
        appended = []
        for entry in layout["datasets"]:
            shape = tuple(length[dim] if is_dimension(dim) else dim for dim in entry["dims"])
            dataset = create_dataset(f, entry, shape)
            write_attributes(dataset, entry["attrs"])
            if dataset.chunks:
                appended.append(dataset)
            else:
                dataset[...] = few_values(entry, shape)
        append_in_turn(appended)
        attach_scales(f, layout["datasets"])


def create_dataset(f, entry, shape):
    dtype = "S32" if entry["dtype"] == "S" else entry["dtype"]
    fill = [np.array(value, dtype) for name, _, value in entry["attrs"] if name == "_FillValue"]
    options = dict(fillvalue=fill[0][0]) if fill else {}
    if np.prod(shape) > 32 and dtype != "S32":
        # Tables of calibrations: one layer a chunk.
        first = 1 if len(shape) == 3 else min(CHUNK, shape[0])
        unlimited = (None if is_dimension(entry["dims"][0]) else shape[0], *shape[1:])
        options |= dict(chunks=(first, *shape[1:]), maxshape=unlimited, shuffle=True, compression="gzip", compression_opts=6)
    return f.create_dataset(entry["path"], shape=shape, dtype=dtype, **options)


def few_values(entry, shape):
    if entry["dtype"] == "S":
        name = entry["path"].split("/")[-1]
        return np.array([f"{name} {i + 1} of {shape[0]}".encode() for i in range(shape[0])])
    return np.arange(1, np.prod(shape) + 1).reshape(shape).astype(entry["dtype"])


def append_in_turn(datasets):
    """Writes every chunk, each dataset advancing at the pace that lets all of them end together.

    No chunk is written exactly when its turn comes, but up to two turns later: as libhdf5's cache lets go of chunks, which
    holds more of them the smaller they are. Without that, all datasets of a beam would need a new node at one time."""
    pool, random, steps = Pool(), np.random.default_rng(3), []
    for number, dataset in enumerate(datasets):
        count = -(-dataset.shape[0] // dataset.chunks[0])
        turns = np.sort(np.arange(count) + LATE * random.random(count))
        steps.append((turns / count, np.full(count, number), np.arange(count) * dataset.chunks[0]))
    progress, numbers, starts = (np.concatenate(column) for column in zip(*steps))
    order = np.lexsort((starts, numbers, progress))
    chunks = [pool.of(dataset) for dataset in datasets]
    writers = [dataset.id.write_direct_chunk for dataset in datasets]
    zeros = [(0,) * (dataset.ndim - 1) for dataset in datasets]
    for step, (number, start) in enumerate(zip(numbers[order].tolist(), starts[order].tolist())):
        writers[number]((start, *zeros[number]), chunks[number][step % POOL])


class Pool:
    """Compressed chunks, made once for each kind of dataset."""

    def __init__(self):
        self.made = {}

    def of(self, dataset):
        name = dataset.name.split("/")[-1]
        stored = STORED.get(name) if "/heights/" in dataset.name else None
        kind = (dataset.dtype.str, dataset.chunks, stored)
        if kind not in self.made:
            self.made[kind] = [compressed(dataset.dtype, dataset.chunks, stored, n) for n in range(POOL)]
        return self.made[kind]


def compressed(dtype, shape, stored, seed):
    """A chunk that is about so long when shuffled and deflated: values in some range, that differ by noise of as many bits."""
    random = np.random.default_rng([seed, dtype.itemsize, *shape, stored or 0])
    count = int(np.prod(shape))
    wanted = stored or STORED_BY_SIZE[dtype.itemsize] * count / CHUNK
    base = np.array(40 if dtype.kind == "f" else 3, dtype).tobytes()
    words = np.full(count, int.from_bytes(base, "little"), f"u{dtype.itemsize}")
    if wanted < 300:
        # A value that changes now and then: for the real chunks of so few bytes are such.
        words[:: count // 6] += 1
        words = np.maximum.accumulate(words) if seed % 2 else words
    else:
        # Of a double, the lowest bytes are the same everywhere: no instrument measures so finely.
        shift = 24 if dtype == "f8" else 0
        words += (noise(random, count, 8 * wanted / count) << shift).astype(words.dtype)
    planes = words.view("u1").reshape(count, dtype.itemsize).T
    return zlib.compress(planes.tobytes(), 6)


def noise(random, count, bits):
    """Whole numbers of so many bits of entropy each: a part of them is of one bit more than the others."""
    whole = int(bits)
    more = random.random(count) < bits - whole
    return random.integers(0, 2 << whole, count, dtype="u8") & np.where(more, (2 << whole) - 1, (1 << whole) - 1).astype("u8")


def describe(path):
    """What was made, counted in the file itself: chunks by libhdf5, nodes by their signatures."""
    datasets, sizes = [], []
    with h5py.File(path) as f:
        f.visititems(lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
        chunked = [dataset for dataset in datasets if dataset.chunks]
        for dataset in chunked:
            dataset.id.chunk_iter(lambda chunk: sizes.append(chunk.size))
    sizes = np.array(sizes)
    print(f"{path}: {Path(path).stat().st_size:,} bytes, superblock version {path.open('rb').read(9)[8]}")
    print(f"datasets: {len(datasets)}, of which {len(chunked)} chunked")
    print(f"chunks: {len(sizes):,} of {sizes.mean():,.0f} bytes, of which {np.sum(sizes < 300):,} below 300, {np.sum(sizes < 500):,} below 500")
    nodes = chunk_nodes(path)
    print(f"chunk B-tree nodes: {len(nodes):,}, by level {dict(sorted(Counter(nodes.values()).items()))}")
    places = np.array(sorted(nodes))
    print(f"reads of nodes over gaps up to 64 KiB: {1 + np.sum(np.diff(places) - NODE > 64 << 10):,}")


def chunk_nodes(path, window=64 << 20):
    """The places of nodes, and their levels."""
    nodes, at, before = {}, 0, b""
    with path.open("rb") as f:
        while piece := f.read(window):
            start = at - len(before)
            for found in re.finditer(rb"TREE\x01([\x00-\x08])", before + piece, re.DOTALL):
                nodes[start + found.start()] = found[1][0]
            before, at = piece[-5:], at + len(piece)
    return nodes


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Makes a large file with the shape of an ICESat-2 ATL03 granule.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--scale", choices=PHOTONS, required=True)
    options = parser.parse_args()
    write(options.out, options.scale)
    describe(options.out)
