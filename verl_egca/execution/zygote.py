"""The warm process that every program is forked from. Started by `judge`; it never sees a test.

    python -m verl_egca.execution.zygote CONTROL_FD FOLDER LIMITS_JSON

A fresh interpreter and not a fork of the caller: nothing of a trainer's or a judge's memory is in it. It confines itself
once, and what it forks inherits that. One child is always forked ahead, so that forking overlaps with the judge's work.

Control protocol, over a Unix socket: the first message is the layers in force, as JSON, with three descriptors that all
programs get in turn (their standard input, their output, their trace). Then ``F`` answers with a pid and the descriptor
of a child's channel; ``K`` and that pid ends the child with all that it started, empties the programs' folder, and
answers with the wait status.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import struct
import sys

from verl_egca.execution.child import CHANNEL, TRACE, serve
from verl_egca.execution.confinement.apply import Confined, confine
from verl_egca.execution.confinement.layers import Layer

# What programs import most. One import here saves it in every child.
WARM = (
    *("array", "bisect", "cmath", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions"),
    *("functools", "hashlib", "heapq", "itertools", "math", "operator", "random", "re", "statistics", "string"),
    *("sys", "typing"),
)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    folder, limits = sys.argv[2], json.loads(sys.argv[3])
    for name in WARM:
        importlib.import_module(name)
    shared = [os.memfd_create(name, 0) for name in ("input", "output", "trace")]
    children = os.open(f"/proc/{os.getpid()}/task/{os.getpid()}/children", os.O_RDONLY)
    confined = confine(folder, limits, limits["withhold"])
    zygote = Zygote(control, shared, children, confined, limits["output_bytes"])
    os.environ.clear()
    gc.collect()
    gc.freeze()
    told = {"layers": confined.layers, "reasons": confined.reasons}
    socket.send_fds(control, [json.dumps(told).encode()], shared)
    zygote.serve()


class Zygote:
    def __init__(
        self, control: socket.socket, shared: list[int], children: int, confined: Confined, output_bytes: int
    ) -> None:
        self._control, self._shared, self._children = control, shared, children
        self._narrow, self._output_bytes = confined.narrow, output_bytes
        # where programs can't start processes, ending one child ends all of it, and another may wait meanwhile
        self._alone = Layer.SECCOMP in confined.layers
        self._ended_by_init = Layer.PID_NAMESPACE in confined.layers
        self._spare: tuple[int, int] | None = None

    def serve(self) -> None:
        """Until the judge is gone."""
        self._ahead()
        while command := self._control.recv(1):
            if command == b"F":
                pid, channel = self._spare or self._start()
                self._spare = None
                socket.send_fds(self._control, [struct.pack("i", pid)], [channel])
                os.close(channel)
                self._ahead()
            else:
                (pid,) = struct.unpack("i", self._control.recv(4))
                status = self._end(pid)
                _empty_folder()
                self._control.sendall(struct.pack("i", status))

    def _ahead(self) -> None:
        if self._alone:
            try:
                self._spare = self._start()
            except OSError:  # the running program has taken all processes or memory: then when it is gone
                self._spare = None

    def _start(self) -> tuple[int, int]:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)  # the judge learns the pid as its namespace has it
        pid = os.fork()
        if pid:
            theirs.close()
            return pid, ours.detach()
        try:
            os.setsid()
            stdin, output, trace = self._shared
            assert (CHANNEL, TRACE) == (3, 4)
            kept = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (stdin, output, output, theirs.fileno(), trace)]
            for number, fd in enumerate(kept):
                os.dup2(fd, number)
            os.closerange(len(kept), 4096)
            self._narrow()
            os.write(CHANNEL, b"r")
            serve(self._output_bytes)
        except (EOFError, OSError):
            pass
        finally:
            os._exit(0)

    def _end(self, pid: int) -> int:
        """Kill a child and everything that it started; the child's wait status."""
        _kill(pid)
        if self._alone:
            return os.waitpid(pid, 0)[1]
        status = 0
        while True:
            if self._ended_by_init:
                _kill(-1)  # everything in this pid namespace but its first process, this one
            else:
                for child in os.pread(self._children, 1 << 16, 0).split():
                    _kill(int(child))
            try:
                ended, how = os.waitpid(-1, 0)
            except ChildProcessError:
                return status
            status = how if ended == pid else status


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _empty_folder() -> None:
    """Remove what a program left in this process's folder. Step by step: neither depth nor length of a path, nor a
    directory's mode, may stop it.
    """
    levels = [_without_files()]
    while True:
        if levels[-1]:
            os.chmod(levels[-1][-1], 0o700)
            os.chdir(levels[-1][-1])
            levels.append(_without_files())
        elif len(levels) > 1:
            levels.pop()
            os.chdir("..")
            os.rmdir(levels[-1].pop())
        else:
            return


def _without_files() -> list[str]:
    """Remove the files of the folder that this process is in; the names of its directories."""
    with os.scandir() as entries:
        found = list(entries)
    for entry in found:
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.name)
    return [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]


if __name__ == "__main__":
    main()
