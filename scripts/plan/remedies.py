"""Changes that make a run fit, each confirmed by a new plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, islice

from plan.bad_plan import BadPlan
from plan.job import Engine, Job, Placement, Recompute
from plan.memory import memories

_MOST_TOGETHER = 3
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Change:
    option: str
    apply: Callable[[Job], Job]


def remedies(job: Job) -> list[str]:
    """Options that make ``job`` fit, fewest and cheapest first; empty if there are none."""
    changes = _changes(job)
    for size in range(1, _MOST_TOGETHER + 1):
        fitting = (chosen for chosen in combinations(changes, size) if _fits(job, chosen))
        found = [" ".join(change.option for change in chosen) for chosen in islice(fitting, _MOST_SHOWN)]
        if found:
            return found
    return []


def _changes(job: Job) -> list[_Change]:
    """Possible changes, cheapest first."""
    found = []
    if not job.offload:
        found.append(_Change("--offload", lambda one: replace(one, offload=True)))
    for memory in (0.4, 0.5, 0.6, 0.7, 0.8):
        if memory != job.rollout_memory:
            found.append(_Change(f"--rollout-memory {memory:g}", _with(rollout_memory=memory)))
    tokens = job.max_tokens // 2
    while tokens * job.cp >= job.longest:
        found.append(_Change(f"--max-tokens-per-gpu {tokens}", _with(max_tokens=tokens)))
        tokens //= 2
    if job.recompute is Recompute.NONE:
        found.append(_Change("--recompute full", lambda one: replace(one, recompute=Recompute.FULL)))
    if job.engine is Engine.MEGATRON:
        found += [_Change(f"--tp {tp}", _with(tp=tp)) for tp in (2, 4, 8) if tp > job.tp]
    found += [_Change(f"--rollout-tp {tp}", _with(rollout_tp=tp)) for tp in (2, 4, 8) if tp > job.rollout_tp]
    debugger = job.debugger
    if debugger is not None:
        if debugger.placement is Placement.SHARED:
            own = replace(debugger, placement=Placement.OWN)
            found.append(_Change("--debugger-placement own", _with(debugger=own)))
        found += [
            _Change(f"--debugger-memory {memory:g}", _with(debugger=replace(debugger, memory=memory)))
            for memory in (0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.8)
            if memory != debugger.memory
        ]
        found.append(_Change("--debugger none", _with(debugger=None)))
    if not job.host_optimizer:
        found.append(_Change("--host-optimizer", lambda one: replace(one, host_optimizer=True)))
    found += [_Change(f"--nodes {nodes}", _with(nodes=nodes)) for nodes in (2, 4) if nodes > job.nodes]
    return found


def _with(**values: object) -> Callable[[Job], Job]:
    return lambda job: replace(job, **values)  # type: ignore[arg-type]


def _fits(job: Job, changes: tuple[_Change, ...]) -> bool:
    names = [change.option.split()[0] for change in changes]
    if len(set(names)) < len(names):
        return False
    try:
        for change in changes:
            job = change.apply(job)
    except BadPlan:
        return False
    return all(kind.fits for kind in memories(job))
