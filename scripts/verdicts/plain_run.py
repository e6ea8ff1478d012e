"""A program run as everybody does: ``python program.py < input > output``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 60


@dataclass(frozen=True)
class PlainRun:
    """``status`` is the exit status, -1 past the time."""

    status: int
    output: str


def run_plain(program: str, stdin: str = "") -> PlainRun:
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in ("program.py", "input", "output")}
        files["program.py"].write_bytes(program.encode("utf-8", "surrogatepass"))
        files["input"].write_bytes(stdin.encode("utf-8", "surrogateescape"))
        with files["input"].open("rb") as given, files["output"].open("wb") as printed:
            try:
                status = subprocess.run(
                    [sys.executable, "-s", "program.py"],
                    cwd=folder,
                    stdin=given,
                    stdout=printed,
                    stderr=subprocess.DEVNULL,
                    timeout=_SECONDS,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                status = -1
        return PlainRun(status, files["output"].read_bytes().decode("utf-8", "replace"))
