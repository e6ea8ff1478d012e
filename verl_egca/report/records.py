"""One row of ``localizations.jsonl``: a failing sample, what was blamed, and the advantage that landed there."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Place(BaseModel):
    """Half-open range of the program's text: lines 1-based, columns 0-based characters."""

    model_config = ConfigDict(frozen=True)

    line: int
    col: int
    end_line: int
    end_col: int


class LocalizationRecord(BaseModel):
    """``advantage`` is the response's; ``credited_tokens`` are those with a token advantage other than zero.

    ``not_localized`` says why nothing was blamed. ``token_spans`` are half-open ranges of response tokens.
    """

    model_config = ConfigDict(frozen=True)

    step: int
    task_id: str
    uid: str
    mode: str | None
    program: str | None
    reward: float
    test: str | None
    outcome: str | None
    got: str | None
    expected: str | None
    error: dict[str, Any] | None
    localizer: str | None
    not_localized: str | None
    confirmed: str | None
    place: list[Place]
    token_spans: list[tuple[int, int]]
    response_tokens: int
    advantage: float
    credited_tokens: int
    evidence: dict[str, Any]
