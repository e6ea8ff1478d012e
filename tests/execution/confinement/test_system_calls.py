"""The seccomp policy: its tables for both architectures, its rules on arguments, and calls of other architectures."""

import errno
import platform

import pyseccomp as library
import pytest

from verl_egca.execution.confinement import seccomp
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox

from ...machine import needs
from .attempts import LIMITS, system_calls, tried

X86_64_ONLY = set(
    "access alarm chmod dup2 epoll_wait getpgrp link lstat mkdir open pipe poll readlink rename rmdir select stat time unlink".split()
)
NEITHER = set("_llseek _newselect fstat64 fstatat64 ftruncate64 lstat64 mmap2 sigreturn stat64 ugetrlimit".split())


@pytest.mark.parametrize(
    ("architecture", "absent"),
    [(library.Arch.X86_64, NEITHER), (library.Arch.AARCH64, NEITHER | X86_64_ONLY)],
)
def test_every_name_of_the_tables_exists_on_both_architectures_but_those_listed(architecture, absent):
    names = [*seccomp.COMPUTE, *seccomp.WARM_ONLY, *seccomp.OWN_PAIR, *seccomp.CHANGES_FILES]
    names += ["clone", "clone3", "ioctl", "prlimit64"]
    assert {name for name in names if library.resolve_syscall(architecture, name) < 0} == absent


def test_no_name_is_in_both_tables_or_twice():
    names = [*seccomp.COMPUTE, *seccomp.WARM_ONLY, *seccomp.OWN_PAIR]
    assert len(names) == len(set(names))
    assert set(seccomp.CHANGES_FILES) <= set(seccomp.COMPUTE)


@pytest.mark.parametrize("build", [seccomp.wide_filter, lambda: seccomp.narrow_filter(read_only=True)])
def test_filters_are_whole_instructions_and_few_enough_for_the_kernel(build):
    instructions = build()
    assert len(instructions) % 8 == 0
    assert len(instructions) // 8 <= 4096


@pytest.fixture(scope="module")
def answers(offered):
    with Sandbox(Limits(require="full", **LIMITS)) as sandbox:
        yield lambda *attempts: tried(sandbox, *attempts)


EXOTIC = [name for name in system_calls() if name not in ("clone", "clone3")]


@pytest.mark.parametrize("name", EXOTIC)
def test_calls_that_no_program_needs_are_refused(answers, name):
    assert answers(("raw", name))["raw"] == "EPERM"


FAMILIES = {"unix": 1, "inet": 2, "inet6": 10, "netlink": 16, "packet": 17, "alg": 38, "vsock": 40}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_no_socket_of_any_family_is_given(answers, family):
    assert answers(("open_socket", family))["open_socket"] == "EPERM"


def test_the_library_s_clone3_is_told_to_fall_back(answers):
    assert answers(("raw", "clone3"))["raw"] == "ENOSYS"


NAMESPACES = {"time": 0x80, "mount": 0x20000, "cgroup": 1 << 25, "uts": 1 << 26, "ipc": 1 << 27, "user": 1 << 28, "pid": 1 << 29, "net": 1 << 30}  # fmt: skip
THREAD = 0x10000 | 0x800 | 0x100  # CLONE_THREAD, CLONE_SIGHAND, CLONE_VM


@pytest.mark.parametrize("flag", NAMESPACES.values(), ids=NAMESPACES.keys())
def test_a_clone_into_a_new_namespace_is_refused_even_as_a_thread(answers, flag):
    assert answers(("clone", flag | THREAD))["clone"] == "EPERM"


def test_processes_are_refused_and_threads_are_not(answers):
    found = answers(("clone", 17), ("fork", None), ("spawn", None), ("execute", None), ("threads", 2))
    assert found == {"clone": "EPERM", "fork": "EPERM", "spawn": "EPERM", "execute": "EPERM", "threads": 2}


def test_signals_to_anyone_are_refused(answers):
    assert answers(("signal_to", 0), ("signal_group", None)) == {"signal_to": "EPERM", "signal_group": "EPERM"}


def test_descriptors_can_be_asked_but_not_made_to_signal(answers):
    found = answers(("ask_size", None), ("set_owner", None), ("set_signal", None))
    assert found == {"ask_size": "done", "set_owner": "EPERM", "set_signal": "EPERM"}


def test_of_ioctl_only_close_on_exec_and_not_to_wait_do_something(answers):
    found = answers(("close_on_exec", None), ("no_waiting", None), ("push_to_terminal", None), ("ask_waiting", None))
    assert found == {
        "close_on_exec": "done",
        "no_waiting": "done",
        "push_to_terminal": "ENOTTY",
        "ask_waiting": "EPERM",
    }


def test_a_pair_of_sockets_reaches_its_own_other_end_and_nobody_else(answers):
    found = answers(("own_pair", None), ("send_elsewhere", None), ("pair_of_family", 16), ("pass_descriptor", None))
    assert found == {"own_pair": "x", "send_elsewhere": "EPERM", "pair_of_family": "EPERM", "pass_descriptor": "EPERM"}


def test_limits_of_others_are_out_of_reach(answers):
    assert answers(("limits_of", 1))["limits_of"] == "EPERM"
    assert answers(("limits_of", 0))["limits_of"] == "done"


on_x86_64 = needs(platform.machine() == "x86_64", "x86's other two architectures")

I386_GETPID = """
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20; int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(code))

def f(x):
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)()
"""


@on_x86_64
def test_a_call_of_x32_ends_the_program(answers):
    assert answers(("system_call", 0x40000000 + 39))["system_call"].startswith("crashed")


@on_x86_64
def test_a_call_of_i386_ends_the_program(offered):
    from .attempts import problem

    with Sandbox(Limits(**LIMITS)) as sandbox:
        assert sandbox.run(problem("assert f(1) > 0"), I386_GETPID).cases[0].outcome == "crashed"


def test_a_name_that_the_library_does_not_know_stays_refused():
    rules = library.SyscallFilter(library.ERRNO(errno.EPERM))
    seccomp._add(rules, library.ALLOW, "a_call_of_the_future")
