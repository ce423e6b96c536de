"""One way to find all chunks of a file, timed: what `cargo xtask bench` runs, a process for each.

    python peers.py WAY LOCATION OUTPUT

LOCATION is an s3:// URL, of a server that the AWS_ variables name, or a path. What was found goes to OUTPUT: kerchunk's
references, or, from those that give none, a line for each chunk: path, offset, size. Standard output has one JSON
object. Only the work itself is timed, with what it takes to connect, and not imports, nor how the list for the check
is made of what was found.
"""

import asyncio
import json
import logging
import sys
import time
import warnings
from importlib.metadata import version
from urllib.parse import urlparse

INLINE_THRESHOLD = 300
MIB = 1 << 20
WAYS = {}


def way(*packages):
    """Registers a way: a function that imports what it needs and gives another, which is timed."""

    def register(function):
        WAYS[function.__name__.replace("_", "-")] = (function, packages)
        return function

    return register


@way("kerchunk", "h5py", "s3fs")
def kerchunk_study(output):
    """The study's code. `default_fill_cache` and `default_cache_type` were passed to `open`, which drops them: what it ran
    with in 2023 was s3fs's read-ahead, in blocks of 5 MiB. Today's default is 50 MiB, with which it takes longer."""
    return kerchunk_with(output, block_size=5 * MIB, default_fill_cache=False, default_cache_type="first")


@way("kerchunk", "h5py", "s3fs")
def kerchunk_1mib(output):
    """Blocks of 1 MiB, of which all are kept: the default of 32 takes several times as long."""
    return kerchunk_with(output, **blocks(1 * MIB))


@way("kerchunk", "h5py", "s3fs")
def kerchunk_8mib(output):
    """Blocks of 8 MiB, of which all are kept, and in the end most of the file."""
    return kerchunk_with(output, **blocks(8 * MIB))


def blocks(size):
    return dict(block_size=size, cache_type="blockcache", cache_options=dict(maxblocks=1 << 20))


def kerchunk_with(output, **options):
    import s3fs
    import ujson
    from kerchunk.hdf import SingleHdf5ToZarr

    def work(url):
        with s3fs.S3FileSystem().open(url, mode="rb", **options) as file:
            references = SingleHdf5ToZarr(file, url, inline_threshold=INLINE_THRESHOLD).translate()
        with open(output, "w") as sidecar:
            ujson.dump(references, sidecar)

    return work


@way("kerchunk", "h5py")
def kerchunk_local(output):
    import ujson
    from kerchunk.hdf import SingleHdf5ToZarr

    def work(path):
        references = SingleHdf5ToZarr(path, inline_threshold=INLINE_THRESHOLD).translate()
        with open(output, "w") as sidecar:
            ujson.dump(references, sidecar)

    return work


@way("virtualizarr", "obstore", "h5py")
def virtualizarr(output):
    from obspec_utils.registry import ObjectStoreRegistry
    from virtualizarr.parsers import HDFParser

    def work(url):
        registry = ObjectStoreRegistry({bucket_of(url): store_of(url)})
        return HDFParser()(url=url, registry=registry)

    def chunks(store):
        return chunks_of_manifests(store._group)

    return work, chunks


def chunks_of_manifests(group, path=""):
    for name, array in group.arrays.items():
        for chunk in array.manifest.dict().values():
            yield f"{path}/{name}", chunk["offset"], chunk["length"]
    for name, child in group.groups.items():
        yield from chunks_of_manifests(child, f"{path}/{name}")


@way("async-hdf5", "obstore")
def async_hdf5_default(output):
    """As its documentation has it: its own function for a whole file, with blocks of 8 MiB."""
    return async_hdf5(block_size=8 * MIB)


@way("async-hdf5", "obstore")
def async_hdf5_best(output):
    """The best found for it: blocks of 64 KiB, and every object of every group asked for at one time."""
    return async_hdf5(block_size=64 << 10)


def async_hdf5(block_size):
    from async_hdf5 import HDF5File

    async def visit(group, path, found):
        groups, datasets = await asyncio.gather(group.group_names(), group.dataset_names())
        children = [child(group, name, path, found) for name in groups]
        await asyncio.gather(*children, *(index(group, name, path, found) for name in datasets))

    async def child(group, name, path, found):
        opened = await group.group(name)
        await asyncio.gather(opened.attributes(), visit(opened, f"{path}/{name}", found))

    async def index(group, name, path, found):
        dataset = await group.dataset(name)
        chunks, _ = await asyncio.gather(dataset.chunk_index(), dataset.attributes())
        found.append((f"{path}/{name}", chunks))

    async def whole(url):
        found = []
        file = await HDF5File.open(urlparse(url).path.lstrip("/"), store=store_of(url), block_size=block_size)
        root = await file.root_group()
        await asyncio.gather(root.attributes(), visit(root, "", found))
        return found

    def chunks(found):
        for path, index in found:
            for chunk in index:
                yield path, chunk.byte_offset, chunk.byte_length

    return lambda url: asyncio.run(whole(url)), chunks


@way("pyfive", "s3fs")
def pyfive(output):
    """Its index of every dataset, from a file of s3fs with blocks of 1 MiB, of which all are kept."""
    import s3fs
    from pyfive import Dataset, File

    def work(url):
        with s3fs.S3FileSystem().open(url, mode="rb", **blocks(1 * MIB)) as handle, File(handle) as file:
            datasets = []
            file.visititems(lambda _, item: datasets.append(item) if isinstance(item, Dataset) else None)
            found = []
            for dataset in datasets:
                chunks = dataset.id.index.values() if dataset.chunks else ()
                found += [(dataset.name, chunk.byte_offset, chunk.size) for chunk in chunks]
            return found

    return work, iter


@way("h5py")
def h5py_chunk_iter(output):
    """No sidecar: only what libhdf5 takes to name every chunk of a local file."""
    import h5py

    def work(path):
        found = []
        with h5py.File(path) as file:
            datasets = []
            file.visititems(lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
            for dataset in datasets:
                if dataset.chunks:
                    name = dataset.name
                    dataset.id.chunk_iter(lambda chunk: found.append((name, chunk.byte_offset, chunk.size)))
        return found

    return work, iter


def bucket_of(url):
    return f"s3://{urlparse(url).netloc}"


def store_of(url):
    from obstore.store import S3Store

    # The rest is in the environment.
    return S3Store(urlparse(url).netloc)


def main(name, location, output):
    prepare, packages = WAYS[name]
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    prepared = prepare(output)
    work, chunks = prepared if isinstance(prepared, tuple) else (prepared, None)
    start = time.perf_counter()
    found = work(location)
    seconds = time.perf_counter() - start
    if chunks:
        with open(output, "w") as listed:
            listed.writelines(f"{path}\t{offset}\t{size}\n" for path, offset, size in chunks(found))
    print(json.dumps({"seconds": seconds, "versions": {package: version(package) for package in packages}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
