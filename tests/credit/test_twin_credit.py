"""Groups that fail altogether, with their proven twins as members that pass."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from verl_egca.credit import group_advantages
from verl_egca.credit.twins import advantages_with_twins, failed_groups, twin_credit
from verl_egca.twin_tokens import WrittenTwin


def twin(*ids, changed=((1, 2),)):
    return WrittenTwin(ids=ids, changed=changed)


def test_twins_of_groups_that_fail_altogether_count_once_a_program():
    rewards = [0.0] * 4 + [1.0, 0.0] + [0.0, 0.0] + [0.0, None]
    groups = ["a"] * 4 + ["b"] * 2 + ["c"] * 2 + ["d"] * 2
    programs = ["p", "p", "q", "r", "s", "t", "u", "v", "w", "x"]
    twins = [twin(9, 1), twin(9, 1), twin(5, 1), twin(9, 1), None, twin(7, 1), None, None, twin(8, 1), None]
    found = failed_groups(rewards, groups, programs, twins)
    assert found.rows == (2, 0)  # a passes by nobody: of p's twins the first, q's, and r's is p's over again
    assert (found.groups, found.without, found.unknown, found.repeated) == (2, 1, 1, 2)


def test_twins_with_the_same_tokens_but_other_decisions_both_count():
    twins = [twin(1, 2, 3, changed=((1, 2),)), twin(1, 2, 3, changed=((2, 3),))]
    assert failed_groups([0.0, 0.0], "aa", "pq", twins).rows == (0, 1)


def test_which_of_a_programs_twins_counts_does_not_depend_on_the_order_of_the_batch():
    twins = [twin(3, 1), twin(2, 1), twin(1, 1)]
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        found = failed_groups([0.0] * 3, "aaa", "ppp", [twins[place] for place in order])
        assert [twins[order[row]] for row in found.rows] == [twins[2]]


@given(st.integers(1, 16), st.integers(1, 16), st.booleans())
def test_a_failed_group_with_twins_is_grpos_group_with_their_rewards(failing, passing, by_std):
    score_B = torch.tensor([0.0] * failing + [1.0, 0.0, 1.0])
    groups = ["a"] * failing + ["b"] * 3
    adv_B, adv_M = advantages_with_twins(score_B, groups, ["a"] * passing, normalise_by_std=by_std)
    whole = group_advantages(
        torch.tensor([0.0] * failing + [1.0] * passing), ["a"] * (failing + passing), normalise_by_std=by_std
    )
    assert torch.equal(torch.cat([adv_B[:failing], adv_M]), whole)
    assert (adv_B[:failing] < 0).all()
    assert (adv_M > 0).all()
    assert torch.equal(adv_B[failing:], group_advantages(score_B[failing:], groups[failing:], normalise_by_std=by_std))


def test_without_twins_every_group_is_as_it_was():
    score_B = torch.tensor([0.0, 1.0, 0.3, 0.0, 0.0])
    adv_B, adv_M = advantages_with_twins(score_B, list("aaabb"), [])
    assert torch.equal(adv_B, group_advantages(score_B, list("aaabb")))
    assert adv_M.shape == (0,)


MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
CHANGED = [((1, 2), (3, 4)), ((0, 2),)]


def test_a_twins_advantage_is_on_its_changed_tokens_alone():
    adv_MT = twin_credit(torch.tensor([2.0, 3.0]), CHANGED, MASK)
    assert adv_MT.tolist() == [[0, 2, 0, 2], [3, 3, 0, 0]]


def test_the_sum_is_over_all_of_a_twins_tokens_as_of_any_response():
    adv_MT = twin_credit(torch.tensor([2.0, 3.0]), CHANGED, MASK, normalisation="sum")
    assert torch.allclose(adv_MT.sum(-1), 2 * torch.tensor([2.0 / 4, 3.0 / 3]))  # two of each are changed


def test_no_twins_are_no_rows():
    assert twin_credit(torch.zeros(0), [], torch.zeros(0, 5)).shape == (0, 5)


@pytest.mark.parametrize(
    ("changed", "options", "said"),
    [
        ([((3, 5),), ((0, 1),)], {}, "row 0: span"),
        ([((1, 2),), ((3, 4),)], {}, "row 1: span"),
        (CHANGED, {"normalisation": "max"}, "normalisation"),
    ],
)
def test_bad_input_is_an_error(changed, options, said):
    with pytest.raises(ValueError, match=said):
        twin_credit(torch.tensor([2.0, 3.0]), changed, MASK, **options)
