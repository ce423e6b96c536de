"""What the comparison of `parity.py` found, as tables: to be printed, and as docs/parity.md."""

import datetime
import importlib.metadata
import re
from collections import Counter, defaultdict

from keys import KINDS
from values import ALLOWED, BUDGET

COLUMNS = "equal", "better", "reported", "wrong", "not comparable"

FAULTS = {
    "failed": "no sidecar at all: kerchunk raises an exception, hangs or crashes",
    "dropped": "the dataset is not in the sidecar; a Python warning was all that said so",
    "no chunks": "metadata without chunks: reads as fill values, silently",
    "unreadable": "an error on reading",
    "wrong values": "other values, shape or type than the file's",
}  # fmt: skip


def shown(results):
    """For the terminal: the tables of the document, and every wrong dataset."""
    lines = [*columns(results), "", *kerchunks_faults(results), "", *key_by_key(results), "", *reported(results), ""]
    for result, each in datasets(results):
        if each["column"] == "wrong":
            lines.append(f"wrong: {result['source']}/{result['file']}: {each['path']}: {each['why']}")
    return "\n".join(lines)


def document(results):
    sources = {result["source"] for result in results} - {"testdata"}
    corpus = sum(result["source"] != "testdata" for result in results)
    names = "h5py", "kerchunk", "zarr", "numcodecs", "fsspec", "xarray", "hdf5plugin", "imagecodecs", "numpy"
    import h5py

    text = HEAD.format(
        date=datetime.date.today().isoformat(),
        files=f"{len(results) - corpus} files of `testdata/`" + (f" and a corpus of {corpus} files of {len(sources)} public sources" if corpus else ""),
        versions=", ".join(f"{name} {importlib.metadata.version(name)}" for name in names) + f", libhdf5 {h5py.version.hdf5_version}",
        budget=BUDGET >> 20,
    )
    sections = {
        "Datasets": columns(results),
        "What kerchunk gets wrong": kerchunks_faults(results),
        "Key by key": key_by_key(results),
        "Reported": reported(results),
        "Reported, and kerchunk reads it right": named(results, lambda each: each["column"] == "reported" and each["kerchunk"] == "right"),
        "Not comparable": named(results, lambda each: each["column"] == "not comparable", lambda each: f"{each['why']} (ours: {each['ours']})"),
        "Files that libhdf5 refuses": refused(results),
        "What is allowed to differ": allowed(results),
        "By source": by_source(results),
    }
    return text + "".join(f"\n## {title}\n\n{INTRODUCTIONS.get(title, '')}" + "\n".join(lines) + "\n" for title, lines in sections.items())


def datasets(results):
    return ((result, each) for result in results for each in result["datasets"])


def table(head, rows):
    rows = [[f"{cell:,}" if isinstance(cell, int) else str(cell).replace("|", "\\|") for cell in row] for row in rows]
    ruler = ["---:" if rows and all(re.fullmatch(r"[\d,]+", row[n]) for row in rows) else "---" for n in range(len(head))]
    return ["| " + " | ".join(row) + " |" for row in [head, ruler, *rows]]


def columns(results):
    parts = {"testdata": [], "corpus": []}
    for result in results:
        parts["testdata" if result["source"] == "testdata" else "corpus"].append(result)
    parts = {name: part for name, part in parts.items() if part}
    if len(parts) > 1:
        parts["both"] = results
    head = ["", "files", "refused by libhdf5", "datasets", *COLUMNS, "by sample", "groups or variables xarray does not open"]
    return table(head, [row(name, part, True) for name, part in parts.items()])


def by_source(results):
    sources = defaultdict(list)
    for result in results:
        sources[result["source"]].append(result)
    head = ["", "files", "refused", "datasets", *COLUMNS]
    return table(head, [row(name, part) for name, part in sorted(sources.items())])


def row(name, results, whole=False):
    found = [each for _, each in datasets(results)]
    counts = Counter(each["column"] for each in found)
    cells = [name, len(results), sum(bool(result["refused"]) for result in results), len(found), *(counts[column] for column in COLUMNS)]
    if whole:
        cells.append(sum(bool(each.get("sampled")) for each in found))
        cells.append(sum(len(result["not_opened"]) for result in results))
    return cells


def kerchunks_faults(results):
    counts = Counter((each["column"], each.get("kerchunk")) for _, each in datasets(results))
    rows = [[what, counts["better", fault], counts["reported", fault]] for fault, what in FAULTS.items()]
    lines = table(["kerchunk's fault", "datasets that are right here", "datasets that are reported here"], rows)
    failed = Counter(general(result["kerchunk"]) for result in results if result["kerchunk"] and not result["refused"])
    return lines + ["", "Files that h5py opens and kerchunk makes no sidecar of: " + (", ".join(f"{count} {what}" for what, count in failed.most_common()) or "none") + "."]


def key_by_key(results):
    equal = [each["keys"] for _, each in datasets(results) if each["column"] == "equal"]
    counts = Counter(kind for kinds in equal for kind in kinds)
    lines = table(["difference", "datasets", "what it is"], [[kind, count, KINDS.get(kind, "")] for kind, count in counts.most_common()])
    wholly = sum(not kinds for kinds in equal)
    return [f"Of {len(equal):,} equal datasets, {wholly:,} are the same in every key; in the others, these differ:", "", *lines]


def reported(results):
    counts, right, lost = Counter(), Counter(), {}
    for _, each in datasets(results):
        if each["column"] == "reported":
            reason = general(each["why"])
            counts[reason] += 1
            right[reason] += each["kerchunk"] == "right"
            lost[reason] = "yes" if each["lost"] else "no"
    return table(["datasets", "kerchunk reads right", "has data", "reason"], [[count, right[reason], lost[reason], reason] for reason, count in counts.most_common()])


def named(results, wanted, why=lambda each: each["why"]):
    """A line for each reason and file, with the datasets' names."""
    names = defaultdict(list)
    for result, each in datasets(results):
        if wanted(each):
            names[general(why(each))].append((f"{result['source']}/{result['file']}", each["path"]))
    lines = []
    for reason, places in sorted(names.items()):
        files = defaultdict(list)
        for file, path in places:
            files[file].append(path)
        shown = "; ".join(f"{file}: " + ", ".join(f"`{path}`" for path in paths) for file, paths in files.items())
        lines.append(f"- **{reason}** ({len(places)}): {shown}")
    return lines or ["None."]


def refused(results):
    lines = Counter()
    for result in results:
        if result["refused"]:
            ours = "refused, with a message" if result["ours"]["failed"] else "read, with problems reported" if result["ours"]["reported"] else "read, without a problem"
            lines["crashed" if result["ours"]["crashed"] else ours, result["refused"].rpartition("(")[2].rstrip(")")] += 1
    return table(["files", "what we did", "what libhdf5 says"], [[count, ours, general(why)] for (ours, why), count in sorted(lines.items())])


def allowed(results):
    counts = Counter(what for _, each in datasets(results) for what in each.get("allowed", []))
    return table(["datasets", "what"], [[counts[what], why] for what, why in ALLOWED.items()])


def general(reason):
    """A reason without what it names of one file: numbers, and what is before a colon."""
    reason = re.sub(r"^(raised|hung|crashed|filter)\b|0x[0-9a-f]+|\b\d{5,}\b", lambda match: match[0] if match[0].isalpha() or len(match[0]) == 5 else "N", reason)
    reason = re.sub(r"^\S+ in \S+: ", "", reason)
    return re.sub(r"^\S+\.\w+: ", "", reason)[:160]


HEAD = """# Against kerchunk and h5py

Made by `H5_CORPUS=... cargo xtask parity --write` on {date}, of {files}.
Versions: {versions}.

Each dataset counts once, under whatever paths it is. *equal*: kerchunk's sidecar reads as h5py reads the file, and so
does ours. *better*: ours does, and kerchunk's does not. *reported*: not in our sidecar, and the report says why. *wrong*:
ours reads otherwise, or is missing without a word. *not comparable*: h5py does not read it.

Ours is read through fsspec and zarr under every path, and through xarray, where names of dimensions are those of the
file's dimension scales; kerchunk's through fsspec and zarr only. Every value is compared; of datasets of more than {budget} MB the first and the last block,
some that are stored and some in between, and the place of every stored chunk (*by sample*). Both have the same Python,
with hdf5plugin and imagecodecs, external files are found and followed. kerchunk has its own defaults, any time it needs up
to five minutes, and no garbage collection, which makes it hang on some files.
"""

INTRODUCTIONS = {
    "Key by key": "Metadata as objects, inlined chunks as bytes.\n\n",
    "Not comparable": "What h5py says, and what we did.\n\n",
    "What is allowed to differ": "The same for both sidecars.\n\n",
}  # fmt: skip

if __name__ == "__main__":
    import json
    import sys

    print(document(json.load(open(sys.argv[1]))))
