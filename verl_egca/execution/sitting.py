"""The processes that one program gets: one for all its cases, and a new one after a case that ended it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from verl_egca.execution.ahead import Ahead
from verl_egca.execution.program import Ended, Program, Raised
from verl_egca.execution.warm_process import Zygote


class LoadFailed(Exception):
    """The program's top level raised or ended its process."""

    def __init__(self, cause: Raised | Ended) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Sitting:
    """``generation`` counts the processes: what a test got from an earlier one is of no use in the next."""

    def __init__(
        self, zygote: Zygote, limits: dict[str, Any], source: str, max_events: int = 0, max_steps: int = 0
    ) -> None:
        self._zygote, self._limits, self._source = zygote, limits, source
        self._max_events, self._max_steps = max_events, max_steps
        self._program: Program | None = None
        self._loaded: list[str] | LoadFailed | None = None
        self.generation = 0
        self.trace = b""
        self._cpu_used = self._slept = self._cpu_ended = 0.0
        self._ahead: Callable[[], Ahead] = Ahead

    def expect(self, ahead: Callable[[], Ahead]) -> None:
        """Before each case: the calls that it and those after it are known to make, for the program to run ahead."""
        self._ahead = ahead

    def functions(self) -> list[str]:
        """Start a case: the names that the program defines; loads it where there is no process. Raises LoadFailed, Ended."""
        if isinstance(self._loaded, LoadFailed):
            raise self._loaded  # it would fail again
        self._check_budget()
        if self._program is None:
            self._fresh()
        else:
            self._program.new_case(self.cpu_left, self.sleep_left)
        assert self._program is not None
        if self._loaded is None:
            self._load(self._program)
        else:
            self._program.run_ahead(self._ahead)
        return self._loaded or []

    def replace(self, source: str, max_events: int = 0, max_steps: int = 0) -> None:
        """Go on with another text of the program, in the same process if it still lives.

        The same text is loaded again to be traced, or with another budget of steps.
        """
        is_loaded = source == self._source and isinstance(self._loaded, list)
        if is_loaded and max_steps == self._max_steps and not (max_events or self._max_events):
            return
        self._source, self._loaded = source, None
        self._max_events, self._max_steps = max_events, max_steps
        self._cpu_used = -self.cpu_used_now  # each text has a budget of its own
        self._slept = -self._slept_now
        if self._program is not None and self._program.is_ahead:
            self.close()

    def _load(self, program: Program) -> None:
        self.generation += 1
        try:
            self._loaded = program.load(
                self._source, max_events=self._max_events, max_steps=self._max_steps, ahead=self._ahead()
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
            taken += self._program.take_trace()
        self.trace = b""
        return taken

    def call(self, name: str, /, *arguments: Any, **keywords: Any) -> Any:
        if self._program is None:
            raise Ended("crashed", "the process ended")
        return self._program.call(name, *arguments, **keywords)

    def run_script(self, stdin: str) -> str:
        """Run the program as a script in a process of its own; what it printed. Raises Raised, Ended."""
        self._check_budget()
        program = self._fresh()
        try:
            program.load(self._source, stdin=stdin, max_events=self._max_events, max_steps=self._max_steps)
        except Raised as error:
            if not error.error.get("ended"):  # sys.exit() is an ordinary end of a script
                raise
        printed = self.close()
        if len(printed.encode("utf-8", "replace")) > self._limits["output_bytes"]:
            raise Ended("output_limit", f"it printed more than {self._limits['output_bytes']} bytes")
        return printed

    def shown_call(self, show: Callable[[Any], str]) -> str | None:
        return self._program.shown_call(show) if self._program is not None else None

    def close(self) -> str:
        """End the process, if any; what it printed."""
        if self._program is None:
            return ""
        program, self._program = self._program, None
        if isinstance(self._loaded, list):
            self._loaded = None
        printed = program.end()
        self._cpu_used += program.cpu_seconds
        self._cpu_ended += program.cpu_seconds
        self._slept += program.slept_seconds
        self.trace += program.trace_data
        return printed

    def _fresh(self) -> Program:
        self.close()
        self._program = Program(self._zygote, self._limits)
        self._program.new_case(self.cpu_left, self.sleep_left)
        return self._program

    def _check_budget(self) -> None:
        if self.cpu_left <= 0:
            raise Ended("timeout", "the program's CPU time for all cases was used up before this one")
        if self.sleep_left <= 0:
            raise Ended("timeout", "the program slept through the time for all cases before this one")

    @property
    def cpu_used_now(self) -> float:
        return self._program.cpu_now() if self._program else 0.0

    @property
    def cpu_ever(self) -> float:
        """Seconds that all its processes used, whatever text they ran."""
        return self._cpu_ended + self.cpu_used_now

    @property
    def cpu_left(self) -> float:
        return float(self._limits["program_cpu_seconds"]) - self._cpu_used - self.cpu_used_now

    @property
    def _slept_now(self) -> float:
        return self._program.slept_seconds if self._program else 0.0

    @property
    def sleep_left(self) -> float:
        """As many cases may sleep through their time as may use up their CPU time."""
        cases = self._limits["program_cpu_seconds"] / self._limits["cpu_seconds"]
        return float(self._limits["wall_seconds"] * max(1.0, cases)) - self._slept - self._slept_now
