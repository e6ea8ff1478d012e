"""From runs to the page: small real runs of the starter policy, by the command."""

import csv

import pytest
from typer.testing import CliRunner

from verl_egca.cli import app
from verl_egca.experiment.page import write_page
from verl_egca.experiment.recipe import Recipe
from verl_egca.experiment.results import read_results
from verl_egca.experiment.runs import OtherRecipe, Run, run_all, write_run

RECIPE = Recipe(steps=1, prompts=2, group=2, response_tokens=48, seen=4, held_out=4)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One step of two methods from two seeds."""
    folder = tmp_path_factory.mktemp("runs")
    for method in ("grpo", "trace"):
        for seed in (0, 1):
            write_run(Run(method, 3e-4, seed), RECIPE, folder)
    return folder


def rows(file):
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_run_leaves_a_row_a_step_and_one_for_the_first_policy(runs):
    found = rows(Run("trace", 3e-4, 0).path(runs))
    assert [row["step"] for row in found] == ["0", "1"]
    assert found[0]["reward"] == ""
    assert 0 <= float(found[1]["train_sampled"]) <= 1
    assert not list(runs.glob("*.partial"))


def test_methods_start_from_the_same_samples(runs):
    one, other = (rows(Run(method, 3e-4, 1).path(runs)) for method in ("grpo", "trace"))
    assert one[0]["train_greedy"] == other[0]["train_greedy"]
    assert one[1]["reward"] == other[1]["reward"]
    assert one[1]["tokens"] == other[1]["tokens"]


def test_a_run_is_the_same_when_it_is_run_again(runs, tmp_path):
    run = Run("trace", 3e-4, 1)
    write_run(run, RECIPE, tmp_path)
    assert run.path(tmp_path).read_text() == run.path(runs).read_text()


def test_the_page_holds_a_row_a_method_and_the_table_of_all_steps(runs, tmp_path):
    text = write_page(runs, tmp_path, RECIPE).read_text()
    assert "| grpo | every token of a response | 2 |" in text
    assert "| trace | the first divergence from the reference | 2 |" in text
    assert len(rows(tmp_path / "runs.csv")) == 8
    for plot in ("gain", "reward", "train_sampled", "test_sampled"):
        assert (tmp_path / f"{plot}.svg").read_text().count("<svg") == 1


def test_the_gain_so_far_ends_at_the_difference_of_the_runs_means(tmp_path):
    lines = ["method,lr,seed,step,reward", "grpo,1e-3,0,0,", "egca,1e-3,0,0,"]
    lines += [f"grpo,1e-3,0,{step},{reward}" for step, reward in ((1, 0.5), (2, 0.5), (3, 0.75))]
    lines += [f"egca,1e-3,0,{step},{reward}" for step, reward in ((1, 0.5), (2, 0.75), (3, 0.875))]
    (tmp_path / "runs.csv").write_text("\n".join(lines) + "\n")
    results = read_results([tmp_path / "runs.csv"])
    gain = {step: found.mean for step, found in results.gain("egca", "grpo", 1e-3, "reward").items()}
    assert gain == {1: 0.0, 2: 0.125, 3: 0.125}
    assert gain[3] == results.against("egca", "grpo", 1e-3, results.mean, "reward").estimate.mean


def test_the_last_quarter_is_of_the_last_steps_alone(tmp_path):
    rows = "".join(f"grpo,0.001,0,{step},{step / 8 if step else ''}\n" for step in range(9))
    (tmp_path / "it.csv").write_text("method,lr,seed,step,reward\n" + rows)
    results = read_results([tmp_path / "it.csv"])
    assert results.late_mean("grpo", 1e-3, "reward") == [(7 / 8 + 8 / 8) / 2]


def test_a_page_needs_the_baseline(tmp_path):
    with pytest.raises(ValueError, match="there is no run of grpo"):
        write_page(tmp_path, tmp_path / "page", RECIPE)


def test_runs_of_another_recipe_are_not_put_beside_those_that_are_there(tmp_path):
    run_all([], RECIPE, tmp_path, 1, lambda *_: None)
    run_all([], RECIPE, tmp_path, 1, lambda *_: None)
    with pytest.raises(OtherRecipe, match=r"made with steps=1 \(wanted 9\)"):
        run_all([], RECIPE.model_copy(update={"steps": 9}), tmp_path, 1, lambda *_: None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--out", "OUT", "--methods", "egca,nonesuch", "--lr", "1e-3"], "'nonesuch' is none of"),
        (["run", "--out", "OUT", "--methods", "egca"], "there is no run of grpo to take the learning rate from"),
        (["tune", "--out", "OUT", "--grid", "1e-3,fast"], "learning rates between 0 and 1 are wanted (got 'fast')"),
        (["page", "--out", "OUT", "--to", "OUT"], "there is no run of grpo"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_is_wanted(tmp_path, arguments, words):
    done = CliRunner().invoke(app, ["experiment", *(str(tmp_path) if word == "OUT" else word for word in arguments)])
    assert done.exit_code == 2
    assert words in done.output
