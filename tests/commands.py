"""The command ``egca``, within the tests' process, and once a file of tests as a user starts it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from verl_egca.cli import app

EGCA = Path(sys.executable).parent / "egca"


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def egca(*arguments, **environment):
    """What a command answered; no debugger is there unless ``environment`` names one."""
    names_none = {"EGCA_DEBUGGER_URL": None}
    done = CliRunner().invoke(app, [str(part) for part in arguments], env=names_none | environment)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def started(*arguments):
    """The same of a process of its own, with this one's environment."""
    return subprocess.run([EGCA, *map(str, arguments)], capture_output=True, text=True, timeout=300)
