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
    Layer.USER_NAMESPACE: "a user without rights outside, whose threads are counted apart; gives others the namespaces below",
    Layer.PID_NAMESPACE: "no process outside can be seen or signalled; all that is started ends with the worker",
    Layer.MOUNT_NAMESPACE: "only the interpreter's files exist; files written go to a small file system in memory",
    Layer.IPC_NAMESPACE: "no shared memory, semaphores or message queues of others",
    Layer.NETWORK_NAMESPACE: "no network interface but an unconnected loopback",
    Layer.LANDLOCK: "only the interpreter's files can be opened, only the program's own folder written",
    Layer.RLIMITS: "CPU time, memory, file size, open files",
    Layer.CAPABILITIES: "root without its powers",
    Layer.NO_NEW_PRIVS: "no setuid program gives powers back",
    Layer.SECCOMP: "no sockets but pairs of its own, no new processes, no signals to others, no exotic part of the kernel",
}


def uncovered(layers: Collection[Layer]) -> list[str]:
    """What a program can do on this machine that the promise says it can't, in words; empty if nothing."""
    have = set(layers)
    confined_calls, own_root = Layer.SECCOMP in have, Layer.MOUNT_NAMESPACE in have
    gaps = []
    if Layer.RLIMITS not in have:
        gaps.append("use all of the machine's memory")
    if not own_root and Layer.LANDLOCK not in have:
        done = "read" if confined_calls else "read and write"  # seccomp then refuses all that writes
        gaps.append(
            f"{done} every file that the trainer's user can: answers of the tests, if it finds them on disk or in the "
            "memory of that user's processes"
        )
    elif not own_root:
        gaps.append("learn which paths exist (but not open them)")
        if not confined_calls:  # Landlock rules on opening, making and removing only
            gaps.append("change permissions, owners and times of files that the trainer's user owns")
    if not confined_calls and Layer.NETWORK_NAMESPACE not in have:
        gaps.append("use the network")
    elif not confined_calls and not own_root:
        gaps.append("connect to Unix sockets that the trainer's user can")
    if not have & {Layer.SECCOMP, Layer.PID_NAMESPACE}:
        gaps.append("signal and inspect other processes of the trainer's user, the sandbox's own included")
    if not have & {Layer.SECCOMP, Layer.IPC_NAMESPACE}:
        gaps.append("use shared memory, semaphores and message queues of the trainer's user")
    if not confined_calls:
        gaps.append("start processes until the user's limit, and reach rarely used parts of the kernel")
    elif Layer.USER_NAMESPACE not in have:
        gaps.append("start more threads than egca.sandbox.processes says, as many as its memory holds")
    if not have & {Layer.SECCOMP, Layer.NO_NEW_PRIVS, Layer.MOUNT_NAMESPACE}:
        gaps.append("start setuid programs, and so get their powers")
    if Layer.CAPABILITIES not in have:
        gaps.append("use the powers of root" + (" in what system calls there are" if confined_calls else ""))
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
    """FULL where nothing is left uncovered. REDUCED where at least memory and time are limited, no file outside can be
    changed, no process outside signalled, and no power of root used for either.
    """
    if not uncovered(layers):
        return Coverage.FULL
    have = set(layers)
    files = have & {Layer.MOUNT_NAMESPACE, Layer.SECCOMP}  # Landlock alone leaves their permissions open
    processes = have & {Layer.PID_NAMESPACE, Layer.SECCOMP}
    powers = have & {Layer.CAPABILITIES, Layer.SECCOMP}
    return Coverage.REDUCED if Layer.RLIMITS in have and files and processes and powers else Coverage.NONE


def in_words(layers: Collection[Layer]) -> str:
    """One line for a log: how much of the promise holds, which layers do not, and what that leaves open."""
    absent = missing(layers)
    line = f"{coverage(layers)} confinement, {len(Layer) - len(absent)} of {len(Layer)} layers in force"
    if absent:
        line += f" (not {', '.join(absent)})"
    gaps = uncovered(layers)
    return line + (f"; a program could {'; '.join(gaps)}" if gaps else "")


def missing(layers: Collection[Layer]) -> list[Layer]:
    return [layer for layer in Layer if layer not in layers]
