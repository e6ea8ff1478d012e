"""Confine a worker's warm process once, for good; then each child in a few system calls."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verl_egca.execution.confinement import files, landlock, namespaces, seccomp
from verl_egca.execution.confinement.capabilities import drop_capabilities, empty_bounding_set
from verl_egca.execution.confinement.kernel import (
    PR_SET_CHILD_SUBREAPER,
    PR_SET_NO_NEW_PRIVS,
    close_memory,
    die_with_parent,
    prctl,
)
from verl_egca.execution.confinement.layers import Layer
from verl_egca.execution.confinement.remedies import WITHHELD
from verl_egca.execution.confinement.rlimits import lower

# The program's folder, where there is a root of its own; the second one if the interpreter or a package lies below the first
WORK, _OTHER_WORK = "/tmp", "/work"


@dataclass(frozen=True)
class Confined:
    """``layers`` are in force for this process and all that it forks; a child calls ``narrow`` before anything else.

    ``standard``: descriptors of two files for a program's standard input and output, which it can also open by their
    names, ``/dev/stdin`` and ``/dev/stdout``.
    """

    layers: tuple[Layer, ...]
    narrow: Callable[[], None]
    reasons: dict[str, str]
    standard: tuple[int, int]


def confine(folder: str, limits: dict[str, Any], withhold: Collection[str] = ()) -> Confined:
    """Apply every layer that the kernel offers and ``withhold`` does not name. Returns in a forked process where there is
    a pid namespace; the caller's own then only waits for it.

    ``folder`` is an empty one, where the program may write if there is no root of its own. ``reasons`` of the result says
    for each layer that is not in force why.

    Raises:
        ImportError: one of ``limits["packages"]`` can't be imported.
        OSError: no program could run as this process now is.
    """
    plan = _Plan(withhold)
    may_read = files.readable(limits["packages"])
    memory = limits["memory_bytes"] + _own_address_space()  # with the packages in it
    filters = plan.attempt(Layer.SECCOMP, seccomp.wide_filter)  # also loads the library, while its file can be found
    entered, refused = namespaces.enter([layer for layer in Layer if layer not in plan.withheld])
    for layer in (
        Layer.USER_NAMESPACE,
        Layer.PID_NAMESPACE,
        Layer.MOUNT_NAMESPACE,
        Layer.IPC_NAMESPACE,
        Layer.NETWORK_NAMESPACE,
    ):
        plan.note(layer, layer in entered, refused)
    if Layer.PID_NAMESPACE in entered:
        _become_init()
    else:
        prctl(PR_SET_CHILD_SUBREAPER, 1, "PR_SET_CHILD_SUBREAPER")
    own_root = False
    if Layer.MOUNT_NAMESPACE in entered:
        work = _OTHER_WORK if any(path.startswith(f"{WORK}/") for path in may_read.paths) else WORK
        root = lambda: namespaces.build_root(folder, may_read, work, limits["file_bytes"])  # noqa: E731
        own_root = bool(plan.attempt(Layer.MOUNT_NAMESPACE, root, done=True))
    if own_root:
        standard = (os.open("/dev/stdin", os.O_RDWR), os.open("/dev/stdout", os.O_RDWR))
    else:  # then the machine's own names lead to them
        standard = (os.memfd_create("stdin", 0), os.memfd_create("stdout", 0))
    os.chdir(work if own_root else folder)
    plan.attempt(Layer.CAPABILITIES, empty_bounding_set)  # while there is the right to
    of_its_own = Layer.USER_NAMESPACE in entered  # then the number of its processes is counted apart
    if of_its_own and os.geteuid() == 0:
        if own_root and namespaces.open_to_nobody(may_read):
            plan.attempt(Layer.USER_NAMESPACE, namespaces.become_nobody, done=True)
        else:
            why = "the interpreter's files are not readable for all" if own_root else "there is no root of its own"
            plan.note(Layer.USER_NAMESPACE, False, f"entered, but still as root: {why}")
    if of_its_own and not _counts_processes_apart():
        plan.note(Layer.USER_NAMESPACE, False, "entered, but before Linux 5.14 threads are not counted apart in it")
    die_with_parent()
    counted = Layer.USER_NAMESPACE in plan.layers
    plan.attempt(Layer.RLIMITS, lambda: _rlimits(limits, memory, counted), done=True)
    plan.attempt(Layer.CAPABILITIES, drop_capabilities, done=True)
    plan.attempt(Layer.NO_NEW_PRIVS, lambda: prctl(PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS"), done=True)
    # Without a file system of its own, files would fill the machine's: then none can be written. Landlock sees to that, and
    # leaves devices and standard output open; where it is too old to know truncate, seccomp, which does not.
    own_files = Layer.MOUNT_NAMESPACE in plan.layers
    knows_truncate = landlock.abi() >= landlock.TRUNCATE_ABI
    plan.attempt(Layer.LANDLOCK, lambda: landlock.restrict(may_read, writable=own_files), done=True)
    narrow_calls: Callable[[], None] = lambda: None  # noqa: E731
    if filters is not None:
        held = own_files or (Layer.LANDLOCK in plan.layers and knows_truncate)
        narrower = seccomp.loader(seccomp.narrow_filter(read_only=not held))
        if plan.attempt(Layer.SECCOMP, seccomp.loader(filters), done=True):
            narrow_calls = narrower
    close_memory()  # no program looks into another one or the warm process, whose user it is
    _still_reads(may_read)

    def narrow() -> None:
        die_with_parent()
        narrow_calls()

    layers = tuple(layer for layer in Layer if layer in plan.layers)
    return Confined(layers, narrow, plan.reasons, standard)


class _Plan:
    """Which layers are in force, and why the others are not."""

    def __init__(self, withhold: Collection[str]) -> None:
        self.withheld = {Layer(name) for name in withhold}
        self.layers: set[Layer] = set()
        self.reasons: dict[str, str] = dict.fromkeys(self.withheld, WITHHELD)

    def note(self, layer: Layer, in_force: bool, reason: str) -> None:
        if layer in self.withheld:
            return
        if in_force:
            self.layers.add(layer)
        else:
            self.layers.discard(layer)
            self.reasons[layer] = reason

    def attempt(self, layer: Layer, action: Callable[[], Any], done: bool = False) -> Any:
        """The action's result, or None if the layer is withheld or fails; ``done``: success puts the layer in force."""
        if layer in self.withheld:
            return None
        try:
            result = action()
        except (OSError, ImportError, RuntimeError, AttributeError, ValueError) as error:
            self.note(layer, False, str(error))
            return None
        if done:
            self.note(layer, True, "")
            return True
        return result


def _become_init() -> None:
    """Go on as the first process of the new pid namespace; the caller's process waits for it and ends as it does."""
    pid = os.fork()
    if pid:
        for fd in range(3, 256):
            try:
                os.close(fd)
            except OSError:
                pass
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _rlimits(limits: dict[str, Any], memory: int, count_processes: bool) -> None:
    if count_processes:  # of one worker: its warm process, a spare child, and the program with its threads
        most = 3 + limits["processes"]
        lower(resource.RLIMIT_NPROC, most)
    for which, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        lower(which, value)


def _counts_processes_apart() -> bool:
    """Whether RLIMIT_NPROC of a user namespace counts its own processes only, and not all of the user's on the machine."""
    return tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2]) >= (5, 14)


def _still_reads(readable: files.Readable) -> None:
    """Raises OSError: honest programs would fail at their imports."""
    for path in readable.folders:
        if not os.access(path, os.R_OK | os.X_OK):
            raise OSError(
                f"a confined program could not read the interpreter's own {path}: make it and the folders above it "
                "readable for all (chmod o+rx), or use an interpreter elsewhere"
            )


def _own_address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
