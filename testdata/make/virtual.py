"""Data in other files: external storage and virtual datasets, and the files in elsewhere/ that these are made of."""

import h5py
import numpy as np
from h5py import h5d, h5s, h5t

from common import compact_root, create, makes
from storage import creation, dataset

U = h5s.UNLIMITED
FRAME = np.arange(12, dtype="<i4").reshape(3, 4)


def frames(file, count):
    """Frames in which every element can be told from those of other frames and files."""
    return np.arange(count, dtype="<i4")[:, None, None] * 100 + FRAME + 10_000 * (file + 1)


for number, count in enumerate((3, 2, 4)):

    @makes(f"elsewhere/source_{number}.h5")
    def source(path, number=number, count=count):
        """Shows: what the virtual datasets of other files show: chunked, contiguous, compact, partly written; no file for itself."""
        with create(path, libver=("v110", "v110"), file_creation=compact_root) as f:
            f.create_dataset("frames", data=frames(number, count), chunks=(1, 3, 4), maxshape=(None, 3, 4))
            f.create_dataset("grid", data=np.arange(24, dtype="<i4").reshape(4, 6) + 1000 * number, chunks=(2, 3), compression="gzip")
            f["line"] = np.arange(12, dtype="<i4") + 100 * number
            f["table"] = np.arange(24, dtype="<i4").reshape(4, 6) + 1000 * number
            compact = creation()
            compact.set_layout(h5d.COMPACT)
            dataset(f, "compact", np.arange(4, dtype="<i4") + 10 * number, compact)
            sparse = f.create_dataset("sparse", shape=(8,), dtype="<i4", chunks=(2,), fillvalue=-1)
            sparse[2:4] = number, number
            f["group/line"] = h5py.SoftLink("../line") if number == 1 else h5py.SoftLink("/line")
            # Of other chunks than that of other files, but there is nothing in it.
            f.create_dataset("growing", data=frames(number, number), chunks=(1 + (number == 0), 3, 4), maxshape=(None, 3, 4))
            f["big_endian"] = f["line"][...].astype(">i4")
            f["linked"] = h5py.ExternalLink("source_0.h5", "/line")
            # Number by number, for names of datasets that go with the block.
            for block in range(count):
                f[f"block_{block}"] = FRAME + 10 * block


@makes("virtual.h5")
def virtual(path):
    """Shows: virtual datasets: block version 0, hyperslabs of versions 1 and 2, unlimited and numbered sources, sources in the same file and in files that are not there; what cannot be followed."""
    with create(path, libver=("v110", "v110"), file_creation=compact_root) as f:
        virtual_datasets(f)


@makes("virtual_hdf5_2.h5")
def virtual_hdf5_2(path):
    """Shows: virtual datasets that HDF5 2.0 writes: block version 1, with shared names, and hyperslabs of version 3."""
    with create(path, libver=("v200", "v200")) as f:
        virtual_datasets(f)


def virtual_datasets(f):
    def add(name, shape, mappings, maxshape=None, dtype=h5t.STD_I32LE, fill=-1):
        """A virtual dataset of (virtual selection, file, dataset, source selection), selections as `select` makes them."""
        dcpl = creation()
        dcpl.set_fill_value(np.array(fill, "<i4"))
        for to, file, path, come_from in mappings:
            dcpl.set_virtual(to, file.encode(), path.encode(), come_from)
        h5d.create(f.id, name.encode(), dtype, h5s.create_simple(shape, maxshape), dcpl)

    def select(shape, *hyperslab, maxshape=None):
        space = h5s.create_simple(shape, maxshape)
        if hyperslab:
            space.select_hyperslab(*hyperslab)
        return space

    def files(count=3):
        return enumerate(f"elsewhere/source_{n}.h5" for n in range(count))

    f["here"] = np.arange(10, dtype="<i4")
    line, grid = select((12,)), select((4, 6))
    add("all", (4, 6), [(grid, "elsewhere/source_0.h5", "grid", grid)])
    add("rows", (3, 12), [(select((3, 12), (n, 0), (1, 12)), file, "/line", line) for n, file in files()])
    add("stacked", (12, 6), [(select((12, 6), (4 * n, 0), (4, 6)), file, "grid", grid) for n, file in files()])
    cut = [(select((11, 6), (4 * n, 0), (4 - n // 2, 6)), file, "grid", select((4, 6), (0, 0), (4 - n // 2, 6))) for n, file in files()]
    add("cut_at_the_end", (11, 6), cut)
    add("in_this_file", (2, 10), [(select((2, 10), (1, 0), (1, 10)), ".", "/here", select((10,)))])
    # Its own name is the same file too.
    own = f.filename.rsplit("/", 1)[-1]
    add("by_its_own_name", (10,), [(select((10,)), own, "here", select((10,)))])
    add("compact", (12,), [(select((12,), (4 * n,), (4,)), file, "compact", select((4,))) for n, file in files()])
    add("sparse", (24,), [(select((24,), (8 * n,), (8,)), file, "sparse", select((8,))) for n, file in files()])
    add("every_other_row", (4, 6), [(select((4, 6), (2 * n, 0), (2, 6)), file, "table", select((4, 6), (n, 0), (2, 6))) for n, file in files(2)])
    add("through_a_soft_link", (12,), [(line, "elsewhere/source_0.h5", "group/line", line)])
    # The middle row is in a file that is not there.
    names = ["elsewhere/source_0.h5", "elsewhere/not_there.h5", "elsewhere/source_2.h5"]
    add("a_file_is_missing", (3, 12), [(select((3, 12), (n, 0), (1, 12)), name, "line", line) for n, name in enumerate(names)])
    add("a_dataset_is_missing", (12,), [(line, "elsewhere/source_0.h5", "not_there", line)])
    add("nothing_mapped", (3, 4), [(select((3, 4), (0, 0), (1, 4)), "elsewhere/not_there.h5", "line", select((4,)))])

    shape, most = (3, 3, 4), (U, 3, 4)
    every = select(shape, (0, 0, 0), (U, 1, 1), (1, 1, 1), (1, 3, 4), maxshape=most)
    interleaved = [select(shape, (n, 0, 0), (U, 1, 1), (3, 1, 1), (1, 3, 4), maxshape=most) for n in range(3)]
    add("unlimited", shape, [(every, "elsewhere/source_2.h5", "frames", every)], most)
    add("interleaved", shape, [(interleaved[n], file, "frames", every) for n, file in files()], most)
    add("one_is_empty", shape, [(interleaved[n], file, "growing", every) for n, file in files()], most)
    block = select(shape, (0, 0, 0), (U, 1, 1), (2, 1, 1), (2, 3, 4), maxshape=most)
    first_two = select((3, 3, 4), (0, 0, 0), (2, 3, 4))
    add("numbered_files", shape, [(block, "elsewhere/source_%b.h5", "frames", first_two)], most)
    single = select(shape, (0, 0, 0), (U, 1, 1), (1, 1, 1), (1, 3, 4), maxshape=most)
    add("numbered_datasets", shape, [(single, "elsewhere/source_2.h5", "block_%b", select((3, 4)))], most)
    gap = select(shape, (1, 0, 0), (U, 1, 1), (4, 1, 1), (2, 3, 4), maxshape=most)
    add("numbered_with_gaps", shape, [(gap, "elsewhere/source_%b.h5", "frames", first_two)], most)

    # Names that lead away: followed on this machine (where nothing is), refused of a remote file.
    for name, away in ("an_absolute_name", "/not/there.h5"), ("a_name_above", "../not_there.h5"):
        add(name, (12,), [(line, away, "line", line)])

    # What has no exact references.
    add("half_chunks", (3, 6), [(select((3, 6)), "elsewhere/source_0.h5", "grid", select((4, 6), (1, 0), (3, 6)))])
    add("other_bytes", (12,), [(line, "elsewhere/source_0.h5", "big_endian", line)])
    halves = [select((4, 12), (0, 6 * n), (4, 6)) for n in range(2)]
    add("other_chunks", (4, 12), [(halves[0], "elsewhere/source_0.h5", "grid", grid), (halves[1], "elsewhere/source_1.h5", "table", grid)])
    add("no_run_of_bytes", (4, 3), [(select((4, 3)), "elsewhere/source_1.h5", "table", select((4, 6), (0, 0), (4, 3)))])
    add("another_shape", (24,), [(select((24,)), "elsewhere/source_1.h5", "table", grid)])
    add("other_fill_value", (8,), [(select((8,)), "elsewhere/source_0.h5", "sparse", select((8,)))], fill=7)
    add("virtual_in_turn", (3, 12), [(select((3, 12)), ".", "rows", select((3, 12)))])
    add("through_an_external_link", (12,), [(line, "elsewhere/source_1.h5", "linked", line)])
    boxes = h5s.create_simple((12,))
    boxes.select_hyperslab((0,), (2,))
    boxes.select_hyperslab((5,), (3,), op=h5s.SELECT_OR)
    add("boxes", (5,), [(select((5,)), "elsewhere/source_0.h5", "line", boxes)])
    # Which of the two is read is not defined.
    twice = [(select((2, 12), (0, 0), (1, 12)), file, "line", line) for n, file in files(2)]
    add("shown_twice", (2, 12), twice)


for number in range(3):

    @makes(f"elsewhere/raw_{number}.bin")
    def raw(path, number=number):
        """Shows: no HDF5: raw data for external storage."""
        path.write_bytes(np.arange(40, dtype="<i4").astype("<i4").tobytes() + bytes([number]))


@makes("external.h5")
def external(path):
    """Shows: external storage in one file and in several, of equal and of other sizes, unlimited; files that are too short or not there."""
    parts = [f"elsewhere/raw_{n}.bin" for n in range(3)]
    with create(path) as f:

        def add(name, shape, slots, dtype="<i4"):
            f.create_dataset(name, shape=shape, dtype=dtype, external=slots)

        add("one", (4, 5), [(parts[0], 16, 80)])
        add("three", (6, 5), [(part, 8 * n, 40) for n, part in enumerate(parts)])
        add("unlimited", (40,), [(parts[1], 0, h5py.h5f.UNLIMITED)])
        add("larger_than_needed", (6,), [(parts[0], 4, 12), (parts[1], 4, 100)])
        # What has no references: unequal rows, rows that are cut, files that end or are not there.
        add("unequal", (5, 4), [(parts[0], 0, 16), (parts[1], 0, 64)])
        add("cut_rows", (2, 5), [(parts[0], 0, 12), (parts[1], 0, 12), (parts[2], 0, 16)])
        add("too_short", (60,), [(parts[0], 0, 240)])
        add("not_there", (10,), [("elsewhere/not_there.bin", 0, 40)])
