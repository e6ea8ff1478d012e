"""The failing samples as data for the page: an index, and details that it opens a chunk at a time.

Nothing of it is markup. Programs, values and reasons are strings in JSON, which the page writes with ``textContent`` only.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from verl_egca.localization.confirmed import Confirmed
from verl_egca.report.finding import divergence_of, in_a_word, lines
from verl_egca.report.page.heat_map import HeatMap, heat_map
from verl_egca.report.page.run import Run
from verl_egca.report.page.token_credit import CreditRule, TokenCredit, token_credit
from verl_egca.report.records import LocalizationRecord
from verl_egca.source import SourceRange, SourceText

CHUNK = 100  # details that the page parses together
PLAIN_BYTES = 1_500_000  # of details; more are packed
_SNIPPET = 60
_MENDS: dict[str, str] = {
    Confirmed.FULL: "The edit with which all tests pass",
    Confirmed.PARTIAL: "The edit with which this test passes",
}
SURE = ("proven", "partly proven", "a guess", "not localized")


@dataclass(frozen=True, slots=True)
class ShownSample:
    """``run`` is an index into the page's runs."""

    run: int
    record: LocalizationRecord


def samples(runs: Sequence[Run]) -> list[ShownSample]:
    """In the order of the page's list: the latest steps first, and in a step the full rows first."""
    found = [ShownSample(place, record) for place, run in enumerate(runs) for record in run.records]
    found.sort(
        key=lambda s: (-s.record.step, s.record.short, not s.record.place, s.record.advantage == 0, s.record.task_id)
    )
    return found


def index(found: Sequence[ShownSample]) -> dict[str, Any]:
    """Columns with an entry for each sample; repeated names are indices into lists."""
    tasks, modes, localizers = _NumberedNames(), _NumberedNames(), _NumberedNames()
    return {
        "run": [sample.run for sample in found],
        "step": [sample.record.step for sample in found],
        "task": [tasks.number(sample.record.task_id) for sample in found],
        "mode": [modes.number(sample.record.mode or "not scored") for sample in found],
        "sure": [SURE.index(sure(sample.record)) for sample in found],
        "localizer": [localizers.number(sample.record.localizer or "") for sample in found],
        "advantage": [_number(round(sample.record.advantage, 6)) for sample in found],
        "short": [int(sample.record.short) for sample in found],
        "blamed": [snippet(sample.record) for sample in found],
        "names": {"task": tasks.names, "mode": modes.names, "sure": list(SURE), "localizer": localizers.names},
    }


def sure(record: LocalizationRecord) -> str:
    """One of SURE."""
    if not record.token_spans and not record.place:
        return "not localized"
    return in_a_word(record)


def snippet(record: LocalizationRecord) -> str:
    """The blamed text, or its beginning, on one line."""
    if record.program is None:
        return ""
    source = SourceText(record.program)
    texts = []
    for place in record.place:
        start, end = source.offsets(SourceRange(place.line, place.col, place.end_line, place.end_col))
        texts.append(" ".join(record.program[start:end].split()))
    text = " … ".join(
        text or f"line {place.line}: white space" for text, place in zip(texts, record.place, strict=True)
    )
    return text if len(text) <= _SNIPPET else text[: _SNIPPET - 1] + "…"


def chunks(found: Sequence[ShownSample], runs: Sequence[Run]) -> tuple[list[str], bool]:
    """The details as JSON texts of CHUNK samples each, and whether they are packed (gzip in base64, for many)."""
    rules = [CreditRule.of(run.config) for run in runs]
    details = [detail(sample.record, rules[sample.run]) for sample in found]
    texts = [json.dumps(part, separators=(",", ":")) for part in _parts(details)]
    if sum(map(len, texts)) <= PLAIN_BYTES:
        return texts, False
    return [base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode() for text in texts], True


def detail(record: LocalizationRecord, rule: CreditRule) -> dict[str, Any]:
    """The details of one opened sample."""
    cut = heat_map(record)
    given = token_credit(record, rule)
    divergence = divergence_of(record)
    diff = record.evidence.get("diff")
    return {
        "by": cut.by if cut else "none",
        "lines": _lines(cut),
        "own": cut.own_tokens if cut else 0,
        "tokens": record.response_tokens,
        "spans": [list(span) for span in record.token_spans],
        "credit": {
            "on": _number(given.on_span),
            "else": _number(given.elsewhere),
            "uniform": _number(given.uniform),
            "focused": given.focused,
        },
        "credit_words": credit_in_words(record, given, rule),
        "place": [[place.line, place.col, place.end_line, place.end_col] for place in record.place],
        "facts": [list(line) for line in lines(record) if line[0] != "divergence"],
        "divergence": [divergence.candidate, divergence.other, divergence.happened_there] if divergence else None,
        "mends": _MENDS.get(record.confirmed or "", "An edit"),
        "diff": diff if isinstance(diff, str) else "",
    }


def credit_in_words(record: LocalizationRecord, given: TokenCredit, rule: CreditRule) -> str:
    """The advantage of blamed and other tokens, in words."""
    if not math.isfinite(record.advantage):
        return f"Advantage {record.advantage}: not a number that an update can use."
    if record.advantage == 0:
        alike = "all samples of its group got the same reward"
        unless = ", or it is below their mean (egca.negative_weight=0)" if rule.negative_weight == 0 else ""
        return f"Advantage 0: {alike}{unless}, so no token has any."
    if rule.estimator == "egca" and rule.entropy_share < 1.0:
        return (
            f"{_in_words(record, given)} Of these the {record.credited_tokens} among the batch's {rule.entropy_share:.0%} "
            "of highest entropy alone."
        )
    return _in_words(record, given)


def _in_words(record: LocalizationRecord, given: TokenCredit) -> str:
    total, tokens = _signed(record.advantage), record.response_tokens
    if not given.focused:
        why = (
            "it is positive, and a bug is never reinforced"
            if record.advantage > 0 and record.token_spans
            else "as in GRPO"
        )
        return f"Advantage {total}: {_signed(given.uniform)} on each of {tokens} tokens ({why})."
    blamed = sum(end - start for start, end in record.token_spans)
    on = "on the blamed token" if blamed == 1 else f"on each of {blamed} blamed tokens"
    rest = _signed(given.elsewhere) if given.elsewhere else "0"
    return (
        f"Advantage {total}: {_signed(given.on_span)} {on}, {rest} on the other {tokens - blamed}. "
        f"GRPO: {_signed(given.uniform)} on each of {tokens}."
    )


def _number(value: float) -> float | None:
    """The value; None, for JSON's null, if it is not finite."""
    return value if math.isfinite(value) else None


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "\u2212")


def _lines(cut: HeatMap | None) -> list[list[Any]]:
    """A list for each line, for ``data.js``: a text is the next token's, a number sets that token's index.

    A text in a list of its own is the prompt's code, or in rows without token boundaries the blamed text.
    """
    if cut is None:
        return []
    if cut.by == "character":
        return [[[piece.text] if piece.blamed else piece.text for piece in line] for line in cut.lines]
    found, following = [], 0
    for line in cut.lines:
        items: list[Any] = []
        for piece in line:
            if piece.token is None:
                items.append([piece.text])
                continue
            if piece.token != following:
                items.append(piece.token)
            items.append(piece.text)
            following = piece.token + 1
        found.append(items)
    return found


def _parts(details: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    yield from (details[at : at + CHUNK] for at in range(0, len(details), CHUNK))


class _NumberedNames:
    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]
