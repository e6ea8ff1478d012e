"""Where nodes of one job find each other: a folder that all of them see, and addresses as seen from the others."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

HEAD = "ray-head"  # the file that holds the address of Ray's head
_POLL_S = 0.2


def node_name() -> str:
    """This node as SLURM calls it; several nodes that share a machine have different ones."""
    return os.environ.get("SLURMD_NODENAME") or socket.gethostname()


def leave(folder: Path, name: str, text: str) -> None:
    """Write ``folder/name`` so that a reader sees all of it or nothing."""
    partial = folder / f".{name}.{node_name()}.partial"
    partial.write_text(text)
    partial.replace(folder / name)


def find(folder: Path, name: str) -> str | None:
    """What was left there, None if nothing was."""
    try:
        return (folder / name).read_text()
    except FileNotFoundError:
        return None


def wait_for(folder: Path, name: str, timeout_s: float) -> str:
    """What another node leaves there, or Ray, whose file is there a moment before its text (ray_current_cluster).

    Raises:
        TimeoutError: nothing was left within ``timeout_s`` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while not (text := find(folder, name)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{folder / name} was not written within {timeout_s:.0f} s")
        time.sleep(_POLL_S)
    return text


def own_address(peers: list[str]) -> str:
    """The address of this node's interface towards the first of ``peers`` (names or addresses) that is elsewhere.

    Without one, as on a single node, the interface of the default route.

    Raises:
        OSError: the node has no address but the loopback's.
    """
    for peer in [*peers, "192.0.2.1"]:  # the last is in no network (RFC 5737): only the default route leads there
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect((peer, 9))  # of a datagram socket: chooses the interface, sends nothing
                address = str(probe.getsockname()[0])
        except OSError:
            continue
        if not address.startswith("127."):
            return address
    raise OSError(f"{node_name()} has no address that other nodes can reach; peers: {', '.join(peers) or 'none'}")


def free_port() -> int:
    """A port that was free a moment ago. The kernel hands out others first, so two askers do not get the same one."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
