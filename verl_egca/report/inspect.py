"""``egca inspect``: failing programs of a run, with the blame marked, its reason, and the advantage.

Programs and their output are untrusted: control characters are shown as escapes, and markup is not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from verl_egca.data.rows import BadInput, read_rows
from verl_egca.report.finding import fact, facts
from verl_egca.report.marked_program import marked_program
from verl_egca.report.records import LocalizationRecord
from verl_egca.report.untrusted import safe
from verl_egca.source import SourceRange


def read_records(run_dir: Path) -> Iterable[LocalizationRecord]:
    """The run's records in order. Raises BadInput that names file, row and key."""
    path = run_dir / "localizations.jsonl"
    for number, row in read_rows(path):
        try:
            yield LocalizationRecord.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            raise BadInput(path, number, ".".join(map(str, first["loc"])), first["msg"]) from None


def show(
    run_dir: Path,
    console: Console,
    *,
    step: int | None = None,
    task: str | None = None,
    mode: str | None = None,
    limit: int = 5,
) -> int:
    """Print up to ``limit`` matching records, of the last step by default, full rows first. Returns their number."""
    of_step: list[LocalizationRecord] = []
    shown_step, count = step, 0
    for record in read_records(run_dir):
        count += 1
        if step is None and record.step != shown_step:
            shown_step = record.step
            of_step.clear()
        if record.step == shown_step:
            of_step.append(record)
    fitting = [
        record
        for record in of_step
        if (task is None or task in record.task_id) and (mode is None or record.mode == mode)
    ]
    fitting.sort(key=lambda record: (record.short, not record.place, record.task_id))
    for record in fitting[:limit]:
        console.print(render(record))
    short = sum(record.short for record in fitting)
    console.print(
        f"{min(limit, len(fitting))} of {len(fitting)} failing samples of step {shown_step}"
        + (f" ({short} of them short rows: egca.evidence_rows)" if short else "")
        + f"; the run has {count}"
    )
    return min(limit, len(fitting))


def render(record: LocalizationRecord) -> RenderableType:
    """One record as a panel."""
    title = f"step {record.step}  {safe(record.task_id)}  {record.mode or 'not scored'}"
    return Panel(Group(_program(record), Rule(style="dim"), _facts(record)), title=Text(title), title_align="left")


def _program(record: LocalizationRecord) -> Text:
    if record.short:
        return Text("a short row: the step had more failing samples than egca.evidence_rows")
    places = [SourceRange(place.line, place.col, place.end_line, place.end_col) for place in record.place]
    return marked_program(record.program or "", places)


def _facts(record: LocalizationRecord) -> Text:
    landed = f"on {record.credited_tokens} of {record.response_tokens} tokens"
    return facts(record).append_text(fact("advantage", f"{record.advantage:+.4f}, {landed}"))
