"""Changes to files that libhdf5 wrote, for what it reads and does not write."""

from contextlib import contextmanager
from typing import NamedTuple

from by_hand import lookup3, number


@contextmanager
def changed(path):
    """The bytes of a file, to be changed; then the checksums of its object headers (version 2) are computed again."""
    data = bytearray(path.read_bytes())
    places = list(blocks(data))
    yield data
    for block in places:
        data[block.end : block.end + 4] = number(lookup3(data[block.start : block.end]), 4)
    path.write_bytes(data)


class Block(NamedTuple):
    """A block of an object header: where it starts, its first message, and its checksum behind the last one."""

    start: int
    first: int
    end: int
    flags: int

    def messages(self, data):
        """Type, start and end of each message."""
        at, before = self.first, 6 if self.flags & 0x04 else 4
        while at + before <= self.end:
            size = int.from_bytes(data[at + 1 : at + 3], "little")
            yield data[at], at + before, at + before + size
            at += before + size


def blocks(data):
    """The blocks of all object headers, in a file with offsets and lengths of 8 bytes."""
    start = data.find(b"OHDR")
    while start >= 0:
        flags = data[start + 5]
        # Times, then when attributes turn dense, then the size of the messages.
        at = start + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        end = at + width + int.from_bytes(data[at : at + width], "little")
        found = [Block(start, at + width, end, flags)]
        for block in found:
            assert data[block.end : block.end + 4] == number(lookup3(data[block.start : block.end]), 4)
            yield block
            for kind, at, _ in block.messages(data):
                if kind == 0x10:  # a continuation: address and length
                    at, length = (int.from_bytes(data[n : n + 8], "little") for n in (at, at + 8))
                    found.append(Block(at, at + 4, at + length - 4, flags))
        start = data.find(b"OHDR", end)


def replace(data, old, new, after=b""):
    """Replaces what is there once, or once behind `after`."""
    assert len(old) == len(new)
    start = data.index(after) + len(after)
    at = data.index(old, start)
    assert after or data.find(old, at + 1) < 0, "there are several"
    data[at : at + len(new)] = new
