"""The warm process that every program is forked from. Started by `judge`; it never sees a test.

    python -m verl_egca.execution.zygote CONTROL_FD FOLDER LIMITS_JSON

A fresh interpreter and not a fork of the caller: nothing of a trainer's or a judge's memory is in it. It confines itself
once, and what it forks inherits that.

Control protocol, over a Unix socket: the first message is the layers in force, as JSON, with three descriptors that all
programs get in turn (their standard input, output and trace); or ``failed``, and why. Then ``F`` answers with a pid and
the descriptor of a child's channel; ``K`` and that pid ends the child with all that it started, empties the programs'
folder, and answers ``k`` and the child's wait status: how it ended, if it was before.
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

from verl_egca.execution.child import CHANNEL, OUTPUT, TRACE, prepare, serve
from verl_egca.execution.confinement.apply import Confined, confine
from verl_egca.execution.confinement.layers import Layer
from verl_egca.execution.warm import WARM

_DESCRIPTORS = 4096  # no more are open before there are limits


def main() -> None:
    control = socket.socket(fileno=_moved(int(sys.argv[1])))
    folder, limits = sys.argv[2], json.loads(sys.argv[3])
    for name in WARM:
        importlib.import_module(name)
    null = _moved(os.open(os.devnull, os.O_RDWR))
    children = _moved(os.open(f"/proc/{os.getpid()}/task/{os.getpid()}/children", os.O_RDONLY))
    try:
        confined = confine(folder, limits, limits["withhold"])
    except (OSError, ImportError) as error:
        control.sendall(json.dumps({"failed": str(error)}).encode())
        return
    os.environ.clear()
    shared = [_moved(fd) for fd in (*confined.standard, os.memfd_create("trace", 0))]
    zygote = Zygote(control, shared, null, children, confined)
    gc.collect()
    gc.freeze()
    told = {"layers": confined.layers, "reasons": confined.reasons, "early": zygote.alone}
    socket.send_fds(control, [json.dumps(told).encode()], shared)
    zygote.serve()


class Zygote:
    def __init__(self, control: socket.socket, shared: list[int], null: int, children: int, confined: Confined) -> None:
        """All that children have in common is set up here, once: it costs them nothing."""
        self._control, self._children = control, children
        self._narrow = confined.narrow
        # where programs can't start processes, ending one child ends all of it, and another may wait meanwhile
        self.alone = Layer.SECCOMP in confined.layers
        self._ended_by_init = Layer.PID_NAMESPACE in confined.layers
        given, output, trace = shared
        for number, fd in ((0, given), (1, null), (2, null), (TRACE, trace), (OUTPUT, output)):
            os.dup2(fd, number)  # what a program prints counts if it is a script, which gets its output as 1
        self._served = prepare()
        self._owed = False

    def serve(self) -> None:
        """Until the judge is gone."""
        while command := self._control.recv(1):
            if command == b"F":
                self._hand_over()
            else:
                (pid,) = struct.unpack("i", self._control.recv(4))
                status = self._end(pid)
                _empty_folder()
                if self._owed:
                    self._hand_over()
                self._control.sendall(b"k" + struct.pack("i", status))

    def _hand_over(self) -> None:
        try:
            pid, channel = self._start()
        except OSError:  # the running program has taken all processes or memory: then when it is gone
            self._owed = True
            return
        self._owed = False
        socket.send_fds(self._control, [struct.pack("i", pid)], [channel])
        os.close(channel)

    def _start(self) -> tuple[int, int]:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)  # the judge learns the pid as its namespace has it
        pid = os.fork()
        if pid:
            theirs.close()
            return pid, ours.detach()
        try:
            if not self.alone:
                os.setsid()  # out of reach of kill(0)
            os.dup2(theirs.fileno(), CHANNEL)
            os.closerange(OUTPUT + 1, _DESCRIPTORS)
            self._narrow()
            os.write(CHANNEL, b"r")
            serve(self._served)
        except (EOFError, OSError):
            pass
        finally:
            os._exit(1)

    def _end(self, pid: int) -> int:
        """Kill a child, if it still lives, and everything that it started; the child's wait status."""
        _kill(pid)
        if self.alone:
            return os.waitpid(pid, 0)[1]
        status = 0
        while True:
            if self._ended_by_init:
                _kill(-1)  # everything in this pid namespace but its first process, this one
            else:
                for child in os.pread(self._children, 1 << 16, 0).split():
                    _kill(int(child))
            try:
                ended, found = os.waitpid(-1, 0)
            except ChildProcessError:
                return status
            if ended == pid:
                status = found


def _moved(fd: int) -> int:
    """The descriptor at a number that children do not need."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD, OUTPUT + 1)
    os.close(fd)
    return moved


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
