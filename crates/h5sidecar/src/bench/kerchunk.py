# A sidecar by kerchunk: FILE SIDECAR INLINE_THRESHOLD [anonymous]. Prints the seconds of the work itself.
import sys
import time
import warnings

import fsspec
import ujson
from kerchunk.hdf import SingleHdf5ToZarr

warnings.simplefilter("ignore")
location, sidecar, threshold, anonymous = sys.argv[1:]
if "://" in location:
    # What was found to be among its best: large blocks, all of them kept.
    options = dict(mode="rb", block_size=8 << 20, cache_type="blockcache", cache_options=dict(maxblocks=1 << 20))
    if location.startswith("s3"):
        options["anon"] = bool(anonymous)
else:
    options = dict(mode="rb")

start = time.perf_counter()
with fsspec.open(location, **options) as file:
    references = SingleHdf5ToZarr(file, location, inline_threshold=int(threshold)).translate()
with open(sidecar, "w") as out:
    ujson.dump(references, out)
print(time.perf_counter() - start)
