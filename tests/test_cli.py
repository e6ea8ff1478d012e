"""The command line, and on the benchmarks' files."""

import json
import re
from contextlib import suppress
from dataclasses import asdict

import pytest

from verl_egca.evaluation.jobs import ResumableOutput, digest
from verl_egca.execution.limits import Limits
from verl_egca.gates.settings import GateSettings
from verl_egca.localization.options import Options

from .commands import egca, started

PROBLEM = {
    "task_id": "t/0",
    "prompt": "def f(x):\n",
    "code_prefix": "def f(x):\n",
    "entry_point": "f",
    "reference": "def f(x):\n    y = x + 1\n    return y\n",
    "tests": {"kind": "assertions", "assertions": ["assert f(1) == 2", "assert f(2) == 3"]},
}
WRONG = "    y = x - 1\n    return y\n"


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def files(tmp_path):
    problems = write(tmp_path / "problems.jsonl", PROBLEM)
    samples = write(
        tmp_path / "samples.jsonl",
        {"task_id": "t/0", "completion": WRONG},
        {"task_id": "t/0", "solution": PROBLEM["reference"]},
        {"task_id": "t/0", "response": f"Of course:\n```python\ndef f(x):\n{WRONG}```"},
        {"task_id": "t/0", "solution": "def f(x):\n    return ("},
    )
    return problems, samples, tmp_path / "out.jsonl"


def test_localize_writes_a_row_a_sample_in_their_order(files):
    problems, samples, out = files
    done = egca("localize", "--problems", problems, "--samples", samples, "--out", out)
    assert done.returncode == 0, done.stderr
    rows, given = read(out), read(samples)
    assert [row["mode"] for row in rows] == ["LOGIC", "CORRECT", "LOGIC", "SYNTAX"]
    assert [row["sample_index"] for row in rows] == [0, 1, 2, 3]
    assert [(row["passed"], row["tests_passed"], row["tests_total"]) for row in rows[:2]] == [
        (False, 0, 2),
        (True, 2, 2),
    ]
    for row, sample, text in zip(rows, given, ("completion", None, "response", "solution"), strict=True):
        if text is None:
            assert (row["localization"], row["error"], row["ranked"]) == (None, None, [])
            continue
        place = row["localization"]
        lines = row["program"].split("\n")
        assert lines[place["line"] - 1][place["col"] : place["end_col"]] == sample[text][place["start"] : place["end"]]
        assert row["ranked"][0] == {"line": place["line"], "end_line": place["end_line"]}
    proven = rows[0]["localization"]
    assert (proven["localizer"], proven["confirmed"]) == ("counterfactual", "full")
    assert "+    y = x + 1" in proven["evidence"]["diff"]
    assert (rows[3]["localization"]["localizer"], rows[3]["localization"]["confirmed"]) == ("reported", "none")
    assert rows[2]["program"] == f"def f(x):\n{WRONG}"
    assert rows[3]["error"]["type"] == "SyntaxError"
    assert not list(out.parent.glob("*.partial"))


def test_localize_resumes_where_it_was_interrupted(files):
    problems, samples, out = files
    command = ("localize", "--problems", problems, "--samples", samples, "--out", out)
    assert egca(*command).returncode == 0
    whole = out.read_text()
    partial = _interrupted_after_two_rows(problems, samples, out)
    partial.write_text(partial.read_text() + '{"task_id": "t')
    out.unlink()
    assert egca(*command, "--resume").returncode == 0
    assert _without_times(out.read_text()) == _without_times(whole)
    assert not partial.exists()


def _without_times(text):
    return re.sub(r'"cpu_ms": ?\d+', "", text)


def test_localize_takes_the_localizers_options(files):
    problems, samples, out = files
    blamed = {}
    for granularity in ("expression", "statement", "token"):
        done = egca(
            "localize", "--problems", problems, "--samples", samples, "--out", out, "--granularity", granularity
        )
        assert done.returncode == 0, done.stderr
        place = read(out)[0]["localization"]
        blamed[granularity] = WRONG[place["start"] : place["end"]]
    assert blamed == {"expression": "x - 1", "statement": "y = x - 1", "token": "-"}


def _interrupted_after_two_rows(problems, samples, out):
    made_from = {"problems": digest(problems), "samples": digest(samples), "localizer": "egca", "seed": 0}
    made_from |= {"options": asdict(Options()), "gates": GateSettings(comparability="off").checks}
    made_from |= {"limits": Limits().model_dump(mode="json")}
    output = ResumableOutput(out, made_from, resume=False)
    rows = read(out)
    with suppress(KeyboardInterrupt), output:
        for row in rows[:2]:
            output.write(row)
        raise KeyboardInterrupt
    return output.partial


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"task_id": "t/9", "solution": ""}], "row 1, key 'task_id'"),
        ([{"task_id": "t/0"}], "needs one of completion, solution, response; it has none"),
        ([{"task_id": "t/0", "solution": "", "completion": ""}], "completion and solution"),
        ([{"task_id": "t/0", "solution": ""}, {"task_id": "t/0", "solution": 5}], "row 2, key 'solution'"),
        ([{"solution": ""}], "key 'task_id'"),
        ([{"task_id": "t/0", "solution": "", "sample_index": "0"}], "key 'sample_index'"),
    ],
)
def test_bad_samples_are_exit_status_2_and_leave_no_output(files, rows, words):
    problems, samples, out = files
    write(samples, *rows)
    for command in (("localize", "--out", out), ("evaluate",)):
        done = egca(*command, "--problems", problems, "--samples", samples)
        assert done.returncode == 2
        assert words in " ".join(done.stderr.split())
        assert samples.name in done.stderr
    assert not out.exists()


def test_evaluate_prints_pass_at_k(files):
    problems, samples, _ = files
    done = egca("evaluate", "--problems", problems, "--samples", samples, "--k", "1,2,9", "--json")
    result = json.loads(done.stdout)
    assert (result["tasks"], result["samples"], result["passed"]) == (1, 4, 1)
    assert result["pass_at"] == {"1": 0.25, "2": 0.5, "9": None}
    table = egca("evaluate", "--problems", problems, "--samples", samples, "--k", "1,9").stdout
    assert "25.0%" in table
    assert "a task has fewer samples" in table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("localize", "--localizer", "oracle"), "choose one of 'counterfactual', 'debugger', 'egca'"),
        (("localize", "--granularity", "line"), "'line' is not one of 'expression', 'statement', 'token'"),
        (("localize", "--budget-ms", "0"), "'--budget-ms': Input should be greater than or equal to 1"),
        (("evaluate", "--k", "0"), "whole numbers from 1"),
        (("prepare", "--format", "csv", "--source", "x", "--out", "y"), "choose one of auto, "),
    ],
)
def test_wrong_options_name_the_choices(files, arguments, words):
    problems, samples, out = files
    if arguments[0] != "prepare":
        arguments += ("--problems", problems, "--samples", samples)
    if arguments[0] == "localize":
        arguments += ("--out", out)
    done = egca(*arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.replace("│", " ").split())


def test_prepare_writes_parquet(files, tmp_path):
    problems, *_ = files
    done = egca("prepare", "--source", problems, "--out", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "test.parquet").exists()


def test_prepare_check_says_what_is_wrong_and_writes_nothing(files, tmp_path):
    problems, *_ = files
    before = sorted(tmp_path.iterdir())
    assert (found := egca("prepare", "--source", problems, "--check")).returncode == 0, found.stdout
    wrong = tmp_path / "wrong.jsonl"
    row = json.loads(problems.read_text().splitlines()[0])
    wrong.write_text(json.dumps(row | {"reference": "def f(x):\n    return 5\n"}) + "\n")
    found = egca("prepare", "--source", wrong, "--check")
    assert found.returncode == 1
    assert f"the reference fails its own tests: 1 row\n  row 1 ({row['task_id']})" in found.stdout
    wrong.write_text(json.dumps(row | {"tests": 5}) + "\n")
    assert egca("prepare", "--source", wrong, "--check").returncode == 2
    assert egca("prepare", "--source", wrong).returncode == 2
    assert sorted(tmp_path.iterdir()) == sorted([*before, wrong])


def test_a_user_starts_it():
    assert "localize" in started("--help").stdout


def test_localize_writes_a_row_for_every_humanevalfix_sample(shared_data, tmp_path):
    out = tmp_path / "out.jsonl"
    samples = shared_data / "humanevalfix_python_even.jsonl"
    done = egca("localize", "--problems", shared_data / "HumanEval.jsonl.gz", "--samples", samples, "--out", out)
    assert done.returncode == 0, done.stderr
    rows = read(out)
    assert [row["task_id"].split("/")[1] for row in rows] == [row["task_id"].split("/")[1] for row in read(samples)]
    assert len(rows) == 82
    assert {row["mode"] for row in rows} <= {"LOGIC", "SYNTAX"}
    assert sum(row["localization"] is not None for row in rows) >= 78
