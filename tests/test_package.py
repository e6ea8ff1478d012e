"""What the package promises about itself: a light heart, complete wheels, programs run in one place only."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "verl_egca"
HEAVY = ("torch", "verl", "ray", "transformers", "numpy.testing", "megatron", "hydra")
LIGHT = [
    "verl_egca.problem",
    "verl_egca.response",
    "verl_egca.spans",
    "verl_egca.sample",
    "verl_egca.assessment",
    "verl_egca.execution.sandbox",
    "verl_egca.tracing",
    "verl_egca.localization",
    "verl_egca.gates.gate",
    "verl_egca.config.settings",
    "verl_egca.data.formats",
    "verl_egca.evaluation.localize",
    "verl_egca.evaluation.explain",
    "verl_egca.report.inspect",
    "verl_egca.report.explanation",
    "verl_egca.report.page.watch",
    "verl_egca.sharing",
    "verl_egca.doctor.examination",
    "verl_egca.doctor.show",
    "verl_egca.launch.__main__",
    "verl_egca.cli",
    "verl_egca.plugin",
]


@pytest.mark.parametrize("module", LIGHT)
def test_the_heart_needs_neither_torch_nor_verl(module):
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_a_wheel_holds_the_policy_the_problems_and_the_config(tmp_path):
    # from a copy: a build leaves its folders beside the sources
    copy = tmp_path / "copy"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        if name.startswith(("verl_egca/", "pyproject.toml", "README.md", "LICENSE")) and (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        tmp_path,
        copy,
    ]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("verl_egca-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names, size = set(archive.namelist()), sum(info.file_size for info in archive.infolist())
    for path in PACKAGE.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert f"verl_egca/{path.relative_to(PACKAGE)}" in names
    assert size < 10 * 2**20


# Where code from outside may be compiled or run: the sandbox's processes, never the trainer's.
OF_PROGRAMS = {"execution/child.py", "tracing/child.py", "tracing/steps.py"}  # in a confined process
OF_TESTS = {"execution/cases.py", "execution/kinds.py", "execution/unroll.py"}  # in the judge


def test_programs_are_compiled_and_run_in_the_sandbox_only():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("exec", "eval", "compile")
            ):
                found.add(str(path.relative_to(PACKAGE)))
    assert found == OF_PROGRAMS | OF_TESTS
