"""A training's progress on the terminal: a line per step, and a table at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

Row = Mapping[str, Any]
_MODES = ("correct", "logic", "syntax", "constraint", "ungated")
_RARE = ("constraint", "ungated")  # shown if not zero


def step_line(row: Row, total: int | None) -> str:
    """One step's reward, modes, localization, span and time. ``row`` is a row of ``metrics.jsonl``."""
    of = f"/{total}" if total else ""
    parts = [f"step {row['step']:>3}{of}", f"reward {_number(row, 'critic/score/mean', '.3f')}"]
    modes = [(mode, row.get(f"egca/mode/{mode}")) for mode in _MODES]
    parts += [f"{mode} {value:4.0%}" for mode, value in modes if value is not None and (value or mode not in _RARE)]
    parts.append(f"localized {_number(row, 'egca/localized_share', '4.0%')}")
    if row.get("egca/span_tokens_mean") is not None:
        share = _number(row, "egca/span_share_of_response", ".0%")
        parts.append(f"span {_number(row, 'egca/span_tokens_mean', '4.1f')} tokens ({share} of the response)")
    parts.append(f"{_number(row, 'timing_s/step', '.1f')} s")
    if row.get("egca/failed_samples_total"):
        parts.append(f"FAILED SAMPLES {row['egca/failed_samples_total']:.0f} (see the log)")
    return "  ".join(parts)


def closing_table(rows: Sequence[Row], window: int = 5) -> Table:
    """First steps against last steps, ``window`` of each (fewer if the run was shorter than two windows)."""
    window = max(1, min(window, len(rows) // 2))
    table = Table(title=f"mean over the first and the last {window} of {len(rows)} steps")
    for column in ("", "first", "last"):
        table.add_column(column, justify="right" if column else "left")
    for label, key, form in (
        ("reward", "critic/score/mean", ".3f"),
        ("share LOGIC", "egca/mode/logic", ".1%"),
        ("share SYNTAX", "egca/mode/syntax", ".1%"),
        ("localized, of those", "egca/localized_share", ".1%"),
        ("span, tokens", "egca/span_tokens_mean", ".1f"),
        ("KL to the reference", "actor/kl_loss", ".4f"),
        ("seconds per step", "timing_s/step", ".1f"),
        ("of it, added by EGCA", "egca/overhead_share", ".1%"),
    ):
        table.add_row(label, *(_mean(part, key, form) for part in (rows[:window], rows[-window:])))
    return table


def _mean(rows: Sequence[Row], key: str, form: str) -> str:
    values = [row[key] for row in rows if row.get(key) is not None]
    return format(sum(values) / len(values), form) if values else "-"


def _number(row: Row, key: str, form: str) -> str:
    value = row.get(key)
    return "-" if value is None else format(value, form)
