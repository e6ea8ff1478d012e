"""Twins as rows of a batch: the estimator inside verl's own function, and what verl's trainer is told."""

import copy
import pickle

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from tensordict import TensorDict
from transfer_queue import KVBatchMeta
from verl import DataProto
from verl.trainer.ppo.v1.utils import compute_advantage_for_multi_trajectories

from verl_egca.config.settings import Settings, SettingsError, parse_settings
from verl_egca.credit.twins import advantages_with_twins, failed_groups, twin_credit
from verl_egca.gates.mode import Mode
from verl_egca.sample import SampleRecord
from verl_egca.training.batch import Rows, final_rows, rows_visible
from verl_egca.training.twins import TWIN_OF, TwinRows, _fields, twin_rows, without_twins
from verl_egca.twin_tokens import WrittenTwin

T = 8


def record(reward, twin=None, spans=((2, 3),), **fields):
    mode = Mode.CORRECT if reward else Mode.LOGIC
    fields = {"task_id": "t", "response_tokens": T, "rollout_ended": 1.0, "reward_ended": 2.0} | fields
    return SampleRecord(mode=mode, reward=reward, spans=() if reward else spans, twin=twin, **fields)


def twin(length, *changed):
    return WrittenTwin(ids=tuple(range(length)), changed=changed)


TWINS = [twin(6, (2, 3), (4, 6)), twin(7, (3, 5))]
# group a fails altogether and has two twins, b does not; a row of padding
RECORDS = [record(0.0, TWINS[0]), record(0.0), record(0.0, TWINS[1]), record(1.0), record(0.0, twin(5, (1, 2)))]
UIDS = ["a", "a", "a", "b", "b", "a", "a", "pad"]
KEYS = ["a_0_0", "a_1_0", "a_2_0", "b_0_0", "b_1_0", "a_3_0", "a_4_0", "pad_0_0"]
ALL = [*RECORDS, None, None, None]


def computed(settings=None, twin_of=None, order=None):
    """(token advantages, rows) of the batch through verl's function."""
    order = order or list(range(len(ALL)))
    place = {row: at for at, row in enumerate(order)}
    twin_of = {place[row]: place[of] for row, of in ({5: 0, 6: 2} if twin_of is None else twin_of).items()}
    mask_BT = torch.ones(len(ALL), T, dtype=torch.long)
    mask_BT[5:] = 0  # twins and padding
    scores = torch.zeros(len(ALL), T)
    scores[:5, -1] = torch.tensor([r.reward for r in RECORDS])
    tensors = {"token_level_rewards": scores[order], "response_mask": mask_BT[order]}
    data = DataProto(
        batch=TensorDict(tensors, batch_size=len(ALL)),
        non_tensor_batch={"uid": np.array([UIDS[row] for row in order], dtype=object)},
    )
    keys = [KEYS[row] for row in order]
    rows = Rows([ALL[row] for row in order], final_rows(keys), settings or Settings(), twin_of=twin_of)
    with rows_visible(rows):
        data = compute_advantage_for_multi_trajectories(data, keys, "egca", config={})
    return data.batch["advantages"][[place[row] for row in range(len(ALL))]], rows


def expected(**options):
    adv_B, adv_M = advantages_with_twins(torch.tensor([r.reward for r in RECORDS]), list("aaabb"), list("aa"))
    mask_MT = torch.arange(T) < torch.tensor([6, 7])[:, None]
    return adv_B, adv_M, twin_credit(adv_M, [one.changed for one in TWINS], mask_MT, **options)


@pytest.mark.parametrize("order", [None, [6, 3, 7, 0, 1, 5, 4, 2]])
@pytest.mark.parametrize("normalisation", ["mean", "sum"])
def test_twins_get_their_advantage_on_changed_tokens_and_their_group_what_passes_beside_them(normalisation, order):
    adv_BT, rows = computed(Settings(normalisation=normalisation), order=order)
    adv_B, _, adv_MT = expected(normalisation=normalisation)
    assert torch.equal(adv_BT[5:7], adv_MT)
    assert adv_BT[7].abs().sum() == 0
    share = 1.0 if normalisation == "mean" else 1 / T
    for row in (0, 1, 2, 4):  # a blamed token each
        assert adv_BT[row].nonzero().flatten().tolist() == [2]
        assert adv_BT[row, 2] == pytest.approx(float(adv_B[row]) * share)
    assert torch.equal(adv_BT[3], (adv_B[3] * share).expand(T))
    tokens = rows.mask_BT.sum(-1).tolist()
    assert sorted(tokens) == sorted([8] * 5 + [6, 7, 0])


def test_groups_without_twins_have_the_same_bits_as_in_a_batch_without_any():
    with_twins, _ = computed()
    without, _ = computed(twin_of={})
    assert torch.equal(with_twins[3:5], without[3:5])
    assert (without[:3] == 0).all()  # nothing to learn from


def test_factors_count_for_twins_as_for_other_responses():
    adv_BT, _ = computed(Settings(positive_weight=0.5, negative_weight=0.0))
    _, _, adv_MT = expected()
    assert torch.equal(adv_BT[5:7], adv_MT * 0.5)
    assert (adv_BT[:3] == 0).all()


def source(prompt=3, response=4, **more):
    ids = torch.arange(10, 10 + prompt + response)
    ones = torch.ones(response, dtype=torch.long)
    fields = {
        "prompts": ids[:prompt],
        "responses": ids[prompt:],
        "input_ids": ids,
        "position_ids": torch.arange(prompt + response),
        "response_mask": ones,
        "loss_mask": ones,
        "rm_scores": torch.tensor([0.0] * (response - 1) + [0.5]),
        "rollout_log_probs": -torch.ones(response),
        "uid": "a",
        "session_id": 1,
    }
    return fields | more


def test_a_twins_row_is_its_responses_with_nothing_that_only_sampling_could_know():
    made = _fields(source(), twin(6, (1, 2)), session=5)
    assert made["input_ids"].tolist() == [10, 11, 12, 0, 1, 2, 3, 4, 5]
    assert made["position_ids"].tolist() == list(range(9))
    for name in ("response_mask", "loss_mask", "rm_scores", "rollout_log_probs"):
        assert made[name].tolist() == [0] * 6
    assert (made["uid"], made["session_id"]) == ("a", 5)
    assert made["rm_scores"].dtype == made["rollout_log_probs"].dtype == torch.float32


def test_positions_of_several_kinds_go_on_from_where_the_prompt_ends():
    positions = torch.tensor([[0, 1, 1, 2, 3, 4, 5], [0, 0, 1, 2, 3, 4, 5]])
    made = _fields(source(position_ids=positions), twin(2, (1, 2)), session=5)
    assert made["position_ids"].tolist() == [[0, 1, 1, 2, 3], [0, 0, 1, 2, 3]]


def config(**overrides):
    made = OmegaConf.create(
        {
            "algorithm": {"adv_estimator": "egca", "rollout_correction": {"bypass_mode": False}},
            "critic": {"enable": None},
            "distillation": {"enabled": False},
            "actor_rollout_ref": {
                "actor": {"ppo_mini_batch_size": 2, "use_dynamic_bsz": True, "ppo_micro_batch_size_per_gpu": None},
                "rollout": {"n": 4, "log_prob_use_dynamic_bsz": True, "enable_rollout_routing_replay": False},
                "ref": {"log_prob_use_dynamic_bsz": True},
            },
        }
    )
    for key, value in overrides.items():
        OmegaConf.update(made, key.replace("__", "."), value)
    return made


@pytest.mark.parametrize(
    "setting",
    [
        {"algorithm__adv_estimator": "grpo"},
        {"algorithm__rollout_correction__bypass_mode": True},
        {"critic__enable": True},
        {"distillation__enabled": True},
        {"actor_rollout_ref__rollout__enable_rollout_routing_replay": True},
    ],
)
def test_what_does_not_go_with_twins_is_refused_by_name(setting):
    (key,) = setting
    with pytest.raises(SettingsError, match=key.replace("__", r"\.")):
        TwinRows(config(**setting))


def test_a_reward_that_a_twin_has_not_been_given_is_refused():
    with pytest.raises(SettingsError, match=r"twins.*egca\.reward"):
        parse_settings({"twins": "failed_groups", "reward": "custom"})


def batch(keys, twins):
    tags = [{"seq_len": 10}] * len(keys) + [{"seq_len": 12, "is_padding": True, TWIN_OF: of} for of in twins.values()]
    return KVBatchMeta(keys=[*keys, *twins], tags=tags, partition_id="train", extra_info={"temperature": 1.0})


def test_twins_make_mini_batches_larger_and_not_more():
    rows = TwinRows(
        config(
            actor_rollout_ref__actor__use_dynamic_bsz=False, actor_rollout_ref__actor__ppo_micro_batch_size_per_gpu=3
        )
    )
    assert rows.multiple(usual=8, ranks=2) == 8
    rows._mini_batches = 2  # 16 sampled rows, in mini-batches of 2 prompts
    assert rows.multiple(usual=8, ranks=2) == 12  # two mini-batches, two ranks, three rows at once
    made = batch([f"a_{n}_0" for n in range(16)], {f"a_{n}_0": "a_0_0" for n in range(16, 23)})
    made = KVBatchMeta([*made.keys, "pad_0_0"], [*made.tags, {"is_padding": True}], "train", extra_info=made.extra_info)
    rows.divide(made)
    made.extra_info.update({"mini_batch_size": 8, "global_batch_size": 8})  # as verl does
    sent = pickle.loads(pickle.dumps(copy.deepcopy(made))).extra_info
    assert sent == {"temperature": 1.0, "mini_batch_size": 12, "global_batch_size": 23 / 2}


def test_a_batch_knows_its_twins_in_any_order():
    made = batch(["a_0_0", "b_0_0"], {"a_1_0": "a_0_0"})
    made.reorder([2, 1, 0])
    assert twin_rows(made) == {0: 2}
    assert without_twins(made).keys == ["b_0_0", "a_0_0"]


def test_metrics_say_what_twins_are_and_cost():
    rows = TwinRows(config())
    rows._count(failed_groups([0.0] * 3, "aab", "pqr", [TWINS[0], TWINS[0], None]), [record(0.0, no_twin="too_long")])
    made = batch(["a_0_0", "a_1_0"], {"a_2_0": "a_0_0"})
    tags = [*made.tags, {"seq_len": 8, "is_padding": True}]
    metrics = rows.metrics(tags, {"twins": 1.0, "old_log_prob": 2.0, "update_actor": 6.0, "gen": 100.0})
    assert {name.removeprefix("egca/twins/"): value for name, value in metrics.items()} == {
        "rows": 1.0,
        "padding": 1.0,
        "share": pytest.approx(1 / 3),
        "seconds": pytest.approx(1.0 + 8.0 * 20 / 40),
        "failed_groups": 2.0,
        "failed_groups/without": 1.0,
        "failed_groups/unknown": 0.0,
        "repeated": 1.0,
        "not_written/too_long": 1.0,
    }
    assert rows.metrics([{"seq_len": 8}], {})["egca/twins/failed_groups"] == 0.0
