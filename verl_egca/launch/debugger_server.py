"""The debugger's server of a run, started before the trainer and ended after it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from verl_egca.cluster.processes import end_with_parent
from verl_egca.launch.ray_environment import CLUSTER

_STOP_S = 20.0  # longer than cluster/server.py waits for the server's processes


class NotServed(Exception):
    """The server ended before it could answer, or took too long; ``log`` is its log file."""

    def __init__(self, log: Path) -> None:
        super().__init__(str(log))
        self.log = log


class DebuggerServer:
    """Runs the shell command ``command``, which serves at $HOST and $PORT, under ``verl_egca.cluster.server``."""

    def __init__(self, command: str, log: Path) -> None:
        self.log = log
        # the nodes of a cluster also ask it
        reached = ["--peer", address.rpartition(":")[0]] if (address := os.environ.get(CLUSTER)) else []
        self._command = [sys.executable, "-m", "verl_egca.cluster.server", *reached, "--", "bash", "-c", command]
        self._process: subprocess.Popen[str] | None = None
        self._told = False

    def __enter__(self) -> DebuggerServer:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # the launcher passes a keyboard interrupt on
                preexec_fn=end_with_parent,
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        process = self._running()
        process.terminate()
        try:
            process.communicate(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def url(self, waiting: Callable[[float], None], every_s: float) -> str:
        """The server's URL, once it answers; until then calls ``waiting`` with the seconds so far.

        Raises:
            NotServed: the server ended or took too long.
        """
        printed = self._running().stdout
        assert printed is not None
        started = time.monotonic()
        while not select.select([printed], [], [], every_s)[0]:
            waiting(time.monotonic() - started)
        if not (url := printed.readline().strip()):
            raise NotServed(self.log)
        return url

    def just_ended(self) -> bool:
        """True once, after the server has ended by itself."""
        if self._told or self._running().poll() is None:
            return False
        self._told = True
        return True

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "not started"
        return self._process
