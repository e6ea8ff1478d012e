"""Ends a test that does not end on what a program returned.

The judge runs the tests' own code on values that a program chose: ``range(answer)`` or ``10**answer`` can take for ever. So
each case has a budget of the judge's CPU time. Past it an interrupt ends the case; where Python can't interrupt (inside one
long operation), a second one ends the judge a second later, and the trainer's side knows why by the signal.
"""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

from verl_egca.execution.limit_names import endless_test
from verl_egca.execution.raised import Ended

OVERRUN = signal.SIGPROF  # its default action ends the process


class Watch:
    """A context manager around whatever runs tests; one for the process, in its main thread."""

    def __init__(self, cpu_seconds: float) -> None:
        self._seconds = cpu_seconds
        signal.signal(signal.SIGVTALRM, self._interrupt)
        signal.signal(OVERRUN, signal.SIG_DFL)

    def __enter__(self) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, self._seconds)
        signal.setitimer(signal.ITIMER_PROF, self._seconds + 1.0)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Also to be called after the block: its end can be interrupted, too."""
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        raise Ended("timeout", endless_test(self._seconds))
