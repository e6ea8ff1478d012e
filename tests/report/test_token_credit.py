"""The report's numbers on tokens are those of the update."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from verl_egca.credit import credit
from verl_egca.report.page.programs import credit_in_words
from verl_egca.report.page.token_credit import CreditRule, token_credit
from verl_egca.report.records import LocalizationRecord

from .report_runs import row


def record(**changed):
    return LocalizationRecord.model_validate(row(**changed))


@given(
    advantage=st.floats(-3, 3, allow_nan=False, width=32),
    mode=st.sampled_from(["LOGIC", "SYNTAX", "CONSTRAINT"]),
    tokens=st.integers(1, 12),
    edges=st.lists(st.integers(0, 12), min_size=2, max_size=4, unique=True),
    normalisation=st.sampled_from(["sum", "mean"]),
    soft=st.sampled_from([0.0, 0.25, 1.0]),
    span_weight=st.sampled_from(["grpo", "full"]),
)
def test_each_token_has_what_the_credit_operator_gave_it(
    advantage, mode, tokens, edges, normalisation, soft, span_weight
):
    edges = sorted(edge for edge in edges if edge <= tokens)
    spans = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    given_BT = credit(
        torch.tensor([advantage]),
        [mode],
        [spans],
        torch.ones(1, tokens, dtype=torch.long),
        normalisation=normalisation,
        soft=soft,
        span_weight=span_weight,
    )
    grpo_BT = credit(
        torch.tensor([advantage]),
        ["CORRECT"],
        [[]],
        torch.ones(1, tokens, dtype=torch.long),
        normalisation=normalisation,
    )
    seen = record(
        advantage=advantage,
        mode=mode,
        response_tokens=tokens,
        token_spans=spans,
        credited_tokens=int((given_BT != 0).sum()),
    )
    shown = token_credit(seen, CreditRule(normalisation=normalisation, soft=soft, span_weight=span_weight))
    blamed = {token for first, last in spans for token in range(first, last)}
    for token in range(tokens):
        on = shown.on_span if token in blamed else shown.elsewhere
        assert on == pytest.approx(float(given_BT[0, token]), abs=1e-6, rel=1e-5)
        assert shown.uniform == pytest.approx(float(grpo_BT[0, token]), abs=1e-6, rel=1e-5)


def test_verls_own_estimator_gives_every_token_the_advantage():
    shown = token_credit(record(credited_tokens=10), CreditRule(estimator="grpo"))
    assert (shown.focused, shown.on_span, shown.elsewhere, shown.uniform) == (False, -1.5, -1.5, -1.5)


def test_the_rule_comes_from_the_config_and_has_the_shipped_defaults():
    assert CreditRule.of({}) == CreditRule("egca", "mean", 0.0, "grpo")
    config = {
        "algorithm": {"adv_estimator": "grpo"},
        "egca": {"normalisation": "sum", "soft": 0.5, "span_weight": "full"},
    }
    assert CreditRule.of(config) == CreditRule("grpo", "sum", 0.5, "full")


FULL_SUM = {"span_weight": "full", "normalisation": "sum"}


@pytest.mark.parametrize(
    ("changed", "rule", "words"),
    [
        (
            {},
            {},
            "Advantage −1.5000: −1.5000 on each of 3 blamed tokens, 0 on the other 7. GRPO: −1.5000 on each of 10.",
        ),
        (
            {},
            {"span_weight": "full"},
            "−5.0000 on each of 3 blamed tokens, 0 on the other 7. GRPO: −1.5000 on each of 10.",
        ),
        ({}, FULL_SUM, "−0.5000 on each of 3 blamed tokens, 0 on the other 7. GRPO: −0.1500 on each of 10."),
        ({"token_spans": [[2, 3]], "credited_tokens": 1}, FULL_SUM, "−1.5000 on the blamed token, 0 on the other 9."),
        ({"token_spans": [], "credited_tokens": 10}, FULL_SUM, "−0.1500 on each of 10 tokens (as in GRPO)."),
        (
            {"advantage": 2.0, "credited_tokens": 10},
            FULL_SUM,
            "+0.2000 on each of 10 tokens (it is positive, and a bug is never reinforced).",
        ),
        (
            {"advantage": 0.0, "credited_tokens": 0},
            {"negative_weight": 0.0},
            "below their mean (egca.negative_weight=0)",
        ),
        (
            {"token_spans": [], "credited_tokens": 2},
            {"entropy_share": 0.2},
            "−1.5000 on each of 10 tokens (as in GRPO). Of these the 2",
        ),
        ({"advantage": 0.0, "credited_tokens": 0}, {}, "Advantage 0: all samples of its group got the same reward"),
    ],
)
def test_where_the_advantage_went_is_said_in_a_sentence(changed, rule, words):
    one = record(**changed)
    assert words in credit_in_words(one, token_credit(one, CreditRule(**rule)), CreditRule(**rule))
