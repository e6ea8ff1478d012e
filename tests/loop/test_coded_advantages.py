"""Advantages of twins' rows reach Megatron's policy loss, each at its own token; ``test_loop.py`` does so without twins."""

import pytest

from .looped import check_codes, looped

pytestmark = pytest.mark.loop


def test_advantages_arrive_bit_equal_each_with_its_own_tokens_log_prob(recipe, tmp_path, hard):
    run = looped(recipe, "coded", tmp_path, 1, f"TRAIN={hard}", "egca.twins=failed_groups", "trainer.save_freq=-1")
    assert run.rows()[0]["egca/twins/rows"] >= 1
    check_codes(run)
