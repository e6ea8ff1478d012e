"""Each layer, asked of the kernel from inside a confined program."""

import os
import resource

import pytest

from verl_egca.execution.confinement.layers import Layer
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox

from .attempts import LIMITS, THREADS, tried

SEES_PROC = (Layer.MOUNT_NAMESPACE, Layer.LANDLOCK)


@pytest.fixture(scope="module")
def confined(offered):
    """Asks a fully confined program."""
    with Sandbox(Limits(require="full", **LIMITS)) as sandbox:
        yield lambda *attempts: tried(sandbox, *attempts)


@pytest.fixture(scope="module")
def with_proc(offered):
    """Asks a program that sees the machine's /proc."""
    with Sandbox(Limits(**LIMITS), withhold=SEES_PROC) as sandbox:
        yield lambda *attempts: tried(sandbox, *attempts)


@pytest.fixture(scope="module")
def any_call(offered):
    """Asks a program that may make any system call."""
    with Sandbox(Limits(**LIMITS), withhold=[Layer.SECCOMP]) as sandbox:
        yield lambda *attempts: tried(sandbox, *attempts)


def test_status_says_filtered_without_new_privileges_and_without_capabilities(with_proc):
    fields = ["Seccomp", "Seccomp_filters", "NoNewPrivs", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
    mode, filters, no_new_privileges, *capabilities = with_proc(("status", fields))["status"]
    assert (mode, no_new_privileges) == ("2", "1")
    assert int(filters) >= 2  # the warm process's, and the child's on top
    assert {int(value, 16) for value in capabilities} == {0}


def test_namespaces_are_not_the_trainers(with_proc):
    names = ["user", "ipc", "net", "mnt"]
    theirs = with_proc(("namespaces", names))["namespaces"]
    ours = [os.readlink(f"/proc/self/ns/{name}") for name in names]
    assert [their != our for their, our in zip(theirs, ours, strict=True)] == [True, True, True, False]


def test_the_program_is_nobody_and_its_parent_the_first_process(confined):
    (user, parent) = confined(("identity", None))["identity"]
    assert parent == 1
    assert user == (65534 if os.geteuid() == 0 else os.geteuid())


def test_where_calls_are_free_privileges_still_cannot_be_gained(any_call):
    assert any_call(("keeps_powers", None))["keeps_powers"] == [1, 0]  # no_new_privs, size of the bounding set


def test_where_calls_are_free_namespaces_and_mounts_still_need_what_the_program_lacks(any_call):
    answers = any_call(("unshare", 0x40000000), ("mount", "/tmp"), ("raise_limit", None), ("chmod", "/dev/null"))
    assert answers["unshare"] == answers["mount"] == "EPERM"
    assert answers["raise_limit"] in ("ValueError", "EPERM")
    assert answers["chmod"] in ("EPERM", "EROFS")


def test_only_the_interpreters_files_exist(confined):
    answers = confined(("list_folder", "/"), ("stat", "/proc/self/status"), ("own_file", None))
    assert not {"home", "root", "proc", "sys", "run", "var"} & set(answers["list_folder"]) - _roots_of_interpreter()
    assert answers["stat"] == "ENOENT"
    assert answers["own_file"] == "x"


def _roots_of_interpreter():
    return {os.path.realpath(os.__file__).split("/")[1]}


def test_rlimits_hold_memory_files_and_descriptors(confined):
    answers = confined(
        ("memory", LIMITS["memory_bytes"]),
        ("large_file", Limits().file_bytes + 1),
        ("many_files", LIMITS["open_files"]),
        ("limit", resource.RLIMIT_CORE),
        ("own_limits", None),
        ("raise_limit", None),
    )
    assert answers["memory"] == "MemoryError"
    assert answers["large_file"] in ("EFBIG", "ENOSPC") or answers["large_file"].startswith("crashed")
    assert answers["many_files"] == "EMFILE"
    assert answers["limit"] == 0
    assert answers["own_limits"] == "done"
    assert answers["raise_limit"] in ("ValueError", "EPERM")


def test_threads_are_counted(confined):
    assert confined(("threads", 4 * THREADS))["threads"] <= THREADS


def test_processes_are_counted_where_calls_are_free(any_call):
    assert any_call(("threads", 4 * THREADS))["threads"] <= THREADS + 2  # a child is not kept ahead then


def test_the_judges_memory_is_closed_even_where_its_proc_is_seen(offered):
    withhold = [*SEES_PROC, Layer.PID_NAMESPACE, Layer.USER_NAMESPACE]  # the trainer's own user, seeing all processes
    with Sandbox(Limits(**LIMITS), withhold=withhold) as sandbox:
        assert tried(sandbox, ("judges_memory", None))["judges_memory"] in ("EACCES", "EPERM")


def test_limits_that_are_lower_already_are_kept(offered):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
    try:
        with Sandbox(Limits(require="full", **LIMITS)) as sandbox:
            assert tried(sandbox, ("limit", resource.RLIMIT_NOFILE))["limit"] == LIMITS["open_files"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
