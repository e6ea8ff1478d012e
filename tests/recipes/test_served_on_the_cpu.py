"""The debugger of the CPU recipe: who serves it, as far as the recipe's own command tells."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def command_of(*arguments, flag="--command", env=None):
    done = subprocess.run(
        ["bash", "recipes/run_egca_cpu.sh", flag, *arguments],
        cwd=ROOT,
        env=os.environ | {"EGCA_DEBUGGER_URL": ""} | (env or {}),
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_nobody_is_asked_unless_it_is_wanted():
    status, command, _ = command_of()
    assert status == 0
    assert "debugger" not in command


def test_a_small_model_is_served_and_asked():
    status, command, _ = command_of("DEBUGGER=1", flag="--dry-run")
    assert status == 0
    assert "vllm.entrypoints.openai.api_server" in command
    assert "egca.debugger.urls=[http://127.0.0.1:30000]" in command


def test_a_server_that_runs_is_asked_in_its_place_whether_an_argument_or_the_environment_names_it():
    url = "http://node7:30000"
    for status, command, _ in (
        command_of("DEBUGGER=1", f"DEBUGGER_URL={url}"),
        command_of(env={"EGCA_DEBUGGER_URL": url}),
    ):
        assert status == 0
        assert f"egca.debugger.urls=[{url}]" in command
        assert "vllm" not in command


def test_methods_that_ask_nobody_have_nobody_served():
    for method in ("grpo", "random"):
        status, command, _ = command_of("DEBUGGER=1", f"METHOD={method}")
        assert status == 0
        assert "debugger" not in command


def test_a_wrong_choice_is_refused():
    status, _, said = command_of("DEBUGGER=yes")
    assert status == 2
    assert "DEBUGGER=yes: choose 1 or 0" in said
