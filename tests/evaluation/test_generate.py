"""Generation by ``egca evaluate`` with the starter policy: the numbers it must have, killed and resumed, refused, recorded."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from starter.evaluation import measure
from starter.policy import load
from starter.policy_path import WEIGHTS
from starter.problems import starter_problems
from verl_egca.cli import app
from verl_egca.data.prepare import write_parquet

EGCA = Path(sys.executable).parent / "egca"
PROBLEMS = 24


def command(problems, out, *more):
    return [EGCA, "evaluate", "--problems", problems, "--model", WEIGHTS, "--out", out, "--max-tokens", "128", *more]


def run(*arguments):
    return egca(*command(*arguments)[1:])


def egca(*arguments):
    """In this process, which has loaded all that the command needs."""
    return CliRunner().invoke(app, [str(one) for one in arguments])


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def problems(tmp_path_factory):
    """Some of the problems that the policy half solves."""
    path = tmp_path_factory.mktemp("problems") / "starter.parquet"
    write_parquet(starter_problems("test")[::-1][:PROBLEMS], path, source="egca_starter", split="test")
    return path


@pytest.fixture(scope="module")
def greedy(problems, tmp_path_factory):
    out = tmp_path_factory.mktemp("greedy")
    done = run(problems, out)
    assert done.exit_code == 0, done.stderr
    return done.stdout, out / "starter"


def test_greedy_samples_pass_as_often_as_the_starter_s_own_evaluation_says(greedy):
    printed, folder = greedy
    policy, tokenizer = load(WEIGHTS)
    chosen = starter_problems("test")[::-1][:PROBLEMS]
    expected = measure(policy, tokenizer, chosen, count=PROBLEMS, group=1, temperature=0.0)
    results = json.loads((folder / "results.json").read_text())
    assert results["pass_at"]["1"] == expected.passed
    assert f"{expected.passed:.1%}" in printed
    assert "Wilson's score (1927)" in printed


def test_a_sample_is_a_row_in_the_problems_order(greedy):
    rows = read(greedy[1] / "samples.jsonl")
    assert [row["task_id"] for row in rows] == [
        problem.task_id for problem in starter_problems("test")[::-1][:PROBLEMS]
    ]
    assert {row["sample_index"] for row in rows} == {0}
    assert all(row["tokens"] <= 128 and row["truncated"] == (row["tokens"] == 128) for row in rows)


def test_what_repeats_it_is_recorded(greedy, problems):
    results = json.loads((greedy[1] / "results.json").read_text())
    settings = results["generated"]["settings"]
    assert settings == json.loads((greedy[1] / "settings.json").read_text())
    assert settings["paths"]["model"] == str(WEIGHTS)
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= settings["model"]["sha256"].keys()
    assert settings["sampling"] == {"samples": 1, "temperature": 0.0, "top_p": 1.0, "max_tokens": 128, "seed": 0}
    assert settings["prompt"]["first"][0]["content"] == starter_problems("test")[-1].prompt
    assert {"verl_egca", "python", "torch", "transformers"} <= settings["versions"].keys()
    assert results["problems"] == {"path": str(problems), "sha256": settings["problems"]["sha256"]}
    assert results["judged"]["limits"]["cpu_seconds"] == 6.0
    assert sum(map(sum, results["outcomes"].values())) == results["passed"]


def test_samples_that_were_generated_can_be_judged_again(greedy, problems):
    again = egca("evaluate", "--problems", problems, "--samples", greedy[1] / "samples.jsonl", "--json")
    assert json.loads(again.stdout)["outcomes"] == json.loads((greedy[1] / "results.json").read_text())["outcomes"]


SAMPLED = ("--n", "3", "--temperature", "0.8", "--top-p", "0.95", "--batch", "4")


def test_a_run_that_was_killed_goes_on_to_the_same_samples(tmp_path):
    problems = tmp_path / "starter.parquet"
    write_parquet(starter_problems("train")[::50], problems, source="egca_starter", split="test")
    total = 3 * len(starter_problems("train")[::50])
    process = subprocess.Popen(
        [str(one) for one in command(problems, tmp_path / "killed", *SAMPLED)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    partial = tmp_path / "killed" / "starter" / "samples.jsonl.partial"
    while not partial.exists() or partial.read_text().count("\n") < 6:
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    left = partial.read_text()
    assert left.count("\n") < total
    assert not partial.with_name("samples.jsonl").exists()
    assert not partial.with_name("results.json").exists()
    partial.write_text(left + '{"task_id": "half a r')
    assert run(problems, tmp_path / "killed", *SAMPLED).exit_code == 0
    assert run(problems, tmp_path / "whole", *SAMPLED).exit_code == 0
    killed, whole = ((tmp_path / name / "starter" / "samples.jsonl").read_text() for name in ("killed", "whole"))
    assert killed == whole
    assert killed.startswith(left[: left.rfind("\n") + 1])
    assert not partial.exists()
    sampled = [row["response"] for row in map(json.loads, whole.splitlines())]
    assert len(sampled) == total
    assert sampled[::3] != sampled[1::3]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--seed", "1"), "key 'sampling.seed': is 0 for the samples that are there, and 1 now"),
        (("--max-tokens", "64"), "key 'sampling.max_tokens': is 128"),
        (("--dtype", "float64"), "key 'engine.dtype'"),
    ],
)
def test_other_settings_do_not_go_on_with_its_samples(greedy, problems, more, words):
    before = (greedy[1] / "samples.jsonl").read_text()
    refused = run(problems, greedy[1].parent, *more)
    assert refused.exit_code == 2
    assert words in refused.stderr
    assert "choose another --out" in refused.stderr
    assert (greedy[1] / "samples.jsonl").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "/there/is/none"), "/there/is/none: there is no such folder"),
        (("--model", str(Path(__file__))), "is a file; a model's folder is wanted"),
        (("--model", str(Path(__file__).parent)), "holds no model and tokenizer"),
        (("--model", str(WEIGHTS), "--n", "2"), "greedy samples of a problem are all the same"),
        (("--model", str(WEIGHTS), "--tensor-parallel", "2"), "engine hf runs on one device"),
        (("--model", str(WEIGHTS), "--engine-argument", "x"), "NAME=VALUE is wanted"),
        (("--model", str(WEIGHTS), "--engine", "vllm"), "ROLLOUT=vllm bash scripts/setup_gpu.sh"),
        (("--model", str(WEIGHTS), "--engine", "sglang"), "bash scripts/setup_gpu.sh installs the pinned one"),
        (("--samples", "a.jsonl", "--model", str(WEIGHTS)), "one of --samples"),
        ((), "one of --samples"),
    ],
)
def test_what_can_not_be_done_is_said_before_anything_is_written(problems, tmp_path, arguments, words):
    done = egca("evaluate", "--problems", problems, "--out", tmp_path / "out", *arguments)
    assert done.exit_code == 2, done.stderr
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_model_without_a_chat_template_is_refused(problems, tmp_path):
    for file in WEIGHTS.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    done = egca("evaluate", "--problems", problems, "--out", tmp_path / "out", "--model", tmp_path)
    assert done.exit_code == 2
    assert "key 'chat_template': is missing; an instruct model is wanted" in done.stderr


def test_a_prompt_that_the_model_has_no_room_for_is_named(tmp_path):
    long = starter_problems("test")[0].model_copy(update={"prompt": "x = 1\n" * 500})
    write_parquet([long], tmp_path / "long.parquet", source="egca_starter", split="test")
    done = run(tmp_path / "long.parquet", tmp_path / "out")
    assert done.exit_code == 2
    assert f"of {long.task_id} has" in done.stderr
    assert "has room for 512" in done.stderr
