"""The judge's end of one program's process: a case's budget of time in it, the bytes that cross, and its end."""

from __future__ import annotations

import math
import os
import select
import time
from typing import Any

from verl_egca.execution.death import Pollable, death_of
from verl_egca.execution.limit_names import setting
from verl_egca.execution.raised import Ended
from verl_egca.execution.warm_process import WarmProcess
from verl_egca.values.codec import MAX_FRAME, MOST_ANSWERED

_POLL_MS, _LATE_POLL_MS = 50, 2
_NAPS = 10  # how often it is seen asleep past its wall time; once may be a coincidence
_PATIENCE = 10  # times the wall time, for what neither sleeps nor gets its CPU time
_READ = 1 << 16
ANSWERS = MOST_ANSWERED + MAX_FRAME + _READ  # bytes that answers to calls sent ahead may have
# The kernel's limit of CPU time, which holds should this process not. A case is ended by this process long before.
_SPARE_S, _MOST_CPU_S = 2, 1 << 40


class Process:
    """``cases_to_start`` counts those that it goes on to by itself, as far as was seen (see `wait`).

    What is there once it has ended: ``cpu_seconds``, and of one that writes files ``status`` and ``trace``.
    """

    def __init__(self, warm: WarmProcess, limits: dict[str, Any]) -> None:
        self._warm, self._limits = warm, limits
        self._number, self.pid, self._channel = warm.start()
        os.set_blocking(self._channel, False)
        self._poll = select.poll()
        self._poll.register(self._channel, select.POLLIN)
        self._cpu_clock = ((~self.pid) << 3) | 2  # the kernel's clock of another process (see clock_getcpuclockid)
        self.is_alive = True
        self.cpu_seconds = 0.0
        self.status = 0
        self.trace = b""
        self.cases_to_start = 0
        self.new_case()

    def new_case(self) -> None:
        """Start a case's budget."""
        self._naps = 0
        self._started = time.monotonic()
        self._cpu_end = self.cpu_now() + self._limits["cpu_seconds"]

    def kernels(self, cases: int, file_bytes: int) -> list[int]:
        """CPU seconds and size of a file, for the kernel to limit."""
        cpu = cases * (math.ceil(self._limits["cpu_seconds"]) + _SPARE_S)
        return [min(cpu, _MOST_CPU_S), max(self._limits["file_bytes"], file_bytes)]

    def wait(self, poller: Pollable, *, ahead: bool = False) -> None:
        """Until the poller is ready. CPU time decides; wall time only for what sleeps (see `limits.Limits`).

        ``ahead``: it answers calls that were sent ahead, and each case that it goes on to has a budget of its own.
        """
        wall = self._limits["wall_seconds"]
        ready = False
        answered = 0
        while not ready:
            late = time.monotonic() - self._started > wall
            ready = bool(poller.poll(_LATE_POLL_MS if late else _POLL_MS))
            if ahead and os.fstat(self._warm.answers).st_size > answered:  # it goes on to the next case
                answered = os.fstat(self._warm.answers).st_size
                self.cases_to_start -= 1
                if self.cases_to_start >= 0:
                    self.new_case()
            if self.cpu_now() >= self._cpu_end:  # asked even when it is ready, which it may be again and again
                raise self.out_of_time()
            if late and not ready and self._sleeps():
                self._naps += 1
            if self._naps >= _NAPS:
                raise Ended("timeout", f"it slept through its {wall:g} s for a case ({setting('wall_seconds')})")
            if time.monotonic() - self._started > _PATIENCE * wall:
                what = f"{_PATIENCE} times {wall:g} s for a case ({setting('wall_seconds')})"
                raise Ended("timeout", f"it neither ended nor used its CPU time in {what}")

    def wait_for_its_end(self) -> None:
        with death_of(self.pid) as death:
            self.wait(death)

    def out_of_time(self) -> Ended:
        cpu = self._limits["cpu_seconds"]
        return Ended("timeout", f"its CPU time of {cpu:g} s for a case is used up ({setting('cpu_seconds')})")

    def cpu_now(self) -> float:
        try:
            return time.clock_gettime(self._cpu_clock)
        except OSError:
            return self.cpu_seconds

    def _sleeps(self) -> bool:
        try:
            with open(f"/proc/{self.pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] in "STtDZ"  # Z: its main thread ended, others did not
        except OSError:
            return True

    # ---------------------------------------------------------------- bytes

    def receive(self, *, ahead: bool) -> bytes:
        while True:
            self.wait(self._poll, ahead=ahead)
            try:
                data = os.read(self._channel, _READ)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                raise Ended("crashed", "the process ended without an answer")
            return data

    def write(self, payload: bytes, *, ahead: bool) -> None:
        if not ahead and self._poll.poll(0):
            self.receive(ahead=ahead)  # raises if the process is gone
            raise Ended("forged", "an answer came before its question")
        view = memoryview(payload)
        while view:
            try:
                view = view[os.write(self._channel, view) :]
            except BlockingIOError:
                writable = select.poll()
                writable.register(self._channel, select.POLLOUT)
                self.wait(writable, ahead=ahead)
            except OSError:
                raise Ended("crashed", "the process ended") from None

    def last_words(self) -> bytes:
        """What it has written and nobody has read. Raises OSError."""
        return os.read(self._channel, _READ)

    # ---------------------------------------------------------------- files that it shares with this process

    def give_stdin(self, data: bytes) -> None:
        fd = self._warm.stdin
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        while data:
            data = data[os.write(fd, data) :]
        os.lseek(fd, 0, os.SEEK_SET)

    def forget_answers(self) -> None:
        os.ftruncate(self._warm.answers, 0)

    def take_answers(self) -> bytes:
        return _take(self._warm.answers, ANSWERS)

    def take_trace(self) -> bytes:
        """What it has traced since it was last taken; to be asked while it waits."""
        return _take(self._warm.trace, MAX_FRAME // 2)

    def end(self, *, writes: bool, most_output: int) -> bytes:
        """Kill it; what it printed, if it ``writes`` files, at most a byte more than ``most_output``."""
        self.is_alive = False
        self.cpu_seconds = self.cpu_now()
        os.close(self._channel)
        self._warm.end(self._number)
        if not writes:
            return b""
        self._warm.wait()
        self.status = os.waitstatus_to_exitcode(self._warm.status)
        self.trace = self.take_trace()
        return _take(self._warm.output, most_output + 1)


def _take(fd: int, most: int) -> bytes:
    """What a shared file holds, at most so many bytes; it is empty afterwards. No program may run meanwhile."""
    os.lseek(fd, 0, os.SEEK_SET)  # the position is shared, too
    size = os.fstat(fd).st_size
    if not size:
        return b""
    data = os.pread(fd, min(size, most), 0)  # room for the most there may be takes longer than reading
    os.ftruncate(fd, 0)
    return data
