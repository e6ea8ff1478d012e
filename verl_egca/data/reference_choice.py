"""Of a row's several references, the first that passes the row's tests."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from verl_egca.execution.sandbox import Sandbox
from verl_egca.problem import Problem
from verl_egca.statements import parse

MOST_REFERENCES = 4  # of one row that are run


def first_passing(problem: Problem, references: Sequence[str], sandbox: Sandbox) -> str | None:
    """The first of at most MOST_REFERENCES references that passes the problem's tests; None if all fail."""
    return next((one for one in references[:MOST_REFERENCES] if sandbox.run(problem, one).passed), None)


class ReferenceChoice:
    """Runs references for at most ``seconds``; later rows keep their first reference.

    Counts rows: ``not_python``: no reference is Python 3; ``none_pass``: none of the first few passes; ``unchecked``:
    after the time was used up. A row with one reference keeps it, right or wrong (`egca prepare --check` runs it).
    """

    def __init__(self, sandbox: Sandbox, seconds: float) -> None:
        self._sandbox, self._left = sandbox, seconds
        self.not_python = self.none_pass = self.unchecked = 0

    def choose(self, problem: Problem, given: Sequence[str]) -> Problem:
        """The problem with the first of the ``given`` references that passes; without a reference, if none does."""
        references = [text for text in given if parse(text, limit=None) is not None]
        self.not_python += bool(given) and not references
        if len(references) < 2:
            return problem
        if self._left <= 0:
            self.unchecked += 1
            return problem
        started = time.monotonic()
        passing = first_passing(problem, references, self._sandbox)
        self._left -= time.monotonic() - started
        self.none_pass += passing is None
        return problem.model_copy(update={"reference": passing})

    def remarks(self) -> Iterator[str]:
        """Remarks for the user, a line each."""
        if self.not_python:
            yield f"{self.not_python} problems have no reference: none that they give is Python 3"
        if self.none_pass:
            yield f"{self.none_pass} problems have no reference: none of the first {MOST_REFERENCES} that they give passes"
        if self.unchecked:
            yield f"{self.unchecked} problems have the first of several references, unchecked; see --reference-seconds"
