"""The tables of a report: a run's main figures, its debugger, slowest and failed localizations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from verl_egca.report.page.charts import rests_on, weight
from verl_egca.report.page.programs import ShownSample, sure
from verl_egca.report.page.run import Run
from verl_egca.report.records import LocalizationRecord

_MOST = 10
_WINDOW = 5  # steps at the beginning and the end, for means


@dataclass(frozen=True, slots=True)
class Figure:
    """``note`` describes the value."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Row:
    """``sample`` is an index into the page's list; a click opens that sample."""

    sample: int
    run: str
    step: int
    task: str
    cells: tuple[str, ...]


def figures(run: Run) -> list[Figure]:
    """The main figures of a run."""
    found = [Figure("steps", str(len(run.steps)), f"{run.steps[0]} to {run.steps[-1]}" if run.steps else "none yet")]
    found += _first_to_last(run, "reward", "critic/score/mean", lambda v: f"{v:.3f}")
    found += _first_to_last(run, "localized", "egca/localized_share", _percent, "of samples in LOGIC or SYNTAX")
    weights: dict[str, float] = defaultdict(float)
    for record in run.records:
        weights[rests_on(record)] += weight(record)
    if total := sum(weights.values()):
        found.append(Figure("credit on proof", _percent(weights["proven"] / total), "of failing samples' advantage"))
    found += _first_to_last(run, "blamed", "egca/span_share_of_response", _percent, "of a response's tokens")
    short = sum(record.short for record in run.records)
    note = f"{short} of them short rows" if short else "all with their program"
    found.append(Figure("failing samples", f"{len(run.records):,}", note))
    found += _first_to_last(run, "waiting for rewards", "egca/overhead_share", _percent, "of a step")
    return found


def _first_to_last(run: Run, name: str, key: str, form: Callable[[float], str], note: str = "") -> list[Figure]:
    values = [value for _, value in run.series(key)]
    if not values:
        return []
    window = max(1, min(_WINDOW, len(values) // 2))
    first, last = (form(sum(part) / window) for part in (values[:window], values[-window:]))
    of = "step" if window == 1 else f"{window} steps"
    steps = f"first and last {of}" if len(values) > 1 else "one step"
    value = f"{first} → {last}" if len(values) > 1 else last
    return [Figure(name, value, f"{note}, {steps}" if note else steps)]


DEBUGGER = (
    ("asked", "asked", 0),
    ("proven", "proven: its correction passes all tests", 0),
    ("accepted", "accepted: a statement, without a proof", 0),
    ("refused", "refused: its answer was invalid", 0),
    ("retried", "asked a second time", 0),
    ("failed", "failed", 0),
    ("timeout", "timed out", 0),
    ("skipped", "skipped", 0),
    ("latency_p50", "latency, median of the steps' medians, s", 2),
    ("latency_p95", "latency, median of the steps' 95th percentiles, s", 2),
    ("tokens_in", "tokens in", 0),
    ("tokens_cached", "of them cached", 0),
    ("tokens_out", "tokens out", 0),
)


def debugger(run: Run) -> list[tuple[str, str]]:
    """Over all steps; empty without a debugger."""
    rows = []
    for key, name, digits in DEBUGGER:
        values = [value for _, value in run.series(f"egca/debugger/{key}")]
        if values:
            amount = sorted(values)[len(values) // 2] if key.startswith("latency") else sum(values)
            rows.append((name, f"{amount:,.{digits}f}"))
    for reason in run.names("egca/debugger/skipped/"):
        amount = sum(value for _, value in run.series(f"egca/debugger/skipped/{reason}"))
        rows.append((f"skipped: {reason.replace('_', ' ')}", f"{amount:,.0f}"))
    return rows


def slowest(found: Sequence[ShownSample], runs: Sequence[Run]) -> list[Row]:
    """By the search's CPU time and the debugger's latency; cells: certainty, trials, CPU ms, debugger s."""
    costs = [(place, _cost_ms(sample.record)) for place, sample in enumerate(found)]
    costs.sort(key=lambda pair: -pair[1])
    return [
        _row(place, found, runs, (sure(found[place].record), *_cost_cells(found[place].record)))
        for place, cost in costs[:_MOST]
        if cost > 0
    ]


def failed(found: Sequence[ShownSample], runs: Sequence[Run]) -> list[Row]:
    """Samples without blame, the latest first; cells: mode, reason."""
    lost = [place for place, sample in enumerate(found) if sample.record.not_localized]
    return [
        _row(place, found, runs, (found[place].record.mode or "not scored", found[place].record.not_localized or ""))
        for place in lost[:_MOST]
    ]


def failures(found: Sequence[ShownSample]) -> list[tuple[str, int]]:
    """The reasons of missing blame, counted."""
    reasons = (sample.record.not_localized for sample in found)
    return Counter(reason for reason in reasons if reason).most_common()


def _row(place: int, found: Sequence[ShownSample], runs: Sequence[Run], cells: tuple[str, ...]) -> Row:
    sample = found[place]
    return Row(place, runs[sample.run].name, sample.record.step, sample.record.task_id, cells)


def _cost_ms(record: LocalizationRecord) -> float:
    cpu = record.evidence.get("cpu_ms")
    latency = (record.debugger or {}).get("latency_s")
    return (cpu if isinstance(cpu, int | float) else 0) + 1e3 * (latency if isinstance(latency, int | float) else 0)


def _cost_cells(record: LocalizationRecord) -> tuple[str, str, str]:
    trials, cpu = record.evidence.get("trials"), record.evidence.get("cpu_ms")
    latency = (record.debugger or {}).get("latency_s")
    return (
        f"{trials:,}" if isinstance(trials, int) else "-",
        f"{cpu:,.0f}" if isinstance(cpu, int | float) else "-",
        f"{latency:.1f}" if isinstance(latency, int | float) and latency else "-",
    )


def _percent(value: float) -> str:
    return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"
