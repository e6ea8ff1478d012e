"""The judge's end of the warm process, from which it gets a fresh child for each program."""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any


class ZygoteGone(BaseException):
    """The warm process ended: the worker is lost. Not an Exception: it is nothing that a test may see."""


class WarmProcess:
    """The judge's end of the warm process.

    Where a child can wait beside a running one, the next is asked for as soon as one is taken, and the end of one is
    waited for only when the next is needed: forking and cleaning overlap with judging.
    """

    def __init__(self, control: socket.socket) -> None:
        """Raises EOFError if the warm process ended before it was ready, and says why if it told."""
        self._control = control
        told, shared, _, _ = socket.recv_fds(control, 1 << 16, 4)
        if not told:
            raise EOFError("its warm process ended before it was ready")
        self.told: dict[str, Any] = json.loads(told)
        if "failed" in self.told:
            raise EOFError(self.told["failed"])
        self.stdin, self.output, self.trace, self.answers = shared
        self._asked = self._ending = False
        self._next: tuple[int, int] | None = None
        self.status = 0  # of the last child that is gone, as `os.wait` has it

    def start(self) -> tuple[int, int, int]:
        """A fresh child: its pid as the zygote knows it, its pid as this process does, its channel."""
        if not self._asked and self._next is None:
            self.wait()  # answers come in the order of questions
            self._ask()
        pid, channel_fd = self._take()
        self._next = None
        self.wait()
        self._clean()
        if self.told["ahead"]:
            self._ask()
        with socket.socket(fileno=os.dup(channel_fd)) as channel:
            _, credentials, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(12))
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        if not credentials:
            raise ZygoteGone
        return pid, int(struct.unpack_from("i", credentials[0][2])[0]), channel_fd

    def _clean(self) -> None:
        """What an earlier program left in the files that all get in turn is nothing to the next one."""
        for fd in (self.stdin, self.output, self.trace, self.answers):
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)

    def end(self, pid: int) -> None:
        """Kill a child and what it started, and empty the programs' folder."""
        self.wait()
        self._control.sendall(b"K" + struct.pack("i", pid))
        self._ending = True

    def wait(self) -> None:
        """Until the last child that was ended is gone."""
        if self._ending:
            if self._asked:
                self._next = self._take()  # its answer comes first
            told = self._control.recv(5)
            if len(told) != 5 or told[:1] != b"k":
                raise ZygoteGone
            (self.status,) = struct.unpack_from("i", told, 1)
            self._ending = False

    def _ask(self) -> None:
        self._control.sendall(b"F")
        self._asked = True

    def _take(self) -> tuple[int, int]:
        if self._next is None:
            data, fds, _, _ = socket.recv_fds(self._control, 4, 1)
            if len(data) != 4:
                raise ZygoteGone
            self._next = int(struct.unpack("i", data)[0]), fds[0]
            self._asked = False
        return self._next
