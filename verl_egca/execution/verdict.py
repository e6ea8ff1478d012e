"""What running a program against its tests says: one verdict a case, and whether the whole program passed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How one case ended. Only ``PASSED`` counts as passed; only the judge can say it."""

    PASSED = "passed"
    WRONG = "wrong_value"
    EXCEPTION = "exception"  # raised by the program while the case ran
    TIMEOUT = "timeout"
    MEMORY = "out_of_memory"
    OUTPUT = "output_limit"  # it printed more than it may
    CRASHED = "crashed"  # the process ended without an answer
    FORGED = "forged"  # an answer that the protocol does not allow
    UNSUPPORTED = "unsupported"  # can't be judged without trusting the program, or with a package that is closed to it
    SYNTAX = "syntax_error"  # the program does not compile
    IMPORT = "load_error"  # the program raised, ended or hung while its top level ran
    INFRASTRUCTURE = "infrastructure"  # our own failure; says nothing about the program


@dataclass(frozen=True, slots=True)
class ProgramError:
    """An exception as the interpreter reported it.

    ``line`` (1-based) is the last line inside the program that the traceback names, or the compiler's; None if none.
    ``col``/``end_line``/``end_col`` are set for compile errors only (0-based characters), as far as the compiler tells.
    """

    type: str
    message: str
    line: int | None = None
    col: int | None = None
    end_line: int | None = None
    end_col: int | None = None


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """The verdict on one case.

    ``case`` is readable source or text of the case; ``got`` and ``expected`` are reprs, capped, and so is ``call``: the
    last call into the program as source. ``passes_alone`` tells, for a case that failed after others in the same
    process, whether it passes in a process of its own; None where it was not run again (see `state.carries_state`).
    """

    index: int
    case: str
    outcome: Outcome
    error: ProgramError | None = None
    got: str | None = None
    expected: str | None = None
    call: str | None = None
    passes_alone: bool | None = None

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a program: its cases in the tests' order. Empty ``cases`` never count as passed."""

    cases: tuple[CaseVerdict, ...]

    @property
    def passed(self) -> bool:
        return bool(self.cases) and all(case.passed for case in self.cases)

    @property
    def tests_passed(self) -> int:
        return sum(case.passed for case in self.cases)

    @property
    def first_failure(self) -> CaseVerdict | None:
        return next((case for case in self.cases if not case.passed), None)
