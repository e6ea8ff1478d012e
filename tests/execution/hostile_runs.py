"""Runs hostile programs beside canaries, and records what each achieved.

    python -m tests.execution.hostile_runs [WITHHELD_LAYER ...]

prints a line for each program with its time against its budget, and a summary.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from verl_egca.execution.confinement.layers import Layer
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome, Verdict

from ..problems import assertion_problem, stdio_problem
from .hostile_programs import HOSTILE, Hostile

LIMITS = Limits(cpu_seconds=0.3, wall_seconds=0.6, memory_bytes=1 << 28, file_bytes=1 << 24, processes=32)
HANG_S = 60.0  # after which a worker is killed, so that its program counts as lost

# What an honest program must find as if it were the first one.
HONEST = """
import heapq, math, os, random, sys
def f(what):
    if what == 'files': return os.listdir('.')
    if what == 'input': return sys.stdin.read()
    if what == 'environment': return dict(os.environ)
    if what == 'file':
        with open('mine', 'w') as file: file.write('x')
        return os.listdir('.')
    random.seed(1)
    return [math.floor(1.5), sum([1, 2]), sorted([2, 1]), heapq.nsmallest(1, [3, 2]), random.randrange(10), len(sys.path) > 0]
"""
NEXT = assertion_problem(
    *("assert f('files') == []", "assert f('input') == ''", "assert f('environment') == {}"),
    "assert f('modules') == [1, 3, [1, 2], [2], 2, True]",
)
NEXT_SCRIPT = stdio_problem(("5\n", "10\n"), ("", "none\n"))
HONEST_SCRIPT = "import sys\nread = sys.stdin.read()\nprint(2 * int(read) if read else 'none')\n"


@dataclass
class Run:
    """What one program achieved: its verdict, and ``harm``, in words, empty if none."""

    verdict: Verdict
    seconds: float
    harm: list[str] = field(default_factory=list)


def run_all(
    withhold: Sequence[Layer] = (), programs: Sequence[Hostile] = tuple(HOSTILE), workers: int = 2
) -> dict[str, Run]:
    """Each program in one of ``workers`` sandboxes of one worker, in turn; by name."""
    runs: dict[str, Run] = {}
    todo = iter(programs)
    lock = threading.Lock()

    def work() -> None:
        with Canaries() as canaries, Sandbox(LIMITS, withhold=withhold) as sandbox:
            layers = sandbox.check()
            # the warm process, its outer one and a spare child
            processes = 1 + (Layer.PID_NAMESPACE in layers) + (Layer.SECCOMP in layers)
            while True:
                with lock:
                    program = next(todo, None)
                if program is None:
                    return
                runs[program.name] = run(sandbox, program, canaries, processes)

    with ThreadPoolExecutor(workers) as threads:
        for done in [threads.submit(work) for _ in range(workers)]:
            done.result()
    return runs


def run(sandbox: Sandbox, program: Hostile, canaries: Canaries, processes: int) -> Run:
    started = time.monotonic()
    guard = threading.Timer(HANG_S, os.kill, (worker_pid(sandbox), signal.SIGKILL))
    guard.start()
    verdict = sandbox.run(program.problem, canaries.told(program.source))
    guard.cancel()
    done = Run(verdict, time.monotonic() - started)
    sandbox.check()
    if (count := settled(sandbox, processes)) != processes:
        done.harm.append(f"{count} processes where there were {processes}")
    done.harm += canaries.harm()
    honest = sandbox.run(NEXT, HONEST)
    if not honest.passed:
        done.harm.append(f"the next program fails: {honest.first_failure}")
    script = sandbox.run(NEXT_SCRIPT, HONEST_SCRIPT)
    if not script.passed:
        done.harm.append(f"the next script fails: {script.first_failure}")
    return done


def achieved(run: Run) -> str:
    """What the program says that it did and must not."""
    for case in run.verdict.cases:
        for text in (case.got, case.error.message if case.error else None):
            if text and "DID" in text:
                return text[text.index("DID") :][:80]
    return ""


def worker_pid(sandbox: Sandbox) -> int:
    (worker,) = sandbox._free.queue
    assert worker is not None
    return worker.pid


def below(pid: int) -> list[int]:
    """All processes below a process that are not dead."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                state, parent = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state not in "ZX":
                parents.setdefault(int(parent), []).append(int(name))
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


def settled(sandbox: Sandbox, expected: int) -> int:
    """How many processes the worker has, once they are as many as expected, or at the end of a second."""
    end = time.monotonic() + 1.0
    while (count := len(below(worker_pid(sandbox)))) != expected and time.monotonic() < end:
        time.sleep(0.005)
    return count


class Canaries:
    """Somebody else's files, port, socket and process, which no program may touch."""

    def __enter__(self) -> Canaries:
        self._temporary = tempfile.TemporaryDirectory(prefix="canary-")
        self.folder = Path(self._temporary.name)
        (self.folder / "empty").mkdir()
        (self.folder / "secret").write_text("secret")
        (self.folder / "stolen.py").write_text("answers = {2: 1013, 3: 52781}\n")
        self._listeners = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
        self.socket = f"egca-canary-{os.getpid()}-{threading.get_ident()}"
        self._listeners[1].bind(f"\0{self.socket}")
        self._listeners[1].listen()
        for listener in self._listeners:
            listener.setblocking(False)
        told = "import signal, sys\nfor n in set(range(1, 65)) - {9, 19, 32, 33, 17, 18}: signal.signal(n, lambda n, f: print(n, flush=True))\nprint('ready', flush=True)\nsys.stdin.read()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", told], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        os.set_blocking(self._process.stdout.fileno(), False)
        self._before = self._state()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        for listener in self._listeners:
            listener.close()
        self._temporary.cleanup()

    def told(self, source: str) -> str:
        port = self._listeners[0].getsockname()[1]
        for name, value in (
            ("FOLDER", self.folder),
            ("PORT", port),
            ("PID", self._process.pid),
            ("SOCKET", self.socket),
        ):
            source = source.replace(f"@{name}@", str(value))
        return source

    def harm(self) -> list[str]:
        """What was done to them since they were asked last."""
        harm = []
        state = self._state()
        if state != self._before:
            harm.append(f"others' files or memory changed: {set(state) ^ set(self._before)}")
            self._before = state
        for listener in self._listeners:
            try:
                listener.accept()[0].close()
                harm.append("a connection was made")
            except BlockingIOError:
                pass
        assert self._process.stdout is not None
        if told := self._process.stdout.read():
            harm.append(f"a stranger got signals {told!r}")
        if self._process.poll() is not None:
            harm.append("a stranger was killed")
        elif Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
            harm.append("a stranger was stopped")
            self._process.send_signal(signal.SIGCONT)
        return harm

    def _state(self) -> list[tuple[object, ...]]:
        paths = [self.folder, *sorted(self.folder.rglob("*"))]
        files = [
            (str(path), s.st_mode, s.st_uid, s.st_nlink, s.st_size, s.st_mtime_ns)
            for path in paths
            for s in [path.stat()]
        ]
        kernel = [(str(path), *path.read_text().splitlines()) for path in Path("/proc/sysvipc").glob("*")]
        left = [
            ("left", path)
            for path in ("/dev/shm/egca-left", "/run/egca-left", "/var/tmp/egca-left", "/egca-left", "/tmp/left")
            if os.path.exists(path)
        ]
        return [*files, *kernel, *left]


def budget(program: Hostile, cases: int) -> float:
    """Wall seconds that a program may take on an idle machine: what the limits give each of its cases."""
    each = max(LIMITS.wall_seconds, LIMITS.cpu_seconds) + LIMITS.cpu_seconds + 1.0  # the judge's own, on what came back
    return each * max(1, cases)


def wrong(program: Hostile, run: Run, withhold: Sequence[Layer] = ()) -> list[str]:
    """All that must not be, in words, given that no layer covers what it tries if all that could are withheld."""
    outcomes = {str(case.outcome) for case in run.verdict.cases}
    found = []
    if run.verdict.passed != program.right:
        found.append("FALSE PASS" if run.verdict.passed else "FALSE FAIL")
    if Outcome.INFRASTRUCTURE in outcomes:
        found.append("WORKER LOST")
    if any(layer not in withhold for layer in program.against):
        found += run.harm
        if text := achieved(run):
            found.append(text)
    if not withhold and not outcomes <= program.outcomes:
        found.append(f"{sorted(outcomes)} is not in {sorted(program.outcomes)}")
    return found


def main() -> None:
    withhold = [Layer(name) for name in sys.argv[1:]]
    runs = run_all(withhold)
    problems, over = 0, []
    for program in HOSTILE:
        run = runs[program.name]
        outcomes = ", ".join(dict.fromkeys(str(case.outcome) for case in run.verdict.cases))
        found = wrong(program, run, withhold)
        problems += bool(found)
        if run.seconds > 1.2 * budget(program, len(run.verdict.cases)):
            over.append(program.name)
        print(f"{program.name:58s} {run.seconds:5.2f} s  {outcomes:32s} {'; '.join(found)}")
    print(f"{len(HOSTILE)} programs: {problems} not contained; over their budget of time by more than a fifth: {over}")


if __name__ == "__main__":
    main()
