"""Work in a forked child, which may hang or crash: libhdf5 does both, and what happened is a result too."""

import gc
import json
import os
import resource
import select
import signal
import sys
import time
import traceback

MEMORY = 6 << 30
STANDSTILL = 10  # seconds without a word and without using the processor: a lock that will not be released


def forked(work, seconds):
    """What `work(say)` says, each something JSON can hold; and how the child ended, `None` if well.

    It is stopped after so many seconds of silence.
    """
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        os._exit(worked(work, theirs))
    os.close(theirs)
    said, ending = listen(child, ours, seconds)
    os.close(ours)
    _, status = os.waitpid(child, 0)
    if ending is None and os.WIFSIGNALED(status):
        ending = f"crashed: {signal.Signals(os.WTERMSIG(status)).name}"
    elif ending is None and os.WEXITSTATUS(status):
        ending = "ended before its time"
    return said, ending


def worked(work, pipe):
    """The child's whole life; its exit code."""
    # Collecting garbage on Zarr's event loop thread closes h5py objects, which waits for h5py's lock, which the thread
    # that waits for Zarr holds. kerchunk hangs like this on files whose exceptions it quashes.
    gc.disable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    if not os.environ.get("PARITY_DEBUG"):
        os.dup2(silence, 2)

    def say(what):
        line = json.dumps(what).encode() + b"\n"
        while line:
            line = line[os.write(pipe, line) :]

    try:
        work(say)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        return 1
    return 0


def listen(child, pipe, seconds):
    lines = b""
    heard = busy = time.monotonic()
    used, ending = processor_time(child), None
    while True:
        ready, _, _ = select.select([pipe], [], [], 0.5)
        now = time.monotonic()
        if ready:
            more = os.read(pipe, 1 << 20)
            if not more:
                break
            lines, heard, busy = lines + more, now, now
            continue
        if processor_time(child) != used:
            used, busy = processor_time(child), now
        if now - heard > seconds or now - busy > STANDSTILL:
            ending = f"hung: no end after {seconds} s" if now - heard > seconds else "hung: it waits for itself"
            os.kill(child, signal.SIGKILL)
            break
    return [json.loads(line) for line in lines.split(b"\n")[:-1]], ending


def processor_time(child):
    """Of a process, in ticks; always another value where the system does not say."""
    try:
        with open(f"/proc/{child}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except OSError:
        return time.monotonic()
