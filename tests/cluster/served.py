"""A server that a test starts: it answers ``GET /health`` with 200, and can be told from others by its folder."""

import shlex
import sys
from pathlib import Path


def server_in(folder):
    """A shell's line that serves ``folder`` at $HOST and $PORT."""
    (folder / "health").touch()
    return f"{sys.executable} -m http.server --bind $HOST --directory {shlex.quote(str(folder))} $PORT"


def running(folder):
    """Process ids of what names ``folder`` in its command."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any(str(folder).encode() in word for word in words):
            found.append(int(command.parent.name))
    return found
