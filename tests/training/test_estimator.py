"""The estimator inside verl's own `compute_advantage`, and what travels beside it."""

import numpy as np
import pytest
import torch
from tensordict import TensorDict
from verl import DataProto
from verl.trainer.ppo import core_algos
from verl.trainer.ppo.v1.utils import MetricsAggregator, compute_advantage_for_multi_trajectories

from verl_egca.config.settings import Settings
from verl_egca.gates.mode import Mode
from verl_egca.sample import SampleRecord
from verl_egca.training.batch import Rows, current_rows, final_rows, rows_visible
from verl_egca.training.metrics import advantage_digest, reward_wait, step_metrics

T = 10


def record(mode, reward, spans=(), **fields):
    fields = {"task_id": "t", "response_tokens": T, "rollout_ended": 1.0, "reward_ended": 2.0} | fields
    return SampleRecord(mode=mode, reward=reward, spans=spans, **fields)


def batch(rewards, uids):
    scores = torch.zeros(len(rewards), T)
    scores[:, -1] = torch.tensor(rewards)
    tensors = {"token_level_rewards": scores, "response_mask": torch.ones(len(rewards), T, dtype=torch.long)}
    return DataProto(
        batch=TensorDict(tensors, batch_size=len(rewards)), non_tensor_batch={"uid": np.array(uids, dtype=object)}
    )


def advantages(rows, rewards, uids, keys, estimator="egca"):
    with rows_visible(rows):
        data = compute_advantage_for_multi_trajectories(batch(rewards, uids), keys, estimator, config={})
    return data.batch["advantages"]


def keys_of(uids):
    return [f"{uid}_{session}_0" for session, uid in enumerate(uids)]


@pytest.mark.parametrize("span_weight", ["grpo", "full"])
def test_a_failing_samples_advantage_lands_on_its_span_through_verls_own_function(span_weight):
    uids = ["a"] * 4
    rewards = [1.0, 0.0, 0.0, 1.0]
    records = [
        record(Mode.CORRECT, 1.0),
        record(Mode.LOGIC, 0.0, ((2, 4),), localizer="trace"),
        record(Mode.LOGIC, 0.0, not_localized="no_divergence"),
        record(Mode.CORRECT, 1.0),
    ]
    keys = keys_of(uids)
    rows = Rows(records, final_rows(keys), Settings(span_weight=span_weight, normalisation="sum"))
    adv_BT = advantages(rows, rewards, uids, keys)
    landed = torch.tensor([1.0, 1.0 if span_weight == "full" else 2 / T, 1.0, 1.0])
    assert torch.allclose(adv_BT.sum(-1), rows.adv_B * landed)
    assert adv_BT[1].nonzero().flatten().tolist() == [2, 3]
    assert adv_BT[2].unique().numel() == 1
    assert rows.adv_B[1] < 0 < rows.adv_B[0]
    assert (rows.uids, rows.mask_BT.shape) == (uids, adv_BT.shape)


def test_a_sample_whose_reward_is_unknown_counts_in_no_group_and_gets_no_advantage():
    uids = ["a"] * 4 + ["b"] * 2
    rewards = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    records = [record(Mode.CORRECT, 1.0), *[record(Mode.LOGIC, 0.0, ((2, 4),))] * 2, record(None, 0.0, failure="x")]
    records += [record(Mode.CORRECT, 1.0), record(None, 0.0, failure="x")]
    keys = keys_of(uids)
    rows = Rows(records, final_rows(keys), Settings())
    advantages(rows, rewards, uids, keys)
    known = Rows(records[:3], final_rows(keys[:3]), Settings())
    advantages(known, rewards[:3], uids[:3], keys[:3])
    assert rows.adv_B.tolist() == [*known.adv_B.tolist(), 0.0, 0.0, 0.0]  # one that is left alone compares with nobody


def test_a_sample_that_no_gate_decided_on_is_uniform():
    uids = ["a"] * 2
    records = [
        record(Mode.UNGATED, 1.0, ungated="rows_without_tests"),
        record(Mode.UNGATED, 0.0, ungated="reward_disagrees"),
    ]
    keys = keys_of(uids)
    rows = Rows(records, final_rows(keys), Settings())
    adv_BT = advantages(rows, [1.0, 0.0], uids, keys)
    assert [row.unique().numel() for row in adv_BT] == [1, 1]
    assert rows.adv_B[0] > 0 > rows.adv_B[1]
    told = step_metrics(rows, uids)
    assert (told["egca/rows_without_tests"], told["egca/reward_disagrees"], told["egca/rows_unreadable"]) == (1, 1, 0)


def test_uniform_credit_under_mean_is_verls_grpo_bit_for_bit():
    torch.manual_seed(0)
    uids = [f"{n // 4}" for n in range(16)]
    rewards = torch.rand(16).round(decimals=1).tolist()
    keys = keys_of(uids)
    records = [record(Mode.LOGIC, reward, not_localized="uniform") for reward in rewards]
    ours = advantages(Rows(records, final_rows(keys), Settings(normalisation="mean")), rewards, uids, keys)
    theirs = compute_advantage_for_multi_trajectories(
        batch(rewards, uids), keys, core_algos.AdvantageEstimator.GRPO, config={}
    ).batch["advantages"]
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("setting", "factors"),
    [({"negative_weight": 0.0}, (1.0, 0.0)), ({"positive_weight": 0.1}, (0.1, 1.0)), ({}, (1.0, 1.0))],
)
def test_the_factors_weigh_correct_against_failing_responses(setting, factors):
    uids, rewards = ["a"] * 4, [1.0, 0.0, 0.0, 1.0]
    records = [record(Mode.CORRECT if reward else Mode.LOGIC, reward) for reward in rewards]
    keys = keys_of(uids)
    plain, rows = (Rows(records, final_rows(keys), Settings(**one)) for one in ({}, setting))
    plain_BT, adv_BT = (advantages(one, rewards, uids, keys) for one in (plain, rows))
    factor_B = torch.tensor([factors[0] if reward else factors[1] for reward in rewards])
    torch.testing.assert_close(adv_BT, plain_BT * factor_B[:, None])
    assert rows.adv_B.tolist() == adv_BT[:, 0].tolist()  # what the log says is what the update had


def test_with_an_entropy_share_only_the_batchs_most_uncertain_tokens_have_an_advantage():
    uids, rewards = ["a"] * 3 + ["pad"], [1.0, 0.0, 1.0, 0.0]
    records = [record(Mode.CORRECT, 1.0), record(Mode.LOGIC, 0.0), record(Mode.CORRECT, 1.0), None]
    keys = keys_of(uids)
    entropy_BT = torch.rand(4, T, generator=torch.Generator().manual_seed(0))
    entropy_BT[3] = 9.0  # padding is no choice
    plain = advantages(Rows(records, final_rows(keys), Settings()), rewards, uids, keys)
    rows = Rows(records, final_rows(keys), Settings(entropy_share=0.2), entropy_BT=entropy_BT)
    adv_BT = advantages(rows, rewards, uids, keys)
    highest = entropy_BT[:3].flatten().topk(6).indices.tolist()
    assert sorted(adv_BT.flatten().nonzero().flatten().tolist()) == sorted(highest)
    assert torch.equal(adv_BT[adv_BT != 0], plain[adv_BT != 0])
    told = step_metrics(rows, uids)
    assert told["egca/credited_share"] == pytest.approx(0.2)
    assert told["egca/entropy_threshold"] == pytest.approx(float(entropy_BT[:3].flatten().topk(6).values[-1]))


def test_an_entropy_share_without_entropies_is_an_error():
    keys = keys_of(["a", "a"])
    rows = Rows([record(Mode.LOGIC, 0.0), record(Mode.CORRECT, 1.0)], final_rows(keys), Settings(entropy_share=0.2))
    with pytest.raises(RuntimeError, match="carries no entropies"):
        advantages(rows, [0.0, 1.0], ["a", "a"], keys)


def test_of_a_session_with_several_outputs_the_last_one_counts_and_the_others_take_its_advantage():
    keys = ["u_0_0", "u_0_2", "u_0_1", "u_1_0"]
    assert final_rows(keys) == [1, 1, 1, 3]
    records = [record(Mode.LOGIC, 0.0, ((0, 1),)), record(Mode.LOGIC, 0.0, ((0, 1),)), None, record(Mode.CORRECT, 1.0)]
    rows = Rows(records, final_rows(keys), Settings())
    adv_BT = advantages(rows, [0.0, 0.0, 0.0, 1.0], ["u"] * 4, keys)
    assert adv_BT[1].nonzero().flatten().tolist() == [0]
    assert (adv_BT[0] != 0).all()  # an earlier output has no span of its own
    assert (adv_BT[2] == 0).all()  # padding
    assert rows.adv_B[0] == rows.adv_B[1]


def test_without_an_egca_trainer_the_error_says_what_to_set():
    with pytest.raises(RuntimeError, match=r"trainer\.v1\.trainer_mode to egca_sync"):
        current_rows(4)


def test_records_for_another_number_of_rows_are_an_error_with_both_numbers():
    with rows_visible(Rows([None] * 3, [0, 1, 2], Settings())), pytest.raises(RuntimeError, match=r"3 .* for 4 rows"):
        current_rows(4)


def test_a_span_past_the_response_is_an_error_and_not_a_silent_loss():
    keys = keys_of(["a", "a"])
    rows = Rows([record(Mode.LOGIC, 0.0, ((8, 12),)), record(Mode.CORRECT, 1.0)], final_rows(keys), Settings())
    with pytest.raises(ValueError, match=r"12.*10|10.*12"):
        advantages(rows, [0.0, 1.0], ["a", "a"], keys)


@pytest.fixture
def rows():
    made = Rows(
        [
            record(Mode.CORRECT, 1.0, reward_ended=3.0),
            record(
                Mode.LOGIC,
                0.0,
                ((2, 4),),
                localizer="trace",
                program_digest="p",
                places=((1, 0, 1, 2),),
                confirmed="none",
            ),
            record(Mode.SYNTAX, 0.0, not_localized="no_line_reported", rollout_ended=2.5, reward_ended=2.75),
            record(None, 0.0, failure="ValidationError"),
            None,
            record(Mode.LOGIC, 0.0, ((0, 1),), localizer="trace"),
        ],
        list(range(6)),
        Settings(),
        adv_B=torch.tensor([1.0, -1.0, -1.0, 0.0, 0.0, -0.5]),
        adv_BT=torch.zeros(6, T),
    )
    made.adv_BT[1, 2:4] = -0.5
    return made


def test_metrics_of_a_step(rows):
    metrics = step_metrics(rows, ["a", "a", "b", "b", "c", "c"])
    assert metrics["egca/mode/logic"] == 2 / 5
    assert metrics["egca/mode/correct"] == metrics["egca/mode/syntax"] == 1 / 5
    assert metrics["egca/failed_samples_total"] == 1
    assert metrics["egca/localized_share"] == metrics["egca/localized_by/trace"] == pytest.approx(2 / 3)
    assert metrics["egca/not_localized/no_line_reported"] == pytest.approx(1 / 3)
    assert metrics["egca/span_tokens_mean"] == 1.5
    assert metrics["egca/span_share_of_response"] == pytest.approx(0.15)
    assert metrics["egca/no_variance_share"] == 3 / 5
    assert reward_wait(rows.records).seconds == 0.5
    assert reward_wait(rows.records, waited_from=2.75).seconds == 0.25
    assert reward_wait(rows.records, waited_from=9.0) is None


def test_metrics_names_mean_what_verls_aggregator_takes_them_for(rows):
    """Of several updates a step, shares are averaged and what is a total is summed."""
    kinds = MetricsAggregator()
    for name in step_metrics(rows, list("aabbcc")):
        wanted = "sum" if name == "egca/failed_samples_total" else "weighted_avg"
        assert kinds._get_aggregation_type(name) == wanted, name


def test_a_step_without_samples_has_metrics():
    assert step_metrics(Rows([None], [0], Settings()), ["a"])["egca/localized_share"] == 0
    assert reward_wait([None]) is None


def test_the_digest_sees_every_bit_and_neither_padding_nor_order():
    adv_BT, mask_BT = torch.randn(3, T), torch.ones(3, T)
    mask_BT[1, 5:] = 0
    same = adv_BT.clone()
    same[1, 7] = 9.0
    assert advantage_digest(adv_BT, mask_BT) == advantage_digest(same, mask_BT)
    assert advantage_digest(adv_BT.flip(0), mask_BT.flip(0)) == advantage_digest(adv_BT, mask_BT)
    same[0, 0] = torch.nextafter(same[0, 0], torch.tensor(9.0))
    assert advantage_digest(adv_BT, mask_BT) != advantage_digest(same, mask_BT)
