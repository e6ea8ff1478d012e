"""How the nodes of a job find each other: by addresses in a shared folder."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

HEAD = "ray-head"  # file with the address of Ray's head
_POLL_S = 0.2


def node_name() -> str:
    """This node's name in SLURM; nodes on one machine have different names."""
    return os.environ.get("SLURMD_NODENAME") or socket.gethostname()


def leave(folder: Path, name: str, text: str) -> None:
    """Write ``folder/name`` atomically."""
    partial = folder / f".{name}.{node_name()}.partial"
    partial.write_text(text)
    partial.replace(folder / name)


def find(folder: Path, name: str) -> str | None:
    """The text of ``folder/name``; None if the file is missing."""
    try:
        return (folder / name).read_text()
    except FileNotFoundError:
        return None


def wait_for(folder: Path, name: str, timeout_s: float) -> str:
    """The text of ``folder/name``, once it is not empty: Ray creates its file (ray_current_cluster) before writing.

    Raises:
        TimeoutError: the file was not written within ``timeout_s`` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while not (text := find(folder, name)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{folder / name} was not written within {timeout_s:.0f} s")
        time.sleep(_POLL_S)
    return text


def own_address(peers: list[str]) -> str:
    """This node's address towards the first of ``peers`` (names or addresses) that is another node.

    Without one, the address of the default route's interface.

    Raises:
        OSError: the node has only loopback addresses.
    """
    for peer in [*peers, "192.0.2.1"]:  # the last is reserved (RFC 5737): only the default route leads to it
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect((peer, 9))  # a datagram socket: selects the interface, sends nothing
                address = str(probe.getsockname()[0])
        except OSError:
            continue
        if not address.startswith("127."):
            return address
    raise OSError(f"{node_name()} has no address that other nodes can reach; peers: {', '.join(peers) or 'none'}")


def free_port() -> int:
    """A free port. The kernel reuses it late, so concurrent callers get different ones."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
