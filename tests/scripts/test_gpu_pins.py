"""The GPU pins are one consistent set, by the packages' own metadata; what is set aside is named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import resolve_gpu_pins
from resolve_gpu_pins import ENGINES, Wanted, check, read_pins

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def uv():
    made = subprocess.run(["bash", "scripts/setup_servers.sh"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    os.environ["PATH"] += f":{ROOT / '.venv-servers' / 'uv' / 'bin'}"


@pytest.mark.parametrize("engine", ENGINES)
def test_every_requirement_of_every_pin_is_met_by_the_pins_but_the_named_ones(uv, engine):
    assert check(Wanted.read(), engine, read_pins(engine)) == []


def test_a_pin_that_contradicts_the_others_is_found(uv):
    wrong = check(Wanted.read(), "sglang", read_pins("sglang") | {"transformers": "5.6.0"})
    assert "the pins contradict each other" in wrong[0]
    assert "transformers" in wrong[0]


def test_a_pin_that_is_missing_and_one_too_many_are_found(uv):
    pins = read_pins("sglang")
    del pins["codetiming"]
    wrong = check(Wanted.read(), "sglang", pins | {"execnet": "2.1.2"})
    assert wrong == [
        "sglang: codetiming is required, but has no pin",
        "sglang: nothing requires execnet, which is pinned",
    ]


def test_the_package_wants_what_its_own_pins_are():
    pins = read_pins("sglang")
    own = resolve_gpu_pins.tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {resolve_gpu_pins.name_of(requirement) for requirement in own} <= pins.keys()


class TestSetUp:
    """scripts/setup_gpu.sh, as far as it goes without a GPU."""

    def run(self, *arguments, **environment):
        return subprocess.run(
            ["bash", "scripts/setup_gpu.sh", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )

    @pytest.mark.parametrize("engine", ENGINES)
    def test_a_dry_run_names_each_pin_of_the_engine_once(self, engine):
        shown = self.run("--dry-run", ROLLOUT=engine)
        assert shown.returncode == 0, shown.stderr
        named = [line for line in shown.stdout.splitlines() if "==" in line]
        assert sorted(named) == sorted(f"{name}=={version}" for name, version in read_pins(engine).items())
        assert named[-2:] == [
            f"{name}=={read_pins(engine)[name]}" for name in ("flash-attn", "transformer-engine-torch")
        ]

    def test_without_a_flag_it_refuses_where_there_is_no_gpu_and_says_why(self, tmp_path):
        says = self.machine(tmp_path, driver=None)
        assert "no nvidia-smi" in says
        assert "bash scripts/setup_cpu.sh" in says

    def test_a_driver_older_than_the_pins_cuda_is_refused_with_both_versions(self, tmp_path):
        assert "the driver is 550.54.15; CUDA 13.0 needs 580 or later" in self.machine(tmp_path, driver="550.54.15")

    def test_a_missing_cuda_toolkit_is_refused_once_the_driver_is_recent_enough(self, tmp_path):
        assert "no nvcc" in self.machine(tmp_path, driver="580.65.06")

    def test_another_python_is_refused_with_its_version(self):
        refused = self.run(PYTHON=sys.executable)
        assert refused.returncode == 1
        assert f"is Python {sys.version_info[0]}.{sys.version_info[1]}" in refused.stderr

    def test_an_unknown_engine_is_refused_with_the_choices(self):
        refused = self.run(ROLLOUT="tgi")
        assert (refused.returncode, refused.stderr) == (1, "setup_gpu.sh: ROLLOUT=tgi: choose sglang or vllm\n")

    def machine(self, folder, driver):
        """What it says on a machine that has Python 3.12 and, if ``driver`` is given, an NVIDIA driver of that version."""
        commands = {"python3.12": "echo 3.12"}
        if driver:
            commands["nvidia-smi"] = f"echo {driver}"
        for name, line in commands.items():
            (folder / name).write_text(f"#!/bin/sh\n{line}\n")
            (folder / name).chmod(0o755)
        for tool in ("bash", "cat", "dirname", "head", "sed", "sh", "sha256sum"):  # and nothing of NVIDIA's
            (folder / tool).symlink_to(shutil.which(tool))
        refused = self.run(PATH=str(folder), CUDA_HOME=str(folder))
        assert refused.returncode == 1
        return refused.stderr
