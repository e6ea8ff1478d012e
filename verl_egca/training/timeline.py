"""A step's timeline: the driver's phases, and every sample's reward on its worker.

For the steps in ``egca.timeline`` the trainer writes ``timeline/step-N.json`` in the run's directory, in Chrome's trace
event format (for https://ui.perfetto.dev). It shows the rewards that ran behind the rollout, and the step's waits: the
track ``critical path`` holds the intervals whose sum is ``egca/critical_path_s``.

Tracks: ``driver`` (verl's own marks), ``critical path``, ``rollout`` (a mark at the end of each rollout), and one
process per reward worker with a lane for each sample that it scored at once. Counters: unfinished rollouts and rewards.
Times are seconds since the epoch on each process's own clock, as exact as the nodes' clocks agree.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verl_egca.sample import SampleRecord

_DRIVER, _FIRST_WORKER = 1, 10  # process ids in the trace
_PHASES, _CRITICAL, _ROLLOUT = 1, 2, 3  # the driver's tracks
_NOTED_LATE_S = 1e-3


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """From ``start`` to ``end``, in seconds since the epoch."""

    name: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


class PhaseTimes(dict[str, float]):
    """verl's ``timing_raw``, seconds by phase, which also records each phase's interval.

    verl adds a phase's seconds when it ends (`_timer` in utils/profiler/performance.py); several updates in a step
    share an entry there, but have an interval each here.
    """

    def __init__(self, seconds: dict[str, float] | None = None) -> None:
        super().__init__(seconds or {})
        self._epoch = time.time() - time.perf_counter()  # verl measures with perf_counter
        self.intervals: list[TimelineSpan] = []

    def __setitem__(self, name: str, seconds: float) -> None:
        took, now = seconds - self.get(name, 0.0), self._epoch + time.perf_counter()
        if took > 0:
            self.intervals.append(TimelineSpan(name, now - took, now))
        super().__setitem__(name, seconds)


class Timeline:
    """Collects a step's samples and waits."""

    def __init__(self, directory: Path, steps: Collection[int]) -> None:
        self._directory, self._steps = directory, frozenset(steps)
        self.waits: list[TimelineSpan] = []
        self._samples: list[tuple[SampleRecord, str]] = []

    def begin(self) -> None:
        self.waits.clear()
        self._samples.clear()

    @contextmanager
    def own_work(self, name: str) -> Iterator[None]:
        """Records EGCA's own work on the driver, for which everything else waits."""
        started, clock = time.time(), time.perf_counter()
        yield
        self.waits.append(TimelineSpan(name, started, started + time.perf_counter() - clock))

    def waited(self, interval: TimelineSpan | None) -> None:
        if interval is not None:
            self.waits.append(interval)

    def add(self, step: int, records: Sequence[SampleRecord | None], uids: Sequence[str]) -> None:
        """The samples of one update of the step."""
        if step in self._steps:
            self._samples += [(record, uid) for record, uid in zip(records, uids, strict=True) if record is not None]

    @property
    def critical_path_s(self) -> float:
        return sum(wait.seconds for wait in self.waits)

    def write(self, step: int, phases: Sequence[TimelineSpan]) -> None:
        """Write ``timeline/step-N.json``, if ``egca.timeline`` has the step."""
        if step not in self._steps:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        trace = trace_of(phases, self.waits, self._samples)
        (self._directory / f"step-{step}.json").write_text(json.dumps(trace) + "\n")


def trace_of(
    phases: Sequence[TimelineSpan], waits: Sequence[TimelineSpan], samples: Sequence[tuple[SampleRecord, str]]
) -> dict[str, Any]:
    """The trace in Chrome's trace event format; times in microseconds from the earliest."""
    starts = [interval.start for interval in (*phases, *waits)] + [record.rollout_ended for record, _ in samples]
    zero = min(starts, default=0.0)
    events: list[dict[str, Any]] = [_name("process_name", _DRIVER, 0, "driver")]
    for track, name in ((_PHASES, "driver"), (_CRITICAL, "critical path"), (_ROLLOUT, "rollout")):
        events.append(_name("thread_name", _DRIVER, track, name))
    events += [_span(phase, _DRIVER, _PHASES, zero) for phase in _nested(phases)]
    events += [_span(wait, _DRIVER, _CRITICAL, zero) for wait in waits]
    events += _rewards(samples, zero)
    ends = sorted(record.rollout_ended for record, _ in samples)
    events += [_counter("rollouts unfinished", zero, zero, len(ends))]
    events += [_counter("rollouts unfinished", end, zero, len(ends) - place) for place, end in enumerate(ends, 1)]
    changes = sorted(
        change for record, _ in samples for change in ((record.rollout_ended, 1), (record.reward_ended, -1))
    )
    running = 0
    for when, change in changes:
        running += change
        events.append(_counter("rewards unfinished", when, zero, running))
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"epoch_s": zero}}


def _rewards(samples: Sequence[tuple[SampleRecord, str]], zero: float) -> Iterator[dict[str, Any]]:
    workers = sorted({record.worker or "" for record, _ in samples})
    free: dict[str, list[float]] = {worker: [] for worker in workers}  # when each lane of a worker is free again
    for number, worker in enumerate(workers):
        yield _name("process_name", _FIRST_WORKER + number, 0, f"reward worker {number} {worker[:8]}".rstrip())
    for record, uid in sorted(samples, key=lambda sample: sample[0].rollout_ended):
        process, lanes = _FIRST_WORKER + workers.index(record.worker or ""), free[record.worker or ""]
        lane = next((lane for lane, until in enumerate(lanes) if until <= record.rollout_ended), len(lanes))
        lanes[lane:] = [record.reward_ended, *lanes[lane + 1 :]]
        about = {"task_id": record.task_id, "uid": uid, "reward": record.reward, "tokens": record.response_tokens}
        about |= {"localizer": record.localizer, "confirmed": record.confirmed, "shared": record.shared}
        mode = record.mode.value if record.mode else "not scored"
        reward = TimelineSpan(mode, record.rollout_ended, record.reward_ended)
        yield _span(reward, process, lane, zero) | {"args": about}
        if record.reward_started is not None and record.reward_started > record.rollout_ended:
            yield _span(
                TimelineSpan("waits for a thread", record.rollout_ended, record.reward_started), process, lane, zero
            )
        ended = {"ph": "i", "name": "rollout ended", "pid": _DRIVER, "tid": _ROLLOUT, "s": "t"}
        yield ended | {"ts": _micro(record.rollout_ended, zero), "args": {"task_id": record.task_id, "uid": uid}}


def _nested(phases: Sequence[TimelineSpan]) -> list[TimelineSpan]:
    """The phases by start, outer before inner. ``phases`` are in the order of their ends, as in `PhaseTimes`.

    A phase is recorded microseconds after its end, so neighbours may overlap, and an inner phase may exceed its outer
    one. The inner or the earlier one is then shortened.
    """
    found: list[TimelineSpan] = []
    around: list[TimelineSpan] = []  # outermost first
    for phase in reversed(phases):
        start, end = phase.start, phase.end
        while around and end <= around[-1].start + _NOTED_LATE_S:
            end = min(end, around.pop().start)
        if around:
            start, end = max(start, around[-1].start), min(end, around[-1].end)
        around.append(TimelineSpan(phase.name, start, max(start, end)))
        found.append(around[-1])
    return sorted(found, key=lambda phase: (phase.start, -phase.end))


def _micro(when: float, zero: float) -> float:
    return round((when - zero) * 1e6, 1)


def _span(interval: TimelineSpan, process: int, track: int, zero: float) -> dict[str, Any]:
    start, end = _micro(interval.start, zero), _micro(interval.end, zero)
    track_of = {"ph": "X", "name": interval.name, "pid": process, "tid": track}
    return track_of | {"ts": start, "dur": round(end - start, 1)}


def _counter(name: str, when: float, zero: float, value: int) -> dict[str, Any]:
    return {"ph": "C", "name": name, "pid": _DRIVER, "ts": _micro(when, zero), "args": {"samples": value}}


def _name(kind: str, process: int, track: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": process, "tid": track, "args": {"name": name}}
