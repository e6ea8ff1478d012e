"""Factors on positive and negative advantages."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from verl_egca.credit import weigh_signs

ADVANTAGES = st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=8).map(torch.tensor)


@given(ADVANTAGES)
def test_factors_of_one_leave_every_bit(adv_B):
    assert weigh_signs(adv_B).numpy().tobytes() == adv_B.numpy().tobytes()


@given(ADVANTAGES, st.floats(0, 4), st.floats(0, 4))
def test_each_sign_has_its_own_factor(adv_B, positive, negative):
    out_B = weigh_signs(adv_B, positive=positive, negative=negative)
    wanted = [value * (positive if value > 0 else negative) for value in adv_B.tolist()]
    torch.testing.assert_close(out_B, torch.tensor(wanted))


def test_what_counts_for_nothing_is_zero_without_a_sign():
    out_B = weigh_signs(torch.tensor([-1.5, 2.0]), negative=0.0)
    assert str(out_B.tolist()) == "[0.0, 2.0]"


def test_a_negative_factor_is_an_error():
    with pytest.raises(ValueError, match="-1"):
        weigh_signs(torch.ones(2), negative=-1.0)
