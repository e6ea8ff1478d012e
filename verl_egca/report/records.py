"""One row of ``localizations.jsonl``: a failing sample, its blame, and its advantage."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from verl_egca.program_tokens import TokenRun


class Place(BaseModel):
    """Half-open range of the program's text: lines 1-based, columns 0-based characters."""

    model_config = ConfigDict(frozen=True)

    line: int
    col: int
    end_line: int
    end_col: int


class Finding(BaseModel):
    """A failing program. ``not_localized`` is the reason of missing blame, ``constraint`` the broken one.

    ``debugger`` is a `localization.base.Consultation`, if the debugger was needed.
    """

    model_config = ConfigDict(frozen=True)

    task_id: str
    mode: str | None
    program: str | None = None
    test: str | None = None
    outcome: str | None = None
    got: str | None = None
    expected: str | None = None
    error: dict[str, Any] | None = None
    tests_passed: int = 0
    tests_total: int = 0
    constraint: str | None = None
    localizer: str | None = None
    not_localized: str | None = None
    confirmed: str | None = None
    place: list[Place] = []
    debugger: dict[str, Any] | None = None
    evidence: dict[str, Any] = {}


class LocalizationRecord(Finding):
    """A finding of a run. ``advantage`` is the response's; ``credited_tokens`` have a token advantage other than zero.

    ``token_spans`` are half-open ranges of response tokens; ``program_tokens`` maps tokens to characters of the
    program, and is missing in rows before 0.1.0. A ``short`` row holds no program, tokens, test or evidence: the step
    had more failing samples than ``egca.evidence_rows``. ``twin``: its twin was trained on as well.
    """

    step: int
    uid: str
    reward: float
    token_spans: list[tuple[int, int]]
    response_tokens: int
    program_tokens: tuple[TokenRun, ...] = ()
    advantage: float
    credited_tokens: int
    twin: bool = False
    short: bool = False
