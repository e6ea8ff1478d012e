"""Ends all descendants of this process, including those whose parents have ended."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

# <linux/prctl.h>
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_POLL_S = 0.1


def adopt_orphans() -> None:
    """Make descendants whose parents end children of this process rather than of init.

    Neither process groups nor sessions contain all of them: Ray's daemons have their own sessions, and its workers
    briefly outlive a killed daemon.
    """
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Called in a child: request this signal for when the parent ends."""
    _prctl(_PR_SET_PDEATHSIG, number)


def end_descendants(patience_s: float) -> None:
    """Send SIGTERM to all descendants, and SIGKILL to those alive after ``patience_s`` seconds."""
    for number, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + wait_s
        for pid in descendants(os.getpid()):
            _signal(pid, number)
        while time.monotonic() < deadline:
            left = descendants(os.getpid())
            _reap()
            if not left:
                return
            time.sleep(_POLL_S)


def descendants(pid: int) -> list[int]:
    """Living processes that descend from ``pid``, parents first."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    found, ahead = [], [pid]
    while ahead:
        below = children.get(ahead.pop(0), [])
        found += below
        ahead += below
    return found


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")
