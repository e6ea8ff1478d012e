"""What the bench makes of two runs' steps."""

import pytest

from bench_overhead import Pair, bootstrap, paired


def row(step: int, seconds: float, **other: float) -> dict[str, float]:
    same = {"critic/score/mean": 0.5, "response_length/mean": 40.0, "prompt_length/mean": 60.0}
    of_egca = {"egca/overhead_share": 0.01, "egca/mode/logic": 0.35}
    return same | of_egca | {"step": step, "timing_s/step": seconds} | other


def test_what_is_added_is_a_share_of_grpos_step() -> None:
    (pair,) = paired([row(2, 10.5)], [row(2, 10.0)])
    assert pair == Pair(egca_s=10.5, grpo_s=10.0, metric_share=0.01, logic=0.35)
    assert pair.added == pytest.approx(0.05)


def test_steps_of_other_samples_are_no_pair() -> None:
    with pytest.raises(ValueError, match=r"step 2 is no pair: response_length/mean is 41\.0 with EGCA, 40\.0 without"):
        paired([row(2, 10.0, **{"response_length/mean": 41.0})], [row(2, 10.0)])


def test_the_interval_holds_the_mean_and_narrows_with_more_pairs() -> None:
    few, many = [0.0, 1.0] * 5, [0.0, 1.0] * 500
    widths = []
    for values in (few, many):
        low, high = bootstrap(values)
        assert low < 0.5 < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 5
