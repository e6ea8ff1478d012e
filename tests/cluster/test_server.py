"""A debugger's server is watched over: its address is told once it answers, and nothing of it outlives what started it."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from .served import running, server_in

WATCH = [sys.executable, "-m", "verl_egca.cluster.server"]


def watch(command, *options):
    return subprocess.Popen(
        [*WATCH, *options, "--", "bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_address_is_printed_once_it_answers_and_a_signal_ends_all_of_it(tmp_path, number):
    # the server is in a session of its own and its parent has gone, as with servers that start workers
    watched = watch(f"setsid {server_in(tmp_path)} & mktemp --suffix={tmp_path.name} >{tmp_path}/made; sleep 600")
    url = watched.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:")
    assert urllib.request.urlopen(f"{url}/health", timeout=10).status == 200
    assert len(running(tmp_path)) >= 2
    watched.send_signal(number)
    watched.communicate()
    assert watched.returncode == 0
    assert running(tmp_path) == []
    assert not Path((tmp_path / "made").read_text().strip()).parent.exists()  # its temporary files


def test_it_ends_with_the_process_that_started_it(tmp_path):
    start = f"import subprocess, sys; subprocess.Popen({[*WATCH, '--', 'bash', '-c', server_in(tmp_path)]!r}).wait()"
    parent = subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert parent.stdout.readline().startswith("http://")
    parent.kill()
    parent.communicate()
    while running(tmp_path):
        time.sleep(0.05)


def test_a_server_that_ends_before_it_answers_is_not_started_again(tmp_path):
    watched = watch(f"echo start >>{tmp_path}/starts; echo no such model; exit 3")
    said, complaint = watched.communicate()
    assert (watched.returncode, said) == (1, "")
    assert "no such model" in complaint
    assert "ended before it was healthy, with status 3" in complaint
    assert (tmp_path / "starts").read_text() == "start\n"


def test_a_server_that_is_not_healthy_in_time_is_ended(tmp_path):
    watched = watch(f"sleep 600 {tmp_path}/x || sleep 600", "--timeout", "1")
    complaint = watched.communicate()[1]
    assert watched.returncode == 1
    assert "is not healthy after 1 s" in complaint
    assert running(tmp_path) == []


def test_a_port_that_is_in_use_is_refused_and_not_taken_for_the_servers_own(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        watched = watch(server_in(tmp_path), "--port", str(other.getsockname()[1]))
        assert "is in use" in watched.communicate()[1]
    assert watched.returncode == 1
    assert running(tmp_path) == []


def test_other_nodes_reach_a_server_that_has_a_peer(tmp_path):
    watched = watch(server_in(tmp_path), "--peer", "192.0.2.7")
    url = watched.stdout.readline().strip()
    try:
        assert url.startswith("http://")
        assert "127.0.0.1" not in url
        assert (
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/health", timeout=10).status == 200
        )
    finally:
        watched.terminate()
        watched.communicate()
