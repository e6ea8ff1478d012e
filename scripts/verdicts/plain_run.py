"""A plain run of a program: ``python program.py < input > output``."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 60
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True)
class PlainRun:
    """``status`` is the exit status; -1 after a timeout."""

    status: int
    output: str


def run_plain(program: str, stdin: str = "") -> PlainRun:
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder, "own")
        own.mkdir()
        files = {name: Path(folder, name) for name in ("own/program.py", "input", "output")}
        files["own/program.py"].write_bytes(program.encode("utf-8", "surrogatepass"))
        files["input"].write_bytes(stdin.encode("utf-8", "surrogatepass"))
        with files["input"].open("rb") as given, files["output"].open("wb") as printed:
            try:
                status = subprocess.run(
                    [sys.executable, "-s", "program.py"],
                    cwd=own,
                    env=_ENVIRONMENT,
                    preexec_fn=_hear_interrupts,
                    stdin=given,
                    stdout=printed,
                    stderr=subprocess.DEVNULL,
                    timeout=_SECONDS,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                status = -1
        return PlainRun(status, files["output"].read_bytes().decode("utf-8", "replace"))


def _hear_interrupts() -> None:
    """Restore SIGINT's handler, which background jobs of a shell and their children ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
