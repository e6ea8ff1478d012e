"""One worker of the sandbox: the trusted process that holds the tests, runs the cases and says the verdicts.

    python -m verl_egca.execution.judge LIMITS_JSON PROGRESS_FD

Requests and answers are JSON lines on standard input and output (see `Judge.answer`). The first line it writes is what
confinement is in force, or why none can be. PROGRESS_FD is a shared file of four bytes: the case that runs, for the trainer's side to know
should this process be ended by it.
"""

from __future__ import annotations

import base64
import json
import mmap
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections import OrderedDict
from typing import Any

from verl_egca.execution.confinement.kernel import PR_SET_DUMPABLE, prctl
from verl_egca.execution.kinds import Kind, kind_of
from verl_egca.execution.outcome import Answer
from verl_egca.execution.program import Zygote
from verl_egca.execution.sitting import Sitting
from verl_egca.execution.state import carries_state
from verl_egca.execution.watch import Watch

KEPT_TESTS = 256  # of how many problems the tests are kept, with their compiled code
_MAX_TRACE = 1 << 22
# numpy and the like start theirs when they are imported, and a process with several can't enter a user namespace
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_OWN_MEMORY = 4 << 30  # what tests may use on what programs return


def main() -> None:
    limits, progress = json.loads(sys.argv[1]), mmap.mmap(int(sys.argv[2]), 4)
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)  # whatever the tests print
    ours, theirs = socket.socketpair()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl(PR_SET_DUMPABLE, 0, "PR_SET_DUMPABLE")  # where a program could see this process, not its memory: the tests
    with tempfile.TemporaryDirectory(prefix="egca-") as folder:
        arguments = [str(theirs.fileno()), folder, json.dumps(limits)]
        process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-m", "verl_egca.execution.zygote", *arguments],
            pass_fds=[theirs.fileno()],
            stdin=null,
            env={**os.environ, "PYTHONHASHSEED": "0", **ONE_THREAD},
        )
        theirs.close()
        try:
            zygote = Zygote(ours)
        except EOFError as error:
            answers.write(json.dumps({"failed": str(error)}) + "\n")
            return
        memory = resource.getrlimit(resource.RLIMIT_AS)[1]
        if memory == resource.RLIM_INFINITY or memory > _OWN_MEMORY:
            resource.setrlimit(resource.RLIMIT_AS, (_OWN_MEMORY, memory))
        judge = Judge(zygote, limits, progress)
        answers.write(json.dumps(zygote.told) + "\n")
        answers.flush()
        for line in requests:
            answers.write(json.dumps(judge.answer(json.loads(line))) + "\n")
            answers.flush()
        ours.close()
        process.wait()


class Judge:
    def __init__(self, zygote: Zygote, limits: dict[str, Any], progress: mmap.mmap) -> None:
        self._zygote, self._limits, self._progress = zygote, limits, progress
        self._watch = Watch(limits["cpu_seconds"])
        self._kinds: OrderedDict[str, Kind] = OrderedDict()
        self._sitting: Sitting | None = None

    def answer(self, request: Answer) -> Answer:
        """The verdicts on the ``cases`` of ``program`` (all but those in ``skip``, if null), with the tests known as ``key``.

        ``tests`` and ``entry_point`` are given when the key is new. ``keep`` leaves the program's process for a ``trial``,
        which runs another text in it. ``events`` asks for a trace.
        """
        try:
            kind = self._kind(request)
            total = kind.count
        except SyntaxError as error:
            return {"refused": f"the tests are not Python: {error}"}
        wanted = request["cases"]
        if wanted is None:
            wanted = [index for index in range(total) if index not in request["skip"]]
        if request["trial"] and self._sitting is not None:
            sitting = self._sitting
            sitting.replace(request["program"])
        else:
            self._close()
            sitting = self._sitting = Sitting(self._zygote, self._limits, request["program"], request["events"])
        verdicts = [self._judge(kind, sitting, index) for index in wanted]
        if not request["keep"]:
            self._close()
        self._note(-1)
        if not request["trial"]:
            self._look_again(kind, request["program"], verdicts)
        trace = base64.b64encode(sitting.trace[:_MAX_TRACE]).decode() if request["events"] else None
        return {"cases": verdicts, "trace": trace}

    def _judge(self, kind: Kind, sitting: Sitting, index: int) -> Answer:
        self._note(index)
        return {"index": index, "passes_alone": None, **kind.judge(sitting, index)}

    def _look_again(self, kind: Kind, source: str, verdicts: list[Answer]) -> None:
        """Run each failed case by itself if earlier cases may have left something behind that made it fail."""
        if len(verdicts) < 2 or not carries_state(source):
            return
        for verdict in verdicts[1:]:
            if verdict["outcome"] in ("wrong_value", "exception"):
                alone = Sitting(self._zygote, self._limits, source, 0)
                try:
                    again = self._judge(kind, alone, verdict["index"])
                finally:
                    alone.close()
                verdict["passes_alone"] = again["outcome"] == "passed"

    def _kind(self, request: Answer) -> Kind:
        key = request["key"]
        if key not in self._kinds:
            self._kinds[key] = kind_of(request["tests"], request["entry_point"], self._watch)
            if len(self._kinds) > KEPT_TESTS:
                self._kinds.popitem(last=False)
        self._kinds.move_to_end(key)
        return self._kinds[key]

    def _close(self) -> None:
        if self._sitting is not None:
            self._sitting.close()
            self._sitting = None

    def _note(self, index: int) -> None:
        struct.pack_into("i", self._progress, 0, index)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the trainer's to handle; our input ends when it does
    main()
