"""Starts one worker: its warm process first and then, while that gets ready, its judge in this process.

    python -m verl_egca.execution.start LIMITS_JSON PROGRESS_FD FOLDER

Only what that takes is imported before.
"""

import _socket
import os
import resource
import signal
import sys

_STACK = 1 << 32  # bytes that a program's may grow to, memory permitting; deep recursion through C is then no crash


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the trainer's to handle; our input ends when it does
    limits, progress, folder = sys.argv[1:]
    ours, theirs = _socket.socketpair()
    os.set_inheritable(theirs.fileno(), True)
    null = os.open(os.devnull, os.O_RDONLY)
    # without `site`, whose start-up files an environment may have many of: its paths, and this package's own, come by name
    package = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), package]),
    }
    command = [
        sys.executable,
        "-S",
        "-s",
        "-P",
        "-m",
        "verl_egca.execution.zygote",
        str(theirs.fileno()),
        folder,
        limits,
    ]
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)  # decides how a new program's address space is laid out
    most = _STACK if hard == resource.RLIM_INFINITY else min(_STACK, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (most, hard))
    os.posix_spawn(sys.executable, command, environment, file_actions=[(os.POSIX_SPAWN_DUP2, null, 0)])
    resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
    theirs.close()
    import json

    from verl_egca.execution import judge

    judge.main(json.loads(limits), int(progress), ours.detach())


if __name__ == "__main__":
    main()
