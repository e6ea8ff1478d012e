"""What the package promises about itself: a light heart, complete wheels, programs run in one place only."""

import ast
import subprocess
import sys
import sysconfig
import zipfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = set(
    "cluster config cpu credit data debugger doctor evaluation execution extraction gates launch localization report tracing "
    "training values".split()
)
PACKAGE = ROOT / "verl_egca"
HEAVY = ("torch", "verl", "ray", "transformers", "megatron", "hydra", "scipy", "networkx", "pyarrow", "openai")
FOR_PICTURES = ("numpy", "matplotlib")
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
def test_an_import_loads_nothing_heavy(module):
    heavy = HEAVY if module.startswith("verl_egca.report.page.") else HEAVY + FOR_PICTURES
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.parametrize("module", ["verl_egca", "verl_egca.plugin"])
def test_what_every_process_of_verl_imports_loads_the_standard_library_alone(module):
    """Beside the plugin's own modules and the hooks at imports."""
    code = f"import sys; before = {{*sys.modules}}; import {module}; print(*sorted({{*sys.modules}} - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    roots = {name.partition(".")[0] for name in loaded}
    assert roots - sys.stdlib_module_names - {"wrapt"} == {"verl_egca"}


def test_imports_go_one_way():
    """The contracts are pyproject's."""
    lint = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


APART = ("experiment", "plan", "starter")  # not the plugin, and with words of their own


def test_no_two_classes_have_one_name():
    found = Counter(
        node.name
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in APART
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in found.items() if count > 1] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: a build leaves its folders beside the sources."""
    tmp_path = tmp_path_factory.mktemp("wheel")
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
    (built,) = tmp_path.glob("verl_egca-*.whl")
    return built


def test_a_wheel_holds_the_plugin_and_nothing_else_in_less_than_a_megabyte(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {
        f"verl_egca/{path.relative_to(PACKAGE)}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.name != "README.md" and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == sources
    assert {name.split("/")[1] for name in sources if name.count("/") > 1} == ROOMS
    assert wheel.stat().st_size < 10**6


def test_the_wheel_installs_beside_verl_and_verl_loads_it_there(wheel, tmp_path):
    """In an environment of its own: verl and what it needs come from this one, the plugin from the wheel."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin/python"
    (site,) = environment.glob("lib/python*/site-packages")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, capture_output=True)
    (site / "verl.pth").write_text(sysconfig.get_path("purelib") + "\n")
    code = """
import verl_egca
from verl.experimental.reward_loop.reward_manager import get_reward_manager_cls
from verl.trainer.ppo.core_algos import get_adv_estimator_fn
print(verl_egca.__file__)
print(get_reward_manager_cls("egca").__module__, get_adv_estimator_fn("egca").__module__)
"""
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    where, registered = done.stdout.splitlines()[-2:]
    assert where == str(site / "verl_egca/__init__.py")
    assert registered == "verl_egca.training.reward_manager verl_egca.training.estimator"
    helped = subprocess.run([environment / "bin/egca", "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert helped.returncode == 0
    assert "inspect" in helped.stdout


# Where code from outside may be compiled or run: the sandbox's processes, never the trainer's.
OF_PROGRAMS = {
    "execution/child.py",
    "execution/script.py",
    "tracing/child.py",
    "tracing/steps.py",
}  # in a confined process
OF_TESTS = {"execution/cases.py", "execution/assertions.py", "execution/unroll.py"}  # in the judge


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
