"""The layers by name, what each covers, and what is open where one is missing."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Layer(StrEnum):
    """In the order in which they are applied."""

    USER_NAMESPACE = "user-namespace"
    PID_NAMESPACE = "pid-namespace"
    MOUNT_NAMESPACE = "mount-namespace"
    IPC_NAMESPACE = "ipc-namespace"
    NETWORK_NAMESPACE = "network-namespace"
    LANDLOCK = "landlock"
    RLIMITS = "rlimits"
    CAPABILITIES = "capabilities"
    NO_NEW_PRIVS = "no-new-privs"
    SECCOMP = "seccomp"


COVERS = {
    Layer.USER_NAMESPACE: "a user that owns nothing outside; what the other namespaces need without root",
    Layer.PID_NAMESPACE: "no process outside can be seen or signalled; all that is started ends with the worker",
    Layer.MOUNT_NAMESPACE: "only the interpreter's files exist; files written go to a small file system in memory",
    Layer.IPC_NAMESPACE: "no shared memory, semaphores or message queues of others",
    Layer.NETWORK_NAMESPACE: "no network interface but an unconnected loopback",
    Layer.LANDLOCK: "only the interpreter's files can be opened, only the program's own folder written",
    Layer.RLIMITS: "CPU time, memory, file size, open files",
    Layer.CAPABILITIES: "root without its powers",
    Layer.NO_NEW_PRIVS: "no setuid program gives powers back",
    Layer.SECCOMP: "no sockets, no new processes, no signals to others, no exotic part of the kernel",
}


def uncovered(layers: Collection[Layer]) -> list[str]:
    """What a program can do on this machine that the promise says it can't, in words; empty if nothing."""
    have = set(layers)
    gaps = []
    if Layer.RLIMITS not in have:
        gaps.append("use all of the machine's memory")
    if not have & {Layer.LANDLOCK, Layer.MOUNT_NAMESPACE}:
        written = "read" if Layer.SECCOMP in have else "read and write"  # seccomp then refuses all that writes
        gaps.append(f"{written} every file that the trainer's user can")
    elif Layer.MOUNT_NAMESPACE not in have:
        gaps.append("learn which paths exist (but not open them)")
    if not have & {Layer.SECCOMP, Layer.NETWORK_NAMESPACE}:
        gaps.append("use the network")
    if not have & {Layer.SECCOMP, Layer.PID_NAMESPACE}:
        gaps.append("signal and inspect other processes of the trainer's user, the sandbox's own included")
    if Layer.SECCOMP not in have:
        gaps.append("start processes until the user's limit, and reach rarely used parts of the kernel")
    if Layer.CAPABILITIES not in have:
        gaps.append("use the powers of root")
    return gaps


class Coverage(StrEnum):
    """How much of the promise holds: all of it, what matters most of it, or less. Ordered."""

    FULL = "full"
    REDUCED = "reduced"
    NONE = "none"

    def __lt__(self, other: str) -> bool:
        order = [Coverage.NONE, Coverage.REDUCED, Coverage.FULL]
        return order.index(self) < order.index(Coverage(other))


def coverage(layers: Collection[Layer]) -> Coverage:
    """FULL where nothing is left uncovered. REDUCED where at least memory and time are limited, no file of the trainer can
    be written, and no process of its user be signalled.
    """
    if not uncovered(layers):
        return Coverage.FULL
    have = set(layers)
    files = have & {Layer.LANDLOCK, Layer.MOUNT_NAMESPACE, Layer.SECCOMP}
    processes = have & {Layer.SECCOMP, Layer.PID_NAMESPACE}
    return Coverage.REDUCED if Layer.RLIMITS in have and files and processes else Coverage.NONE


def missing(layers: Collection[Layer]) -> list[Layer]:
    return [layer for layer in Layer if layer not in layers]
