"""seccomp: which system calls exist for a program. The policy is here; libseccomp turns it into the kernel's filter.

Two filters, one on top of the other. The wide one is loaded once, by a worker's warm process, and inherited. The narrow
one takes away what only the warm process needs (fork, kill, wait, messages) and is all that a child has to load. Where
filters differ the kernel takes the stricter answer.

Refused calls fail with EPERM rather than kill: the program sees an exception, and its failure can be explained. System
calls of another architecture kill. Names are libseccomp's, so the tables of x86_64, arm64 and all its others apply;
names that an architecture does not have are left out by it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Callable
from typing import Any

from verl_egca.execution.confinement.kernel import PR_SET_SECCOMP, checked, libc

# What a program that computes needs: memory, its own files and descriptors, clocks, threads, its own signal handlers.
COMPUTE = """
    read readv pread64 preadv write writev pwrite64 pwritev close lseek _llseek fstat fstat64 newfstatat fstatat64 stat lstat
    stat64 lstat64 statx access faccessat faccessat2 open openat getdents64 getcwd chdir fchdir readlink readlinkat
    dup dup2 dup3 pipe pipe2 poll ppoll select _newselect pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait
    mmap mmap2 munmap mprotect mremap madvise brk futex futex_waitv set_robust_list rseq membarrier
    sched_yield sched_getaffinity getcpu rt_sigaction rt_sigprocmask rt_sigreturn sigreturn sigaltstack restart_syscall
    nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getitimer setitimer alarm
    getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid getrusage
    uname sysinfo getrandom ftruncate ftruncate64 truncate link linkat unlink unlinkat mkdir mkdirat rmdir rename renameat renameat2
    fsync fdatasync flock sendfile copy_file_range umask getrlimit ugetrlimit exit exit_group recvfrom getsockname shutdown
""".split()

# What the warm process needs beyond that, and its children must not have.
WARM_ONLY = """
    wait4 kill tgkill sendmsg recvmsg setsockopt close_range setsid prctl seccomp memfd_create landlock_restrict_self chmod
    fchmodat
""".split()

# What a child has only within itself: a pair of Unix sockets, and no other address to send to (an event loop's own wake-up).
OWN_PAIR = "socketpair sendto".split()

# What a child must not have where no other layer keeps it from other people's files.
CHANGES_FILES = "truncate link linkat unlink unlinkat mkdir mkdirat rmdir rename renameat renameat2".split()

_CLONE_THREAD = 0x10000
_CLONE_NEW_NAMESPACES = 0x7E020000 | 0x80  # NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWNS, NEWTIME
_FIONBIO, _FIOCLEX = 0x5421, 0x5451
_AF_UNIX = 1
# Of the commands of fcntl those that name no other process: F_SETOWN and F_SETSIG send signals in the kernel's name.
_FCNTL = {"DUPFD": 0, "GETFD": 1, "SETFD": 2, "GETFL": 3, "SETFL": 4, "GETLK": 5, "SETLK": 6, "SETLKW": 7,
          "OFD_GETLK": 36, "OFD_SETLK": 37, "OFD_SETLKW": 38, "DUPFD_CLOEXEC": 1030, "GETPIPE_SZ": 1032}  # fmt: skip


def wide_filter() -> bytes:
    """The allow-list for the warm process, as the kernel's instructions. Raises ImportError without libseccomp."""
    import pyseccomp as library

    rules = library.SyscallFilter(library.ERRNO(errno.EPERM))
    for name in [*COMPUTE, *WARM_ONLY, *OWN_PAIR]:
        _add(rules, library.ALLOW, name)
    _add(rules, library.ALLOW, "clone", library.Arg(0, library.MASKED_EQ, _CLONE_NEW_NAMESPACES, 0))
    _add(rules, library.ALLOW, "fork")
    _add(rules, library.ERRNO(errno.ENOSYS), "clone3")  # its flags lie in memory; the C library falls back to clone
    for command in (_FIONBIO, _FIOCLEX):
        _add(rules, library.ALLOW, "ioctl", library.Arg(1, library.EQ, command))
    for compare, command in ((library.LT, _FIONBIO), (library.GT, _FIOCLEX)):  # a terminal's among them
        _add(rules, library.ERRNO(errno.ENOTTY), "ioctl", library.Arg(1, compare, command))
    for command in _FCNTL.values():
        for name in ("fcntl", "fcntl64"):
            _add(rules, library.ALLOW, name, library.Arg(1, library.EQ, command))
    _add(rules, library.ALLOW, "prlimit64", library.Arg(0, library.EQ, 0))  # of the caller itself
    _add(rules, library.ALLOW, "setrlimit")
    return _exported(rules)


def narrow_filter(read_only: bool) -> bytes:
    """What a child gives up on top, as the kernel's instructions: with ``read_only`` all that changes files, too.

    Raises ImportError without libseccomp.
    """
    import pyseccomp as library

    rules = library.SyscallFilter(library.ALLOW)
    refuse = library.ERRNO(errno.EPERM)
    for name in [*WARM_ONLY, "fork", "vfork", *(CHANGES_FILES if read_only else [])]:
        _add(rules, refuse, name)
    _add(rules, refuse, "clone", library.Arg(0, library.MASKED_EQ, _CLONE_THREAD, 0))  # threads only
    _add(rules, refuse, "socketpair", library.Arg(0, library.NE, _AF_UNIX))
    _add(rules, refuse, "sendto", library.Arg(4, library.NE, 0))
    if read_only:
        for bit in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC):
            _add(rules, refuse, "open", library.Arg(1, library.MASKED_EQ, bit, bit))
            _add(rules, refuse, "openat", library.Arg(2, library.MASKED_EQ, bit, bit))
    return _exported(rules)


def _add(rules: Any, action: int, name: str, *arguments: Any) -> None:
    try:
        rules.add_rule(action, name, *arguments)
    except OSError as error:  # older libraries do not know newer names: then the default stays, which is stricter
        if error.errno != errno.EINVAL:
            raise


def _exported(rules: Any) -> bytes:
    with open(os.memfd_create("filter"), "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def loader(instructions: bytes) -> Callable[[], None]:
    """A function that loads the filter into the calling process, for good; needs no_new_privs. It raises OSError."""
    code = ctypes.create_string_buffer(instructions, len(instructions))
    program = struct.pack("HxxxxxxQ", len(instructions) // 8, ctypes.addressof(code))

    def load(keep: Any = code) -> None:
        checked(libc.prctl(PR_SET_SECCOMP, 2, program, 0, 0), "seccomp")

    return load
