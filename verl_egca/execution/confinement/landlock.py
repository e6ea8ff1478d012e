"""Landlock: which files this process and its children can open, whoever they run as (Linux 5.13 and later)."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from verl_egca.execution.confinement.files import DEVICES, STANDARD, Readable
from verl_egca.execution.confinement.kernel import checked, libc

# include/uapi/linux/landlock.h; the three system calls have the same numbers everywhere
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION, _RULE_PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = 1, 2, 4, 8, 16, 32
_MAKE_DIR, _MAKE_REG, _TRUNCATE = 1 << 7, 1 << 8, 1 << 14
_ACCESS_BITS = {1: 13, 2: 14, 3: 15, 4: 15}  # by ABI; 16 from ABI 5 on
TRUNCATE_ABI = 3  # Linux 6.2
_NET_BIND_AND_CONNECT_TCP = 3  # ABI 4
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3  # ABI 6
_ABSENT = {
    errno.EOPNOTSUPP: "this kernel has Landlock, but it was not switched on at boot",
    errno.EPERM: "a seccomp profile around this process refuses it",
}


def abi() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    return max(0, int(libc.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)))


def restrict(readable: Readable, writable: bool) -> None:
    """Deny every file but the ``readable`` ones, the devices, and those in the current folder; TCP; signals to outside.

    For this process and all that it starts, for good; needs no_new_privs. Each as far as the kernel's version knows it.

    Raises:
        OSError: the kernel has no Landlock, or a path can't be opened.
    """
    version = abi()
    if not version:
        raise OSError(_ABSENT.get(ctypes.get_errno(), "this kernel has no Landlock (Linux 5.13 is the first)"))
    known = (1 << _ACCESS_BITS.get(version, 16)) - 1
    network = _NET_BIND_AND_CONNECT_TCP if version >= 4 else 0
    scope = _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0
    attributes = struct.pack("QQQ", known, network, scope)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = checked(libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0), "landlock_create_ruleset")
    try:
        write = _WRITE_FILE | _READ_FILE | _READ_DIR | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
        read = _READ_FILE | _READ_DIR
        rules = [(path, read) for path in _not_hidden(readable)] + [(path, _READ_DIR) for path in readable.folders]
        rules += [(path, read) for path in (*readable.files, *readable.packages)]
        rules += [(path, _READ_FILE | _WRITE_FILE) for path in DEVICES] + [(".", write if writable else read)]
        if writable:  # there is a root of its own, with these files in it
            rules += [(path, _READ_FILE | _WRITE_FILE | _TRUNCATE) for path in STANDARD]
            rules += [(os.path.dirname(path), _READ_DIR) for path in readable.packages]  # an import lists it
        for path, rights in rules:
            _allow(ruleset, path, rights & known)
        checked(libc.syscall(_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _not_hidden(readable: Readable) -> Iterator[str]:
    """The readable folders, or their entries where one of them is hidden: a rule can't be taken back further down."""
    for folder in readable.folders:
        if any(os.path.dirname(path) == folder for path in readable.hidden):
            yield from (entry.path for entry in os.scandir(folder) if entry.path not in readable.hidden)
        else:
            yield folder


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not Path(path).is_dir():
            rights &= _READ_FILE | _WRITE_FILE | _TRUNCATE
        rule = struct.pack("=Qi", rights, handle)
        checked(libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0), f"landlock rule for {path}")
    finally:
        os.close(handle)
