"""What limits are called where a program met one: its key in YAML, its option of a command, and its value in words."""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import lru_cache
from typing import Any

MOST_TIMEOUTS = 2  # cases of one program that may use up their time; the rest is then not run

OPTIONS = {  # of the commands that run programs; sizes are given to them in MiB
    "cpu_seconds": "--cpu-seconds",
    "wall_seconds": "--wall-seconds",
    "memory_bytes": "--memory-mb",
    "output_bytes": "--output-mb",
    "file_bytes": "--file-mb",
    "open_files": "--open-files",
    "processes": "--processes",
    "packages": "--package",
}
_NOT_FOUND = re.compile(r"No module named '(\w+)")
_MET = (  # what Python says where a limit is met: type of the exception, how its message begins, which limits that may be
    ("MemoryError", "", ("memory_bytes",)),
    ("OSError", "[Errno 12]", ("memory_bytes",)),
    ("OSError", "[Errno 24]", ("open_files",)),
    ("OSError", "[Errno 27]", ("file_bytes",)),
    ("OSError", "[Errno 28]", ("file_bytes",)),
    ("RuntimeError", "can't start new thread", ("processes", "memory_bytes")),
)


def setting(name: str) -> str:
    return f"egca.sandbox.{name}, {OPTIONS[name]}"


def in_mb(size: int) -> str:
    return f"{size / (1 << 20):.4g} MB"


def limit_met(kind: str, message: str, limits: dict[str, Any]) -> str | None:
    """Which limit an exception of a program speaks of, with its value; None if of none."""
    for one, start, names in _MET:
        if kind == one and message.startswith(start):
            return "; ".join(f"a program has {_in_words(name, limits[name])} ({setting(name)})" for name in names)
    return None


def endless_test(cpu_seconds: float) -> str:
    what = f"{cpu_seconds:g} s of CPU time ({setting('cpu_seconds')})"
    return f"the test itself did not end on what the program returned in {what}"


def closed_package(kind: str, message: str) -> str | None:
    """The package that an import did not find, if it is installed here: then bare Python would have."""
    found = _NOT_FOUND.match(message) if kind == "ModuleNotFoundError" else None
    return found[1] if found and _is_installed(found[1]) else None


@lru_cache
def _is_installed(package: str) -> bool:
    try:
        return package not in sys.stdlib_module_names and importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _in_words(name: str, value: int) -> str:
    match name:
        case "memory_bytes":
            return f"{in_mb(value)} of memory"
        case "file_bytes":
            return f"{in_mb(value)} for its files"
        case "open_files":
            return f"{value} open files"
    return f"{value} threads"
