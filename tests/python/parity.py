"""Do our sidecars read as the files read, and what does kerchunk make of the same files?

    python tests/python/parity.py --program h5sidecar [--write docs/parity.md] [--details out.json] [FILE|FOLDER...]

Of a folder, all files below it. Each file is indexed by the program and by kerchunk; h5py reads every dataset, and both
sidecars are read through fsspec and zarr (ours through xarray too), value by value. Each dataset is then in one column:

equal           both sidecars read as h5py reads the file
better          ours does; kerchunk has no such dataset, or it reads otherwise, or with an error, or kerchunk fails
reported        not in our sidecar, and our report says why
wrong           ours reads otherwise, or is missing without a word
not comparable  h5py does not read it

A file has a timeout and processes of its own, since kerchunk and libhdf5 may hang or crash. Exit code 1: some are wrong.
"""

import argparse
import json
import multiprocessing
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import reading  # first, since it sets what libhdf5 looks at when it is loaded
import keys
import kerchunk.hdf  # noqa: F401, here once for all children
import kerchunk_golden
import parity_table
import sidecar
from children import forked
from values import Allowed

ROOT = Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--program", type=Path, required=True, help="the h5sidecar to try")
    parser.add_argument("--out", type=Path, default=ROOT / "target/parity", help="where to put the sidecars")
    parser.add_argument("--write", type=Path, help="write a document about it")
    parser.add_argument("--without-kerchunk", action="store_true", help="compare with h5py only")
    # kerchunk takes two minutes for the 2,001 datasets of one file of the corpus, and comes to an end.
    parser.add_argument("--seconds", type=int, default=300, help="of silence, after which a process is stopped")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    began = time.monotonic()
    files = list(given(options.files))
    with ProcessPoolExecutor(options.jobs, mp_context=multiprocessing.get_context("fork")) as pool:
        results = []
        for result in pool.map(compare, files, [options] * len(files)):
            results.append(result)
            progress(len(results), len(files), result)
    (options.out / "results.json").write_text(json.dumps(results, indent=1))
    print(parity_table.shown(results))
    print(f"{len(files)} files in {time.monotonic() - began:.0f} s")
    if options.write:
        options.write.write_text(parity_table.document(results))
    return any(each["column"] == "wrong" for result in results for each in result["datasets"])


def given(arguments):
    """Pairs of a source's name and a file."""
    for argument in arguments:
        if not argument.exists():
            sys.exit(f"no such file: {argument}")
        if argument.is_dir():
            for file in sorted(file for file in argument.rglob("*") if file.is_file()):
                yield file.relative_to(argument).parts[0] if file.parent != argument else argument.name, file
        else:
            yield argument.resolve().parent.name, argument


def progress(done, of, result):
    counts = Counter(each["column"] for each in result["datasets"])
    said = ", ".join(f"{count} {column}" for column, count in counts.items()) or result["refused"] or "no datasets"
    print(f"{done}/{of} {result['source']}/{result['file']}: {said} ({result['seconds']:.1f} s)", flush=True)


def compare(source_and_file, options):
    source, file = source_and_file
    began = time.monotonic()
    out = options.out / source / file.name
    out.mkdir(parents=True, exist_ok=True)
    ours = index(file, out, options)
    theirs = {"failed": "not asked"} if options.without_kerchunk else translate(file, out, options)
    result = {"source": source, "file": file.name, "ours": ours, "kerchunk": theirs["failed"], "refused": None, "datasets": []}
    result |= {"attributes": [], "not_opened": {}, "unreadable": {}}
    dead = {}  # (path, who reads): how that ended
    while True:
        done = {each["path"] for each in result["datasets"]}
        said, ending = forked(lambda say: Comparison(file, ours, theirs, say).run(done, dead), options.seconds)
        at = None
        for message in said:
            if "at" in message:
                at = tuple(message["at"])
            elif "dataset" in message:
                result["datasets"].append(message["dataset"])
            else:
                result |= message
        if ending is None:
            break
        if at is None or at in dead:
            result["refused"] = f"libhdf5 {ending}"
            break
        dead[at] = ending
    if result["refused"] and ours["failed"] and ours["crashed"]:
        result["datasets"].append({"path": "/", "column": "wrong", "why": ours["failed"]})
    return result | {"seconds": time.monotonic() - began}


def index(file, out, options):
    """Our sidecar and report."""
    made, report = out / "ours.json", out / "report.json"
    made.unlink(missing_ok=True)
    report.unlink(missing_ok=True)
    command = [options.program, "index", file, "--quiet", "--follow-external", "--output", made, "--report", report]
    try:
        run = subprocess.run(command, capture_output=True, timeout=options.seconds)
        code, said = run.returncode, run.stderr.decode(errors="replace").strip()
    except subprocess.TimeoutExpired:
        code, said = None, f"hung: no end after {options.seconds} s"
    whole = json.loads(report.read_text() or "{}") if report.exists() else {}
    reported = [*whole.get("problems", []), *whole.get("not_referenced", [])]
    lost = {each["path"]: each.get("lost", True) for each in whole.get("not_referenced", [])}
    reasons = {each["path"].strip("/"): [each.get("reason") or each.get("error") or "", lost.get(each["path"], True)] for each in reported if each.get("path")}
    # 2: the file is cut off, and the sidecar says what it still has.
    failed = None if code in (0, 2) else said.replace(str(file), file.name) or f"exit code {code}"
    return {"sidecar": str(made), "failed": failed, "crashed": code not in (0, 2, 4), "reported": reasons}


def translate(file, out, options):
    """kerchunk's sidecar, from the same name of the file."""
    made = out / "kerchunk.json"
    made.unlink(missing_ok=True)

    def work(say):
        try:
            refs = kerchunk_golden.translate(file, str(file))
            made.write_text(json.dumps({"version": 1, "refs": refs}))
        except Exception as error:
            say(reading.one_line(error))

    said, ending = forked(work, options.seconds)
    # It may still crash as it ends, when all is written.
    failed = f"raised {said[0]}" if said else None if made.exists() else ending or "no output"
    return {"sidecar": str(made), "failed": failed}


class Comparison:
    """Of one file, in a child: says what it is at, and what came of it."""

    def __init__(self, file, ours, theirs, say):
        self.path, self.say, self.theirs = file, say, theirs
        self.reported, self.failed = ours["reported"], ours["failed"]
        self.crashed = ours["crashed"]
        self.ours = self.reader(ours)
        self.kerchunk = self.reader(theirs)

    def reader(self, made):
        refs = {} if made["failed"] else sidecar.load(made["sidecar"])
        return reading.Reader(refs, self.path)

    def run(self, done, dead):
        try:
            self.f, self.dead = reading.open_file(self.path), dead
            self.tree = reading.Tree(self.f)
        except Exception as error:
            return self.say({"refused": reading.one_line(error)})
        ours, stray = self.places(self.ours)
        theirs, _ = self.places(self.kerchunk)
        for place, found in self.tree.datasets.items():
            if found[0] not in done:
                paths = ours.pop(place, [])
                self.say({"dataset": self.dataset(found, paths, theirs.get(place, []))})
        self.without_h5py(stray, done)
        self.say({"attributes": self.attributes(), "unreadable": self.tree.unreadable, "not_opened": self.ours.not_opened})

    def places(self, reader):
        """The paths of a sidecar's arrays by where their objects are in the file; and those that lead nowhere."""
        places, stray = {}, []
        for path in sorted(reader.arrays):
            place = self.tree.at(path)
            places.setdefault(place, []).append(path)
        stray = [path for place, paths in places.items() if place not in self.tree.datasets for path in paths]
        return places, stray

    def without_h5py(self, stray, done):
        """What h5py does not find or open."""
        for path in sorted({*stray, *self.tree.unreadable} - done):
            above = next((above for above in reading.above(path) if above in self.tree.unreadable), None)
            if above is None:
                self.say({"dataset": {"path": path, "column": "wrong", "why": "no such dataset in the file"}})
            else:
                what = self.tree.unreadable[above]
                self.say({"dataset": {"path": path, "column": "not comparable", "why": what, "ours": self.what_we_did(path)}})

    def what_we_did(self, path):
        if path in self.ours.arrays:
            return "in the sidecar"
        return "reported" if self.failed or self.reason([path]) else "a group, or nothing"

    def dataset(self, found, paths, theirs):
        path = found[0]
        result = {"path": path, "kerchunk": self.theirs["failed"] and "failed"}
        dataset = self.f[path]
        try:
            self.at(path, "h5py")
            expected = reading.expected_values(dataset)
        except Exception as error:
            what = reading.one_line(error)
            return result | {"column": "not comparable", "why": what, "ours": self.what_we_did(paths[0] if paths else path)}
        result["sampled"] = expected[0][0] is not None
        allowed = Allowed(dataset)
        wrong = self.wrong_with_us(path, found, paths, expected, dataset, allowed, result)
        result["allowed"] = sorted(allowed)
        if not result["kerchunk"]:
            result["kerchunk"], result["kerchunk_why"] = self.wrong_with_kerchunk(path, theirs, expected, dataset)
        if not wrong and "column" not in result:
            result["column"] = "equal" if result["kerchunk"] == "right" else "better"
            if result["column"] == "equal":
                shared = next((each for each in theirs if each in paths), None)
                result["keys"] = sorted(keys.differences(shared, self.ours, self.kerchunk, self.path)) if shared is not None else ["path"]
        return result

    def at(self, path, who):
        if (path, who) in self.dead:
            raise RuntimeError(self.dead[path, who])
        self.say({"at": [path, who]})

    def wrong_with_us(self, path, found, paths, expected, dataset, allowed, result):
        if not paths:
            reason = [self.failed, True] if self.failed and not self.crashed else self.reason(found)
            if reason is None:
                result |= {"column": "wrong", "why": self.failed or "missing, and not reported"}
            else:
                result |= {"column": "reported", "why": reason[0], "lost": reason[1]}
            return result["why"]
        for each in paths:
            if each != paths[0] and self.ours.alike(each, paths[0]):
                continue  # a further path to the same references
            try:
                self.at(each, "ours")
                wrong = self.ours.wrong(each, expected, dataset, allowed)
            except RuntimeError as error:
                wrong = str(error)
            if wrong:
                result |= {"column": "wrong", "why": f"{each}: {wrong}" if each != path else wrong}
                return wrong
        return None

    def reason(self, paths):
        """Why a dataset is not in the sidecar, as reported of itself or of a group above it, whose links are lost."""
        reported = self.reported
        for path in paths:
            if path in reported:
                return reported[path]
        place = self.tree.at(paths[0])
        other = next((path for path in reported if place and self.tree.at(path) == place), None)
        if other is not None:
            return reported[other]
        return next((reported[above] for path in paths for above in reading.above(path) if above in reported), None)

    def wrong_with_kerchunk(self, path, paths, expected, dataset):
        if not paths:
            return "dropped", "not in the sidecar"
        try:
            self.at(paths[0], "kerchunk")
            wrong = self.kerchunk.wrong(paths[0], expected, dataset, Allowed(dataset), with_xarray=False)
        except RuntimeError as error:
            return "unreadable", str(error)
        if not wrong:
            return "right", None
        if not self.kerchunk.chunks[paths[0]]:
            return "no chunks", wrong
        return "wrong values" if wrong.startswith("through") else "unreadable", wrong

    def attributes(self):
        """Attributes that differ from the file's, in our sidecar: [path@name, in the file, in the sidecar]."""
        differing = []
        for path in [*(paths[0] for paths in self.tree.datasets.values()), *self.tree.groups.values()]:
            if path in self.ours.arrays or f"{path}/.zgroup".lstrip("/") in self.ours.refs:
                try:
                    found = reading.wrong_attributes(self.f[path or "/"], path, self.ours.refs)
                    differing += [[f"{path}@{name}", f"{a!r:.60}", f"{b!r:.60}"] for name, a, b in found]
                except Exception as error:
                    differing.append([f"{path}@", reading.one_line(error), ""])
        return differing


if __name__ == "__main__":
    sys.exit(main())
