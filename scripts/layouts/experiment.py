"""One case: two training steps, a checkpoint, a rollout, and their expected results."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
import torch.distributed as dist
from safetensors.torch import load_file

from layouts.batch import SWAPPED, Row, row_and_token
from layouts.engine import Arrival, Engine, rope_of
from layouts.findings import Findings, Resumed
from layouts.ground import Ground
from layouts.layout import Case, Fault
from layouts.plain import Weights
from layouts.rollout import sampled


def run(name: str, case: Case, ground: Ground) -> Findings:
    """All checks but E, and E's inputs from this case. Collective: every rank calls it and gets the same findings."""
    started = time.monotonic()
    first, second = ground.steps(case)
    rows = _planted(ground.batches[0], case.fault)
    rope = rope_of(case.model, case.fault)

    reference = reference_error = None
    if case.objective.kl:
        frozen = Engine(case.layout, ground.reference(case.model), rope=rope, frozen=True)
        reference = [frozen.log_probs(batch) for batch in ground.batches]
        reference_error = _largest(
            _farthest(got, step.ref) for got, step in zip(reference, (first, second), strict=True)
        )
    engine = Engine(case.layout, ground.model(case.model), rope=rope)

    original, sent = load_file(ground.model(case.model) / "model.safetensors"), engine.export()
    taken = engine.step(rows, first.old, reference[0] if reference else first.old, case.objective)
    after = engine.export()
    rollout, rollout_log_prob, tokens = _rollout_errors(engine, case, ground, after)

    next_loss = None
    if case.fault is None:
        folder = ground.left_by(name)
        engine.save(folder)
        again = engine.step(ground.batches[1], second.old, reference[1] if reference else second.old, case.objective)
        next_loss = _relative(again.loss, second.loss)
        if dist.get_rank() == 0:
            left = {"after": after, "end": engine.export(), "loss": again.loss, "reference": reference}
            torch.save(left, folder / "uninterrupted.pt")
        else:
            engine.export()
        dist.barrier()
    engine.close()

    return Findings(
        exported=_equal(sent, original),
        codes=_each_once(taken.arrivals, ground.batches[0], case.layout.dp),
        log_prob=_largest(_pairing_error(arrival, first.log_probs) for arrival in taken.arrivals),
        loss=_relative(taken.loss, first.loss),
        grad_norm=_relative(taken.grad_norm, first.grad_norm),
        weights=_worst(after, first.weights),
        update=_worst(after, first.weights, original),
        rollout=rollout,
        rollout_log_prob=rollout_log_prob,
        reference=reference_error,
        next_loss=next_loss,
        resumed=None,
        tokens=sum(len(arrival.advantages) for arrival in taken.arrivals),
        sampled=tokens,
        seconds=time.monotonic() - started,
    )


def resume(case: Case, ground: Ground, saver: Case) -> Resumed:
    """Check E: load the checkpoint of ``saver``, the case ``case.resumes``, and take the saver's next step.

    Collective, as `run` is.
    """
    started = time.monotonic()
    _, second = ground.steps(saver)
    folder = ground.left_by(case.resumes)
    left = torch.load(folder / "uninterrupted.pt", weights_only=True)
    contents = ("model",) if case.fault is Fault.NO_MOMENTS else ("model", "optimizer")
    rope = rope_of(saver.model)
    engine = Engine(case.layout, ground.model(saver.model), rope=rope, load_contents=contents)
    engine.load(folder)
    loaded = engine.export()
    reference = left["reference"][1] if left["reference"] else second.old
    taken = engine.step(ground.batches[1], second.old, reference, saver.objective)
    end = engine.export()
    engine.close()
    return Resumed(
        saved_by=case.resumes,
        weights_equal=_equal(loaded, left["after"]),
        loss=_relative(taken.loss, left["loss"]),
        weights=_worst(end, left["end"]),
        update=_worst(end, left["end"], left["after"]),
        seconds=time.monotonic() - started,
    )


def _planted(rows: Sequence[Row], fault: Fault | None) -> list[Row]:
    if fault is Fault.SHIFTED:
        return [replace(row, advantages_R=row.advantages_R.roll(1)) for row in rows]
    if fault is Fault.SWAPPED:
        one, other = SWAPPED
        swapped = list(rows)
        swapped[one] = replace(rows[one], mask_R=rows[other].mask_R)
        swapped[other] = replace(rows[other], mask_R=rows[one].mask_R)
        return swapped
    return list(rows)


def _rollout_errors(engine: Engine, case: Case, ground: Ground, weights: Weights) -> tuple[float, float, int]:
    drawn: list = [None]
    if dist.get_rank() == 0:
        prompts = [row.ids_T[: row.prompt].tolist() for row in ground.batches[0]]
        drawn = [sampled(ground.model(case.model), weights, prompts)]
    dist.broadcast_object_list(drawn)
    actor = engine.log_probs([row for row, _ in drawn[0]])
    rollout = [reported for _, reported in drawn[0]]
    tokens = sum(len(reported) for reported in rollout)
    exp = [[values.exp() for values in side] for side in (actor, rollout)]
    return _farthest(*exp), _farthest(actor, rollout), tokens


def _each_once(arrivals: Sequence[Arrival], rows: Sequence[Row], replicas: int) -> bool:
    """Whether, in each replica, every rank that computes the loss got each unmasked code of its rows once."""
    for replica in range(replicas):
        due = sorted(torch.cat([row.advantages_R[row.mask_R.bool()] for row in rows[replica::replicas]]).tolist())
        ours = [arrival for arrival in arrivals if arrival.replica == replica]
        if not ours or any(sorted(arrival.advantages) != due for arrival in ours):
            return False
    return True


def _pairing_error(arrival: Arrival, expected: Sequence[torch.Tensor]) -> float:
    """The largest difference between the log-prob beside a code and that of the code's token."""
    errors = []
    for advantage, log_prob in zip(arrival.advantages, arrival.log_probs, strict=True):
        row, token = row_and_token(advantage)
        known = 0 <= row < len(expected) and token < len(expected[row])
        errors.append(abs(log_prob - expected[row][token].item()) if known else float("inf"))
    return _largest(errors)


def _farthest(one: Sequence[torch.Tensor], other: Sequence[torch.Tensor]) -> float:
    return _largest((a.double() - b.double()).abs().max().item() for a, b in zip(one, other, strict=True))


def _relative(value: float, expected: float) -> float:
    return abs(value - expected) / abs(expected)


def _equal(weights: Weights, others: Weights) -> bool:
    return set(weights) == set(others) and all(torch.equal(weights[name], others[name]) for name in others)


def _worst(weights: Weights, expected: Weights, start: Weights | None = None) -> float:
    """The largest error of a tensor (Euclidean norm), relative to the tensor or, with ``start``, to its change."""
    if set(weights) != set(expected):
        return float("inf")
    errors = []
    for name, value in expected.items():
        scale = value.double() - (start[name].double() if start else 0.0)
        errors.append(((weights[name].double() - value.double()).norm() / scale.norm()).item())
    return _largest(errors)


def _largest(errors: Iterable[float]) -> float:
    """The maximum; NaN if any is NaN, which Python's max may miss."""
    return torch.tensor(list(errors), dtype=torch.float64).max().item()
