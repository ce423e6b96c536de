"""Opens one group of a sidecar in xarray: python open_in_xarray.py SIDECAR.json [GROUP]"""

import sys

import xarray

sidecar, group = (sys.argv[1:] + [""])[:2]
# The group goes into the URL: with zarr 3.1, `group=` finds no variables in a group below the root of a sidecar.
options = {"fo": sidecar, "remote_protocol": "file"}
print(xarray.open_dataset(f"reference://{group}", engine="zarr", consolidated=False, storage_options=options))
