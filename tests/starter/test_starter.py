"""The starter problems and the policy that ships: as their commands make them, and fit to learn from."""

import random
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from starter.evaluation import measure
from starter.families import tasks
from starter.policy import load, train
from starter.policy_path import WEIGHTS
from starter.problems import make_problem, starter_problems
from verl_egca.execution.sandbox import Sandbox

STARTER = Path(__file__).parents[2] / "scripts/starter"


def families(split):
    return {problem.task_id.split("/")[2] for problem in starter_problems(split)}


def test_there_are_hundreds_of_problems_and_no_family_is_in_both_splits():
    assert len(starter_problems("train")) >= 300
    assert len(starter_problems("test")) >= 100
    assert not families("train") & families("test")
    assert len(families("train")) >= 20


def test_each_has_a_prompt_a_reference_and_6_to_12_assertions():
    for problem in (*starter_problems("train"), *starter_problems("test")):
        assert problem.prompt.startswith(f"def {problem.entry_point}(")
        assert problem.reference.startswith(problem.prompt)
        assert 6 <= len(problem.tests.assertions) <= 12, problem.task_id
        assert len(set(problem.tests.assertions)) == len(problem.tests.assertions)


def test_no_two_problems_are_the_same():
    asked = Counter(problem.prompt for split in ("train", "test") for problem in starter_problems(split))
    assert max(asked.values()) == 1


def test_references_pass_and_near_misses_fail(sandbox):
    drawn = random.Random(0).sample([*tasks("train"), *tasks("test")], 60)
    by_prompt = {problem.prompt: problem for split in ("train", "test") for problem in starter_problems(split)}

    def check(task):
        problem = by_prompt[task.prompt]
        missed = [miss for miss in task.near_misses() if sandbox.run(problem, task.prompt + miss).passed]
        return sandbox.run(problem, problem.reference).passed, len(missed), sum(1 for _ in task.near_misses())

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(check, drawn))
    assert all(passed for passed, _, _ in results)
    assert sum(missed for _, missed, _ in results) <= 0.05 * sum(total for _, _, total in results)


def test_the_shipped_problems_are_what_the_generator_makes():
    shipped = {problem.task_id: problem for split in ("train", "test") for problem in starter_problems(split)}
    with Sandbox() as sandbox:
        for split in ("train", "test"):
            task = tasks(split)[0]
            task_id = f"starter/{split}/{task.family}/0"
            assert make_problem(sandbox, task_id, task) == shipped[task_id]


def test_the_command_writes_both_splits_from_any_folder(tmp_path):
    subprocess.run([sys.executable, STARTER, "prepare", "--out", "starter"], cwd=tmp_path, check=True)
    assert {path.name for path in (tmp_path / "starter").iterdir()} == {"train.parquet", "test.parquet"}


def test_pretraining_repeats_by_its_seed(tmp_path):
    for name in ("one", "two"):
        train(tmp_path / name, seed=3, steps=2)
    one, two = (load(tmp_path / name)[0].state_dict() for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_shipped_policy_is_small():
    parameters = sum(p.numel() for p in load(WEIGHTS)[0].parameters())
    assert 1_000_000 <= parameters <= 5_000_000
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 10 * 2**20


@pytest.fixture(scope="module")
def mix():
    policy, tokenizer = load(WEIGHTS)
    return measure(policy, tokenizer, starter_problems("train"), count=48, group=8)


def test_the_shipped_policy_is_nearly_right(mix):
    assert 0.30 <= mix.passed <= 0.60
    assert mix.logic >= 0.25
    assert mix.syntax <= 0.15
    assert mix.mixed_groups >= 0.5
