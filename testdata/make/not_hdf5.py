"""Files that are not HDF5, or no longer: each should give an error that says what the file is."""

import gzip
import io
import struct
import tempfile
from pathlib import Path

from common import makes
from groups import superblock_v0


def hdf5_bytes():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        superblock_v0(path)
        return path.read_bytes()


@makes("not_hdf5/netcdf3.nc")
def netcdf3(path):
    """Shows: a NetCDF-3 (classic) file: `CDF` 0x01, one dimension, one variable."""

    def name(text):
        return struct.pack(">i", len(text)) + text.ljust(-(-len(text) // 4) * 4, b"\0")

    dimensions = struct.pack(">ii", 10, 1) + name(b"x") + struct.pack(">i", 2)
    no_attributes = struct.pack(">ii", 0, 0)
    variable = name(b"v") + struct.pack(">ii", 1, 0) + no_attributes + struct.pack(">ii", 4, 8)
    variables = struct.pack(">ii", 11, 1) + variable
    header = b"CDF\x01" + struct.pack(">i", 0) + dimensions + no_attributes + variables
    path.write_bytes(header + struct.pack(">i", len(header) + 4) + struct.pack(">ii", 1, 2))


@makes("not_hdf5/tiff.tif")
def tiff(path):
    """Shows: the first bytes of a little-endian TIFF."""
    path.write_bytes(b"II*\x00\x08\x00\x00\x00" + bytes(32))


@makes("not_hdf5/gzipped.h5.gz")
def gzipped(path):
    """Shows: an HDF5 file inside gzip."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", filename="", mtime=0) as z:
        z.write(hdf5_bytes())
    path.write_bytes(out.getvalue())


@makes("not_hdf5/error_page.h5")
def error_page(path):
    """Shows: an HTML login or error page saved under the file's name, as download scripts do."""
    path.write_text("<!DOCTYPE html>\n<html><head><title>401 Unauthorized</title></head><body>Please log in.</body></html>\n")


@makes("not_hdf5/empty.h5")
def empty(path):
    """Shows: a file of no bytes."""
    path.write_bytes(b"")


@makes("not_hdf5/truncated.h5")
def truncated(path):
    """Shows: the first 300 bytes of an HDF5 file: the superblock says it is longer."""
    path.write_bytes(hdf5_bytes()[:300])
