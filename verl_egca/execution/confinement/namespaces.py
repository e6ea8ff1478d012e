"""Namespaces of a worker: its own users, processes, network, shared memory, and a root with only the interpreter in it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from verl_egca.execution.confinement.files import DEVICES, STANDARD, Readable
from verl_egca.execution.confinement.kernel import checked, libc
from verl_egca.execution.confinement.layers import Layer
from verl_egca.execution.confinement.remedies import REFUSED

_FLAGS = {
    Layer.USER_NAMESPACE: 0x10000000,
    Layer.PID_NAMESPACE: 0x20000000,
    Layer.MOUNT_NAMESPACE: 0x00020000,
    Layer.IPC_NAMESPACE: 0x08000000,
    Layer.NETWORK_NAMESPACE: 0x40000000,
}
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_KEPT = {os.ST_NOSUID: _NOSUID, os.ST_NODEV: _NODEV, os.ST_NOEXEC: _NOEXEC, os.ST_NOATIME: 1024, os.ST_NODIRATIME: 2048}
_RELATIME = 1 << 21
_MNT_DETACH = 2
NOBODY = 65534


def enter(wanted: Iterable[Layer]) -> tuple[list[Layer], str]:
    """Move this process into new namespaces (the pid one is for its children); those that the kernel gave, and why not
    the others.

    All at once, else all but the user namespace (root may, without one), else none. Raises OSError if the process is in
    a user namespace that it can't use.
    """
    chosen = [layer for layer in wanted if layer in _FLAGS]
    as_root: list[Layer] = [layer for layer in chosen if layer != Layer.USER_NAMESPACE]
    refused = ""
    for attempt in (chosen, as_root):
        if attempt:
            failed = _unshare(attempt)
            if not failed:
                return attempt, refused
            refused = refused or f"{REFUSED}: {os.strerror(failed)}"
    return [], refused


def _unshare(layers: list[Layer]) -> int:
    """The error number; 0 if it worked."""
    flags = sum(_FLAGS[layer] for layer in layers)
    if Layer.USER_NAMESPACE not in layers:
        return ctypes.get_errno() if libc.unshare(flags) else 0
    # Oneself as oneself and, if that is root, nobody as nobody: two, so a process outside has to write the map.
    uid, gid = os.geteuid(), os.getegid()
    maps = {"uid_map": [uid, NOBODY], "gid_map": [gid, NOBODY]} if uid == 0 else {"uid_map": [uid], "gid_map": [gid]}
    me = os.getpid()
    entered_read, entered_write = os.pipe()
    outside = os.fork() if uid == 0 else -1
    if outside == 0:
        status = 1
        os.close(entered_write)  # or the read would wait for itself where nothing is entered
        try:
            if os.read(entered_read, 1):
                _write_maps(me, maps)
                status = 0
        finally:
            os._exit(status)
    try:
        failed = ctypes.get_errno() if libc.unshare(flags) else 0
        if not failed and uid:
            Path("/proc/self/setgroups").write_text("deny")
            _write_maps(me, maps)
        if uid == 0:
            os.write(entered_write, b"" if failed else b"1")
    finally:
        os.close(entered_write)
        os.close(entered_read)
    if uid == 0:
        _, status = os.waitpid(outside, 0)
        if not failed and status:
            raise OSError("the user namespace's map could not be written")
    return failed


def _write_maps(pid: int, maps: dict[str, list[int]]) -> None:
    for name, numbers in maps.items():
        file = Path(f"/proc/{pid}/{name}")
        try:
            file.write_text("".join(f"{number} {number} 1\n" for number in numbers))
        except OSError:  # root of a namespace that has no nobody itself, as in a rootless container
            file.write_text(f"{numbers[0]} {numbers[0]} 1\n")


def become_nobody() -> None:
    """Where this process is root: go on as a user who owns no file outside. Raises OSError."""
    if os.geteuid() == 0:
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def open_to_nobody(readable: Readable) -> bool:
    return all(os.stat(path).st_mode & 0o004 for path in (*readable.folders, *readable.files, *readable.packages))


def build_root(at: str, readable: Readable, work: str, work_bytes: int) -> None:
    """Change to a root where only what is ``readable`` exists, read-only, and an empty folder ``work`` of ``work_bytes``.

    ``at`` is an empty folder to build it on, and empty again should this fail: whatever is in it later gets deleted.
    In a mount namespace of its own. Raises OSError.
    """
    _mount("none", "/", None, _REC | _PRIVATE)
    _mount("tmpfs", at, "tmpfs", _NOSUID | _NODEV, "size=1m,mode=755")
    try:
        _fill_root(at, readable, work, work_bytes)
        _enter_root(at, readable)
    except OSError:
        checked(libc.umount2(at.encode(), _MNT_DETACH), f"umount of {at}")
        raise


def _fill_root(at: str, readable: Readable, work: str, work_bytes: int) -> None:
    for path in (*readable.folders, *readable.files):
        real = os.path.realpath(path)
        if not os.path.exists(at + real):
            _bind(real, at + real)
        if not os.path.exists(at + path):
            os.makedirs(os.path.dirname(at + path), exist_ok=True)
            os.symlink(real, at + path)
    for path in readable.hidden:
        _mount("tmpfs", at + os.path.realpath(path), "tmpfs", _NOSUID | _NODEV, "size=64k,mode=755")
    for path in readable.packages:
        if not os.path.exists(at + path):
            _bind(path, at + path)
    for path in DEVICES:
        if os.path.exists(path):
            _bind(path, at + path, read_only=False)
    _add_standard_files(at, work)
    os.makedirs(at + work)
    _mount("tmpfs", at + work, "tmpfs", _NOSUID | _NODEV | _NOEXEC, f"size={work_bytes},nr_inodes=1000,mode=1777")


def _add_standard_files(at: str, work: str) -> None:
    """The files that stand for standard input and output, each in a mount of its own: no folder of theirs can be written.

    What is written to standard error is dropped.
    """
    hidden = at + "/standard"
    os.mkdir(hidden)
    _mount("tmpfs", hidden, "tmpfs", _NOSUID | _NODEV | _NOEXEC, "size=0,mode=755")  # RLIMIT_FSIZE is their limit
    for path in STANDARD:
        file = f"{hidden}/{os.path.basename(path)}"
        Path(file).touch()
        os.chmod(file, 0o666)
        _bind(file, at + path, read_only=False)
    checked(libc.umount2(hidden.encode(), _MNT_DETACH), f"umount of {hidden}")
    os.rmdir(hidden)
    os.symlink("/dev/null", at + "/dev/stderr")
    os.symlink(work, at + "/dev/shm")  # semaphores of a process of its own, as pools of threads have
    for folder in ("/dev/fd", "/proc/self/fd"):
        os.makedirs(at + folder)
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            os.symlink(f"/dev/{name}", f"{at}{folder}/{number}")


def _enter_root(at: str, readable: Readable) -> None:
    old = at + "/old"
    os.mkdir(old)
    checked(libc.pivot_root(at.encode(), old.encode()), "pivot_root")
    os.chdir("/")
    checked(libc.umount2(b"/old", _MNT_DETACH), "umount of the old root")
    os.rmdir("/old")
    for path in ("/", *(os.path.realpath(path) for path in readable.hidden)):
        _mount("none", path, None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)


def _bind(source: str, target: str, read_only: bool = True) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).touch()
    _mount(source, target, None, _BIND | _REC)
    if read_only:
        # a mount that was locked by another user namespace may only be remounted with the flags that it has
        flags = os.statvfs(target).f_flag
        kept = sum(bit for have, bit in _KEPT.items() if flags & have) | (_RELATIME if flags & 4096 else 0)
        _mount("none", target, None, _REMOUNT | _BIND | _RDONLY | _NOSUID | kept)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    encoded = [None if text is None else text.encode() for text in (kind, options)]
    result = libc.mount(source.encode(), target.encode(), encoded[0], ctypes.c_ulong(flags), encoded[1])
    checked(result, f"mount of {source} on {target}")
