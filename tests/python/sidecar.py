"""Reading a sidecar: kerchunk reference JSON, version 1."""

import gzip
import json
import math
from pathlib import Path

METADATA = (".zarray", ".zattrs", ".zgroup", ".zmetadata")


def load(path):
    """The references of a sidecar, gzipped or not: key -> inlined text or [url, offset, length] or [url]."""
    content = Path(path).read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    parsed = json.loads(content)
    refs = parsed.get("refs", parsed)
    # Metadata may be an object or, as kerchunk writes it, a string of JSON.
    return {key: json.dumps(value) if isinstance(value, dict) else value for key, value in refs.items()}


def is_metadata(key):
    return key.rsplit("/", 1)[-1] in METADATA


def alike(expected, found):
    """Whether two values mean the same: one element or a list of it, 0.1 as f4 or f8, None or an empty string."""
    if isinstance(expected, list) and not isinstance(found, list) and len(expected) == 1:
        return alike(expected[0], found)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(alike, expected, found))
    if isinstance(expected, complex):
        return found in (str(expected), [expected.real, expected.imag])
    if isinstance(expected, float) and isinstance(found, (int, float, str)):
        # Strict JSON has no NaN; "NaN", "Infinity" and "-Infinity" are Zarr's names for what is not finite.
        number = float(found) if not isinstance(found, str) or found in ("NaN", "Infinity", "-Infinity") else None
        if number is None:
            return False
        return math.isclose(number, expected, rel_tol=1e-6) or (math.isnan(number) and math.isnan(expected))
    if expected == "a reference":
        return True
    return expected == found or (expected is None and found == "")


def spelled(value):
    """A number, as Zarr spells it where JSON has none."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
