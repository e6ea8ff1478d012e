"""System calls that Python has no name for, by ctypes; a failure is an OSError that says what was asked."""

from __future__ import annotations

import ctypes
import os

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
SIGKILL = 9

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def checked(result: int, what: str) -> int:
    """``result`` if it is not negative. Raises OSError."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, argument: int, what: str) -> None:
    checked(libc.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)), what)


def close_memory() -> None:
    """Keep other processes of the same user from reading this one's memory through ptrace or ``/proc``."""
    prctl(PR_SET_DUMPABLE, 0, "PR_SET_DUMPABLE")


def die_with_parent() -> None:
    """SIGKILL for this process when its parent ends; a fork does not inherit it."""
    prctl(PR_SET_PDEATHSIG, SIGKILL, "PR_SET_PDEATHSIG")
