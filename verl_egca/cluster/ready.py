"""Waits for a job's Ray nodes and debugger's servers, and names those that are missing.

    python -m verl_egca.cluster.ready --meet FOLDER --nodes n1,n2 --gpus 8 [--servers n3,n4] [--timeout 600]

On success FOLDER/ready has two lines: the address of Ray's head, and the servers' URLs, separated by commas. Otherwise
the exit status is 1, with a line on standard error for each node that is missing or has too few GPUs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verl_egca.cluster import meeting
from verl_egca.cluster.meeting import HEAD
from verl_egca.cluster.node import LABEL
from verl_egca.cluster.server import address_file, healthy

_POLL_S = 0.5


def lacking(nodes: Sequence[dict[str, Any]], names: Sequence[str], gpus: int) -> list[str]:
    """A line for each node that is missing or short of GPUs. ``nodes``: from ``ray.nodes()``."""
    alive = {node["Labels"].get(LABEL): node["Resources"] for node in nodes if node["Alive"]}
    found = []
    for name in names:
        if name not in alive:
            found.append(f"{name}: its Ray node is not there")
        elif (has := int(alive[name].get("GPU", 0))) < gpus:
            found.append(f"{name}: its Ray node has {has} of {gpus} GPUs")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m verl_egca.cluster.ready")
    parser.add_argument("--meet", type=Path, required=True)
    parser.add_argument("--nodes", required=True, help="names of Ray's nodes, with commas")
    parser.add_argument("--gpus", type=int, required=True, help="GPUs that each of them must have")
    parser.add_argument("--servers", default="", help="names of the nodes with a debugger's server")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds")
    options = parser.parse_args(arguments)
    names, servers = options.nodes.split(","), [name for name in options.servers.split(",") if name]
    deadline = time.monotonic() + options.timeout
    try:
        head = meeting.wait_for(options.meet, HEAD, options.timeout)
        missing = _wait_for_nodes(head, names, options.gpus, deadline)
    except TimeoutError:
        head, missing = "", [f"{names[0]}: Ray's head is not there"]
    missing += [f"{name}: its server does not answer" for name in _wait_for_servers(options.meet, servers, deadline)]
    if missing:
        return _not_ready(missing, options.timeout)
    urls = ",".join(meeting.find(options.meet, address_file(name)) or "" for name in servers)
    meeting.leave(options.meet, "ready", f"{head}\n{urls}\n")
    return 0


def _wait_for_nodes(head: str, names: Sequence[str], gpus: int, deadline: float) -> list[str]:
    import ray

    ray.init(address=head, log_to_driver=False, logging_level="ERROR")
    try:
        while (missing := lacking(ray.nodes(), names, gpus)) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        return missing
    finally:
        ray.shutdown()


def _wait_for_servers(meet: Path, names: Sequence[str], deadline: float) -> list[str]:
    missing = list(names)
    while True:
        missing = [name for name in missing if not ((url := meeting.find(meet, address_file(name))) and healthy(url))]
        if not missing or time.monotonic() > deadline:
            return missing
        time.sleep(_POLL_S)


def _not_ready(lines: Sequence[str], timeout: float) -> int:
    for line in lines:
        print(f"{line}, after {timeout:.0f} s", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
