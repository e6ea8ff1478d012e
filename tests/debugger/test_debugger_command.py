"""``egca debugger``, started as a user starts it."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .replay_server import Fault, ReplayServer

EGCA = Path(sys.executable).parent / "egca"


def egca(*arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if name != "EGCA_DEBUGGER_URL"}
    return subprocess.run(
        [EGCA, "debugger", *arguments], capture_output=True, text=True, timeout=120, env=clean | environment
    )


def test_serve_prints_what_the_launcher_prints():
    arguments = ["--engine", "vllm", "--model=some/model", "--print", "--", "--dtype", "bfloat16"]
    shown = egca("serve", *arguments)
    launcher = subprocess.run(
        [sys.executable, "-m", "verl_egca.debugger.launch", *arguments], capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == launcher.stdout
    assert shlex.split(shown.stdout)[-2:] == ["--dtype", "bfloat16"]


def test_serve_explains_its_flags_and_refuses_others():
    assert "--tensor-parallel" in egca("serve", "--help").stdout
    refused = egca("serve", "--model", "m", "--memory", "25", "--print")
    assert refused.returncode == 2
    assert "egca debugger serve: error: memory 25.0" in refused.stderr


def poem(request):
    return {"statement": 2, "reason": "it is spring"}


def test_check_says_that_a_server_keeps_to_a_schema_and_what_it_had_cached():
    with ReplayServer(poem) as server:
        checked = egca("check", "--url", server.url + "/v1")
    assert checked.returncode == 0, checked.stderr
    assert f"{server.url}/v1: model replay, keeps to a schema;" in checked.stdout
    assert "prefix caching: 128 of " in checked.stdout


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.ECHO, "does not keep to a schema (refused: not json); model replay"),
        (Fault.ERROR_500, "does not answer (failed: http 500)"),
        (Fault.UNAUTHORIZED, "does not answer (failed: http 401)"),
    ],
)
def test_check_says_what_is_wrong_with_a_server(fault, words):
    with ReplayServer(poem, fault) as server:
        checked = egca("check", EGCA_DEBUGGER_URL=server.url, EGCA_DEBUGGER_API_KEY="hunter2")
    assert checked.returncode == 1
    assert words in " ".join(checked.stderr.split())
    assert "hunter2" not in checked.stderr + checked.stdout


def test_check_wants_a_sound_question():
    assert "a --url is wanted" in egca("check").stderr
    secret = egca("check", "--url", "http://me:hunter2@host")
    assert secret.returncode == 2
    assert "EGCA_DEBUGGER_API_KEY" in secret.stderr
    assert "hunter2" not in secret.stderr
