"""Who gets what, by rule, on a batch whose truth is known: real responses of the starter's tokenizer, records made by hand."""

from dataclasses import replace

import pytest
import torch

from experiment import rules as experiment_rules
from experiment.actor import Sampled
from experiment.plain import prompt_ids
from experiment.rules import RULES, Batch
from starter.problems import starter_problems
from verl_egca.gates.mode import Mode
from verl_egca.localization.confirmed import Confirmed
from verl_egca.sample import SampleRecord
from verl_egca.twin_tokens import WrittenTwin

PROBLEM = next(p for p in starter_problems("train") if p.entry_point == "sum_if" and "greater than k" in p.prompt)
RIGHT = "    t = 0\n    for x in xs:\n        if x > k:\n            t += x\n    return t\n"
WRONG = RIGHT.replace("x > k", "x < k")


def ids(actor, text):
    return (*actor.tokenizer(text, add_special_tokens=False)["input_ids"], actor.tokenizer.eos_token_id)


def batch_of(actor, texts):
    """Of one group; what is wrong is blamed at its comparison, and its twin is known."""
    right = ids(actor, RIGHT)
    sampled = [Sampled(prompt_ids(actor.tokenizer, PROBLEM), ids(actor, text)) for text in texts]
    records = []
    for one, text in zip(sampled, texts, strict=True):
        fails = text == WRONG
        at = next((n for n, (a, b) in enumerate(zip(one.response, right, strict=True)) if a != b), 0)
        records.append(
            SampleRecord(
                task_id=PROBLEM.task_id,
                mode=Mode.LOGIC if fails else Mode.CORRECT,
                reward=0.0 if fails else 1.0,
                spans=((at, at + 1),) if fails else (),
                confirmed=Confirmed.FULL if fails else None,
                twin=WrittenTwin(ids=right, changed=((at, at + 1),)) if fails else None,
                program_digest=text,
                response_tokens=len(one.response),
                rollout_ended=0.0,
                reward_ended=0.0,
            )
        )
    return Batch([PROBLEM] * len(texts), sampled, records)


@pytest.fixture(scope="module")
def mixed(actor):
    return batch_of(actor, [RIGHT, WRONG])


@pytest.fixture(scope="module")
def failed(actor):
    return batch_of(actor, [WRONG, WRONG])


def rows(rule, batch, actor):
    """As the rule's own localizer has scored the batch: ``uniform`` blames nobody."""
    if rule.localizer == "uniform":
        nobody = [record.model_copy(update={"spans": (), "twin": None}) for record in batch.records]
        batch = replace(batch, records=nobody)
    return experiment_rules.rows(rule, batch, actor)


def blamed(batch, row):
    return batch.records[row].spans[0][0]


def test_grpo_gives_every_token_its_response_s_advantage(actor, mixed):
    made, adv_RT = rows(RULES["grpo"], mixed, actor)
    assert made == list(mixed.sampled)
    assert adv_RT[0].unique().tolist() == pytest.approx([0.7071], abs=1e-3)
    assert (adv_RT[1] == -adv_RT[0]).all()


@pytest.mark.parametrize(
    ("rule", "factors"), [("correct_only", (1, 0)), ("negative_tenth", (1, 0.1)), ("w_reinforce", (0.1, 1))]
)
def test_the_signs_are_weighed(actor, mixed, rule, factors):
    _, uniform = rows(RULES["grpo"], mixed, actor)
    _, adv_RT = rows(RULES[rule], mixed, actor)
    for row, factor in enumerate(factors):
        assert torch.allclose(adv_RT[row], factor * uniform[row])


def test_egca_keeps_grpo_s_weight_on_the_span_and_nothing_elsewhere(actor, mixed):
    _, uniform = rows(RULES["grpo"], mixed, actor)
    _, adv_RT = rows(RULES["egca"], mixed, actor)
    at = blamed(mixed, 1)
    assert torch.equal(adv_RT[0], uniform[0])
    assert adv_RT[1, at] == uniform[1, at]
    assert adv_RT[1].count_nonzero() == 1
    _, paper = rows(RULES["paper"], mixed, actor)
    assert float(paper[1].sum()) == pytest.approx(float(uniform[1].sum()), rel=1e-5)
    assert paper[1].count_nonzero() == 1


def test_a_fifth_of_the_tokens_is_what_entropy_leaves(actor, mixed):
    _, adv_RT = rows(RULES["entropy"], mixed, actor)
    assert adv_RT.count_nonzero() / adv_RT.numel() == pytest.approx(0.2, abs=0.05)


def test_a_group_that_fails_altogether_teaches_nothing_without_twins(actor, failed):
    for name in ("grpo", "correct_only", "egca"):
        assert not rows(RULES[name], failed, actor)[1].any()


@pytest.mark.parametrize("rule", ["twins", "twins_whole", "sft", "luffy"])
def test_in_a_group_that_fails_altogether_what_passes_is_a_member(actor, failed, rule):
    made, adv_RT = rows(RULES[rule], failed, actor)
    assert len(made) == 3  # the same twin twice counts once
    assert (adv_RT[2] >= 0).all()
    assert (adv_RT[:2] <= 0).all()
    assert adv_RT[:2].count_nonzero() == 2
    everything = rule in ("twins_whole", "sft", "luffy")
    assert adv_RT[2].count_nonzero() == (len(made[2].response) if everything else 1)


def test_groups_that_do_not_fail_altogether_are_egca_s(actor, mixed):
    _, plain = rows(RULES["egca"], mixed, actor)
    made, adv_RT = rows(RULES["twins"], mixed, actor)
    assert len(made) == 2
    assert torch.equal(adv_RT, plain)
