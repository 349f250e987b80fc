"""A forked process in which the code is broken: what it may spend, what it says, and its end whatever it does."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import Any, NoReturn

#: Seconds of the clock after which a mutant hangs, however busy the machine is; its processor time ends it far earlier.
WALL = 120.0
#: Bytes of memory that a mutant may have.
MEMORY = 6 << 30
#: How many times their usual time the tests of a mutant may take, and seconds on top, for caches that are filled anew.
PATIENCE, GRACE = 4, 2.0


def forked(run: Callable[[Callable[[str], None]], None], usual: float) -> tuple[list[str], str]:
    """Run a function in a process of its own: the lines that it says, and how it ended if not by itself.

    Whatever a mutant starts is of its process group, and goes with it: a program that is still there would hold the
    pipe open, and the campaign would wait for it for ever.
    """
    reading, writing = os.pipe()
    if not (child := os.fork()):
        _child(run, usual, writing)
    os.close(writing)
    said, late = _read(reading, time.monotonic() + WALL)
    for kill in (os.kill, os.killpg) if late else (os.killpg,):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if late:
        return said, "hangs"
    ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    # killed by the line above while it was ending by itself: its last line says that it had done its work
    return said, "" if not ended or said[-1:] == ["end"] else f"signal {ended}"


def spent() -> float:
    """Processor seconds of this process and of the programs that it ran."""
    of = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in of)


def _child(run: Callable[[Callable[[str], None]], Any], usual: float, writing: int) -> NoReturn:
    try:
        os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, GRACE + PATIENCE * usual)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        run(lambda line: _ignored(os.write(writing, f"{line}\n".encode())))
        os.write(writing, b"end\n")
    finally:
        os._exit(0)


def _ignored(_: object) -> None:
    """A number of bytes that nobody needs."""


def _read(reading: int, until: float) -> tuple[list[str], bool]:
    """All lines until the end of the stream or of the time, and whether the time ran out."""
    data, late = b"", False
    while not data.endswith(b"end\n"):
        ready, _, _ = select.select([reading], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            late = True
            break
        more = os.read(reading, 1 << 16)
        if not more:
            break
        data += more
    os.close(reading)
    return data.decode().splitlines(), late
