"""``egca inspect``: failing programs of a run, with what was blamed marked, the test, and the advantage.

Programs and what they printed are untrusted text: control characters are shown as escapes, and nothing in them is read
as markup.
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
from verl_egca.report.records import LocalizationRecord
from verl_egca.source import SourceRange, SourceText

_BLAMED = "bold white on red"


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
    """Print up to ``limit`` records that fit, of the last step if none is named; how many."""
    records = list(read_records(run_dir))
    if step is None and records:
        step = records[-1].step
    fitting = [
        record
        for record in records
        if record.step == step and (task is None or task in record.task_id) and (mode is None or record.mode == mode)
    ]
    fitting.sort(key=lambda record: (not record.place, record.task_id))
    for record in fitting[:limit]:
        console.print(render(record))
    console.print(
        f"{min(limit, len(fitting))} of {len(fitting)} failing samples of step {step}; the run has {len(records)}"
    )
    return min(limit, len(fitting))


def render(record: LocalizationRecord) -> RenderableType:
    """One record as a panel."""
    title = f"step {record.step}  {safe(record.task_id)}  {record.mode or 'not scored'}"
    return Panel(Group(_program(record), Rule(style="dim"), _facts(record)), title=Text(title), title_align="left")


def _program(record: LocalizationRecord) -> Text:
    """The numbered program, the blamed ranges in inverse colours."""
    source = SourceText(record.program or "")
    places = [SourceRange(place.line, place.col, place.end_line, place.end_col) for place in record.place]
    text = Text()
    for number in range(1, source.line_count + 1):
        line = source.line(number)
        if number == source.line_count and not line:
            break
        text.append(f"{number:>4}  ", style="dim")
        marked = _marked(line, number, places)
        for start, end, blamed in marked:
            text.append(safe(line[start:end]), style=_BLAMED if blamed else "")
        text.append("\n")
    return text


def _marked(line: str, number: int, places: list[SourceRange]) -> list[tuple[int, int, bool]]:
    """Pieces of a line as (start, end, whether blamed)."""
    blamed = [False] * len(line)
    for place in places:
        if place.line <= number <= place.end_line:
            first = place.col if number == place.line else len(line) - len(line.lstrip())
            last = place.end_col if number == place.end_line else len(line)
            blamed[first:last] = [True] * len(blamed[first:last])
    pieces: list[tuple[int, int, bool]] = []
    for column, is_blamed in enumerate(blamed):
        if pieces and pieces[-1][2] == is_blamed:
            pieces[-1] = (pieces[-1][0], column + 1, is_blamed)
        else:
            pieces.append((column, column + 1, is_blamed))
    return pieces


def _facts(record: LocalizationRecord) -> Text:
    lines = []
    if record.test:
        lines.append(("test", record.test))
    if record.got is not None or record.expected is not None:
        lines.append(("got", f"{record.got}, expected {record.expected}"))
    if record.error:
        lines.append(("error", f"{record.error.get('type')}: {record.error.get('message')}"))
    if record.localizer:
        lines.append(("blamed by", f"{record.localizer}, confirmed: {record.confirmed}{_divergence(record)}"))
    if record.not_localized:
        lines.append(("not localized", record.not_localized))
    per_token = record.advantage / record.credited_tokens if record.credited_tokens else 0.0
    landed = f"on {record.credited_tokens} of {record.response_tokens} tokens, {per_token:+.4f} each if spread evenly"
    lines.append(("advantage", f"{record.advantage:+.4f}, {landed}"))
    text = Text()
    for name, value in lines:
        text.append(f"{name:>14}  ", style="bold")
        text.append(safe(value) + "\n")
    return text


def _divergence(record: LocalizationRecord) -> str:
    ours, theirs = record.evidence.get("candidate"), record.evidence.get("reference")
    if not isinstance(ours, dict):
        return ""
    return f"; at the divergence {_happened(ours)}, in the reference {_happened(theirs)}"


def _happened(event: object) -> str:
    if not isinstance(event, dict):
        return "nothing more happened"
    return f"{event.get('kind')} {event.get('name')}".rstrip() + f" = {event.get('value')}"


def safe(text: str) -> str:
    """Text without control characters: what a terminal would obey is shown as an escape."""
    return "".join(c if c == "\n" or c == "\t" or c.isprintable() else repr(c)[1:-1] for c in text)
