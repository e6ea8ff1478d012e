"""Twins through verl's trainer, on tasks that the starter policy does not know: nearly every group fails altogether."""

import json
from pathlib import Path

import pytest
import torch

from verl_egca.credit import credit
from verl_egca.credit.twins import advantages_with_twins, failed_groups, twin_credit
from verl_egca.gates.mode import Mode
from verl_egca.sample import SampleRecord

pytestmark = pytest.mark.loop

PROBE = Path(__file__).parent / "probe"
LAYOUTS = {
    "megatron": ("ENGINE=megatron",),
    "fsdp2": ("ENGINE=fsdp2", "DP=2", "actor_rollout_ref.actor.ppo_mini_batch_size=2"),  # two mini-batches a step
}
STEPS = 2


@pytest.fixture(scope="session", params=list(LAYOUTS))
def trained(request, recipe, hard, tmp_path_factory):
    """(run, rows by step, what the loss was called with by row) of a run with twins."""
    out = tmp_path_factory.mktemp("rows")
    env = {"PYTHONPATH": str(PROBE), "VERL_USE_EXTERNAL_MODULES": "rows_of_the_loss", "ROWS_OUT": str(out)}
    overrides = (f"TRAIN={hard}", "egca.twins=failed_groups", f"trainer.total_training_steps={STEPS}")
    run = recipe(f"twins-{request.param}", *overrides, "trainer.save_freq=-1", *LAYOUTS[request.param], env=env)
    run.finish()
    rows = [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]
    calls = [json.loads(line) for file in out.glob("trained-*") for line in file.read_text().splitlines()]
    return run, rows, [row for call in calls for row in call]


def expected(rows):
    """Each row's advantages, token by token, by the functions of the credit package; of padding none."""
    sampled = [row for row in rows if row["record"] is not None]
    records = [SampleRecord.model_validate(row["record"]) for row in sampled]
    groups = [row["uid"] for row in sampled]
    found = failed_groups(
        [r.reward for r in records],
        groups,
        [r.program_digest or n for n, r in enumerate(records)],
        [r.twin for r in records],
    )
    twins = [records[row].twin for row in found.rows]
    scores = torch.tensor([r.reward for r in records])
    adv_B, adv_M = advantages_with_twins(scores, groups, [groups[row] for row in found.rows])
    mask_BT = _mask([r.response_tokens for r in records])
    adv_BT = credit(adv_B, [Mode(r.mode) for r in records], [r.spans for r in records], mask_BT)
    of_sampled = [adv_T[: r.response_tokens].tolist() for adv_T, r in zip(adv_BT, records, strict=True)]
    if not twins:
        return of_sampled, []
    adv_MT = twin_credit(adv_M, [twin.changed for twin in twins], _mask([len(twin.ids) for twin in twins]))
    return of_sampled, [adv_T[: len(twin.ids)].tolist() for adv_T, twin in zip(adv_MT, twins, strict=True)]


def _mask(lengths):
    return (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).float()


def test_each_row_trains_with_the_advantages_of_the_credit_package(trained):
    _, steps, received = trained
    assert len(steps) == STEPS
    wanted = []
    for rows in steps:
        of_sampled, of_twins = expected(rows)
        assert len(of_twins) == sum(row["twin_of"] is not None for row in rows) > 0
        wanted += of_sampled + of_twins
        assert all(any(value > 0 for value in twin) for twin in of_twins)
    assert sorted(wanted) == sorted(row for row in received if row)  # padding has no token in its mask


def test_until_the_advantages_are_there_no_token_of_a_twin_counts(trained):
    _, steps, _ = trained
    for row in (row for rows in steps for row in rows if row["twin_of"] is not None):
        assert row["mask_before"] == 0 < row["tokens"]


def test_metrics_count_sampled_responses_alone(trained):
    run, steps, _ = trained
    for rows, metrics in zip(steps, run.rows(), strict=True):
        records = [row["record"] for row in rows if row["record"] is not None]
        assert len(records) == 32
        assert metrics["critic/score/mean"] == pytest.approx(sum(r["reward"] for r in records) / 32)
        assert metrics["response_length/mean"] == pytest.approx(sum(r["response_tokens"] for r in records) / 32)
        assert metrics["response_length/max"] == max(r["response_tokens"] for r in records)
        assert metrics["training/rollout_probs_diff_max"] < 1e-3  # a twin has no rollout log-prob to compare with
        twins = sum(row["twin_of"] is not None for row in rows)
        assert metrics["egca/twins/rows"] == twins
        assert metrics["egca/twins/padding"] == len(rows) - 32 - twins
        assert metrics["egca/twins/share"] == pytest.approx(twins / (32 + twins))
        assert 0 < metrics["egca/twins/seconds"] < metrics["timing_s/step"]
        assert metrics["egca/twins/failed_groups"] > 0


def test_the_log_says_whose_repair_was_trained_on(trained):
    run, steps, _ = trained
    for step, rows in enumerate(steps, 1):
        told = [row for row in run.rows("localizations.jsonl") if row["step"] == step and row["twin"]]
        assert len(told) == sum(row["twin_of"] is not None for row in rows)
        assert all(row["confirmed"] == "full" and row["advantage"] < 0 for row in told)


def test_where_no_group_fails_altogether_every_bit_is_as_without_twins(recipe):
    common = ("trainer.total_training_steps=2", "trainer.save_freq=-1", "egca.workers=1")
    runs = [recipe(f"twins-{twins}", *common, f"egca.twins={twins}") for twins in ("off", "failed_groups")]
    for run in runs:
        run.finish()
    without, with_twins = runs
    assert set(with_twins.by_step("egca/twins/rows").values()) == {0.0}
    for name in ("egca/advantages_crc32", "actor/grad_norm", "actor/pg_loss", "actor/kl_loss"):
        assert with_twins.by_step(name) == without.by_step(name)
