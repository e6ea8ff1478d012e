"""verl's validation and ``egca evaluate`` say the same of the same samples, and the model gives both the same ones."""

import json

import pytest
from typer.testing import CliRunner

from starter.policy_path import WEIGHTS
from starter.problems import starter_problems
from verl_egca.cli import app
from verl_egca.data.prepare import write_parquet

pytestmark = pytest.mark.loop


@pytest.fixture(scope="module")
def problems(tmp_path_factory):
    """Problems that the starter policy solves and such that it does not, for a validation before the first step."""
    path = tmp_path_factory.mktemp("problems") / "validation.parquet"
    chosen = [*starter_problems("train")[::36], *starter_problems("test")[::6]]
    write_parquet(chosen, path, source="egca_starter", split="test")
    return path


@pytest.fixture(scope="module")
def validated(recipe, problems, tmp_path_factory):
    """The number that verl's metrics have, and the file that it dumps its samples to."""
    dumped = tmp_path_factory.mktemp("dumped")
    run = recipe(
        "validated",
        f"data.val_files={problems}",
        f"trainer.validation_data_dir={dumped}",
        *("trainer.val_before_train=True", "trainer.val_only=True"),
    )
    run.finish()
    (row,) = [row for row in run.rows() if row["step"] == 0]
    return row["val-core/egca_starter/acc/mean@1"], dumped / "0.jsonl"


def evaluated(*arguments):
    done = CliRunner().invoke(app, ["evaluate", "--json", *map(str, arguments)])
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_the_same_samples_have_the_same_pass_at_1(validated, problems):
    reported, dump = validated
    found = evaluated("--problems", problems, "--samples", dump)
    rows = [json.loads(line) for line in dump.read_text().splitlines()]
    assert found["outcomes"] == {json.loads(row["gts"])["task_id"]: [row["acc"] == 1.0] for row in rows}
    assert found["tasks"] == len(starter_problems("train")[::36]) + len(starter_problems("test")[::6])
    assert 0 < found["pass_at"]["1"] < 1
    assert reported == pytest.approx(found["pass_at"]["1"])


def test_the_same_model_gives_the_same_samples(validated, problems, tmp_path):
    reported, dump = validated
    found = evaluated("--problems", problems, "--model", WEIGHTS, "--out", tmp_path, "--max-tokens", "64")
    ours = map(json.loads, (tmp_path / "validation" / "samples.jsonl").read_text().splitlines())
    theirs = map(json.loads, dump.read_text().splitlines())
    assert {row["task_id"]: row["response"] for row in ours} == {
        json.loads(row["gts"])["task_id"]: row["output"] for row in theirs
    }
    assert reported == pytest.approx(found["pass_at"]["1"])
