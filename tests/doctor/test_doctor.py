"""`egca doctor`: its exit code, what it says, and that it never fails itself over what it looks at."""

import json
import re
import socket
import sys
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from verl_egca.doctor import services
from verl_egca.doctor.confinement import examine_sandbox
from verl_egca.doctor.examination import Examination, examine
from verl_egca.doctor.machine import examine_machine
from verl_egca.doctor.services import Gpus, Service, examine_debugger, examine_gpus, examine_ray
from verl_egca.doctor.versions import SHOWN, State, declared, examine_versions
from verl_egca.execution.confinement.layers import Coverage, Layer, uncovered
from verl_egca.execution.sandbox import Sandbox

from ..commands import egca, started
from ..machine import lacks

ROOT = Path(__file__).parents[2]
NAMESPACES = [layer for layer in Layer if layer.endswith("-namespace")]


def doctor(*arguments, withhold=()):
    return egca("doctor", *arguments, *(part for layer in withhold for part in ("--withhold", layer)))


def in_one_line(text):
    return re.sub(r"[\s│]+", " ", text)


@pytest.fixture(scope="module")
def offered():
    with Sandbox() as sandbox:
        layers = sandbox.check()
    if uncovered(layers):
        lacks("full confinement")
    return layers


@pytest.mark.parametrize(
    ("withhold", "exit_code", "coverage"),
    [([], 0, "full"), (NAMESPACES, 1, "reduced"), ([Layer.SECCOMP, Layer.PID_NAMESPACE], 2, "none")],
    ids=["nothing", "namespaces", "what keeps processes apart"],
)
def test_the_exit_code_is_the_promise_s(offered, withhold, exit_code, coverage):
    done = doctor("--json", withhold=withhold)
    found = json.loads(done.stdout)
    assert (done.returncode, found["exit_code"], found["sandbox"]["coverage"]) == (exit_code, exit_code, coverage)
    states = {one["layer"]: (one["in_force"], one["reason"]) for one in found["sandbox"]["layers"]}
    assert set(states) == set(Layer)
    assert all(states[layer] == (False, "withheld") for layer in withhold)
    assert found["sandbox"]["gaps"] == uncovered([Layer(name) for name, (in_force, _) in states.items() if in_force])
    assert found["sandbox"]["works"] is (exit_code < 2)


def test_tables_and_words_say_what_is_covered_and_what_is_not(offered):
    said = in_one_line(doctor(withhold=NAMESPACES).stdout)
    assert "Sandbox: reduced. Training runs with egca.sandbox.require=reduced, and refuses with full." in said
    assert "a program could: - learn which paths exist (but not open them)" in said
    assert "mount-namespace missing withheld. It would cover: only the" in said
    assert "seccomp in force no sockets but pairs of its own, no new processes" in said
    assert "Covered nowhere: side channels" in said
    assert re.search(r"judged two programs rightly in \d+ ms", said)
    assert re.search(r"debugger not set", said)


def test_an_unknown_layer_is_refused_with_the_choices():
    done = started("doctor", "--withhold", "walls")
    assert done.returncode == 2
    assert "choose one of user-namespace, pid-namespace" in in_one_line(done.stderr)


@pytest.mark.parametrize("interpreter", ["/bin/false", "/no/such/python"])
def test_a_worker_that_does_not_start_is_status_2_with_a_reason(monkeypatch, interpreter):
    monkeypatch.setattr(sys, "executable", interpreter)
    state = examine_sandbox()
    assert (state.works, state.coverage, state.layers) == (False, Coverage.NONE, ())
    assert "does not start" in state.error or interpreter in state.error
    quiet = Service(None, None, "")
    assert Examination(examine_machine(), state, (), quiet, Gpus((), ""), quiet).exit_code == 2


def test_wrong_versions_are_to_be_fixed_and_do_not_change_the_exit_code(offered):
    versions = examine_versions(gpu=False, installed={"verl": "0.8.0", "torch": "2.13.0+cpu"}.get)
    quiet = Service(None, None, "")
    found = Examination(examine_machine(), examine_sandbox(), tuple(versions), quiet, Gpus((), ""), quiet)
    assert found.exit_code == 0
    (line,) = found.to_fix
    assert "verl 0.8.0 is installed; ==0.9.1 is supported" in line
    assert json.loads(json.dumps(found.as_data()))["to_fix"] == [line]


# ------------------------------------------------------------------------------------------------------- versions


def test_the_pins_of_the_cpu_environment_are_in_the_ranges():
    lines = (ROOT / "scripts" / "requirements-cpu.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    states = {one.package: one.state for one in examine_versions(gpu=False, installed=pins.get)}
    pinned = {"verl", "torch", "transformers", "ray", "TransferQueue", "tensordict", "megatron-core", "mbridge"}
    assert {name for name, state in states.items() if state == State.FITS} == {"Python", "megatron-bridge"} | pinned


def test_every_package_has_a_range_and_says_who_needs_it():
    for gpu in (False, True):
        for one in examine_versions(gpu, installed=lambda _: None):
            assert one.supported != "unknown", one
            assert one.needed_by


def test_ranges_are_those_of_the_metadata():
    lines = {(one.package, one.needed_by): one.specifier for one in declared()}
    assert lines["verl", "verl-egca[verl]"] == lines["verl", "verl-egca[cpu]"] == "==0.9.1"
    assert Requirement(f"ray{lines['ray', 'verl-egca[cpu]']}").specifier.contains("2.60.0")
    assert ("pydantic", "verl-egca") in lines


def test_with_gpus_verls_own_ranges_hold():
    installed = {"torch": "2.11.0+cu130", "vllm": "0.24.0", "megatron-bridge": "0.5.2"}
    states = {one.package: one.state for one in examine_versions(gpu=True, installed=installed.get)}
    assert {states[name] for name in installed} == {State.FITS}
    assert {one.state for one in examine_versions(gpu=False, installed=installed.get) if one.package == "torch"} == {
        State.WRONG
    }
    assert set(SHOWN) < set(states)


# ------------------------------------------------------------------------------------------------------- services


@pytest.fixture
def no_ray(monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    return tmp_path


def test_without_a_cluster_nothing_is_wrong_and_nothing_is_started(no_ray):
    assert examine_ray() == Service(None, None, "no cluster is running; verl starts one of its own")


@pytest.mark.parametrize("prefix", ["", "ray://"])
def test_a_cluster_that_answers_is_reachable(no_ray, monkeypatch, prefix):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"{prefix}127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        assert examine_ray() == Service(address, True, "answers (RAY_ADDRESS)")
    found = examine_ray()
    assert (found.reachable, "does not answer (RAY_ADDRESS)" in found.words) == (False, True)


def test_a_cluster_started_on_this_machine_is_found(no_ray):
    (no_ray / "ray").mkdir()
    (no_ray / "ray" / "ray_current_cluster").write_text("127.0.0.1:1\n")
    found = examine_ray()
    assert (found.address, found.reachable) == ("127.0.0.1:1", False)


@pytest.mark.parametrize("address", ["nonsense", "host:port", "127.0.0.1:99999999"])
def test_a_bad_address_is_said_to_be_one(no_ray, monkeypatch, address):
    monkeypatch.setenv("RAY_ADDRESS", address)
    assert examine_ray().reachable is False


@contextmanager
def server(answers):
    """Answers GET requests with what ``answers`` has for the path, else with 404; yields its URL and what was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Authorization")))
            body = answers.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}", asked
        http.shutdown()


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_a_debugger_that_answers_names_its_models(suffix):
    with server({"/v1/models": b'{"data": [{"id": "coder"}]}'}) as (url, asked):
        found = examine_debugger(url + suffix)
    assert (found.reachable, found.words) == (True, "answers; models: coder")
    assert asked == [("/v1/models", None)]


@pytest.mark.parametrize("models", [None, b"no json", b"[]", b'{"data": [{}]}'])
def test_a_debugger_without_a_list_of_models_is_asked_for_its_health(models):
    with server({"/v1/models": models, "/health": b""}) as (url, _):
        assert examine_debugger(url).reachable is True
    with server({"/v1/models": models}) as (url, _):
        assert examine_debugger(url).reachable is False


def test_a_debugger_s_password_is_sent_and_never_shown():
    with server({"/v1/models": b'{"data": []}'}) as (url, asked):
        found = examine_debugger(url.replace("//", "//me:secret@"))
    assert found.reachable is True
    assert "secret" not in str(found)
    assert asked == [("/v1/models", "Basic bWU6c2VjcmV0")]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "ftp://127.0.0.1", "nonsense", "http://", "http://[::1", "http://h:x"]
)
def test_a_debugger_that_can_not_be_reached_is_to_be_fixed(url):
    found = examine_debugger(url)
    assert found.reachable is False
    assert found.words


def test_without_a_debugger_nothing_is_wrong(monkeypatch):
    monkeypatch.delenv("EGCA_DEBUGGER_URL", raising=False)
    assert examine_debugger(None) == Service(None, None, "not set")
    monkeypatch.setenv("EGCA_DEBUGGER_URL", "http://127.0.0.1:1")
    assert examine_debugger(None).address == "http://127.0.0.1:1"


def test_gpus_are_those_that_nvidias_tool_lists(monkeypatch, tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA H100 (UUID: GPU-1)'\necho 'GPU 1: NVIDIA H100 (UUID: GPU-2)'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert examine_gpus().names == ("GPU 0: NVIDIA H100", "GPU 1: NVIDIA H100")
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert examine_gpus().names == ()


def test_without_gpus_it_is_the_cpu_platform(monkeypatch):
    monkeypatch.setattr(services, "_DEVICE_FILES", ())
    monkeypatch.setenv("PATH", "/nowhere")
    assert examine_gpus() == Gpus((), "none: CPU platform")


def test_all_of_it_is_plain_data():
    assert set(json.loads(json.dumps(examine().as_data()))) == {
        *("machine", "sandbox", "versions", "ray", "gpus", "debugger", "to_fix", "exit_code")
    }
