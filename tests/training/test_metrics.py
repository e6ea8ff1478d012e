"""What a step's samples say as numbers. Needs no verl."""

import pytest
import torch

from verl_egca.config.settings import Settings
from verl_egca.gates.mode import Mode
from verl_egca.localization.confirmed import Confirmed
from verl_egca.sample import SampleRecord
from verl_egca.training.batch import Rows
from verl_egca.training.metrics import step_metrics


def record(mode, **fields):
    fields = {"task_id": "t", "reward": 0.0, "response_tokens": 10, "rollout_ended": 1.0, "reward_ended": 2.0} | fields
    return SampleRecord(mode=mode, **fields)


def metrics(*records):
    count = len(records)
    rows = Rows(records, list(range(count)), Settings(), torch.zeros(count), torch.zeros(count, 10))
    return step_metrics(rows, ["a"] * count)


def test_how_sure_the_blame_is_and_who_found_it():
    found = metrics(
        record(Mode.LOGIC, spans=((0, 1),), localizer="counterfactual", confirmed=Confirmed.FULL),
        record(Mode.LOGIC, spans=((0, 1),), localizer="counterfactual", confirmed=Confirmed.PARTIAL),
        record(Mode.LOGIC, spans=((0, 1),), localizer="trace", confirmed=Confirmed.NONE),
        record(Mode.SYNTAX, spans=((0, 1),), localizer="reported", confirmed=Confirmed.NONE),
        record(Mode.LOGIC, not_localized="no_twin"),
        record(Mode.CORRECT, reward=1.0),
    )
    assert [found[f"egca/confirmed/{name}"] for name in ("full", "partial", "none")] == [0.25, 0.25, 0.5]
    assert found["egca/localized_by/counterfactual"] == pytest.approx(2 / 5)
    assert found["egca/localized_by/trace"] == found["egca/localized_by/reported"] == pytest.approx(1 / 5)


def test_shares_of_the_constraints_that_are_broken_by_kind():
    found = metrics(
        record(Mode.CONSTRAINT, constraint="recursion: Do not use recursion. Found: recursion."),
        record(
            Mode.CONSTRAINT,
            constraint="comparability: Be mended by rewriting at most 50 % of it. Found: 68 % must be rewritten.",
        ),
        record(Mode.CONSTRAINT, constraint="recursion: Use recursion. Found: no recursion."),
        record(Mode.CORRECT, reward=1.0),
    )
    shares = {name: value for name, value in found.items() if name.startswith("egca/constraint/")}
    assert shares == {"egca/constraint/recursion": 0.5, "egca/constraint/comparability": 0.25}
    assert found["egca/mode/constraint"] == 0.75


def test_how_many_samples_shared_anothers_assessment():
    assert metrics(record(Mode.LOGIC), record(Mode.LOGIC, shared=True), None)["egca/shared"] == 0.5


def test_a_step_without_samples_has_numbers_all_the_same():
    found = metrics(None)
    assert found["egca/shared"] == found["egca/confirmed/full"] == found["egca/localized_share"] == 0
