"""The arithmetic that the engine is held against, itself held against transformers and torch."""

import math
from dataclasses import replace

import pytest
import torch

from layouts import model, plain
from layouts.batch import RESPONSES, SWAPPED, coded_rows, row_and_token
from layouts.cases import CASES
from layouts.findings import TOLERANCE, Findings, Resumed


@pytest.fixture(scope="module", params=model.MODELS)
def folder(request, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param)
    model.build(request.param, path)
    return path


def test_the_plain_model_is_transformers_model(folder):
    from transformers import AutoModelForCausalLM

    theirs, ours = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).double(), plain.PlainModel(folder)
    for row in coded_rows(1):
        with torch.no_grad():
            logits = theirs(row.ids_T[None, :-1]).logits[0]
        chosen = torch.log_softmax(logits, -1).gather(1, row.ids_T[1:, None])[row.prompt - 1 :, 0]
        # transformers computes its rotary angles in float32
        assert torch.allclose(ours.log_probs(row), chosen, rtol=0, atol=2e-6)


def test_the_plain_optimizer_is_torchs():
    generator = torch.Generator().manual_seed(0)
    start = {
        "matrix": torch.randn(4, 3, generator=generator).double(),
        "vector": torch.randn(4, generator=generator).double(),
    }
    parameters = {name: weight.clone().requires_grad_() for name, weight in start.items()}
    groups = [
        {"params": [parameters["matrix"]], "weight_decay": plain.WEIGHT_DECAY},
        {"params": [parameters["vector"]], "weight_decay": 0.0},
    ]
    theirs = torch.optim.AdamW(groups, lr=plain.LR, betas=plain.BETAS, eps=plain.EPS)
    ours, weights = plain.AdamW(start), start
    for _ in range(3):
        gradients = {name: torch.randn(weight.shape, generator=generator).double() for name, weight in start.items()}
        for name, parameter in parameters.items():
            parameter.grad = gradients[name]
        theirs.step()
        weights = ours.step(weights, gradients, plain.LR)
    for name, parameter in parameters.items():
        assert torch.allclose(weights[name], parameter.detach(), rtol=1e-12, atol=1e-14)


def test_a_code_says_its_row_and_token_and_no_two_are_alike():
    rows = coded_rows(1)
    codes = [
        (advantage, row, token)
        for row, one in enumerate(rows)
        for token, advantage in enumerate(one.advantages_R.tolist())
    ]
    assert all(row_and_token(advantage) == (row, token) for advantage, row, token in codes)
    assert len({abs(advantage) for advantage, _, _ in codes}) == len(codes) == sum(RESPONSES)
    assert row_and_token(0.0) == row_and_token(0.3) == row_and_token(math.nan) == (-1, -1)


def test_the_rows_whose_masks_a_control_swaps_differ_in_nothing_but_the_mask():
    one, other = (coded_rows(1)[row].mask_R for row in SWAPPED)
    assert one.shape == other.shape
    assert not torch.equal(one, other)


EXACT = Findings(
    exported=True, codes=True, log_prob=0.0, loss=0.0, grad_norm=0.0, weights=0.0, update=0.0, rollout=0.0,
    rollout_log_prob=0.0, reference=0.0, next_loss=0.0, resumed=Resumed("tp2", True, 0.0, 0.0, 0.0), tokens=1, sampled=1,
    seconds=1.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("field", "check"),
    [("log_prob", "C"), ("reference", "C"), ("loss", "D"), ("grad_norm", "D"), ("weights", "D"), ("update", "D"),
     ("next_loss", "D"), ("rollout", "F")],
)  # fmt: skip
@pytest.mark.parametrize("error", [1.01 * TOLERANCE, math.nan, math.inf])
def test_an_error_past_the_tolerance_breaks_its_check(field, check, error):
    assert EXACT.broken() == set()
    assert replace(EXACT, **{field: error}).broken() == {check}


def test_a_case_that_has_not_resumed_what_it_must_is_not_as_expected():
    case = CASES["tp2-sp"]
    assert EXACT.as_expected(case)
    assert not replace(EXACT, resumed=None).as_expected(case)


@pytest.mark.parametrize("error", [{"weights_equal": False}, {"loss": 1.01 * TOLERANCE}, {"weights": math.nan}])
def test_a_run_resumed_otherwise_than_it_was_left_breaks_its_check(error):
    assert replace(EXACT, resumed=replace(EXACT.resumed, **error)).broken() == {"E"}
