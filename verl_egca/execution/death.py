"""Waits for the end of another process, which need not be a child of this one, and may be a zombie for long."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Iterator
from typing import Any, Protocol

_TICK_S = 0.001


class Pollable(Protocol):
    def poll(self, milliseconds: float, /) -> Any:
        """Whether it is ready, after at most so long."""


@contextlib.contextmanager
def death_of(pid: int) -> Iterator[Pollable]:
    """Ready once the process has ended with all its threads; ``pid`` has to be kept from reuse by whoever may reap it."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:  # before Linux 5.3, or refused by a container's filter
        yield Watched(pid)
        return
    try:
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        yield poller
    finally:
        os.close(fd)


class Watched:
    """Looks into ``/proc`` again and again."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def poll(self, milliseconds: float, /) -> bool:
        until = time.monotonic() + milliseconds / 1e3
        while not self._has_ended():
            if time.monotonic() >= until:
                return False
            time.sleep(_TICK_S)
        return True

    def _has_ended(self) -> bool:
        try:
            with open(f"/proc/{self._pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            return True
        state, threads = fields[0], int(fields[17])
        return state in "ZX" and threads <= 1  # Z with more: its main thread alone has ended
