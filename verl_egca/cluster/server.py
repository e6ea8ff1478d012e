"""One replica of the debugger's server on this node, until it is told to end.

    python -m verl_egca.cluster.server --meet FOLDER [--timeout 1800] -- COMMAND ...

COMMAND finds HOST and PORT, a free one, in its environment, and must answer ``GET /health`` with 200 once it can serve.
Then its URL is left in FOLDER for the others. Exit status: 0 after SIGTERM, 1 when the server ended by itself or was not
healthy in time.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from verl_egca.cluster import meeting
from verl_egca.cluster.meeting import HEAD
from verl_egca.cluster.processes import adopt_orphans, end_descendants, end_with_parent

_STARTS = 3  # a port that was free may be taken a moment later
_POLL_S = 0.5
_PATIENCE_S = 8.0


def address_file(node: str) -> str:
    """The file in the folder that holds the URL of the server on ``node``."""
    return f"server-{node}"


def healthy(url: str) -> bool:
    """Whether ``url`` answers ``GET /health`` with 200."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # nodes of a cluster are behind no proxy
    try:
        with direct.open(f"{url}/health", timeout=5) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m verl_egca.cluster.server")
    parser.add_argument("--meet", type=Path, required=True)
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds until it must be healthy")
    parser.add_argument("command", nargs="+", help="after --: starts the server")
    options = parser.parse_args(arguments)
    adopt_orphans()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    deadline = time.monotonic() + options.timeout
    name = meeting.node_name()
    try:
        for _ in range(_STARTS):
            server, port = _start(options.command)
            while server.poll() is None:
                if healthy(f"http://127.0.0.1:{port}") and server.poll() is None:
                    own = meeting.own_address(
                        [meeting.wait_for(options.meet, HEAD, options.timeout).rpartition(":")[0]]
                    )
                    meeting.leave(options.meet, address_file(name), f"http://{own}:{port}")
                    print(f"the server on {name} ended by itself, with status {server.wait()}", file=sys.stderr)
                    return 1
                if time.monotonic() > deadline:
                    print(f"the server on {name} is not healthy after {options.timeout:.0f} s", file=sys.stderr)
                    return 1
                time.sleep(_POLL_S)
            end_descendants(_PATIENCE_S)
        print(f"the server on {name} ended {_STARTS} times before it was healthy", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_descendants(_PATIENCE_S)


def _start(command: Sequence[str]) -> tuple[subprocess.Popen[bytes], int]:
    port = meeting.free_port()
    environment = os.environ | {"HOST": "0.0.0.0", "PORT": str(port)}
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, preexec_fn=end_with_parent)
    return server, port


if __name__ == "__main__":
    sys.exit(main())
