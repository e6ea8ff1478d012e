"""One replica of the debugger's server on this node, until a signal or its parent's end.

    python -m verl_egca.cluster.server [--port PORT] [--peer ADDRESS | --meet FOLDER] -- COMMAND ...

COMMAND gets HOST and a free PORT in its environment, and must answer ``GET /health`` with 200 once it can serve. Then
its URL is printed; COMMAND's output goes to standard error, and its temporary files are removed at the end. The server
is reachable from this node only; with ``--peer`` also from that address's network; with ``--meet`` from the nodes of a
job, which find the URL in FOLDER. Exit status: 0 after SIGTERM, SIGINT or SIGHUP, 1 if the server ended by itself or
was not healthy in time.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from verl_egca.cluster import meeting
from verl_egca.cluster.meeting import HEAD
from verl_egca.cluster.processes import adopt_orphans, end_descendants, end_with_parent

_STARTS = 3  # a free port may be taken meanwhile
_POLL_S = 0.5
_PATIENCE_S = 8.0


def address_file(node: str) -> str:
    """Name of the file with the URL of the server on ``node``."""
    return f"server-{node}"


def healthy(url: str) -> bool:
    """Whether ``url`` answers ``GET /health`` with 200."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy between nodes
    try:
        with direct.open(f"{url}/health", timeout=5) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m verl_egca.cluster.server")
    parser.add_argument("--port", type=int, help="port to listen on (default: a free one)")
    reached = parser.add_mutually_exclusive_group()
    reached.add_argument("--peer", help="another node, by name or address, that asks this server too")
    reached.add_argument("--meet", type=Path, help="folder for the addresses of a job's nodes")
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds to wait until it is healthy")
    parser.add_argument("command", nargs="+", help="after --: starts the server")
    options = parser.parse_args(arguments)
    end_with_parent()
    adopt_orphans()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="egca-server-", ignore_cleanup_errors=True) as temporary:
        try:
            return _serve(options, temporary)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            end_descendants(_PATIENCE_S)


def _serve(options: argparse.Namespace, temporary: str) -> int:
    deadline = time.monotonic() + options.timeout
    name = meeting.node_name()
    if options.port is not None and not _is_free(options.port):
        print(f"port {options.port} of {name} is in use", file=sys.stderr)
        return 1
    host = "127.0.0.1" if options.peer is None and options.meet is None else "0.0.0.0"
    for _ in range(_STARTS):
        port = options.port or meeting.free_port()
        environment = os.environ | {"HOST": host, "PORT": str(port), "TMPDIR": temporary}
        server = subprocess.Popen(
            options.command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment, preexec_fn=end_with_parent
        )
        while server.poll() is None:
            if healthy(f"http://127.0.0.1:{port}") and server.poll() is None:
                _announce(options, port)
                print(f"the server on {name} ended by itself, with status {server.wait()}", file=sys.stderr)
                return 1
            if time.monotonic() > deadline:
                print(f"the server on {name} is not healthy after {options.timeout:.0f} s", file=sys.stderr)
                return 1
            time.sleep(_POLL_S)
        end_descendants(_PATIENCE_S)
        if _is_free(port):  # the port was not the cause
            break
    print(f"the server on {name} ended before it was healthy, with status {server.returncode}", file=sys.stderr)
    return 1


def _announce(options: argparse.Namespace, port: int) -> None:
    if options.meet is not None:
        head = meeting.wait_for(options.meet, HEAD, options.timeout).rpartition(":")[0]
        url = f"http://{meeting.own_address([head])}:{port}"
        meeting.leave(options.meet, address_file(meeting.node_name()), url)
    else:
        own = "127.0.0.1" if options.peer is None else meeting.own_address([options.peer])
        print(f"http://{own}:{port}", flush=True)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ignore connections of an ended server
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


if __name__ == "__main__":
    sys.exit(main())
