import logging

from verl_egca.training.mismatch import mismatch_metrics

VERLS = {
    "training/rollout_probs_diff_valid": 1,
    "training/rollout_probs_diff_mean": 0.004,
    "training/rollout_probs_diff_max": 0.2,
}


def test_verls_figures_become_ours_without_a_word_below_the_threshold(caplog):
    found = mismatch_metrics(VERLS, 0.01, 3)
    assert found == {
        "egca/rollout_mismatch/measured": 1.0,
        "egca/rollout_mismatch/mean": 0.004,
        "egca/rollout_mismatch/largest": 0.2,
    }
    assert not caplog.records


def test_past_the_threshold_it_warns_with_step_and_figures(caplog):
    with caplog.at_level(logging.WARNING):
        mismatch_metrics(VERLS, 0.001, 3)
    assert "step 3" in caplog.text
    assert "0.004" in caplog.text


def test_figures_that_are_no_numbers_warn(caplog):
    mismatch_metrics(VERLS | {"training/rollout_probs_diff_mean": float("nan")}, 0.001, 3)
    assert "nan" in caplog.text


def test_a_step_without_figures_says_that_nothing_was_measured():
    assert mismatch_metrics({}, 0.01, 1) == {"egca/rollout_mismatch/measured": 0.0}
    assert mismatch_metrics({**VERLS, "training/rollout_probs_diff_valid": 0}, 0.01, 1) == {
        "egca/rollout_mismatch/measured": 0.0
    }
