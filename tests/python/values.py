"""Values as h5py reads them, and whether a sidecar's are the same.

Where the same value may look different on both sides, `ALLOWED` says so and why; each use is counted.
"""

import math
import random

import h5py
import numpy as np

ALLOWED = {
    "trailing spaces": "space-padded strings: h5py takes their trailing spaces away, the file has them",
    "behind a NUL": "null-terminated strings: h5py takes away what the file has behind the first NUL",
    "not UTF-8": "strings of any length that are not UTF-8: Zarr's are text, with U+FFFD in place of such bytes",
    "order of members": "compounds: h5py has their members in the order of the datatype, Zarr in the order of the bytes",
    "flat members": "compounds: what is nested has the names that lead to it, as zarr-python reads no compounds in compounds",
    "opaque": "opaque bytes with a tag that is not h5py's own: h5py does not read them, they are read through its low-level API",
}  # fmt: skip


class Allowed(set):
    """What of `ALLOWED` was needed for a dataset; of its strings, only what their padding allows."""

    def __init__(self, dataset):
        self.may = set(paddings(dataset.id.get_type()))


def paddings(datatype):
    """How the strings of a datatype are padded, through compounds and arrays."""
    if isinstance(datatype, h5py.h5t.TypeStringID) and not datatype.is_variable_str():
        yield {h5py.h5t.STR_SPACEPAD: "trailing spaces", h5py.h5t.STR_NULLTERM: "behind a NUL"}.get(datatype.get_strpad())
    elif isinstance(datatype, h5py.h5t.TypeCompoundID):
        for n in range(datatype.get_nmembers()):
            yield from paddings(datatype.get_member_type(n))
    elif isinstance(datatype, h5py.h5t.TypeArrayID):
        yield from paddings(datatype.get_super())


# Datasets of more bytes are compared by a sample of blocks.
BUDGET = 64 << 20
BLOCK = 1 << 20
SAMPLES = 16


def selections(dataset):
    """What to read of a dataset: all (`None`), or blocks: first, last, some with stored chunks, some in between."""
    if not dataset.shape or size(dataset) <= BUDGET:
        return None
    block = dataset.chunks if dataset.chunks else block_shape(dataset)
    grid = [-(-extent // side) for extent, side in zip(dataset.shape, block)]
    chosen = {(0,) * len(grid), tuple(count - 1 for count in grid)}
    stored = [tuple(at // side for at, side in zip(chunk.chunk_offset, block)) for chunk in stored_chunks(dataset)]
    chosen.update(stored[:: max(1, len(stored) // SAMPLES)], stored[-1:])
    some = random.Random(0)
    chosen.update(tuple(some.randrange(count) for count in grid) for _ in range(SAMPLES))
    return [tuple(slice(at * side, min((at + 1) * side, extent)) for at, side, extent in zip(index, block, dataset.shape)) for index in sorted(chosen)]


def size(dataset):
    return math.prod(dataset.shape) * dataset.dtype.itemsize


def block_shape(dataset):
    block = list(dataset.shape)
    for axis in range(len(block)):
        rest = math.prod(block[axis + 1 :]) * dataset.dtype.itemsize
        block[axis] = max(1, min(block[axis], BLOCK // rest))
    return block


def stored_chunks(dataset):
    chunks = []
    if dataset.chunks:
        dataset.id.chunk_iter(chunks.append)
    return chunks


def missing_chunks(dataset, path, refs):
    """Whether every stored chunk has its reference: of the datasets that are compared by sample only."""
    for chunk in stored_chunks(dataset):
        key = ".".join(str(at // side) for at, side in zip(chunk.chunk_offset, dataset.chunks))
        ref = refs.get(f"{path}/{key}")
        if ref is None or isinstance(ref, list) and ref[1:] != [chunk.byte_offset, chunk.size]:
            return f"chunk {key}: {ref!r:.60} in the sidecar, at {chunk.byte_offset} in the file"
    return None


def h5_values(dataset, selection=None):
    """The dataset's values as h5py reads them, with strings and references as text."""
    if dataset.shape is None:
        return np.zeros(0, dataset.dtype)
    if is_foreign_opaque(dataset):
        return opaque_values(dataset)[() if selection is None else selection]
    values = dataset[() if selection is None else selection]
    if h5py.check_string_dtype(dataset.dtype) and dataset.dtype.kind == "O":
        return values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    if h5py.check_ref_dtype(dataset.dtype) is h5py.Reference:
        return np.vectorize(lambda ref: name_of(dataset.file, ref), otypes=[object])(values)
    return np.asarray(values)


def is_foreign_opaque(dataset):
    """Whether h5py's own reading would fail: it asks libhdf5 for opaque bytes without the file's tag."""
    datatype = dataset.id.get_type()
    return isinstance(datatype, h5py.h5t.TypeOpaqueID) and datatype.get_tag() and not datatype.get_tag().startswith(b"NUMPY:")


def opaque_values(dataset):
    values = np.empty(dataset.shape, dataset.dtype)
    if values.size:
        dataset.id.read(h5py.h5s.ALL, h5py.h5s.ALL, values, mtype=dataset.id.get_type())
    return values


def name_of(f, ref):
    try:
        return f[ref].name if ref else ""
    except (KeyError, ValueError):  # the object was deleted
        return ""


def difference(expected, found, allowed):
    """The first difference in shape, type or values, as text. What of `ALLOWED` was needed is added to `allowed`."""
    found = np.asarray(found)
    if expected.size == 0 and found.size == 0:
        return None
    if expected.shape != found.shape:
        return f"shape {expected.shape} in the file, {found.shape} in the sidecar"
    if expected.dtype.kind == "O" or found.dtype.kind in "OTU":
        same = [same_text(a, b, allowed) for a, b in zip(expected.flat, found.flat)]
    elif expected.dtype.names:
        fields = dict(members(expected))
        names = [name for name in found.dtype.names or () if not name.startswith("_unused_")]
        if list(fields) != names:
            allowed.add("order of members")
        if set(fields) != set(names):
            return f"type {expected.dtype} in the file, {found.dtype} in the sidecar"
        if set(names) != set(expected.dtype.names):
            allowed.add("flat members")
        wrong = ((name, difference(field, found[name], allowed)) for name, field in fields.items())
        return next((f"member {name}: {why}" for name, why in wrong if why), None)
    else:
        if (expected.dtype.kind, expected.dtype.itemsize) != (found.dtype.kind, found.dtype.itemsize):
            return f"type {expected.dtype} in the file, {found.dtype} in the sidecar"
        same = same_values(expected, found, allowed)
    same = np.ravel(same)
    if same.all():
        return None
    first = int(np.argmin(same))
    values = f"{expected.flat[first]!r:.60} in the file, {found.flat[first]!r:.60} in the sidecar"
    return f"{np.sum(~same):,} of {same.size:,} elements, first number {first}: {values}"


def members(values, above=""):
    """The members of a compound as a sidecar has them: `inner.x`, `a[0,1]`."""
    for name in values.dtype.names:
        whole, own = values[name], values.dtype[name].shape
        for place in np.ndindex(own):
            field = whole[(..., *place)] if own else whole
            called = f"{above}{name}" + (f"[{','.join(map(str, place))}]" if own else "")
            if field.dtype.names:
                yield from members(field, f"{called}.")
            else:
                yield called, field


def same_values(expected, found, allowed):
    kind = expected.dtype.kind
    if kind == "V":
        return np.array([a.tobytes() == b.tobytes() for a, b in zip(expected.flat, found.flat)])
    same = expected == found
    if kind in "fc":
        same |= np.isnan(expected) & np.isnan(found)
    elif kind == "S" and not np.all(same):
        for what, cut in CUTS.items():
            alike = ~same & (cut(expected) == cut(found))
            if what in allowed.may and np.any(alike):
                allowed.add(what)
                same |= alike
    return same


CUTS = {
    "trailing spaces": lambda values: np.strings.rstrip(values, b" "),
    # numpy's own functions take a NUL for no bytes at all.
    "behind a NUL": np.vectorize(lambda value: value.partition(b"\0")[0], otypes="S"),
}


def same_text(expected, found, allowed):
    if isinstance(expected, bytes) and isinstance(found, str):
        try:
            expected = expected.decode()
        except UnicodeDecodeError:
            expected = expected.decode("utf-8", "replace")
            allowed.add("not UTF-8")
    return plain(expected) == plain(found)


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
