"""Makes the files of testdata/.

    python testdata/make/make.py                    every file, where it is committed
    python testdata/make/make.py OUTDIR             every file, into OUTDIR
    python testdata/make/make.py OUTDIR NAME...     these files only
    python testdata/make/make.py --check            makes all elsewhere and names the files that differ
    python testdata/make/make.py --readme           writes testdata/README.md

`NAME` is a file's name, such as `filters.h5`.
"""

import os
import sys
import tempfile
from pathlib import Path

# First, for hdf5plugin's filters are to find h5py's libhdf5, and not netCDF4's.
import filters  # noqa: F401  isort: skip  each of these registers its makers
import atl03  # noqa: F401
import conventions  # noqa: F401
import groups  # noqa: F401
import handmade  # noqa: F401
import headers  # noqa: F401
import heaps  # noqa: F401
import newer  # noqa: F401
import not_hdf5  # noqa: F401
import references  # noqa: F401
import sidecars  # noqa: F401
import storage  # noqa: F401
import values  # noqa: F401
import virtual  # noqa: F401
import whole_files  # noqa: F401
from common import HERE, MAKERS

TESTDATA = HERE.parent


def main(arguments):
    if arguments[:1] == ["--readme"]:
        (TESTDATA / "README.md").write_text(readme())
    elif arguments[:1] == ["--check"]:
        with tempfile.TemporaryDirectory() as outdir:
            make(Path(outdir), MAKERS)
            differ = [name for name in MAKERS if not same(Path(outdir) / name, TESTDATA / name)]
        print(f"{len(differ)} of {len(MAKERS)} files differ", *differ, sep="\n    ")
        return len(differ) > 0
    else:
        make(Path(arguments[0]).absolute() if arguments else TESTDATA, arguments[1:] or MAKERS)
    return 0


def make(outdir, names):
    for name in names:
        path = outdir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # h5py resolves the file names of external and virtual storage against the working directory.
        os.chdir(path.parent)
        path.unlink(missing_ok=True)
        MAKERS[name](path)


def same(made, committed):
    return committed.exists() and made.read_bytes() == committed.read_bytes()


def readme():
    rows = []
    for name, maker in MAKERS.items():
        shows = " ".join(maker.__doc__.split()).removeprefix("Shows: ")
        size = (TESTDATA / name).stat().st_size
        rows.append(f"| `{name}` | {size:,} | {shows} |")
    return README.format(table="\n".join(rows))


README = """# Test data

Every file here is made by `make/`; none is copied from elsewhere. To make them again:

```console
$ python3 -m venv target/venv
$ target/venv/bin/pip install -r testdata/make/requirements.txt
$ target/venv/bin/python testdata/make/make.py            # all of them, in place
$ target/venv/bin/python testdata/make/make.py --check    # do the committed files still come out the same?
$ target/venv/bin/python testdata/make/make.py --readme   # this file
```

The same versions give the same bytes: no times are written and random numbers have fixed seeds.
`golden/kerchunk/` holds what kerchunk makes of them, see its README.

`atl03_mini.h5` has the groups, datasets, attributes and dimension scales of an ICESat-2 ATL03 granule
(`make/atl03_layout.json.gz`); its values are invented and its photon-rate datasets short. Those of the
benchmark, of 380 MB and of 7 GB, are made by `make/atl03_granule.py OUT.h5 --scale medium|full`.

| file | bytes | shows |
|---|---|---|
{table}
"""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
