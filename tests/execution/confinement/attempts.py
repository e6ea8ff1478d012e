"""What a confined program tries, what came of it, and what the sandbox had said: one `Report` a way of confinement.

python attempts.py FOLDER REQUIRE [LAYER ...]     # as another user: prints the report as JSON
"""

from __future__ import annotations

import ast
import json
import os
import socket
import sys
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from verl_egca.execution.confinement.layers import Layer, coverage, uncovered
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.problem import AssertionTests, Problem

SECRET = "the answers"
THREADS = 8  # egca.sandbox.processes here
LIMITS = {"cpu_seconds": 5, "memory_bytes": 1 << 29, "processes": THREADS, "open_files": 48}

ATTEMPTS = """
import ctypes, errno, fcntl, os, resource, signal, socket, sys, threading, time

libc = ctypes.CDLL(None, use_errno=True)

def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return "done"

def read(path): return open(path).read()
def list_folder(path): return sorted(os.listdir(path))
def stat(path): return os.stat(path) and "done"
def write(path): return open(path, "w").write("x") and "done"
def append(path): return open(path, "a").write("x") and "done"
def read_and_write(path): return os.close(os.open(path, os.O_RDWR)) or "done"
def truncate(path): return os.truncate(path, 0) or "done"
def open_truncated(path): return os.close(os.open(path, os.O_RDONLY | os.O_TRUNC)) or "done"
def open_unnamed(path): return os.close(os.open(os.path.dirname(path), os.O_TMPFILE | os.O_WRONLY)) or "done"
def creat(path): return checked(libc.creat(path.encode() + b"-creat", 0o644))
def make(path): return os.close(os.open(path + "-made", os.O_CREAT | os.O_RDONLY)) or "done"
def mkdir(path): return os.mkdir(path + "-folder") or "done"
def fifo(path): return os.mkfifo(path + "-fifo") or "done"
def unlink(path): return os.unlink(path) or "done"
def rename(path): return os.rename(path, path + "-renamed") or "done"
def exchange(path): return checked(libc.renameat2(-100, path.encode(), -100, path.encode() + b"2", 2))
def hard_link(path): return os.link(path, path + "-link") or "done"
def soft_link(path): return os.symlink(path, path + "-symlink") or "done"
def chmod(path): return os.chmod(path, 0o777) or "done"
def chown(path): return os.chown(path, -1, os.getgid()) or "done"
def utime(path): return os.utime(path, (0, 0)) or "done"
def xattr(path): return os.setxattr(path, "user.x", b"x") or "done"

def own_file(_):
    open("mine", "w").write("x")
    return open("mine").read()

def connect_tcp(port):
    with socket.socket() as s:
        s.settimeout(2)
        return s.connect(("127.0.0.1", port)) or "done"

def connect_unix(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect(path) or "done"

def open_socket(family): return socket.socket(family, socket.SOCK_STREAM if family < 3 else socket.SOCK_RAW).close() or "done"
def pair_of_family(family): return socket.socketpair(family) and "done"

def own_pair(_):
    one, other = socket.socketpair()
    one.send(b"x")
    return other.recv(1).decode()

def send_elsewhere(_):
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return one.sendto(b"x", "\\0egca-elsewhere") and "done"

def pass_descriptor(_):
    one, other = socket.socketpair()
    return socket.send_fds(one, [b"x"], [0]) and "done"

def fork(_):
    pid = os.fork()
    if not pid:
        os._exit(0)
    return os.waitpid(pid, 0) and "done"

def spawn(_): return os.posix_spawn("/bin/true", ["true"], {}) and "done"
def execute(_): return os.execv("/bin/true", ["true"])
def signal_to(pid): return os.kill(pid, 0) or "done"
def signal_group(_): return os.killpg(0, 0) or "done"

def threads(count):
    threading.stack_size(1 << 16)
    hold, started = threading.Event(), []
    try:
        for _ in range(count):
            thread = threading.Thread(target=hold.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:
        pass
    finally:
        hold.set()
        for thread in started:
            thread.join()
    return len(started)

def unshare(flags): return checked(libc.unshare(flags))
def clone(flags): return checked(libc.syscall(SYSCALLS["clone"], flags, 0, 0, 0, 0))
def raw(name): return checked(libc.syscall(SYSCALLS[name], 0, 0, 0, 0, 0, 0))
def system_call(number): return checked(libc.syscall(number, 0, 0, 0, 0, 0, 0))
def mount(path): return checked(libc.mount(b"none", path.encode(), b"tmpfs", 0, None))
def set_owner(_): return checked(libc.fcntl(0, 8, os.getpid()))
def set_signal(_): return checked(libc.fcntl(0, 10, signal.SIGIO))
def push_to_terminal(_): return checked(libc.ioctl(0, 0x5412, b"x"))
def close_on_exec(_): return checked(libc.ioctl(0, 0x5451))
def no_waiting(_): return os.set_blocking(0, True) or "done"
def ask_waiting(_): return checked(libc.ioctl(0, 0x5450, None))
def ask_size(_): return fcntl.fcntl(0, fcntl.F_GETFL) >= 0 and "done"
def limits_of(pid): return resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0)) and "done"
def own_limits(_): return resource.setrlimit(resource.RLIMIT_CORE, (0, 0)) or "done"
def raise_limit(_): return resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)) or "done"
def limit(number): return resource.getrlimit(number)[1]
def identity(_): return [os.getuid(), os.getppid()]
def memory(size): return len(bytearray(size))
def own_memory(_): return open("/proc/self/mem", "rb") and "done"

def large_file(size):
    with open("large", "wb") as file:
        return file.write(bytes(size)) and "done"

def many_files(count):
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(count)]
    for fd in held:
        os.close(fd)
    return "done"

def status(fields):
    found = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return [found[field].strip() for field in fields]

def namespaces(names): return [os.readlink("/proc/self/ns/" + name) for name in names]

def judges_memory(_):
    judge = open(f"/proc/{os.getppid()}/stat").read().rpartition(")")[2].split()[1]
    return open(f"/proc/{judge}/mem", "rb") and "done"

def keeps_powers(_):
    return [libc.prctl(39, 0, 0, 0, 0), sum(libc.prctl(23, n, 0, 0, 0) for n in range(36))]

def f(name, argument):
    try:
        return globals()[name](argument)
    except OSError as error:
        return errno.errorcode[error.errno]
    except BaseException as error:
        return type(error).__name__
"""

HONEST = """
import bisect, collections, csv, dataclasses, decimal, fractions, io, json, math, random, re, threading, time, zoneinfo

@dataclasses.dataclass
class Point:
    x: int

def f(x):
    found = []
    thread = threading.Thread(target=lambda: found.append(Point(x)))
    thread.start()
    thread.join()
    time.sleep(0.001)
    rows = list(csv.reader(io.StringIO("1,2")))
    assert random.random() and json.loads("[1]") and rows and re.match("a", "ab") and zoneinfo.ZoneInfo("UTC")
    return found[0].x + int(fractions.Fraction(1) * decimal.Decimal(1).__int__())
"""


@dataclass
class Report:
    """``tried`` holds what each attempt returned or the name of its error; ``changed`` what it left outside."""

    layers: list[str]
    reasons: dict[str, str]
    coverage: str
    uncovered: list[str]
    tried: dict[str, object]
    changed: list[str]
    honest: bool


def problem(*assertions: str) -> Problem:
    return Problem(task_id="t", prompt="", tests=AssertionTests(assertions=assertions), entry_point="f")


def tried(sandbox: Sandbox, *attempts: tuple[str, object]) -> dict[str, object]:
    """What came of each attempt: its value, the name of its error, or how the case ended if the process did."""
    questions = [f"assert f({name!r}, {argument!r}) == '?'" for name, argument in attempts]
    verdict = sandbox.run(problem(*questions), f"SYSCALLS = {system_calls()!r}\n{ATTEMPTS}")
    return {
        name: ast.literal_eval(case.got)
        if case.got is not None
        else f"{case.outcome}: {case.error and case.error.message}"
        for (name, _), case in zip(attempts, verdict.cases, strict=True)
    }


def system_calls() -> dict[str, int]:
    """Numbers of this machine's calls that no program needs."""
    try:
        import pyseccomp as library
    except (ImportError, RuntimeError):
        return {}
    names = "clone io_uring_setup keyctl add_key bpf perf_event_open userfaultfd process_vm_readv ptrace setns mount umount2"
    names += " pivot_root chroot pidfd_open kcmp memfd_create landlock_create_ruleset seccomp prctl personality openat2 clone3"
    return {name: library.resolve_syscall(library.Arch.NATIVE, name) for name in names.split()}


def outside_attempts(path: Path, tcp_port: int) -> list[tuple[str, object]]:
    """Everything that a program might do to other people's files, processes and sockets."""
    text = str(path)
    changing = (
        "write append read_and_write truncate open_truncated open_unnamed creat make mkdir fifo unlink rename exchange"
    )
    changing += " hard_link soft_link chmod chown utime xattr"
    return [
        ("stat", text),
        ("list_folder", os.path.dirname(text)),
        ("read", text),
        *((name, text) for name in changing.split()),
        ("connect_tcp", tcp_port),
        ("connect_unix", text + "-socket"),
        ("signal_to", os.getpid()),
        ("fork", None),
        ("threads", 4 * THREADS),
        ("own_file", None),
    ]


def report(folder: Path, withhold: tuple[str, ...] = (), require: str = "reduced") -> Report:
    """Raises ConfinementError as the sandbox does."""
    secret, second = folder / "secret", folder / "secret2"
    secret.write_text(SECRET)
    second.write_text("other")
    os.utime(secret, (1000, 1000))
    before = _state(folder)
    with closing(socket.create_server(("127.0.0.1", 0))) as tcp, closing(socket.socket(socket.AF_UNIX)) as unix:
        unix.bind(str(secret) + "-socket")
        unix.listen()
        before = _state(folder)
        with Sandbox(Limits(require=require, **LIMITS), withhold=[Layer(name) for name in withhold]) as sandbox:
            layers, reasons = sandbox.check(), sandbox.reasons()
            honest = sandbox.run(problem("assert f(1) == 2", "assert f(2) == 3"), HONEST).passed
            results = tried(sandbox, *outside_attempts(secret, tcp.getsockname()[1]))
            honest = honest and sandbox.run(problem("assert f(1) == 2"), HONEST).passed
    changed = sorted(name for name, what in {**before, **_state(folder)}.items() if before.get(name) != what)
    return Report(
        [str(layer) for layer in layers], reasons, str(coverage(layers)), uncovered(layers), results, changed, honest
    )


def _state(folder: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for path in folder.iterdir():
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[path.name] = (status.st_mode, status.st_nlink, status.st_mtime, status.st_uid, content)
    return found


if __name__ == "__main__":
    print(json.dumps(asdict(report(Path(sys.argv[1]), tuple(sys.argv[3:]), sys.argv[2]))))
