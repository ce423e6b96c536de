"""What kerchunk makes of a file, in a form that can be compared and committed.

    python tests/python/kerchunk_golden.py FILE OUT.json[.gz]
    python tests/python/kerchunk_golden.py --all             every file of testdata/, into testdata/golden/kerchunk/

One reference a line, keys sorted. Metadata are objects, not strings of JSON, with NaN and infinities as strings, as
Zarr spells them, so that this is strict JSON. The URL is the file's name without its folder.
"""

import gc
import gzip
import json
import subprocess
import sys
import warnings
from pathlib import Path

import sidecar

TESTDATA = Path(__file__).resolve().parents[2] / "testdata"
GOLDEN = TESTDATA / "golden" / "kerchunk"
SECONDS = 60


def main(arguments):
    if arguments == ["--all"]:
        return write_all()
    file, out = map(Path, arguments)
    write(out, normalised(translate(file)))


def translate(file, url=None):
    """kerchunk's references; what it warned about goes to stderr, one line each."""
    from kerchunk.hdf import SingleHdf5ToZarr

    # Collecting garbage on Zarr's event loop thread closes h5py objects, which waits for h5py's lock, which the thread
    # that waits for Zarr holds. kerchunk hangs like this on files whose exceptions it quashes.
    gc.disable()
    # An open file, as kerchunk ignores `url` when it is given a path.
    with warnings.catch_warnings(record=True) as caught, file.open("rb") as f:
        warnings.simplefilter("always", UserWarning)
        refs = SingleHdf5ToZarr(f, url=url or file.name, inline_threshold=500).translate()["refs"]
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            print(one_line(str(warning.message)), file=sys.stderr)
    return refs


def one_line(message):
    """Of a quashed exception, its last line; the traceback in between names kerchunk's own source lines."""
    lines = [line for line in message.strip().splitlines() if line and not line.startswith(" ")]
    return lines[-1][:200]


def normalised(refs):
    lines = []
    for key, value in sorted(refs.items()):
        if sidecar.is_metadata(key):
            value = finite(json.loads(value))
        lines.append(f"{json.dumps(key)}: {json.dumps(value, sort_keys=True, allow_nan=False)}")
    return '{"version": 1, "refs": {\n' + ",\n".join(lines) + "\n}}\n"


def finite(value):
    if isinstance(value, list):
        return [finite(item) for item in value]
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return sidecar.spelled(value)


def write(out, text):
    content = text.encode()
    out.write_bytes(gzip.compress(content, 9, mtime=0) if out.suffix == ".gz" else content)


def write_all():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    notes = {}
    for file in sorted([*TESTDATA.glob("*.h5"), *TESTDATA.glob("*.nc")]):
        out = GOLDEN / f"{file.name}.json{'.gz' if file.stat().st_size > 1_000_000 else ''}"
        notes[file.name] = in_subprocess(file, out) + (faults(out, file) if out.exists() else [])
        print(f"{file.name}: {len(notes[file.name])} notes")
    body = "\n".join(f"## {name}\n\n" + "\n".join(f"- {note}" for note in lines) + "\n" for name, lines in notes.items() if lines)
    clean = ", ".join(f"`{name}`" for name, lines in notes.items() if not lines)
    (GOLDEN / "README.md").write_text(README.format(body=body, clean=clean))


def in_subprocess(file, out):
    """Some files make kerchunk or libhdf5 loop or crash, so each gets a process of its own."""
    out.unlink(missing_ok=True)
    try:
        run = subprocess.run([sys.executable, __file__, file, out], capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return [f"no output: stopped after {SECONDS} s"]
    said = list(dict.fromkeys(run.stderr.strip().splitlines()))
    # The exit code says nothing: the process may still crash as it ends, when all is written.
    if not out.exists():
        return [f"no output: `{said[-1]}`" if said else "no output: it crashes"]
    return [f"kerchunk warns: `{line}`" for line in said]


def faults(out, file):
    """Where the golden sidecar does not read as the file does."""
    import reading

    notes = []
    for kind, path, what in reading.faults(sidecar.load(out), file):
        if kind == "attribute":
            notes.append(f"attribute: `{path}` {what}")
        elif kind == "xarray":
            notes.append(f"xarray does not open `/{path}`: {what}")
        else:
            notes.append(f"{kind}: `{path}`: {what}")
    return notes


README = """# What kerchunk 0.2.10 writes

Made by `tests/python/kerchunk_golden.py --all` with `inline_threshold=500`, versions as in
`tests/python/requirements.txt`. These are a second opinion, not the truth: below is, file by file, what kerchunk warns
about and where its sidecar does not read as h5py reads the file (`tests/python/reading.py`). *missing*: the dataset is not
in the sidecar; *wrong*: it is, and reads with an error or with other values.

Nothing to note: {clean}.

{body}"""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
