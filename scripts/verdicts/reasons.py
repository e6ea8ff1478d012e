"""Reasons for judges' disagreements, one line each: a property of the program or of the judge."""

from __future__ import annotations

from tests.execution.script_styles import DIFFERENT
from verdicts.corpora import Trial

_OF_ROWS = {
    "code-r1 functional": "it uses List, which the data set's harness imports, and a plain run does not",
}


def difference_of(trial: Trial) -> str | None:
    """The reason for an intended difference between the sandbox and bare Python."""
    return DIFFERENT.get(trial.name) if trial.corpus == "ways to write a script" else None


def reason_of(trial: Trial, peer: str, theirs: bool) -> str | None:
    """Why ``peer``, with the verdict ``theirs``, disagrees with the sandbox; None if unknown."""
    if trial.response is not None:
        return _of_extraction(trial.response, peer)
    if trial.corpus == "ways to write a script":
        if (meant := difference_of(trial)) is not None:
            return meant
        if peer == "prime_code":
            return _of_prime_code(trial, theirs)
    if trial.corpus.startswith("rows of every shape"):
        return _OF_ROWS.get(trial.name)
    return None


def _of_prime_code(trial: Trial, theirs: bool) -> str | None:
    if theirs and trial.right is False:
        return "it looks at the output alone, not at the exit status, and puts imports before the program"
    if not theirs and trial.right:
        return "it runs a script as a function of its own process, with stand-ins for standard input and output"
    return None


def _of_extraction(response: str, peer: str) -> str | None:
    if "prime_code" in peer:
        if "```python" in response:
            return "it takes what stands between the last ```python and the next fence"
        return "it finds no ```python, and takes all of the answer up to the first fence"
    return (
        "it takes the longest run of lines that parses, fences not looked at, and of that what the entry point reaches"
    )
