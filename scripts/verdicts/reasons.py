"""Why a judge says something else of a program, in a line: by the program's name, or for all of a kind."""

from __future__ import annotations

from verdicts.corpora import Trial

_BY_NAME: dict[tuple[str, str, str], str] = {}


def reason_of(trial: Trial, peer: str) -> str | None:
    """None if no reason is known."""
    return _BY_NAME.get((trial.corpus, trial.name, peer))
