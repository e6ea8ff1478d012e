"""From a policy to the page, by the commands: small real pieces with the starter policy, which knows none of the prompts."""

import csv
import json
import shutil

import pytest
from typer.testing import CliRunner

from experiment.cli import app
from experiment.domain import CELLS
from experiment.page import collect, write_page
from experiment.recipe import Recipe
from experiment.results import map_rows, read_map, read_runs
from experiment.runs import START, Measurement, Run
from starter.policy_path import WEIGHTS

RULES = ("grpo", "correct_only", "egca")


@pytest.fixture(scope="module")
def small():
    """Cells that train for a step, with few tasks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "experiment.domain.Cell.recipe",
            lambda cell, policy: Recipe(policy=str(policy), steps=1, prompts=2, group=2, response_tokens=40),
        )
        patch.setattr("experiment.runs.EVALUATED", 16)
        yield


@pytest.fixture(scope="module")
def made(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    shutil.copytree(WEIGHTS, folder / "policy")
    Measurement(CELLS["1b"], RULES, batches=3, tasks=2).write(folder)
    for run in (Run(CELLS["hard"], START, 0), Run(CELLS["hard"], "egca", 0), Run(CELLS["hard"], "grpo", 0)):
        run.write(folder)
    return folder


def rows(file):
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_run_leaves_a_row_a_step_and_the_last_is_evaluated(made):
    (row,) = rows(Run(CELLS["hard"], "egca", 0).path(made))
    assert row["step"] == "1"
    assert {key for key, value in row.items() if not value} == set()
    assert not list(made.rglob("*.partial"))


def test_a_run_is_the_same_when_it_is_run_again(made, tmp_path):
    run = Run(CELLS["hard"], "egca", 0)
    shutil.copytree(made / "policy", tmp_path / "policy")
    run.write(tmp_path)
    assert run.path(tmp_path).read_text() == run.path(made).read_text()


def test_rules_start_from_the_same_samples(made):
    one, other = (rows(Run(CELLS["hard"], rule, 0).path(made))[0] for rule in ("grpo", "egca"))
    assert one["reward"] == other["reward"]
    assert one["tokens"] == other["tokens"]


def test_a_measurement_holds_every_rule_on_the_same_samples(made):
    found = json.loads(Measurement(CELLS["1b"], RULES).path(made).read_text())
    assert tuple(found["rules"]) == RULES
    assert found["samples"] == 16
    assert {len(rule["gain_by_task"]) for rule in found["rules"].values()} == {2}


def test_the_page_is_what_its_tables_say(made, tmp_path):
    collect(made, tmp_path)
    text = write_page(tmp_path).read_text()
    assert "| egca |" in text
    assert write_page(tmp_path).read_text() == text
    assert len(rows(tmp_path / "map.csv")) == len(RULES)
    assert len(rows(tmp_path / "runs.csv")) == 3
    for picture in ("map", "hard"):
        assert (tmp_path / f"{picture}.svg").read_text().count("<svg") == 1


def test_a_gain_s_interval_is_of_tasks_and_updates(tmp_path):
    signal = {"times": 1.0, "times_error": 0.0, "alignment": 1.0}
    rule = signal | {"gain_by_update": [0.1, 0.3], "gain_by_task": [0.0, 0.4]}
    nothing = signal | {"gain_by_update": [0.0, 0.0], "gain_by_task": [0.0, 0.0]}
    told = {"pass_rate": 0.5, "rules": {"grpo": nothing, "correct_only": nothing, "egca": rule}}
    (tmp_path / "1b.json").write_text(json.dumps(told))
    found = {row.rule: row for row in map_rows(tmp_path)}
    # variances of the means: 0.01 between updates, 0.04 between tasks
    assert found["egca"].gain == pytest.approx(0.2)
    assert found["egca"].over_grpo_high - found["egca"].over_grpo == pytest.approx(1.96 * 0.05**0.5)
    assert (found["grpo"].gain_low, found["grpo"].gain_high) == (0, 0)


def test_runs_are_paired_by_seed(tmp_path):
    lines = ["cell,rule,seed,step,reward,pass_1"]
    lines += [f"1b,grpo,{seed},1,0.5,{0.5 + 0.1 * seed}" for seed in (0, 1, 2)]
    lines += [f"1b,egca,{seed},1,0.75,{0.6 + 0.1 * seed}" for seed in (0, 1)]
    (tmp_path / "it.csv").write_text("\n".join(lines) + "\n")
    found = read_runs([tmp_path / "it.csv"])
    gap = found.against("1b", "egca", "grpo", "pass_1")
    assert gap.estimate.mean == pytest.approx(0.1)
    assert gap.estimate.count == 2
    assert found.against("1b", "egca", "grpo", "reward").estimate.mean == 0.25
    assert found.against("1b", "egca", "paper", "pass_1") is None


def test_a_table_that_is_none_is_named(tmp_path):
    (tmp_path / "it.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"it\.csv: not a table of runs"):
        read_runs([tmp_path / "it.csv"])
    assert read_map(tmp_path / "map.csv") == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--out", "OUT", "--cells", "1b", "--rules", "egca,nonesuch"], "'nonesuch' is none of"),
        (["map", "--out", "OUT", "--cells", "9z", "--rules", "egca"], "--cells: '9z' is none of 1a, "),
        (
            ["map", "--out", "OUT", "--cells", "1b", "--rules", "egca"],
            "there is no policy; 'python scripts/experiment policy",
        ),
        (["page", "--out", "OUT", "--to", "OUT"], "nothing was measured"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_is_wanted(tmp_path, arguments, words):
    done = CliRunner().invoke(app, [str(tmp_path) if word == "OUT" else word for word in arguments])
    assert done.exit_code == 2
    assert words in done.output


def test_a_policy_that_is_there_is_not_made_again(made):
    done = CliRunner().invoke(app, ["policy", "--out", str(made)])
    assert (done.exit_code, "is there" in done.output) == (0, True)


def test_a_policy_is_pretrained_on_every_cell(tmp_path):
    done = CliRunner().invoke(app, ["policy", "--out", str(tmp_path), "--steps", "2", "--more", "2"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "policy/config.json").exists()
