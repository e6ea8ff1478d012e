"""The debugger's server beside a run: there when the trainer starts, ended whatever becomes of that."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from ..cluster.served import running, server_in

ASKS = """
import pathlib, sys, time, urllib.request
url = sys.argv[1].partition("=")[2].strip("[]")
print("asked", urllib.request.urlopen(url + "/health", timeout=10).status, flush=True)
for act in sys.argv[2:]:
    if act == "wait": time.sleep(600)
    if act == "fail": sys.exit(7)
"""


@pytest.fixture
def launch(tmp_path):
    served = tmp_path / "served"
    served.mkdir()

    def start(*acts, debugger=None, options=()):
        debugger = ["--debugger", server_in(served)] if debugger is None else debugger
        command = [sys.executable, "-m", "verl_egca.launch", "--root", str(tmp_path), "--default-name", "cpu"]
        command += ["--name", "run", *debugger, *options, "--", sys.executable, "-c", ASKS, "urls=[{debugger}]", *acts]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    start.served, start.logs = served, tmp_path / "run/logs"
    return start


def test_the_trainer_gets_the_servers_address_and_the_server_ends_after_it(launch):
    run = launch()
    shown = run.communicate()[0]
    assert run.returncode == 0, shown
    assert "debugger http://127.0.0.1:" in shown
    assert (launch.logs / "attempt-1.log").read_text() == "asked 200\n"
    assert "GET /health" in (launch.logs / "debugger-1.log").read_text()
    assert running(launch.served) == []


def test_the_server_ends_with_a_trainer_that_fails(launch):
    run = launch("fail")
    shown = run.communicate()[0]
    assert run.returncode == 7, shown
    assert running(launch.served) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_server_and_trainer_end_with_a_launcher_that_is_interrupted_or_killed(launch, number, status):
    run = launch("wait")
    until(lambda: (launch.logs / "attempt-1.log").exists() and "asked" in (launch.logs / "attempt-1.log").read_text())
    (trainer,) = [pid for pid in children(run.pid) if "urls=" in command_of(pid)]
    run.send_signal(number)
    run.communicate()
    assert run.returncode == status
    until(lambda: not running(launch.served))
    until(lambda: not command_of(trainer))


def test_an_interrupt_while_the_server_starts_ends_it(launch):
    run = launch(debugger=["--debugger", f"echo up >&2; sleep 600; : {launch.served}"])
    until(lambda: (launch.logs / "debugger-1.log").exists() and "up" in (launch.logs / "debugger-1.log").read_text())
    run.send_signal(signal.SIGINT)
    run.communicate()
    assert run.returncode == 130
    assert running(launch.served) == []


def test_a_server_that_dies_before_it_is_healthy_fails_the_run_with_the_end_of_its_log(launch):
    run = launch(debugger=["--debugger", f"echo out of memory; exit 3; : {launch.served}"])
    shown = run.communicate()[0]
    assert run.returncode == 1
    assert "the debugger's server ended before it could answer" in shown
    assert "  out of memory" in shown
    assert "debugger-1.log" in shown
    assert not (launch.logs / "attempt-1.log").exists()  # the trainer was not started
    assert running(launch.served) == []


def test_a_run_goes_on_without_a_server_that_dies_and_says_so(launch, tmp_path):
    waits = ASKS + f"\nwhile not pathlib.Path({str(tmp_path / 'go')!r}).exists(): time.sleep(0.05)\n"
    command = [
        sys.executable,
        "-m",
        "verl_egca.launch",
        "--root",
        str(tmp_path),
        "--default-name",
        "cpu",
        "--name",
        "run",
    ]
    command += ["--debugger", server_in(launch.served), "--", sys.executable, "-c", waits, "urls=[{debugger}]"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until(lambda: (launch.logs / "attempt-1.log").exists() and "asked" in (launch.logs / "attempt-1.log").read_text())
    for pid in running(launch.served):
        if "http.server" in command_of(pid) and "-m verl_egca." not in command_of(pid):
            os.kill(pid, signal.SIGKILL)
    assert "the debugger's server ended" in next(line for line in run.stdout if "ended" in line)
    (tmp_path / "go").touch()
    run.communicate()
    assert run.returncode == 0


def test_a_run_may_go_on_with_a_server_elsewhere(launch, tmp_path):
    first = launch("fail")
    first.communicate()
    # as when a batch job starts again on other nodes
    second = launch("fail", debugger=["--debugger-url", "http://127.0.0.1:9"])
    shown = second.communicate()[0]
    assert "other settings" not in shown
    assert json.loads((tmp_path / "run/command.json").read_text())["command"][3] == "urls=[{debugger}]"


def until(true):
    while not true():
        time.sleep(0.05)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def command_of(pid):
    """Nothing of one that has ended."""
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""
