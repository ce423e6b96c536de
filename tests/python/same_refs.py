"""Do two sidecars of one file mean the same? Compares ours with kerchunk's, key by key.

    python tests/python/same_refs.py OURS.json KERCHUNK.json[.gz] [--known known_faults.json]

Metadata are compared as JSON, `[url, offset, length]` exactly, inlined chunks by their bytes. Differences are printed by
kind; those that `--known` explains are only counted. Any other makes the exit code 1.

`known_faults.json` is a list of `{"file", "keys", "kind", "why"}`: what kerchunk does wrong, or we on purpose do
otherwise. `file`, `keys` and `kind` are shell patterns and may be left out.
"""

import argparse
import base64
import json
import sys
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path

import sidecar

SHOWN = 8


def main():
    parser = argparse.ArgumentParser(description="Do two sidecars of one file mean the same?")
    parser.add_argument("ours", type=Path)
    parser.add_argument("kerchunk", type=Path)
    parser.add_argument("--known", type=Path)
    parser.add_argument("--all", action="store_true", help=f"print all differences, not the first {SHOWN} of a kind")
    options = parser.parse_args()
    known = json.loads(options.known.read_text()) if options.known else []
    file = options.kerchunk.name.removesuffix(".gz").removesuffix(".json")

    ours, theirs = sidecar.load(options.ours), sidecar.load(options.kerchunk)
    unknown, explained = defaultdict(list), defaultdict(int)
    for key, kind, a, b in differences(ours, theirs):
        why = next((fault["why"] for fault in known if explains(fault, file, key, kind)), None)
        if why:
            explained[why] += 1
        else:
            unknown[kind].append((key, a, b))
    show(unknown, explained, options.all)
    print(f"{len(ours):,} references, kerchunk {len(theirs):,}; {sum(map(len, unknown.values())):,} differences not explained")
    return bool(unknown)


def explains(fault, file, key, kind):
    return all(fnmatchcase(value, fault.get(field, "*")) for field, value in (("file", file), ("keys", key), ("kind", kind)))


def differences(ours, theirs):
    """(key, kind, our value, their value) for each."""
    for key in sorted(ours.keys() | theirs.keys()):
        if key not in theirs:
            yield key, "only in ours", ours[key], None
        elif key not in ours:
            yield key, "only in kerchunk", None, theirs[key]
        elif sidecar.is_metadata(key):
            yield from metadata_differences(key, json.loads(ours[key]), json.loads(theirs[key]))
        elif isinstance(ours[key], list) and isinstance(theirs[key], list):
            if ours[key] != theirs[key]:
                yield key, "byte range", ours[key], theirs[key]
        elif isinstance(ours[key], list) != isinstance(theirs[key], list):
            yield key, "inlined by one only", ours[key], theirs[key]
        elif (a := inlined(ours[key])) != (b := inlined(theirs[key])):
            yield key, "inlined bytes", a, b


def metadata_differences(key, ours, theirs):
    name = key.rsplit("/", 1)[-1]
    for field in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(field, "nothing"), theirs.get(field, "nothing")
        if not sidecar.alike(b, a):
            yield key, f"{name} {field}", a, b


def inlined(text):
    return base64.b64decode(text.removeprefix("base64:")) if text.startswith("base64:") else text.encode()


def show(unknown, explained, everything):
    for kind, found in sorted(unknown.items()):
        print(f"{kind}: {len(found):,}")
        for key, a, b in found if everything else found[:SHOWN]:
            print(f"    {key}\n        ours     {a!r:.150}\n        kerchunk {b!r:.150}")
    for why, count in explained.items():
        print(f"known, {count:,} times: {why}")


if __name__ == "__main__":
    sys.exit(main())
