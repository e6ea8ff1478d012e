"""The debugger's server is started by one set of words, whatever engine serves it."""

import itertools
import shlex
import subprocess
import sys

import pytest

from verl_egca.debugger.launch import main, server_command

MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct"


def pairs(command):
    return dict(itertools.pairwise(command))


def test_one_description_is_each_engines_own_flags():
    say = {"port": 30001, "memory": 0.25, "tensor_parallel": 2, "context_length": 8192}
    sglang, vllm = pairs(server_command("sglang", MODEL, **say)), pairs(server_command("vllm", MODEL, **say))
    assert (sglang["-m"], sglang["--model-path"]) == ("sglang.launch_server", MODEL)
    assert (sglang["--mem-fraction-static"], sglang["--tp-size"], sglang["--context-length"]) == ("0.25", "2", "8192")
    assert (vllm["-m"], vllm["serve"]) == ("vllm.entrypoints.cli.main", MODEL)
    assert (vllm["--gpu-memory-utilization"], vllm["--tensor-parallel-size"], vllm["--max-model-len"]) == (
        "0.25",
        "2",
        "8192",
    )
    assert sglang["--port"] == vllm["--port"] == "30001"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"engine": "tgi"}, "choose one of sglang, vllm"),
        ({"memory": 25}, "between 0 and 1"),
        ({"port": 70000}, "between 1 and 65535"),
        ({"tensor_parallel": 0}, "start at 1"),
    ],
)
def test_what_no_server_can_take_is_refused_with_the_remedy(wrong, says):
    with pytest.raises(ValueError, match=says):
        server_command(**{"engine": "sglang", "model": MODEL, "port": 30000, "memory": 0.5, **wrong})


def test_print_shows_a_line_that_a_shell_takes_with_the_engines_own_flags_last(capsys):
    assert main(["--model", MODEL, "--gpu", "7", "--print", "--", "--log-level", "a warning"]) == 0
    words = shlex.split(capsys.readouterr().out)
    assert words[:2] == ["CUDA_VISIBLE_DEVICES=7", sys.executable]
    assert words[-2:] == ["--log-level", "a warning"]


def test_a_printed_command_may_leave_host_and_port_to_the_shell_that_runs_it(capsys):
    assert main(["--model", "a model", "--host", "$HOST", "--port", "$PORT", "--print"]) == 0
    assert "--model-path 'a model' --host $HOST --port $PORT " in capsys.readouterr().out


def test_as_many_gpus_are_named_as_hold_the_model(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--model", MODEL, "--gpu", "6,7", "--print"])
    assert ended.value.code == 2
    assert "names 2, but --tensor-parallel is 1" in capsys.readouterr().err


def test_an_engine_that_is_not_installed_is_named_with_what_installs_it():
    run = subprocess.run(
        [sys.executable, "-m", "verl_egca.debugger.launch", "--engine", "vllm", "--model", MODEL],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2
    assert "ROLLOUT=vllm bash scripts/setup_gpu.sh" in run.stderr
