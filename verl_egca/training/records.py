"""Rows of ``localizations.jsonl``: one per failing sample, with its blame and its advantage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from verl_egca.gates.mode import Mode
from verl_egca.localization.evidence import bounded, cut_text
from verl_egca.program_tokens import TokenRun, first_characters
from verl_egca.report.records import LocalizationRecord
from verl_egca.sample import SampleEvidence, SampleRecord
from verl_egca.training.batch import Rows

PROGRAM_BYTES = 16_000
PROGRAM_TOKENS = 8_000
_IN_FULL_ROWS = {"program", "program_tokens", "test", "got", "expected", "error", "evidence"}


def failing(rows: Rows) -> Iterator[tuple[int, SampleRecord]]:
    """(row, record) in the batch's order, including samples whose reward and verdict disagree.

    Leaves out samples that passed or have no verdict, and padding rows.
    """
    for row, record in enumerate(rows.records):
        if record is None or record.mode is Mode.CORRECT:
            continue
        if record.mode is not Mode.UNGATED or record.ungated == "reward_disagrees":
            yield row, record


def full_row(
    step: int, rows: Rows, uids: Sequence[str], row: int, credited: int, seen: SampleEvidence
) -> dict[str, Any]:
    """A row with program, test and evidence, each of bounded size. ``credited``: tokens with a nonzero advantage."""
    program = None if seen.program is None else cut_text(seen.program, PROGRAM_BYTES)
    shown = LocalizationRecord(
        **_fields(step, rows, uids, row, credited),
        program=program,
        program_tokens=_tokens_of(program, seen),
        test=_cut(seen.case),
        got=_cut(seen.got),
        expected=_cut(seen.expected),
        error=None if seen.error is None else bounded(seen.error),
        evidence=bounded(seen.evidence),
    )
    return shown.model_dump(mode="json", exclude={"short"})


def short_row(step: int, rows: Rows, uids: Sequence[str], row: int, credited: int) -> dict[str, Any]:
    """A row of a few hundred bytes without program, test and evidence, marked as ``short``."""
    shown = LocalizationRecord(**_fields(step, rows, uids, row, credited), short=True)
    return shown.model_dump(mode="json", exclude=_IN_FULL_ROWS)


def _fields(step: int, rows: Rows, uids: Sequence[str], row: int, credited: int) -> dict[str, Any]:
    record = rows.records[row]
    assert record is not None
    return {
        "step": step,
        "task_id": record.task_id,
        "uid": uids[row],
        "mode": record.mode,
        "reward": record.reward,
        "tests_passed": record.tests_passed,
        "tests_total": record.tests_total,
        "outcome": record.outcome,
        "constraint": record.constraint,
        "localizer": record.localizer,
        "not_localized": record.not_localized or record.failure or record.ungated,
        "confirmed": record.confirmed,
        "debugger": asdict(record.debugger) if record.debugger is not None else None,
        "place": [dict(zip(("line", "col", "end_line", "end_col"), place, strict=True)) for place in record.places],
        "token_spans": list(record.spans),
        "response_tokens": record.response_tokens,
        "advantage": float(rows.adv_B[row]),
        "credited_tokens": credited,
        "twin": row in rows.twin_of.values(),
    }


def _tokens_of(program: str | None, seen: SampleEvidence) -> tuple[TokenRun, ...]:
    """The tokens of the kept part of the program; empty if there are too many."""
    if program is None or sum(len(run.lengths) for run in seen.tokens) > PROGRAM_TOKENS:
        return ()
    kept = len(program) if program == seen.program else program.rindex(" [cut: ")  # by cut_text
    return first_characters(seen.tokens, kept)


def _cut(text: str | None) -> str | None:
    return None if text is None else cut_text(text)
