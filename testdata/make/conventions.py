"""Dimension scales (HDF5-DS) and netCDF-4."""

import h5py
import netCDF4
import numpy as np

from common import create, makes, write_no_times


@makes("dimension_scales.h5")
def dimension_scales(path):
    """Shows: dimension scales: across groups, named, more than one for a dimension, none, without storage; a user's own CLASS and NAME."""
    with create(path) as f:
        for name, length in {"time": 4, "lat": 3, "inner/depth": 5}.items():
            f[name] = np.arange(length, dtype="<f4")
            f[name].make_scale(name.split("/")[-1])
        f["time"].attrs["units"] = "days since 2000-01-01"
        scaled(f, "at_root", np.zeros((4, 3), "<i2"), f["time"], f["lat"])
        scaled(f, "inner/deep/data", np.ones((4, 5), "<i2"), f["time"], f["inner/depth"])
        scaled(f, "partly", np.ones((4, 7), "<i2"), f["time"], None)
        f["other_lat"] = np.array([10.0, 20.0, 30.0])
        f["other_lat"].make_scale()
        two = scaled(f, "two_scales", np.ones((3,), "<i2"), f["lat"])
        two.dims[0].attach_scale(f["other_lat"])
        f["no_scales"] = np.ones((3, 4, 3), "<i2")
        f["scale_without_data"] = h5py.Empty("<f4")
        unallocated = f.create_dataset("dimension_only", shape=(6,), dtype=">f4")
        unallocated.make_scale("This is a netCDF dimension but not a netCDF variable.         6")
        scaled(f, "on_dimension_only", np.ones(6, "<i2"), unallocated)
        # A user's own attributes of the names the convention uses.
        f["user"] = np.arange(3)
        f["user"].attrs["NAME"] = "not a scale"
        f["user"].attrs["CLASS"] = "my class"


def scaled(f, name, data, *scales):
    d = f.create_dataset(name, data=data)
    for axis, scale in enumerate(scales):
        if scale is not None:
            d.dims[axis].attach_scale(scale)
    return d


@makes("netcdf4.nc")
def netcdf4(path):
    """Shows: a file of netCDF-C: groups, an unlimited dimension, a dimension without a variable, _FillValue, packed data, time since, string and char variables, an enum."""
    write_no_times("netCDF4")
    with netCDF4.Dataset(path, "w") as f:
        f.title = "netCDF-4"
        f.createDimension("time", None)
        f.createDimension("lat", 3)
        f.createDimension("nv", 2)
        f.createDimension("name_len", 8)
        time = f.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "days since 2000-01-01", "standard"
        time[:] = [0, 1, 2.5, 4]
        f.createVariable("lat", "f4", ("lat",))[:] = [-30, 0, 30]
        bounds = f.createVariable("lat_bounds", "f4", ("lat", "nv"))
        bounds[:] = [[-45, -15], [-15, 15], [15, 45]]
        packed = f.createVariable("packed", "i2", ("time", "lat"), fill_value=-32767, zlib=True)
        packed.scale_factor, packed.add_offset = 0.01, 273.15
        packed[:] = np.ma.masked_greater(np.arange(12.0).reshape(4, 3) + 270, 280)
        checked = f.createVariable("checked", "f8", ("time", "lat"), zlib=True, fletcher32=True, chunksizes=(2, 3))
        checked[:] = np.arange(12.0).reshape(4, 3)
        f.createVariable("never_written", "f4", ("lat",))
        f.createVariable("station", str, ("lat",))[:] = np.array(["one", "two", "drei ß"], object)
        f.createVariable("char", "S1", ("lat", "name_len"))[:] = np.array([list("abcdefgh")] * 3, "S1")
        f.createVariable("scalar", "i4")[:] = 42
        cover = f.createEnumType("u1", "cover_t", {"land": 0, "sea": 1, "none": 255})
        f.createVariable("cover", cover, ("lat",), fill_value=255)[:] = [0, 1, 1]
        group = f.createGroup("forecast/run")
        group.createDimension("step", 2)
        group.createVariable("step", "i4", ("step",))[:] = [6, 12]
        inner = group.createVariable("temperature", "f4", ("time", "step", "lat"), zlib=True, shuffle=True)
        inner.units, inner.coordinates = "K", "lat"
        inner[:] = np.arange(24, dtype="f4").reshape(4, 2, 3)
