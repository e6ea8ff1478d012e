"""What one program may use, as the commands that run programs take it."""

import json
import re

import pytest
import typer
from typer.testing import CliRunner

from verl_egca.cli import app
from verl_egca.evaluation.limit_options import DEFAULTS, GivenLimits, limits_of, takes_limits
from verl_egca.execution.limit_names import OPTIONS
from verl_egca.execution.limits import Limits

from ..commands import egca

PROBLEM = {"task_id": "t", "question": "Print twice n.", "inputs": ["3\n"] * 4, "outputs": ["6\n"] * 4}


def taken(*arguments):
    """The limits that a command gets."""
    found = []
    one = typer.Typer()

    @one.command()
    @takes_limits
    def command(name: str = "", limits: GivenLimits = DEFAULTS) -> None:
        found.append(limits_of(limits))

    done = CliRunner().invoke(one, arguments)
    return found[0] if found else done.output


def test_what_is_not_given_has_its_default():
    assert taken() == taken("--name", "x") == Limits()


@pytest.mark.parametrize(
    ("arguments", "setting", "value"),
    [
        (["--cpu-seconds", "10"], "cpu_seconds", 10.0),
        (["--wall-seconds", "0.5"], "wall_seconds", 0.5),
        (["--memory-mb", "4096"], "memory_bytes", 4 << 30),
        (["--output-mb", "0"], "output_bytes", 0),
        (["--file-mb", "64"], "file_bytes", 64 << 20),
        (["--open-files", "100"], "open_files", 100),
        (["--processes", "8"], "processes", 8),
        (["--package", "scipy", "--package", "sympy"], "packages", ("scipy", "sympy")),
    ],
)
def test_each_option_sets_its_limit_alone(arguments, setting, value):
    assert taken(*arguments) == Limits(**{setting: value})


def test_every_limit_of_an_amount_has_an_option():
    amounts = {name for name, field in Limits.model_fields.items() if field.annotation in (int, float)}
    assert set(OPTIONS) == {*amounts, "packages"}


@pytest.mark.parametrize(
    ("option", "value"), [("--cpu-seconds", "0"), ("--cpu-seconds", "nan"), ("--wall-seconds", "inf"), ("--memory-mb", "1"), ("--open-files", "2"), ("--package", "no name")]
)  # fmt: skip
def test_a_value_that_no_limit_can_have_is_refused_by_the_option_s_name(option, value):
    assert f"Invalid value for {option}" in re.sub(r"[\s│'\"]+", " ", taken(option, value))


@pytest.mark.parametrize("command", ["evaluate", "localize", "explain"])
def test_the_commands_that_run_programs_take_them_and_say_their_defaults(command):
    help_text = CliRunner(env={"COLUMNS": "200"}).invoke(app, [command, "--help"]).output
    assert "--package" in help_text
    amounts = {name: option for name, option in OPTIONS.items() if name != "packages"}
    said = {option: re.search(rf"{option}\b.*?default: ([\d.]+)", help_text) for option in amounts.values()}
    limits = Limits()
    for name, option in amounts.items():
        unit = 1 << 20 if name.endswith("_bytes") else 1
        assert float(said[option][1]) * unit == getattr(limits, name)


@pytest.fixture
def files(tmp_path):
    problems, samples = tmp_path / "problems.jsonl", tmp_path / "samples.jsonl"
    problems.write_text(json.dumps(PROBLEM) + "\n")
    rows = [{"task_id": "t", "solution": "while True: pass\n"}, {"task_id": "t", "solution": "print(2 * int(input()))"}]
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ["--problems", str(problems), "--samples", str(samples), "--cpu-seconds", "0.25"]


def test_a_row_says_which_limit_ended_its_program_and_by_which_option_it_is_raised(files, tmp_path):
    out = tmp_path / "out.jsonl"
    done = egca("localize", *files, "--out", str(out), "--localizer", "uniform")
    assert done.returncode == 0, done.stderr
    endless, right = map(json.loads, out.read_text().splitlines())
    assert right["passed"]
    assert endless["error"]["message"] == (
        "its CPU time of 0.25 s for a case is used up (egca.sandbox.cpu_seconds, --cpu-seconds)"
    )


def test_results_record_the_limits(files, tmp_path):
    done = egca("evaluate", *files, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "problems" / "results.json").read_text())
    assert results["judged"]["limits"]["cpu_seconds"] == 0.25
    assert results["passed"] == 1
