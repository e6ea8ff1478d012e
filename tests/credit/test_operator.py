"""Where credit lands: properties of the operator over random batches."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_egca.credit import credit, span_mask, token_advantages
from verl_egca.gates.mode import Mode


@st.composite
def batches(draw):
    rows, width = draw(st.integers(1, 6)), draw(st.integers(1, 24))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    adv_B = torch.randn(rows, generator=generator) * 10 ** draw(st.integers(-3, 3))
    lengths = [draw(st.integers(0, width)) for _ in range(rows)]
    mask_BT = torch.tensor([[float(t < n) for t in range(width)] for n in lengths])
    spans = []
    for n in lengths:
        ranges = st.tuples(st.integers(0, n - 1), st.integers(1, n)).filter(lambda r: r[0] < r[1]) if n else None
        spans.append(draw(st.lists(ranges, max_size=3)) if ranges is not None else [])
    modes = [draw(st.sampled_from([*Mode, None])) for _ in range(rows)]
    return adv_B, modes, spans, mask_BT


def in_span(spans, t):
    return any(start <= t < end for start, end in spans)


@settings(max_examples=200)
@given(batches(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_with_full_weight_every_row_sums_to_its_advantage_in_every_mode(batch, soft):
    adv_B, modes, spans, mask_BT = batch
    out_BT = credit(adv_B, modes, spans, mask_BT, soft=soft, span_weight="full", normalisation="sum")
    expected_B = adv_B * torch.tensor([m is not None for m in modes]) * (mask_BT.sum(-1) > 0)
    torch.testing.assert_close(out_BT.double().sum(-1), expected_B.double(), rtol=1e-6, atol=0.0)


@settings(max_examples=100)
@given(batches(), st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from(["grpo", "full"]))
def test_mean_normalisation_is_sum_times_the_rows_tokens(batch, soft, span_weight):
    adv_B, modes, spans, mask_BT = batch
    by_sum = credit(adv_B, modes, spans, mask_BT, soft=soft, span_weight=span_weight, normalisation="sum")
    by_mean = credit(adv_B, modes, spans, mask_BT, soft=soft, span_weight=span_weight, normalisation="mean")
    torch.testing.assert_close(by_mean, by_sum * mask_BT.sum(-1, keepdim=True), rtol=1e-6, atol=0.0)


@settings(max_examples=200)
@given(batches(), st.sampled_from(["grpo", "full"]))
def test_a_failing_row_with_negative_advantage_is_zero_outside_its_span(batch, span_weight):
    adv_B, modes, spans, mask_BT = batch
    out_BT = credit(adv_B, modes, spans, mask_BT, span_weight=span_weight)
    for row, (mode, row_spans) in enumerate(zip(modes, spans, strict=True)):
        focused = mode in (Mode.LOGIC, Mode.SYNTAX) and row_spans and adv_B[row] < 0
        for t in range(mask_BT.shape[1]):
            inside = mask_BT[row, t] > 0 and mode is not None and (in_span(row_spans, t) if focused else True)
            assert bool(out_BT[row, t] != 0) == bool(inside and adv_B[row] != 0)


@settings(max_examples=100)
@given(batches(), st.sampled_from(["sum", "mean"]), st.sampled_from([0.0, 0.25]))
def test_by_default_a_blamed_token_has_what_uniform_credit_gives_it(batch, normalisation, soft):
    adv_B, modes, spans, mask_BT = batch
    uniform_BT = credit(adv_B, modes, [()] * len(modes), mask_BT, normalisation=normalisation)
    out_BT = credit(adv_B, modes, spans, mask_BT, normalisation=normalisation, soft=soft)
    for row, (mode, row_spans) in enumerate(zip(modes, spans, strict=True)):
        focused = mode in (Mode.LOGIC, Mode.SYNTAX) and row_spans and adv_B[row] < 0
        for t in range(mask_BT.shape[1]):
            share = soft if focused and not in_span(row_spans, t) else 1.0
            torch.testing.assert_close(out_BT[row, t], share * uniform_BT[row, t])


@settings(max_examples=100)
@given(batches(), st.randoms())
def test_permuting_rows_permutes_the_result(batch, random):
    adv_B, modes, spans, mask_BT = batch
    order = list(range(len(modes)))
    random.shuffle(order)
    out_BT = credit(adv_B, modes, spans, mask_BT)
    permuted = credit(adv_B[order], [modes[i] for i in order], [spans[i] for i in order], mask_BT[order])
    assert torch.equal(permuted, out_BT[order])


@settings(max_examples=100)
@given(batches())
def test_uniform_rows_under_mean_are_grpo_bit_for_bit(batch):
    adv_B, _, _, mask_BT = batch
    out_BT = token_advantages(adv_B, torch.zeros_like(mask_BT, dtype=torch.bool), mask_BT, normalisation="mean")
    assert torch.equal(out_BT, adv_B[:, None] * mask_BT)


def test_a_positive_advantage_never_lands_on_a_bug():
    mask_BT = torch.ones(1, 4)
    out_BT = credit(torch.tensor([2.0]), [Mode.LOGIC], [[(1, 2)]], mask_BT)
    assert out_BT.tolist() == [[2.0, 2.0, 2.0, 2.0]]


def test_soft_leaves_its_share_on_every_token():
    row = (torch.tensor([-4.0]), [Mode.LOGIC], [[(1, 2)]], torch.ones(1, 4))
    assert credit(*row, soft=0.5, span_weight="full", normalisation="sum").tolist() == [[-0.5, -2.5, -0.5, -0.5]]
    assert credit(*row, soft=0.5).tolist() == [[-2.0, -4.0, -2.0, -2.0]]


def test_rows_that_pad_the_batch_stay_zero():
    out_BT = credit(torch.tensor([-4.0, -4.0]), [None, Mode.CORRECT], [[(0, 1)], []], torch.ones(2, 2))
    assert out_BT.tolist() == [[0.0, 0.0], [-4.0, -4.0]]


def test_a_span_on_masked_tokens_takes_the_uniform_branch():
    mask_BT = torch.tensor([[1.0, 0.0, 0.0, 1.0]])
    out_BT = credit(torch.tensor([-2.0]), [Mode.LOGIC], [[(1, 3)]], mask_BT)
    assert out_BT.tolist() == [[-2.0, 0.0, 0.0, -2.0]]


def test_overlapping_spans_count_a_token_once():
    row = (torch.tensor([-3.0]), [Mode.LOGIC], [[(0, 2), (1, 3)]], torch.ones(1, 4))
    out_BT = credit(*row, span_weight="full", normalisation="sum")
    assert out_BT.tolist() == [[-1.0, -1.0, -1.0, 0.0]]


def test_a_span_past_the_mask_is_an_error_with_both_numbers():
    with pytest.raises(ValueError, match=r"row 0: span \[2, 5\) outside its 4 response tokens"):
        span_mask([[(2, 5)]], torch.tensor([[1.0, 1.0, 1.0, 1.0, 0.0]]))


def test_spans_for_the_wrong_number_of_rows_are_an_error_with_both_numbers():
    with pytest.raises(ValueError, match="spans for 1 rows, but the batch has 2"):
        span_mask([[(0, 1)]], torch.ones(2, 3))


@pytest.mark.parametrize("soft", [-0.1, 1.1])
def test_soft_outside_its_range_is_an_error(soft):
    with pytest.raises(ValueError, match="soft"):
        token_advantages(torch.ones(1), torch.zeros(1, 2, dtype=torch.bool), torch.ones(1, 2), soft=soft)
