"""Credit on the top fifth of tokens by entropy, through verl's trainer."""

import pytest

pytestmark = pytest.mark.loop


def test_the_top_fifth_by_entropy_has_verls_grpos_advantages_and_the_other_tokens_none(recipe):
    run = recipe("entropy", "METHOD=entropy", "trainer.total_training_steps=1", "trainer.save_freq=-1")
    run.finish()
    (row,) = run.rows()
    assert row["egca/entropy_threshold"] > 0
    assert 0 < row["egca/credited_share"] <= 0.21  # tokens of groups without advantages are chosen, too
    for sample in run.rows("localizations.jsonl"):
        assert sample["credited_tokens"] < sample["response_tokens"]
