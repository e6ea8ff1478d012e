"""One sampled response, from token ids to reward, mode and blamed tokens, with the shipped policy's tokenizer."""

import json
import logging

import pytest
from transformers import AutoTokenizer

from starter.policy_path import WEIGHTS
from verl_egca.assessment import Assessor
from verl_egca.config.settings import Settings
from verl_egca.localization.registry import make_localizer
from verl_egca.problem import AssertionTests
from verl_egca.sample import GivenReward, SampleRecord, SampleScorer

from .problems import assertion_problem

PREFIX = 'def f(xs):\n    """Sum of what is above 1."""\n'
BODY = "    total = 0\n    for x in xs:\n        if x > 1:\n            total += x\n    return total\n"
PROBLEM = assertion_problem(
    "assert f([1, 2, 3]) == 5", "assert f([]) == 0", reference=PREFIX + BODY, code_prefix=PREFIX
)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(WEIGHTS)


@pytest.fixture
def score(tokenizer, sandbox):
    def make(response, problem=PROBLEM, truncated=False, given=None, own_T=None, eos=True, **settings):
        settings = Settings(**settings)
        scorer = SampleScorer(tokenizer, Assessor(sandbox, make_localizer(settings.localizer)), settings)
        ids = tokenizer(response, add_special_tokens=False)["input_ids"]
        ids += [] if truncated or not eos else [tokenizer.eos_token_id]
        record, make.evidence = scorer.score(problem, ids, truncated=truncated, given=given, own_T=own_T)
        return record, ids

    return make


def test_a_right_response_is_correct_and_carries_nothing_more(score):
    record, ids = score(BODY)
    assert (record.mode, record.reward, record.spans) == ("CORRECT", 1.0, ())
    assert score.evidence is None
    assert record.response_tokens == len(ids)


def test_a_wrong_decisions_tokens_are_blamed(score, tokenizer):
    record, ids = score(BODY.replace("x > 1", "x >= 1"))
    assert (record.mode, record.reward) == ("LOGIC", 0.0)
    assert (record.localizer, record.confirmed) == ("counterfactual", "full")
    ((first, last),) = record.spans
    assert tokenizer.decode(ids[first:last]).strip().rstrip(":") == "x >= 1"
    assert (record.tests_passed, record.tests_total) == (1, 2)
    assert (score.evidence.got, score.evidence.expected) == ("6", "5")
    assert score.evidence.program == PREFIX + BODY.replace("x > 1", "x >= 1")


def test_the_evidence_says_which_tokens_wrote_which_part_of_the_program(score, tokenizer):
    _, ids = score(BODY.replace("x > 1", "x >= 1"))
    (run,) = score.evidence.tokens
    assert (run.token, run.start) == (0, len(PREFIX))
    assert len(run.lengths) == len(ids) - 1  # all but the end mark
    at = run.start
    for token, length in zip(ids, run.lengths, strict=False):
        assert score.evidence.program[at : at + length] == tokenizer.decode([token])
        at += length


def test_what_does_not_compile_blames_what_the_compiler_reports(score, tokenizer):
    record, ids = score(BODY.replace("total += x", "total += )"))
    assert (record.mode, record.localizer) == ("SYNTAX", "reported")
    ((first, last),) = record.spans
    assert ")" in tokenizer.decode(ids[first:last])


def test_blame_in_the_prompts_own_code_takes_the_uniform_branch(score):
    problem = PROBLEM.model_copy(update={"code_prefix": "def f(xs):\n    total = 1\n"})
    record, _ = score("    for x in xs:\n        total += x\n    return total\n", problem, localizer="trace")
    assert record.mode == "LOGIC"
    assert (record.spans, record.not_localized) == ((), "outside_response")


def test_a_fraction_reward_is_the_share_of_tests_passed(score):
    assert score(BODY.replace("x > 1", "x >= 1"), reward="fraction")[0].reward == 0.5


def test_a_truncated_response_is_scored_as_it_stands(score):
    record, _ = score("    total = 0\n    for x in", truncated=True)
    assert record.mode == "SYNTAX"
    assert record.spans


@pytest.mark.parametrize(
    "response", ["", "\ufffd\ufffd", "x" * 5_000, "    return \x00\n", "```", "    import os; os._exit(0)\n"]
)
def test_no_response_is_too_odd(score, response):
    record, _ = score(response)
    assert record.mode in ("SYNTAX", "LOGIC")  # nothing at all is a function that returns None
    assert record.failure is None


def test_a_failure_of_our_own_costs_the_sample_its_advantage_and_is_logged(score, caplog):
    with caplog.at_level(logging.ERROR):
        record, _ = score(BODY, own_T=[True])  # a mask of another response
    assert (record.mode, record.reward, record.spans) == (None, 0.0, ())
    assert record.failure == "ValueError"
    assert "could not be scored" in caplog.text


WRONG = BODY.replace("x > 1", "x >= 1")


def test_a_given_reward_stands_and_the_verdict_still_localizes(score):
    record, _ = score(WRONG, given=GivenReward(-0.25, right=False))
    assert (record.mode, record.reward, record.ungated) == ("LOGIC", -0.25, None)
    assert record.spans
    record, _ = score(BODY, given=GivenReward(0.9, right=True))
    assert (record.mode, record.reward, record.passed) == ("CORRECT", 0.9, True)


@pytest.mark.parametrize(("response", "right"), [(WRONG, True), (BODY, False)])
def test_where_a_given_reward_and_the_verdict_disagree_nobody_is_blamed(score, caplog, response, right):
    with caplog.at_level(logging.WARNING):
        record, _ = score(response, given=GivenReward(float(right), right=right))
    assert (record.mode, record.ungated) == ("UNGATED", "reward_disagrees")
    assert (record.reward, record.spans) == (float(right), ())
    assert PROBLEM.task_id in caplog.text
    assert ("fails (wrong_value) at" in caplog.text) == right
    assert score.evidence.program.endswith(response)


def test_a_program_that_can_not_be_judged_keeps_its_given_reward(score):
    problem = PROBLEM.model_copy(
        update={"tests": AssertionTests(setup="import no_such_package", assertions=("assert f()",))}
    )
    record, _ = score(BODY, problem=problem, given=GivenReward(1.0, right=True))
    assert (record.mode, record.ungated, record.reward) == ("UNGATED", "not_judged", 1.0)


FENCED = "```python\n{}```\n"


def test_another_ones_text_is_never_the_program_and_never_blamed(score, tokenizer):
    def own(*turns):
        sizes = [len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text, _ in turns]
        return [mine for size, (_, mine) in zip(sizes, turns, strict=True) for _ in range(size)]

    wrong, right = (FENCED.format(PROBLEM.code_prefix + body) for body in (WRONG, BODY))
    quoted = [(wrong, True), ("tool: expected\n" + right, False)]
    record, _ = score("".join(text for text, _ in quoted), own_T=own(*quoted), eos=False)
    assert (record.mode, record.reward) == ("LOGIC", 0.0)
    assert all(all(own(*quoted)[first:last]) for first, last in record.spans)
    quoted = [(right, True), ("tool: or try\n" + wrong, False)]
    assert score("".join(text for text, _ in quoted), own_T=own(*quoted), eos=False)[0].mode == "CORRECT"
    mended = [(wrong, True), ("tool: AssertionError\n", False), (right, True)]
    assert score("".join(text for text, _ in mended), own_T=own(*mended), eos=False)[0].mode == "CORRECT"


def test_the_same_response_draws_the_same_and_another_seed_draws_anew(score):
    wrong = BODY.replace("x > 1", "x >= 1")
    drawn = {seed: score(wrong, localizer="random", seed=seed)[0].spans for seed in range(12)}
    assert drawn == {seed: score(wrong, localizer="random", seed=seed)[0].spans for seed in range(12)}
    assert len(set(drawn.values())) > 1


def test_a_record_has_a_bounded_size_whatever_the_program(score):
    record, _ = score(BODY.replace("x > 1", "x >= 1") + "    # " + "word " * 2_000)
    assert record.confirmed == "full"
    assert len(record.model_dump_json()) < 1_000
    assert len(score.evidence.model_dump_json()) > 10_000


def test_equal_programs_have_equal_digests(score):
    wrong, other = BODY.replace("x > 1", "x >= 1"), BODY.replace("x > 1", "x > 2")
    digests = [score(program)[0].program_digest for program in (wrong, wrong, other)]
    assert digests[0] == digests[1] != digests[2]


def test_a_record_survives_its_journey_as_json(score):
    record, _ = score(BODY.replace("x > 1", "x >= 1"))
    assert SampleRecord.model_validate_json(json.dumps(json.loads(record.model_dump_json()))) == record


def test_a_proven_repair_becomes_a_twin_where_twins_are_wanted(score, tokenizer):
    record, ids = score(WRONG, twins="failed_groups")
    assert tokenizer.decode(record.twin.ids, skip_special_tokens=True) == BODY
    assert record.twin.ids[-1] == ids[-1] == tokenizer.eos_token_id
    ((first, last),) = record.twin.changed
    assert tokenizer.decode(record.twin.ids[first:last]) == " >"
    assert record.no_twin is None
    assert SampleRecord.model_validate_json(record.model_dump_json()) == record
    record, _ = score(WRONG)
    assert (record.twin, record.no_twin) == (None, None)


def test_a_response_with_a_tools_output_has_no_twin(score, tokenizer):
    count = len(tokenizer(WRONG, add_special_tokens=False)["input_ids"])
    record, _ = score(WRONG, own_T=[True] * count + [False], twins="failed_groups")
    assert (record.twin, record.no_twin) == (None, "foreign_tokens")
