"""Measures one localizer on one case: the blamed places, their correctness, the validity of its twin, and its cost.

Each worker process does one task at a time with its own sandbox, so that all CPU time of that span belongs to the
localisation. Twins run in a second sandbox that no localizer uses.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from truth.baselines import BASELINES
from truth.cost import cpu_seconds
from truth.score import blamed_text, first_hit, hit_among, twin
from truth.sets import CHECK_LIMITS, Case, Item, Result
from verl_egca.debugger.client import Debugger
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Verdict
from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized
from verl_egca.localization.confirmed import Confirmed
from verl_egca.localization.options import Options
from verl_egca.localization.registry import make_localizer

VERDICT_LIMITS = Limits(cpu_seconds=1)  # low, since many programs do not end


@dataclass(frozen=True, slots=True)
class Row:
    """The written row of one case and one localizer. Lines from 1; ``hit1`` and ``hit3`` are None without a truth.

    ``twin_holds``: whether the sandbox confirms a claimed twin from its text: a full twin passes all tests, a partial
    one passes some more and none less. ``blamed_share`` is a share of the policy's own text.
    """

    set: str
    localizer: str
    task: str
    index: int
    operators: tuple[str, ...]
    truth: tuple[tuple[int, ...], ...] | None
    blamed: tuple[tuple[int, int], ...] = ()
    blamed_text: str = ""
    blamed_share: float | None = None
    ranked: tuple[tuple[int, int], ...] = ()
    hit1: bool | None = None
    hit3: bool | None = None
    confirmed: Confirmed = Confirmed.NONE
    twin_holds: bool | None = None
    not_localized: str | None = None
    cpu_ms: float = 0.0
    trials: int | None = None
    failing: str | None = None
    program: str = ""
    reference: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


class Bench:
    """Worker processes; use as a context."""

    def __init__(
        self,
        workers: int,
        seed: int,
        console: Console,
        debuggers: Mapping[str, DebuggerSettings] | None = None,
        options: Options | None = None,
    ) -> None:
        """``debuggers`` by the name after the plus of a localizer's name: ``egca+ideal`` asks ``ideal``."""
        self._console = console
        # spawned, not forked: this process has threads, and maybe torch
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(
            workers, context, initializer=_Here.start, initargs=(seed, dict(debuggers or {}), options)
        )
        self._ahead = 4 * workers

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def check(self, work: Callable[[Sandbox, Item], Result], items: Sequence[Item], what: str) -> list[Result]:
        """See `sets.Checks`."""
        return list(self._each(_check, [(work, item) for item in items], what))

    def measure(self, cases: Sequence[Case], localizers: Sequence[str], what: str) -> list[Row]:
        """One row per case and localizer, the cases in order."""
        rows = self._each(_measure, [(case, tuple(localizers)) for case in cases], what)
        return [row for some in rows for row in some]

    def _each(self, work: Callable[..., Any], items: Sequence[tuple[Any, ...]], what: str) -> Iterator[Any]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            bar = progress.add_task(what, total=len(items))
            waiting: list[Future[Any]] = []
            for item in items:
                waiting.append(self._pool.submit(work, *item))
                if len(waiting) >= self._ahead:
                    yield waiting.pop(0).result()
                    progress.advance(bar)
            for future in waiting:
                yield future.result()
                progress.advance(bar)


class _Here:
    """The state of a worker process: sandboxes, and for each set the localizers with their caches of its problems."""

    seed: int
    sandboxes: dict[str, Sandbox]
    localizers: dict[tuple[str, str], Localizer]
    debuggers: dict[str, Debugger]
    options: Options | None

    @classmethod
    def start(cls, seed: int, debuggers: dict[str, DebuggerSettings], options: Options | None) -> None:
        cls.seed, cls.localizers, cls.options = seed, {}, options
        cls.debuggers = {name: Debugger(settings) for name, settings in debuggers.items()}
        cls.sandboxes = {
            "checks": Sandbox(CHECK_LIMITS),
            "verdicts": Sandbox(VERDICT_LIMITS),
            "runs": Sandbox(Limits()),
            "twins": Sandbox(Limits()),
        }

    @classmethod
    def localizer(cls, set_name: str, name: str) -> Localizer:
        key = set_name, name
        if key not in cls.localizers:
            plain, _, asked = name.partition("+")
            made = (
                BASELINES[name]() if name in BASELINES else make_localizer(plain, cls.options, cls.debuggers.get(asked))
            )
            cls.localizers[key] = made
        return cls.localizers[key]


def _check(work: Callable[[Sandbox, Item], Result], item: Item) -> Result:
    return work(_Here.sandboxes["checks"], item)


def _measure(case: Case, localizers: tuple[str, ...]) -> list[Row]:
    sandbox = _Here.sandboxes["runs"]
    verdict = case.verdict or _Here.sandboxes["verdicts"].run(case.problem, case.program)
    if verdict.passed:  # it was only slow
        return []
    sample = FailingSample(case.problem, case.program, verdict, sandbox, case.seed ^ _Here.seed)
    return [
        measured(case, sample, _Here.localizer(case.set_name, name), _Here.sandboxes["twins"], name)
        for name in localizers
    ]


def measured(case: Case, sample: FailingSample, localizer: Localizer, twins: Sandbox, name: str | None = None) -> Row:
    """Runs the localizer; the row also records its own failure. No other code may run in this process meanwhile."""
    found, reason = None, None
    sample.sandbox.run(sample.problem, "")  # starts the worker, loads the tests, and ends its last program
    before = cpu_seconds()
    try:
        found = localizer.localize(sample)
    except NotLocalized as error:
        reason = str(error)
    except Exception:
        reason = f"localizer_error\n{traceback.format_exc()}"
    cpu_ms = max(0.0, cpu_seconds() - before) * 1e3  # sums of ended processes are in ticks
    return _row(case, sample.verdict, name or localizer.name, found, reason, cpu_ms, twins)


def _row(
    case: Case,
    verdict: Verdict,
    name: str,
    found: Localization | None,
    reason: str | None,
    cpu_ms: float,
    twins: Sandbox,
) -> Row:
    known: dict[str, Any] = {
        "set": case.set_name,
        "localizer": name,
        "task": case.problem.task_id,
        "index": case.index,
        "operators": case.operators,
        "truth": case.truth,
        "not_localized": reason,
        "cpu_ms": round(cpu_ms, 2),
        "failing": _told(verdict),
        "program": case.program,
        "reference": case.problem.reference,
    }
    if found is None:
        missed = None if case.truth is None else False
        return Row(**known, hit1=missed, hit3=missed)
    text, truth = blamed_text(case.program, found), case.lines
    return Row(
        **known,
        blamed=tuple((place.line, place.end_line) for place in found.ranges),
        blamed_text=text,
        blamed_share=len(text) / max(1, len(case.program.rstrip()) - case.written),
        ranked=found.ranked,
        hit1=None if case.truth is None else first_hit(case.program, truth, found),
        hit3=None if case.truth is None else hit_among(case.program, truth, found),
        confirmed=found.confirmed,
        twin_holds=holds(case, verdict, found, twins),
        trials=found.evidence.get("trials"),
        evidence=dict(found.evidence),
    )


def holds(case: Case, verdict: Verdict, found: Localization, twins: Sandbox) -> bool | None:
    """Whether a claimed twin holds, by a run of its text in a separate process; None without a claim."""
    if found.confirmed is Confirmed.NONE:
        return None
    text = twin(case.program, found.evidence)
    if text is None:
        return False
    if found.confirmed is Confirmed.FULL:
        return twins.run(case.problem, text).passed
    passing = [one.index for one in verdict.cases if one.passed]
    failing = [one.index for one in verdict.cases if not one.passed]
    kept = not passing or twins.run(case.problem, text, passing).passed
    return kept and any(twins.run(case.problem, text, [index]).passed for index in failing)


def _told(verdict: Verdict) -> str | None:
    failure = verdict.first_failure
    if failure is None:
        return None
    why = f"{failure.error.type}: {failure.error.message}" if failure.error else f"got {failure.got}"
    return f"{failure.outcome}: {failure.call or failure.case} -> {why}, expected {failure.expected}"[:600]
