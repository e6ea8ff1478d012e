"""``egca constraints``, ``egca prepare --constraints`` and ``egca localize``."""

import json

import pytest

from .. import commands
from .constrained_problems import SQUARES, constrained_problem

RECURSIVE = "def f(xs):\n    return [xs[0] ** 2] + f(xs[1:]) if xs else []\n"


def egca(*arguments):
    return commands.egca(*arguments, COLUMNS="200")


@pytest.fixture
def files(tmp_path):
    problems, samples = tmp_path / "problems.jsonl", tmp_path / "samples.jsonl"
    problems.write_text(constrained_problem().model_dump_json() + "\n")
    rows = [{"task_id": "task", "solution": text} for text in (SQUARES, RECURSIVE)]
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return problems, samples, tmp_path / "constraints.yaml"


def test_from_references_to_constraints_to_prompts_to_modes(files, tmp_path):
    problems, samples, constraints = files
    made = egca("constraints", "extract", "--problems", problems, "--out", constraints)
    assert made.returncode == 0, made.stderr
    assert "constraints of 1 problems, made by static, 0 dropped" in made.stdout

    checked = egca("constraints", "check", "--constraints", constraints, "--problems", problems, "--samples", samples)
    assert checked.returncode == 0, checked.stderr
    assert "0 of 1 references break a constraint" in checked.stdout
    assert "1 of 2 samples break a constraint" in checked.stdout
    assert "task sample 1: recursion: Do not use recursion. Found: recursion." in checked.stdout

    out = tmp_path / "data"
    prepared = egca("prepare", "--source", problems, "--out", out, "--constraints", constraints)
    assert prepared.returncode == 0, prepared.stderr

    rows = tmp_path / "rows.jsonl"
    done = egca("localize", "--problems", out / "test.parquet", "--samples", samples, "--out", rows)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in rows.read_text().splitlines()]
    assert [row["mode"] for row in found] == ["CORRECT", "CONSTRAINT"]
    assert [row["constraint"] for row in found] == [None, "recursion: Do not use recursion. Found: recursion."]
    assert found[1]["passed"]


def test_a_reference_that_breaks_a_constraint_ends_the_check_with_status_1(files):
    problems, _, constraints = files
    constraints.write_text("constraints: {task: [{kind: recursion, rule: required}]}\n")
    checked = egca("constraints", "check", "--constraints", constraints, "--problems", problems)
    assert checked.returncode == 1
    assert "task: recursion: Use recursion. Found: no recursion." in checked.stdout


def test_bad_input_ends_with_status_2_and_is_named(files):
    problems, _, constraints = files
    constraints.write_text("constraints: {task: [{kind: colour}]}\n")
    for command in (("constraints", "check", "--problems"), ("prepare", "--out", problems.parent, "--source")):
        done = egca(*command, problems, "--constraints", constraints)
        assert done.returncode == 2
        assert "key 'constraints.task.0.kind': unknown kind 'colour'" in done.stderr
    done = egca("constraints", "extract", "--problems", problems, "--out", constraints, "--url", "http://a:secret@b")
    assert done.returncode == 2
    assert "secret" not in done.stderr
    assert "EGCA_DEBUGGER_API_KEY" in done.stderr
