"""The processes that one program gets: one for all its cases, and a new one after a case that ended it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from verl_egca.execution.ahead import Ahead
from verl_egca.execution.exchange import Exchange, Name
from verl_egca.execution.given import Given
from verl_egca.execution.limit_names import MOST_TIMEOUTS, in_mb, setting
from verl_egca.execution.program import RunningProgram
from verl_egca.execution.raised import Ended, Raised
from verl_egca.execution.warm_process import WarmProcess


class LoadFailed(Exception):
    """The program's top level raised or ended its process."""

    def __init__(self, cause: Raised | Ended) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Sitting:
    """``generation`` counts the processes: what a test got from an earlier one is of no use in the next.

    ``timeouts``, which the judge counts: cases of the program that used up their time. ``is_trial``: nobody asks for the
    call that a case failed at.
    """

    def __init__(
        self,
        zygote: WarmProcess,
        limits: dict[str, Any],
        source: str,
        given: Given,
        max_events: int = 0,
        max_steps: int = 0,
        is_trial: bool = False,
    ) -> None:
        self._zygote, self._limits, self._source, self._given = zygote, limits, source, given
        self._max_events, self._max_steps = max_events, max_steps
        self.is_trial = is_trial
        self._program: RunningProgram | None = None
        self._loaded: list[Name] | LoadFailed | None = None
        self.generation = 0
        self.trace = b""
        self.timeouts = 0
        self._cpu_ended = 0.0
        self._ahead: Callable[[], Ahead] = Ahead

    def expect(self, ahead: Callable[[], Ahead]) -> None:
        """Before each case: the calls that it and those after it are known to make, for the program to run ahead."""
        self._ahead = ahead

    def names(self) -> list[Name]:
        """Start a case: the names that the program defines; loads it where there is no process. Raises LoadFailed, Ended."""
        if isinstance(self._loaded, LoadFailed):
            raise self._loaded  # it would fail again
        self._check_timeouts()
        if self._program is None:
            self._fresh()
        else:
            self._program.new_case()
        assert self._program is not None
        if self._loaded is None:
            self._load(self._program)
        else:
            self._program.channel.send_ahead(self._ahead)
        return self._loaded or []

    def replace(self, source: str, given: Given, max_events: int = 0, max_steps: int = 0) -> None:
        """Go on with another text of the program, in the same process if it still lives.

        The same text is loaded again to be traced, for other tests, or with another budget of steps.
        """
        if given is not self._given:
            self._given, self._loaded = given, None
            self.__dict__.pop("preamble_fails", None)
        is_loaded = source == self._source and isinstance(self._loaded, list)
        if is_loaded and max_steps == self._max_steps and not (max_events or self._max_events):
            return
        self._source, self._loaded = source, None
        self._max_events, self._max_steps = max_events, max_steps
        self.timeouts = 0
        if self._program is not None and not self._program.channel.forget_ahead():
            self.close()

    def _load(self, program: RunningProgram) -> None:
        self.generation += 1
        try:
            self._loaded = program.load(
                self._source, self._given, max_events=self._max_events, max_steps=self._max_steps, ahead=self._ahead()
            )
        except (Raised, Ended) as error:
            self._loaded = LoadFailed(error)
            if isinstance(error, Ended):
                self.close()
            raise self._loaded from None

    def take_trace(self) -> bytes:
        """What was traced since it was last taken."""
        taken = self.trace
        if self._program is not None:
            taken += self._program.process.take_trace()
        self.trace = b""
        return taken

    def call(self, what: str | int, /, *arguments: Any, **keywords: Any) -> Any:
        return self._running.call(what, *arguments, **keywords)

    def operate(self, operation: str, number: Any, *operands: Any) -> Any:
        return self._running.operate(operation, number, *operands)

    def named(self, name: str) -> Any:
        return self._running.named(name)

    def number_of(self, name: str) -> Any:
        return self._running.number_of(name)

    @property
    def exchange(self) -> Exchange:
        return self._running.exchange

    @property
    def is_inside(self) -> bool:
        """Whether the program waits for what it called of the test's."""
        return self._program is not None and self._program.is_inside

    @property
    def misused(self) -> str | None:
        """What the test did with the program that can't be judged, though it may not have been told."""
        return self._program.exchange.misused if self._program is not None else None

    @property
    def source(self) -> str:
        return self._source

    @property
    def _running(self) -> RunningProgram:
        if self._program is None:
            raise Ended("crashed", "the process ended")
        return self._program

    def run_script(self, stdin: str, expected: str) -> str:
        """Run the program as a script in a process of its own; what it printed, if it ended with status 0.

        It may print as much as the limits say on top of twice what is ``expected``. Raises Raised, Ended.
        """
        self._check_timeouts()
        program = self._fresh()
        most = self._limits["output_bytes"] + 2 * len(expected.encode("utf-8", "surrogatepass"))
        program.run_script(self._source, self._given.preamble, stdin, most, self._max_events, self._max_steps)
        printed = self.close(most)
        if len(printed) > most:
            which = f"twice what is expected and {in_mb(self._limits['output_bytes'])} ({setting('output_bytes')})"
            raise Ended("output_limit", f"it printed more than {which}")
        if program.process.status:
            raise program.failure()
        return printed.decode("utf-8", "replace")

    @functools.cached_property
    def preamble_fails(self) -> bool:
        """Whether what runs before the program fails without it, too."""
        self.close()
        alone = Sitting(self._zygote, self._limits, "", self._given)
        try:
            alone.names()
        except LoadFailed as failed:
            return isinstance(failed.cause, Raised) and failed.cause.error.get("preamble") is True
        finally:
            alone.close()
        return False

    def shown_call(self, show: Callable[[Any], str]) -> str | None:
        return self._program.shown_call(show) if self._program is not None else None

    def close(self, most_output: int = 0) -> bytes:
        """End the process, if any; what it printed as a script, at most a byte more than ``most_output``."""
        if self._program is None:
            return b""
        program, self._program = self._program, None
        if isinstance(self._loaded, list):
            self._loaded = None
        printed = program.end(most_output)
        self._cpu_ended += program.process.cpu_seconds
        self.trace += program.process.trace
        return printed

    def _fresh(self) -> RunningProgram:
        self.close()
        self._program = RunningProgram(self._zygote, self._limits)
        return self._program

    def _check_timeouts(self) -> None:
        if self.timeouts >= MOST_TIMEOUTS:
            raise Ended("timeout", f"not run: {MOST_TIMEOUTS} cases before it used up their time")

    @property
    def cpu_ever(self) -> float:
        """Seconds that all its processes used, whatever text they ran."""
        return self._cpu_ended + (self._program.process.cpu_now() if self._program else 0.0)
