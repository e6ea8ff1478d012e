"""Programs of standard input do in the sandbox what they do under ``python program.py < input > output``."""

import signal
import subprocess
import sys
from dataclasses import dataclass

import pytest

from verl_egca.execution.confinement import landlock
from verl_egca.execution.confinement.layers import Layer
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome

from ..machine import lacks
from ..problems import stdio_problem
from .script_styles import DIFFERENT, STYLES, WITHOUT_FILES

FAILED = {Outcome.EXCEPTION, Outcome.CRASHED, Outcome.SYNTAX, Outcome.MEMORY}
NAMESPACES = [layer for layer in Layer if layer.endswith("-namespace")]
SHOWN = 150  # characters that a verdict shows whole


@dataclass(frozen=True)
class Bare:
    status: int
    output: str


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as one:
        if Layer.MOUNT_NAMESPACE not in one.check():
            lacks("mount namespaces")
        yield one


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """How a program ends under bare Python; each is run once."""
    known = {}
    return lambda style: known.get(style.name) or known.setdefault(style.name, run(style, tmp_path_factory.mktemp("b")))


def run(style, folder):
    own = folder / "own"
    own.mkdir()
    (own / "program.py").write_bytes(style.program.encode("utf-8", "surrogatepass"))
    (folder / "input").write_bytes(style.input.encode("utf-8", "surrogatepass"))
    with open(folder / "input") as given, open(folder / "output", "w") as output:
        status = subprocess.run(
            [sys.executable, "-s", "program.py"],
            cwd=own,
            stdin=given,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
        ).returncode
    return Bare(status, (folder / "output").read_bytes().decode("utf-8", "replace"))


def agrees(sandbox, style, found):
    """Whether the sandbox passes what bare Python ends with status 0 and the same output, and fails the rest."""
    if found.status or len(found.output) > SHOWN:
        (case,) = sandbox.run(stdio_problem((style.input, found.output)), style.program).cases
        return case.outcome in FAILED if found.status else case.passed
    # an output that is expected and does not come shows what came instead, to the last character
    (case,) = sandbox.run(stdio_problem((style.input, found.output + "\nmore")), style.program).cases
    return case.outcome is Outcome.WRONG and case.got == repr(found.output)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_program_ends_as_under_bare_python_or_the_difference_is_named(sandbox, bare, style):
    found = bare(style)
    assert agrees(sandbox, style, found) is (style.name not in DIFFERENT), found


def test_where_no_file_can_be_written_what_else_differs_is_named(bare):
    if landlock.abi() < landlock.TRUNCATE_ABI:
        lacks("a Landlock that knows truncate, without which devices can't be written either")
    with Sandbox(withhold=NAMESPACES) as one:
        differ = {style.name for style in STYLES if not agrees(one, style, bare(style))}
    assert differ == set(DIFFERENT) | set(WITHOUT_FILES)


def test_the_table_is_large_and_its_names_are_unique_and_each_difference_is_in_it():
    names = [style.name for style in STYLES]
    assert len(set(names)) == len(names) >= 180
    assert set(DIFFERENT) | set(WITHOUT_FILES) <= set(names)
