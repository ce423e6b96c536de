"""One dataset's references in two sidecars, key by key and by meaning: in what kinds of ways they differ."""

import base64
import itertools
import json
import math

import sidecar

# Kinds of differences from kerchunk in datasets that read right in both sidecars, and what is behind them.
KINDS = {
    "path": "kerchunk's path is not one of ours: links that lead to the same object",
    "no mask": "`fill_value` is null here, as all chunks are there: xarray would mask what was written",
    "fill_value": "what chunks that were never written read as",
    "never written": "chunks that were never written, inlined here so that `fill_value` can be null",
    "nothing written": "`fill_value` of datasets without any chunk",
    "_ARRAY_DIMENSIONS": "names of dimensions: kerchunk's are paths, or numbers by axis that clash in a group",
    "another scale": "dimensions of another name than kerchunk's, who names them after a scale",
    "attribute: list": "lists that kerchunk writes as Python's text of them",
    "attribute: reference": "references: a path here, Python's text of the object in kerchunk's",
    "attribute: other value": "other values or spellings",
    "attribute: only here": "attributes that kerchunk hides or loses",
    "attribute: only kerchunk": "attributes only kerchunk has",
    "chunks": "sides of chunks: zero in kerchunk's, where the extent is",
    "filters": "codecs",
    "dtype": "datatypes",
    "inlined": "the same bytes, inlined in one and referenced in the other",
    "encoded anew": "other bytes that mean the same: values that both write into the sidecar, encoded",
    "other range": "another byte range",
    "chunk only here": "chunks that kerchunk has not, though they are stored: they hold what its fill value is",
    "chunk only kerchunk": "chunks only kerchunk has: of nothing but fill values",
}  # fmt: skip


def differences(path, ours, theirs, file):
    """The kinds of differences between two sidecars' `Reader`s of the dataset at `path`."""
    a, b = (json.loads(reader.refs[f"{path}/.zarray"]) for reader in (ours, theirs))
    kinds = set()
    whole = len(ours.chunks[path]) == math.prod(-(-n // c) for n, c in zip(a["shape"], a["chunks"]) if c)
    for name in a.keys() | b.keys():
        if same(a.get(name), b.get(name)):
            continue
        if name == "fill_value":
            chunks = ours.chunks[path]
            kinds.add("no mask" if a[name] is None and whole else "fill_value" if chunks else "nothing written")
        else:
            kinds.add("filters" if name == "compressor" else name)
    kinds |= chunk_differences(ours.chunks[path], theirs.chunks[path], file, "no mask" in kinds)
    a, b = (json.loads(reader.refs.get(f"{path}/.zattrs", "{}")) for reader in (ours, theirs))
    return kinds | attribute_differences(a, b)


def chunk_differences(ours, theirs, file, no_mask):
    kinds = set()
    for chunk in ours.keys() | theirs.keys():
        a, b = ours.get(chunk), theirs.get(chunk)
        if a == b:
            continue
        if a is None:
            kinds.add("chunk only kerchunk")
        elif b is None:
            kinds.add("never written" if no_mask and isinstance(a, str) else "chunk only here")
        elif isinstance(a, list) and isinstance(b, list):
            kinds.add("other range")
        elif content(a, file) != content(b, file):
            kinds.add("encoded anew")
        elif isinstance(a, list) != isinstance(b, list):
            kinds.add("inlined")
    return kinds


def content(ref, file):
    if isinstance(ref, list):
        with open(file, "rb") as f:
            f.seek(ref[1] if ref[1:] else 0)
            return f.read(ref[2] if ref[1:] else -1)
    return base64.b64decode(ref.removeprefix("base64:")) if ref.startswith("base64:") else ref.encode()


def attribute_differences(ours, theirs):
    kinds = set()
    for name in ours.keys() | theirs.keys():
        a, b = ours.get(name), theirs.get(name)
        if same(a, b) and (name in ours) == (name in theirs):
            continue
        if name == "_ARRAY_DIMENSIONS":
            kinds.add(name if same_scales(a or [], b or []) else "another scale")
        elif name not in theirs:
            kinds.add("attribute: only here")
        elif name not in ours:
            kinds.add("attribute: only kerchunk")
        elif "reference>" in str(b):
            kinds.add("attribute: reference")
        elif isinstance(a, list) and isinstance(b, str):
            kinds.add("attribute: list")
        else:
            kinds.add("attribute: other value")
    return kinds


def same_scales(ours, theirs):
    """Whether dimensions that kerchunk names after a scale have its name here, with its path or without."""
    pairs = zip([each.rpartition("/")[2] for each in ours], [each.rpartition("/")[2] for each in theirs])
    return len(ours) == len(theirs) and all(a == b or b.startswith("phony_dim_") for a, b in pairs)


def same(a, b):
    """Whether two JSON values are; numbers by value, Zarr's names of what is not finite as these."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(itertools.starmap(same, zip(a, b)))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    return a == b or sidecar.spelled(a) == sidecar.spelled(b)
