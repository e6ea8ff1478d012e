"""One node of a job's Ray cluster; runs until SIGTERM.

    python -m verl_egca.cluster.node --meet FOLDER --nodes n1,n2 [--cpus 16] [--gpus 8] [--timeout 1800]
        [--object-store-bytes N]

The first of ``--nodes`` is the head. All nodes share FOLDER. All ports are free ones, because several jobs may share a
machine. Ray's token is in the environment (RAY_AUTH_MODE, RAY_AUTH_TOKEN), not in an argument. Exit status: 0 after
SIGTERM, 1 if the node ended by itself or did not start.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from verl_egca.cluster import meeting
from verl_egca.cluster.meeting import HEAD
from verl_egca.cluster.processes import adopt_orphans, end_descendants, end_with_parent

LABEL = "slurm-node"  # a Ray node's label for its name
STARTED = "Ray runtime started."  # printed by `ray start` (ray/scripts/scripts.py)
_STARTS = 5  # a free port may be taken meanwhile, and a busy machine may exceed Ray's 30 s
_POLL_S = 0.2
_PATIENCE_S = 8.0
_RAYS_PATIENCE = {
    # on SIGTERM Ray would wait up to 30 s to move its work (ray/_private/node.py), but the whole job ends
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
    # a busy node is not dead, and SLURM reports dead ones (Ray's default: 5 missed checks, 3 s apart)
    "RAY_health_check_failure_threshold": "40",
}


class ToldToEnd(Exception):
    """The process got SIGTERM or SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m verl_egca.cluster.node")
    parser.add_argument("--meet", type=Path, required=True)
    parser.add_argument("--nodes", required=True, help="names, with commas; the first is the head")
    parser.add_argument("--cpus", type=int, help="CPUs for Ray (default: all of the node's)")
    parser.add_argument("--gpus", type=int, help="GPUs for Ray; without devices, names for processes")
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds to wait for the head")
    parser.add_argument("--object-store-bytes", type=int, help="default: Ray's, 30% of memory")
    options = parser.parse_args(arguments)
    names = options.nodes.split(",")
    name = meeting.node_name()
    adopt_orphans()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _told_to_end)
    with _ending_all(), _temporary_folder() as folder:
        try:
            node = _start(options, names, folder)
            status = node.wait()
        except ToldToEnd:
            return 0
        except (TimeoutError, OSError) as error:
            print(f"the Ray node on {name} did not start: {error}", file=sys.stderr)
            return 1
        print(f"the Ray node on {name} ended by itself, with status {status}", file=sys.stderr)
        return 1


def _start(options: argparse.Namespace, names: list[str], folder: Path) -> subprocess.Popen[bytes]:
    shared = [
        *("--block", "--disable-usage-stats", "--log-style=record", "--log-color=false"),
        *(f"--temp-dir={folder}", f"--labels={LABEL}={meeting.node_name()}"),
        # chosen by the kernel; Ray's defaults, a fixed port and a fixed range, collide between nodes on one machine
        *("--dashboard-agent-listen-port=0", "--min-worker-port=0", "--max-worker-port=0"),
    ]
    for flag, value in (
        ("--num-cpus", options.cpus),
        ("--num-gpus", options.gpus),
        ("--object-store-memory", options.object_store_bytes),
    ):
        if value is not None:
            shared.append(f"{flag}={value}")
    if meeting.node_name() != names[0]:
        head = meeting.wait_for(options.meet, HEAD, options.timeout)
        own = meeting.own_address([head.rpartition(":")[0]])
        return _bring_up([f"--address={head}", f"--node-ip-address={own}", *shared])
    own = meeting.own_address(names[1:])
    node = _bring_up(
        ["--head", "--port=0", f"--node-ip-address={own}", "--include-dashboard=false", "--no-monitor", *shared]
    )
    # `ray start` writes its address there (ray/_private/utils.py, write_ray_address)
    meeting.leave(options.meet, HEAD, meeting.wait_for(folder, "ray_current_cluster", options.timeout).strip())
    return node


def _bring_up(arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start Ray; returns once it runs.

    Raises:
        OSError: every attempt ended before that.
    """
    program = str(Path(sys.executable).with_name("ray"))
    for _ in range(_STARTS):
        if "--head" in arguments:  # always started, though unused; its default port is fixed
            arguments = [*arguments, f"--ray-client-server-port={meeting.free_port()}"]
        node = subprocess.Popen(
            [program, "start", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | _RAYS_PATIENCE,
            preexec_fn=end_with_parent,
        )
        up = threading.Event()
        threading.Thread(target=_pass_on, args=(node, up), daemon=True).start()
        while node.poll() is None:
            if up.wait(_POLL_S):
                return node
        end_descendants(_PATIENCE_S)
    raise OSError(f"`ray start` ended {_STARTS} times, with status {node.returncode} in the end; its output is above")


def _pass_on(node: subprocess.Popen[bytes], up: threading.Event) -> None:
    assert node.stdout is not None
    for line in node.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        if STARTED in line.decode(errors="replace"):
            up.set()


@contextlib.contextmanager
def _ending_all() -> Iterator[None]:
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        end_descendants(_PATIENCE_S)


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder for Ray's sockets, whose paths must stay short, so TMPDIR is ignored."""
    folder = Path(tempfile.mkdtemp(prefix="egca-ray-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _told_to_end(number: int, frame: FrameType | None) -> None:
    raise ToldToEnd


if __name__ == "__main__":
    sys.exit(main())
