"""Rows of ``localizations.jsonl``: a failing sample each, with what was blamed and the advantage that landed there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from verl_egca.gates.mode import Mode
from verl_egca.report.records import LocalizationRecord
from verl_egca.training.batch import Rows


def localization_rows(step: int, rows: Rows, uids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """In the batch's order. Samples that passed, and rows that only pad the batch, have none."""
    for row, record in enumerate(rows.records):
        if record is None or record.mode is Mode.CORRECT:
            continue
        yield LocalizationRecord(
            step=step,
            task_id=record.task_id,
            uid=uids[row],
            mode=record.mode,
            program=record.program,
            reward=record.reward,
            test=record.case,
            outcome=record.outcome,
            got=record.got,
            expected=record.expected,
            error=record.error,
            localizer=record.localizer,
            not_localized=record.not_localized or record.failure,
            confirmed=record.confirmed,
            place=[dict(zip(("line", "col", "end_line", "end_col"), place, strict=True)) for place in record.places],
            token_spans=list(record.spans),
            response_tokens=record.response_tokens,
            advantage=float(rows.adv_B[row]),
            credited_tokens=int((rows.adv_BT[row] != 0).sum()),
            evidence=record.evidence,
        ).model_dump(mode="json")
