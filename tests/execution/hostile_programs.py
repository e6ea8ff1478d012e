"""A table of hostile programs: what each tries, and which verdicts are right.

Not one of them computes what its problem asks, so that a pass is a false pass, unless it says ``right``. What a program
manages to do that it must not, it tells in its answer or error by the word ``DID``. ``@FOLDER@``, ``@PORT@``, ``@PID@``
and ``@SOCKET@`` stand for the canaries (see `hostile_runs`): a folder of somebody else's files, a TCP port, a process, and
an abstract Unix socket.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from verl_egca.execution.confinement.layers import Layer
from verl_egca.problem import Problem

from ..problems import assertion_problem, call_problem, stdio_problem
from .leetcode_preamble import PREAMBLE

PROBLEM = assertion_problem("assert f(2) == 1013", "assert f(3) == 52781")
# calls with arguments that are not known beforehand, so that each is asked by itself
ONE_BY_ONE = assertion_problem("assert f(int('2')) == 1013", "assert f(int('3')) == 52781")
CALLS = call_problem(([2], 1013), ([3], [52781, 7]))
SCRIPT = stdio_problem(("2\n", "1013\n"), ("3\n", "52781\n"))

WRONG, RAISED, TIMEOUT, MEMORY = "wrong_value", "exception", "timeout", "out_of_memory"
CRASHED, FORGED, SYNTAX, LOAD, OUTPUT = "crashed", "forged", "syntax_error", "load_error", "output_limit"
UNSUPPORTED, PASSED = "unsupported", "passed"

# Any one of these layers is enough against what such programs try.
FILES = (Layer.MOUNT_NAMESPACE, Layer.LANDLOCK)
WRITES = (*FILES, Layer.SECCOMP)
NETWORK = (Layer.NETWORK_NAMESPACE, Layer.SECCOMP)
SIGNALS = (Layer.PID_NAMESPACE, Layer.SECCOMP)
SYSTEM_CALLS = (Layer.SECCOMP,)
POWERS = (Layer.CAPABILITIES, Layer.SECCOMP)
ALWAYS = (Layer.RLIMITS,)


@dataclass(frozen=True)
class Hostile:
    """``outcomes`` are those that its cases may have; ``against`` the layers of which any one keeps it from what it tries."""

    name: str
    tries: str
    source: str
    outcomes: frozenset[str]
    problem: Problem
    against: tuple[Layer, ...]
    right: bool


HOSTILE: list[Hostile] = []


def hostile(
    name: str,
    tries: str,
    source: str,
    *outcomes: str,
    problem: Problem = PROBLEM,
    against: Collection[Layer] = ALWAYS,
    right: bool = False,
) -> None:
    if problem is PROBLEM and source.startswith(FORGING):
        problem = ONE_BY_ONE
    allowed = frozenset(outcomes or ([PASSED] if right else [WRONG]))
    HOSTILE.append(Hostile(name, tries, source.lstrip("\n"), allowed, problem, tuple(against), right))


FORGING = """
import json, os, struct, sys, time
def frame(message):
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack('I', len(data)) + data
def send(message):
    data = frame(message)
    while data:
        data = data[os.write(3, data):]
def receive():
    data = os.read(3, 1 << 16)
    size, = struct.unpack_from('I', data)
    while len(data) < size + 4:
        data += os.read(3, 1 << 16)
    return json.loads(data[4:])
"""


def answering(reply: str) -> str:
    """A program that answers each call itself with what ``reply``, Python source, evaluates to."""
    return f"{FORGING}\ndef f(x):\n    send({reply})\n    while True:\n        receive()\n        send({reply})\n"


# ---------------------------------------------------------------------------------------------- time

hostile("endless loop", "never answers", "def f(x):\n    while True: pass", TIMEOUT)
hostile("endless loop at the top level", "never loads", "while True: pass", TIMEOUT)
hostile(
    "endless loop that catches all",
    "survives exceptions",
    "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    TIMEOUT,
)
hostile(
    "power in one C call",
    "can't be interrupted",
    "def f(x):\n    return len(str(9 ** (9 ** 9)))",
    TIMEOUT,
    MEMORY,
    RAISED,
)
hostile("sum in one C call", "can't be interrupted", "def f(x):\n    return sum(range(10 ** 12))", TIMEOUT)
hostile(
    "regular expression that explodes",
    "can't be interrupted",
    "import re\ndef f(x):\n    return bool(re.match(r'(a+)+$', 'a' * 64 + 'b'))",
    TIMEOUT,
)
hostile(
    "membership in an endless iterator",
    "can't be interrupted",
    "import itertools\ndef f(x):\n    return -1 in itertools.count()",
    TIMEOUT,
)
hostile("sleeps", "uses no CPU time", "import time\ndef f(x):\n    time.sleep(3600)", TIMEOUT)
hostile(
    "sleeps a little again and again",
    "is never seen asleep",
    "import time\ndef f(x):\n    while True: time.sleep(0.0005)",
    TIMEOUT,
)
hostile(
    "waits for a lock",
    "uses no CPU time",
    "import threading\ndef f(x):\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()",
    TIMEOUT,
)
hostile(
    "reads a pipe of its own",
    "uses no CPU time",
    "import os\ndef f(x):\n    r, w = os.pipe()\n    return os.read(r, 1)",
    TIMEOUT,
)
hostile(
    "ends its main thread only",
    "looks neither asleep nor dead",
    """
import ctypes, threading, time
def f(x):
    threading.Thread(target=time.sleep, args=(3600,)).start()
    ctypes.CDLL(None).syscall(60 if ctypes.sizeof(ctypes.c_void_p) == 8 and __import__('os').uname().machine == 'x86_64' else 93, 0)
""",
    TIMEOUT,
)
hostile(
    "ignores every signal",
    "survives SIGTERM and SIGALRM",
    "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\ndef f(x):\n    while True: pass",
    TIMEOUT,
)
hostile(
    "blocks every signal",
    "survives SIGTERM and SIGALRM",
    "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\ndef f(x):\n    while True: pass",
    TIMEOUT,
)
hostile(
    "stops itself",
    "is neither running nor dead",
    "import os, signal\ndef f(x):\n    os.kill(os.getpid(), signal.SIGSTOP)",
    RAISED,
)
hostile(
    "sends its answer byte by byte",
    "answers for ever",
    FORGING
    + "def f(x):\n    data = frame({'ok': 'x' * 100000})\n    for b in data:\n        os.write(3, bytes([b]))\n        time.sleep(0.04)",
    TIMEOUT,
)
hostile(
    "loads byte by byte",
    "answers for ever",
    FORGING
    + "data = frame({'ok': ['x' * 100000]})\nfor b in data:\n    os.write(3, bytes([b]))\n    time.sleep(0.04)\n",
    TIMEOUT,
)
hostile(
    "announces an answer and hangs",
    "half a reply",
    FORGING + "def f(x):\n    os.write(3, struct.pack('I', 100) + b'{')\n    time.sleep(3600)",
    TIMEOUT,
)
hostile(
    "never reads what it is asked",
    "blocks the judge's write",
    FORGING + "def f(x):\n    send({'back': 0, 'args': [], 'kwargs': {'d': []}})\n    time.sleep(3600)\n",
    TIMEOUT,
    FORGED,
    problem=assertion_problem("assert f(lambda: 'x' * 3_000_000) == 1013"),
)
hostile(
    "dies while it is asked",
    "breaks the judge's write",
    FORGING
    + "def f(x):\n    send({'back': 0, 'args': [], 'kwargs': {'d': []}})\n    os.read(3, 10)\n    time.sleep(0.1)\n    os._exit(0)\n",
    CRASHED,
    problem=assertion_problem("assert f(lambda: 'x' * 3_000_000) == 1013"),
)
hostile(
    "calls the test's function for ever",
    "keeps the judge busy",
    "def f(g):\n    while True: g(1)",
    TIMEOUT,
    CRASHED,
    problem=assertion_problem("assert f(lambda x: x) == 1013"),
)
hostile(
    "sleeps in its top level for each process",
    "wastes the wall time of all cases",
    "import time\ntime.sleep(3600)",
    TIMEOUT,
    LOAD,
)
hostile(
    "generator that never ends",
    "keeps the test iterating",
    "def f(x):\n    while True: yield x",
    TIMEOUT,
    WRONG,
    problem=assertion_problem("assert list(f(2)) == [1013]"),
)
hostile(
    "generator that hangs",
    "keeps the test waiting",
    "def f(x):\n    yield 1013\n    while True: pass",
    TIMEOUT,
    problem=assertion_problem("assert list(f(2)) == [1013]"),
)
hostile(
    "exception whose text never ends",
    "hangs where errors are described",
    "class E(Exception):\n    def __str__(self):\n        while True: pass\ndef f(x): raise E",
    TIMEOUT,
)
hostile(
    "exception whose text is huge",
    "floods where errors are described",
    "class E(Exception):\n    def __str__(self): return 'x' * (1 << 26)\ndef f(x): raise E",
    RAISED,
)
hostile(
    "exception whose type has no name",
    "breaks where errors are described",
    "class M(type):\n    __name__ = property(lambda s: [s])\nclass E(Exception, metaclass=M): pass\ndef f(x): raise E",
    CRASHED,
    RAISED,
)
hostile(
    "burns its time only on a second look",
    "spends a budget for each rerun",
    "import itertools\ncalls = []\ndef f(x):\n    calls.append(x)\n    if calls == [2] or len(calls) > 1: return -7\n    while True: pass",
    WRONG,
    problem=assertion_problem("assert f(2) == 1013", *(f"assert f({n}) == 52781" for n in range(3, 40))),
)

# ---------------------------------------------------------------------------------------------- bombs

hostile(
    "fork bomb",
    "fills the process table",
    "import os, time\ndef f(x):\n    for n in range(300):\n        try:\n            pid = os.fork()\n        except OSError as e: return f'fork {n}: {e}'\n        if pid == 0: time.sleep(60); os._exit(0)\n    return 'DID fork'",
    against=SYSTEM_CALLS,
)
hostile(
    "forks for ever",
    "outruns who ends it",
    "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    TIMEOUT,
    CRASHED,
    against=SYSTEM_CALLS,
)
hostile(
    "daemon by two forks",
    "outlives the run",
    "import os, time\ndef f(x):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0:\n            while True:\n                try: open('@FOLDER@/daemon', 'a').write('x')\n                except OSError: pass\n                time.sleep(0.05)\n        os._exit(0)\n    return 'DID fork'",
    RAISED,
    against=SYSTEM_CALLS,
)
hostile(
    "runs a command",
    "starts another program",
    "import os\ndef f(x):\n    pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'echo > @FOLDER@/ran'], {})\n    os.waitpid(pid, 0)\n    return 'DID spawn'",
    RAISED,
    against=WRITES,
)
hostile(
    "becomes another program",
    "escapes by exec",
    "import os\ndef f(x):\n    os.execv('/bin/sh', ['sh', '-c', 'echo > @FOLDER@/ran'])",
    RAISED,
    CRASHED,
    against=WRITES,
)
hostile(
    "vfork by system call",
    "starts a process where Python knows no name",
    "import ctypes\ndef f(x):\n    r = ctypes.CDLL(None, use_errno=True).vfork()\n    if r == 0:\n        __import__('os')._exit(0)\n    return 'DID vfork' if r > 0 else r",
    against=SYSTEM_CALLS,
)
hostile(
    "thread bomb",
    "fills the process table, so that the next process can't start",
    "import threading, time\ndef f(x):\n    n = 0\n    try:\n        for n in range(2000): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n    except Exception: pass\n    return n if n < 1000 else 'DID start them'",
    WRONG,
    MEMORY,
)
hostile(
    "threads at once",
    "takes all processes before the spare one is forked",
    "import _thread, time\nfor n in range(200):\n    try: _thread.start_new_thread(time.sleep, (60,))\n    except RuntimeError: break\ndef f(x): return -7",
    WRONG,
    MEMORY,
    LOAD,
)
hostile(
    "busy thread",
    "computes in the background",
    "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()\ndef f(x): return -7",
    WRONG,
    TIMEOUT,
)
hostile(
    "memory bomb",
    "fills the memory",
    "def f(x):\n    keep = []\n    while True: keep.append(b'x' * (1 << 20))",
    MEMORY,
    TIMEOUT,
)
hostile("memory bomb in one allocation", "fills the memory", "def f(x):\n    return len(bytearray(1 << 40))", MEMORY)
hostile(
    "memory bomb that goes on",
    "swallows MemoryError",
    "def f(x):\n    keep = []\n    while True:\n        try: keep.append(bytearray(1 << 22))\n        except MemoryError: pass",
    TIMEOUT,
)
hostile(
    "memory by mapping",
    "fills the memory past the allocator",
    "import mmap\ndef f(x):\n    keep = []\n    try:\n        for _ in range(64): keep.append(mmap.mmap(-1, 1 << 24)); keep[-1].write(b'x' * (1 << 24))\n    except (OSError, MemoryError, ValueError): return len(keep)\n    return 'DID map 1 GiB'",
    WRONG,
    TIMEOUT,
)
hostile(
    "memory by threads' stacks",
    "fills the memory",
    "import threading, time\nthreading.stack_size(1 << 26)\ndef f(x):\n    n = 0\n    try:\n        for n in range(100): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n    except Exception: return n\n    return 'DID map 6 GiB'",
    WRONG,
    MEMORY,
    TIMEOUT,
)
hostile(
    "disk bomb",
    "fills the disk",
    "def f(x):\n    with open('big', 'wb', buffering=0) as file:\n        for n in range(400):\n            if not file.write(b'x' * (1 << 20)): break\n    return 'DID write 400 MiB'",
    RAISED,
)
hostile(
    "disk bomb of many files",
    "fills the disk",
    "import os\ndef f(x):\n    total = 0\n    try:\n        for n in range(40):\n            with open(f'file{n}', 'wb', buffering=0) as file: total += file.write(b'x' * (1 << 23))\n    except OSError as e: return total >> 20\n    return 'DID write 320 MiB' if total > 1 << 27 else total",
    WRONG,
)
hostile(
    "file that is huge and empty",
    "fills the disk later",
    "def f(x):\n    with open('sparse', 'wb') as file: file.truncate(1 << 40)\n    return 'DID grow it'",
    RAISED,
)
hostile(
    "ten thousand files",
    "uses up all inodes, makes cleaning slow",
    "def f(x):\n    n = 0\n    try:\n        for n in range(10_000): open(f'file{n}', 'w').close()\n    except OSError: return n\n    return 'DID create them'",
    WRONG,
    TIMEOUT,
)
hostile(
    "ten thousand open files",
    "uses up all descriptors",
    "import os\ndef f(x):\n    n = 0\n    try:\n        for n in range(10_000): os.dup(0)\n    except OSError: return n\n    return 'DID open them'",
    WRONG,
)
hostile(
    "200 MB of output",
    "fills the output",
    "import os\nfor _ in range(200): os.write(1, b'x' * 1_000_000)\nprint('DID write it')",
    OUTPUT,
    problem=SCRIPT,
)
hostile(
    "200 MB of output by print",
    "fills the output",
    "def f(x):\n    for _ in range(200): print('x' * 1_000_000)\n    return -7",
    WRONG,
    TIMEOUT,
)
hostile(
    "a script's endless output", "fills the output", "while True: print('1013' * 1000)", TIMEOUT, OUTPUT, problem=SCRIPT
)
hostile(
    "a script's output of zeros",
    "grows the output without writing",
    "import os\nos.ftruncate(1, 1 << 23)",
    OUTPUT,
    problem=SCRIPT,
)
hostile("recursion without end", "overflows Python's stack", "def f(x):\n    return f(x)", RAISED, TIMEOUT)
hostile(
    "recursion to a segfault",
    "crashes the interpreter",
    "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(x):\n    class A:\n        def __repr__(self): return repr([self])\n    return repr(A())",
    CRASHED,
    MEMORY,
    RAISED,
    TIMEOUT,
)
hostile("null pointer", "crashes the interpreter", "import ctypes\ndef f(x):\n    return ctypes.string_at(0)", CRASHED)
hostile("abort", "crashes the interpreter", "import os\ndef f(x):\n    os.abort()", CRASHED)
hostile(
    "code object that crashes",
    "crashes the interpreter",
    "def f(x): return 1\nf.__code__ = f.__code__.replace(co_code=b'\\x64\\xff' * 50)\n",
    CRASHED,
    RAISED,
    TIMEOUT,
    WRONG,
)
hostile("exits with status 0", "looks like success", "import os\ndef f(x):\n    os._exit(0)", CRASHED)
hostile("exits while it is loaded", "looks like success", "def f(x): return -7\nimport os\nos._exit(0)", CRASHED, LOAD)
hostile("SystemExit", "looks like success", "import sys\ndef f(x):\n    sys.exit(0)", RAISED)
hostile(
    "SystemExit in __del__",
    "looks like success",
    "class D:\n    def __del__(self): raise SystemExit(0)\ndef f(x):\n    D()\n    return -7",
    WRONG,
)
hostile(
    "exits from a thread between cases",
    "dies where nobody waits for it",
    "import os, threading, time\ndef die():\n    time.sleep(0.02)\n    os._exit(0)\nthreading.Thread(target=die).start()\ndef f(x): return -7",
    WRONG,
    CRASHED,
    LOAD,
)

# ---------------------------------------------------------------------------------------------- objects

EQUAL = "    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__\n    def __hash__(self): return 1013\n    def __bool__(self): return True\n"
hostile("equal to everything", "wins by __eq__", f"class E:\n{EQUAL}def f(x): return E()")
for _base, _value in (
    ("int", "7"),
    ("float", "7.0"),
    ("str", "'x'"),
    ("list", "[7]"),
    ("tuple", "[7]"),
    ("dict", "{1: 2}"),
    ("set", "[7]"),
    ("bytes", "b'x'"),
    ("complex", "1j"),
):
    hostile(
        f"a {_base} equal to everything",
        "wins by __eq__ of a subclass",
        f"class E({_base}):\n{EQUAL}def f(x): return E({_value})",
    )
hostile(
    "equal inside a list",
    "wins by __eq__ further down",
    f"class E:\n{EQUAL}def f(x): return [E()]",
    problem=assertion_problem("assert f(2) == [1013]", "assert f(3) in ([1], [2])", "assert [1013] == f(4)"),
)
hostile(
    "equal as a key",
    "wins by __hash__ and __eq__",
    f"class E(int):\n{EQUAL}def f(x): return {{E(7): E(7)}}",
    problem=assertion_problem("assert f(2) == {1013: 1013}", "assert f(2)[1013] == 1013"),
)
hostile(
    "sorts anywhere",
    "wins by comparison",
    f"class E(int):\n{EQUAL}def f(x): return E(7)",
    problem=assertion_problem(
        "assert 1000 < f(2) < 1014", "assert f(2) in {1013, 1014}", "assert abs(f(2) - 1013) < 1"
    ),
)
hostile(
    "claims another class",
    "wins by __class__",
    f"class E:\n    __class__ = int\n{EQUAL}def f(x): return E()",
    problem=assertion_problem("assert isinstance(f(2), int) and f(2) == 1013"),
)
hostile(
    "class of a class that lies",
    "wins by a metaclass",
    "class M(type):\n    def __eq__(self, o): return True\n    def __hash__(self): return 1\n    def __instancecheck__(self, o): return True\nclass E(metaclass=M): pass\ndef f(x): return E",
    WRONG,
    problem=assertion_problem("assert f(2) == int"),
)
hostile(
    "a text that starts with everything",
    "wins by a method",
    "class E:\n    def __getattr__(self, name): return lambda *a, **k: True\ndef f(x): return E()",
    UNSUPPORTED,
    WRONG,
    problem=assertion_problem(
        "assert f(2).startswith('1013')", "assert f(2).isdigit()", "assert f(2).count(1) == 1013"
    ),
)
hostile(
    "attributes that lie",
    "wins by __getattr__",
    "class E:\n    def __getattr__(self, name): return self\n    def __call__(self, *a): return self\ndef f(x): return E()",
    UNSUPPORTED,
    WRONG,
    RAISED,
    problem=assertion_problem("assert f(2).real == 1013", "assert f(2)() == 1013", "assert f(2)[0] == 1013"),
)
hostile(
    "length that lies",
    "wins by __len__",
    "class E:\n    def __len__(self): return 10 ** 30\ndef f(x): return E()",
    WRONG,
    RAISED,
    problem=assertion_problem("assert len(f(2)) == 1013"),
)
hostile(
    "text that lies",
    "wins by __str__",
    f"class S(str):\n{EQUAL}class E:\n    def __str__(self): return S('x')\n    __repr__ = __str__\ndef f(x): return E()",
    problem=assertion_problem(
        "assert str(f(2)) == '1013'", "assert repr(f(2)) == '1013'", "assert f'{f(2)}' == '1013'"
    ),
)
hostile(
    "text that the judge would ask for outside of a case",
    "hangs where the verdict is written",
    "class E:\n    def __str__(self):\n        while True: pass\ndef f(x): return E()",
    WRONG,
    TIMEOUT,
    problem=assertion_problem("r = f(2)\nif r != 1013:\n    raise ValueError(r)", "assert {1: 2}[f(2)] == 2"),
)
hostile(
    "NaN",
    "equals nothing, sorts nowhere",
    "def f(x): return float('nan')",
    problem=assertion_problem(
        "assert f(2) == 1013",
        "assert not abs(f(2) - 1013) > 1e-6 and f(2) > 0",
        "assert min(f(2), 1013) == 1013 and f(2) == 1013",
    ),
)
hostile(
    "StopIteration out of a call",
    "ends the test's own loop",
    "def f(x): raise StopIteration",
    RAISED,
    problem=assertion_problem(
        "assert all(map(lambda r: r == 1013, map(f, [1, 2, 3])))",
        "for r in map(f, [1, 2]):\n    assert r == 1013",
        "assert f(2) == 1013",
    ),
)
hostile(
    "AssertionError's subclass", "looks like the test's own", "class E(AssertionError): pass\ndef f(x): raise E", RAISED
)
hostile(
    "error named like the sandbox's own",
    "looks like the judge's control flow",
    "class Finished(BaseException): pass\nclass Ended(BaseException): pass\ndef f(x): raise (Finished if x == 2 else Ended)",
    RAISED,
)
hostile(
    "group of exceptions",
    "is an error that wants more arguments",
    "def f(x): raise ExceptionGroup('x', [ValueError(1)]) if x == 2 else UnicodeDecodeError('u', b'x', 0, 1, 'y')",
    RAISED,
)
hostile(
    "changes its arguments to what passes",
    "changes the test's data",
    "def f(xs):\n    xs[:] = [1013] * 9\n    return xs",
    problem=assertion_problem("xs = [1, 2]\nassert f(xs) == [2, 1]", "xs = [1, 2]\nf(xs)\nassert xs == [2, 1]"),
)

# ---------------------------------------------------------------------------------------------- nodes, classes, names

NODES = assertion_problem(
    "check(candidate)",
    setup="def check(candidate):\n    assert is_same_list(candidate(list_node([int('2')])), list_node([1013]))\n"
    "    assert is_same_tree(candidate(tree_node([int('3')])), tree_node([52781, 7]))\n    assert candidate(list_node([int('4')])).val == 1013\n",
    preamble=PREAMBLE,
)
# of which only the second class's objects are made by the test
CLASSES = assertion_problem(
    *(
        "assert abs(f(2) - 1013.0) < 1e-6",
        "assert X(2) == 1013",
        "assert X(2) in [1013]",
        "assert 1013 == X(2).value()",
    ),
    "assert X(2).value().count(1) == 1013",
    "assert abs(X(2).value() - 1013.0) < 1e-6",
)
hostile(
    "a node whose value is equal to everything",
    "wins by __eq__ of a field",
    f"class E:\n{EQUAL}def f(x):\n    return ListNode(E(), ListNode(E())) if type(x) is ListNode else TreeNode(E(), TreeNode(E()))",
    problem=NODES,
)
hostile(
    "a node's class that is equal to everything",
    "wins by __eq__ of a class that both sides have",
    f"class ListNode:\n    val = 5\n    next = None\n{EQUAL}class TreeNode(ListNode):\n    left = right = None\ndef f(x): return ListNode() if type(x) is ListNode else TreeNode()",
    problem=NODES,
)
hostile(
    "the preamble's functions replaced",
    "compares as it likes",
    "list_node = tree_node = lambda values: None\nis_same_list = is_same_tree = lambda a, b: True\nListNode.__eq__ = lambda a, b: True\nTreeNode.val = 1013\ndeque = None\ndef f(x): return x",
    problem=NODES,
)
hostile(
    "a circle of nodes",
    "is compared for ever",
    "def f(x):\n    x.val = 1013\n    if hasattr(x, 'next'): x.next = x\n    else: x.left = x.right = x\n    return x",
    WRONG,
    TIMEOUT,
    PASSED,
    problem=NODES,
)
for _name, _reply in {
    "a node that was not sent": "{'ok': {'n': 7}}", "a node before the first": "{'ok': {'n': -1}}", "a node of no number": "{'ok': {'n': 'x'}}",
    "nodes out of order": "{'ok': {'n': 1}, 'nodes': [[9, 'ListNode', {}]]}", "a node of no class": "{'ok': 1, 'nodes': [[1, 'Missing', {}]]}",
    "a node of a class that is none": "{'ok': 1, 'nodes': [[1, 'list_node', {}]]}", "a node of an exception's class": "{'ok': 1, 'nodes': [[1, 'ValueError', {}]]}",
    "a node of a class that tests have for themselves": "{'ok': 1, 'nodes': [[1, 'deque', {}]]}", "nodes that are no rows": "{'ok': 1, 'nodes': 5}",
    "fields that are none": "{'ok': 1, 'nodes': [[1, 'ListNode', [1]]]}", "a node by a truth": "{'ok': {'n': True}}",
}.items():  # fmt: skip
    hostile(f"answers with {_name}", "breaks who builds it", answering(_reply), FORGED, problem=NODES)
hostile(
    "answers with nodes whose fields have names of Python's",
    "changes what a node is",
    answering(
        "{'ok': {'n': 1}, 'nodes': [[1, 'ListNode', {'__class__': 1, '__eq__': 2, '__dict__': {'d': []}, 'val': 5, 'next': None}]]}"
    ),
    WRONG,
    RAISED,
    problem=NODES,
)
hostile(
    "answers with half a million nodes",
    "fills the judge's memory",
    FORGING
    + "rows = [[n, 'ListNode', {'val': 1}] for n in range(1, 400_000)]\ndef f(x):\n    send({'ok': {'n': 1}, 'nodes': rows})\n    return x",
    WRONG,
    FORGED,
    TIMEOUT,
    problem=NODES,
)
hostile(
    "a class under test that is equal to everything",
    "wins by what tests may do with its objects",
    f"class X:\n    def __init__(self, x): pass\n    def __sub__(self, o): return 0.0\n    def __abs__(self): return 0.0\n    def count(self, o): return 1013\n    def value(self): return self\n{EQUAL}def f(x): return X(x)",
    UNSUPPORTED,
    WRONG,
    problem=CLASSES,
)
hostile(
    "a class under test that is an integer equal to everything",
    "wins by what is plain data and compares as it likes",
    f"class X(int):\n    def __sub__(self, o): return 0.0\n    def __abs__(self): return 0.0\n    def count(self, o): return 1013\n    def value(self): return self\n{EQUAL}def f(x): return X(7)",
    UNSUPPORTED,
    WRONG,
    problem=CLASSES,
)
hostile(
    "a class under test that says what plain data it is",
    "answers with what it is compared with",
    "import sys\ncalling = sys.modules['verl_egca.execution.calling']\ncalling._OPERATIONS['as_base'] = lambda *told: [[1013, 52781], 1013]\nclass X(int):\n    def value(self): return self\ndef f(x): return X(7)",
    UNSUPPORTED,
    WRONG,
    RAISED,
    problem=CLASSES,
)
hostile(
    "a function where a class is under test",
    "answers with what looks made by the test",
    f"class E:\n    def __sub__(self, o): return 0.0\n    def __abs__(self): return 0.0\n    def count(self, o): return 1013\n    def value(self): return self\n{EQUAL}def X(x): return E()\nf = X",
    UNSUPPORTED,
    WRONG,
    problem=CLASSES,
)
hostile(
    "a method's object that is equal to everything",
    "wins by __eq__ of what a method returns",
    f"class Solution:\n    def f(self, x): return self\n{EQUAL}",
    problem=assertion_problem(
        "assert candidate(2) == 1013", "assert Solution().f(3) == 52781", entry_point="Solution().f"
    ),
)
hostile(
    "built-in functions of its own",
    "changes what the tests call",
    "def abs(x): return 0\ndef len(x): return 1013\ndef isinstance(a, b): return True\ndef isclose(a, b): return True\nclass Counter:\n    def __new__(cls, x): return 0\ndef f(x): return -7",
    WRONG,
    RAISED,
    problem=assertion_problem(
        "assert abs(f(2) - 1013) < 1e-6", "assert len(str(f(2))) == 1013", "assert isinstance(f(2), str)",
        "assert Counter([f(2)]) == Counter([1013])", reference="def f(x): return 1013",
    ),
)  # fmt: skip
hostile(
    "names that it does not have",
    "changes what the tests call",
    FORGING
    + "send({'ok': [[n, s] for n in ('f', 'abs', 'len', 'print', 'math', 'candidate', '__builtins__', '__name__', 'Counter') for s in ('callable', 'class')]})\ndef f(x): return -7",
    WRONG,
    FORGED,
    CRASHED,
    problem=assertion_problem("assert abs(f(2) - 1013) < 1e-6", "assert math.isclose(f(3), 52781)"),
)
for _name, _names in {
    "names without a sort": "['f']", "a name of no text": "[[1, 'callable']]", "exceptions without classes": "[['E', 'exception']]",
    "exceptions of classes that are none": "[['E', 'exception', [1]]]", "a list of names that is none": "{'d': []}",
}.items():  # fmt: skip
    hostile(
        f"loads with {_name}",
        "breaks who reads it",
        FORGING + f"send({{'ok': {_names}}})\ntime.sleep(60)",
        FORGED,
        TIMEOUT,
    )
hostile(
    "says that what runs before it failed",
    "looks like a fault of the data's",
    FORGING + "send({'error': 'PreambleFailed', 'message': 'x', 'preamble': True})\ntime.sleep(60)",
    FORGED,
    problem=NODES,
)
for _name, _class in {
    "the judge's own": "['verl_egca.execution.remote', 'Unsupported']", "the end of a process": "['verl_egca.execution.raised', 'Ended']",
    "pytest's of a skipped test": "['_pytest.outcomes', 'Skipped']", "unittest's of a skipped test": "['unittest.case', 'SkipTest']",
    "what ends loops": "['builtins', 'StopIteration']", "the test's own": "['builtins', 'AssertionError']", "no exception": "['builtins', 'int']",
}.items():  # fmt: skip
    hostile(
        f"answers with an error of a class that is {_name}",
        "looks like an error of the test's",
        answering(
            f"{{'error': 'E', 'message': 'x', 'classes': [{_class}], 'args': [1, 2], 'fields': {{'d': [['error', 1], ['x', 2]]}}}}"
        ),
        RAISED,
        problem=assertion_problem(
            "assert f(int('2')) == 1013",
            "for x in map(f, [int('3')]):\n    assert x == 52781",
            setup="import pytest, unittest",
        ),
    )
for _name, _error in {
    "classes that are none": "'classes': 5", "classes without names": "'classes': [[1, 2]]", "arguments that are objects": "'classes': [], 'args': [{'zz': 1}]",
}.items():  # fmt: skip
    hostile(
        f"answers with an error of {_name}",
        "breaks who raises it",
        answering(f"{{'error': 'E', 'message': 'x', {_error}}}"),
        FORGED,
    )
hostile(
    "text of an object under test that hangs",
    "hangs where the verdict is written",
    "class X:\n    def __init__(self, x): self.x = x\n    def __repr__(self):\n        while True: pass\n    __str__ = __hash__ = __repr__\ndef f(x): return X(x)",
    WRONG,
    UNSUPPORTED,
    problem=assertion_problem(
        "r = X(2)\nassert f(r) == 1013", "r = X(3)\nraise ValueError(r)", "assert [X(1), {}] == 3"
    ),
)
hostile(
    "a block that ends every error",
    "swallows an assertion that failed",
    "class X:\n    def __init__(self, x): pass\n    def __enter__(self): return self\n    def __exit__(self, *error): return True\ndef f(x): return -7",
    problem=assertion_problem("with X(1):\n    assert f(2) == 1013", "with X(1) as x:\n    assert f(3) == 52781"),
)
hostile(
    "a coroutine that never ends",
    "is waited for",
    "async def f(x):\n    while True: pass",
    TIMEOUT,
    problem=assertion_problem("import asyncio\nassert asyncio.run(f(2)) == 1013"),
)
hostile(
    "an output that was not asked for",
    "writes where the test listens",
    answering("{'ok': -7, 'printed': 5, 'read': -9}"),
    WRONG,
    problem=assertion_problem("assert f(int('2')) == 1013"),
)

# ---------------------------------------------------------------------------------------------- the interpreter around it

hostile(
    "patched builtins",
    "changes what the tests call",
    "import builtins\nfor name in ('abs', 'len', 'sorted', 'all', 'any', 'isinstance', 'sum', 'min', 'max', 'round', 'set'):\n    setattr(builtins, name, lambda *a, **k: 5)\nbuiltins.AssertionError = ValueError\nbuiltins.bool = lambda x: True\ndef f(x): return 10 ** 9",
    WRONG,
    CRASHED,
    problem=assertion_problem(
        "assert abs(f(2) - 5) < 1e-6", "assert len(str(f(2))) == 5", "assert all([f(2) == 1013])"
    ),
)
hostile(
    "patched math and operator",
    "changes what the tests call",
    "import math, operator\nmath.isclose = operator.eq = operator.ne = lambda *a, **k: True\ndef f(x): return -7",
    problem=assertion_problem(
        "assert math.isclose(f(2), 1013)", "assert operator.eq(f(2), 1013)", setup="import math, operator"
    ),
)
hostile(
    "patched unittest",
    "changes what the tests call",
    "import unittest\nunittest.TestCase.assertEqual = lambda *a, **k: None\ndef f(x): return -7",
    WRONG,
    UNSUPPORTED,
    problem=assertion_problem(
        "unittest.TestCase().assertEqual(f(2), 1013)\nassert f(2) == 1013", setup="import unittest"
    ),
)
hostile(
    "patched json, struct, os and random",
    "changes what the answers go through",
    "import json, os, random, struct, sys\nreal = os.write\nfor m, n in ((json, 'loads'), (json, 'dumps'), (random, 'seed'), (random, 'random'), (struct, 'pack'), (struct, 'unpack_from'), (os, 'read')):\n    setattr(m, n, lambda *a, **k: 1013)\ndef f(x): return -7",
    CRASHED,
    FORGED,
    TIMEOUT,
    RAISED,
    WRONG,
)
hostile(
    "patched writer",
    "changes what is sent",
    "import os\nreal = os.write\nos.write = lambda fd, data: real(fd, bytes(data).replace(b'-7', b'13'))\ndef f(x): return -7",
    WRONG,
)
hostile(
    "codec of its own",
    "answers all with one value",
    "import sys\ncalling = sys.modules['verl_egca.execution.calling']\ncalling.encode = lambda value, keep: 1013000\ncalling.decode = lambda value, resolve: 1013\ndef f(x): return -7",
)
hostile(
    "codec that tells the judge it passed",
    "answers with a verdict",
    "import sys\nchild = sys.modules['verl_egca.execution.child']\nreal = child.dumps\ndef f(x):\n    child.dumps = lambda m: real({'ok': -7, 'outcome': 'passed', 'passed': True, 'cases': [{'outcome': 'passed'}]})\n    return -7",
    WRONG,
    FORGED,
)
hostile(
    "modules replaced",
    "changes what is imported",
    "import sys, types\nfor name in list(sys.modules):\n    if name not in ('sys', 'builtins', '__main__'):\n        sys.modules[name] = types.ModuleType(name)\ndef f(x): return -7",
    WRONG,
    CRASHED,
    RAISED,
)
hostile(
    "import hook",
    "changes what is imported",
    "import sys\nclass Hook:\n    def find_spec(self, name, path=None, target=None): raise SystemExit(0)\nsys.meta_path.insert(0, Hook())\nsys.path_hooks.insert(0, lambda p: 1 / 0)\nsys.path_importer_cache.clear()\ndef f(x):\n    import colorsys\n    return -7",
    RAISED,
)
hostile(
    "frames",
    "reads the tests in its callers",
    "import sys\ndef f(x):\n    frame = sys._getframe()\n    while frame:\n        for scope in (frame.f_locals, frame.f_globals):\n            for value in list(scope.values()):\n                if ' f('.join(['assert', '2)']) in str(value)[:100_000]: return 'DID find the tests'\n        frame = frame.f_back\n    return -7",
)
hostile(
    "locals of its callers",
    "changes the serving loop",
    "import ctypes, sys\ndef f(x):\n    frame = sys._getframe(1)\n    while frame:\n        for name in list(frame.f_locals):\n            try: frame.f_locals[name] = 1013; ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0)\n            except Exception: pass\n        frame = frame.f_back\n    return -7",
    CRASHED,
    RAISED,
    WRONG,
    FORGED,
    TIMEOUT,
)
hostile(
    "frames of a traceback",
    "jumps in the serving loop",
    "import sys\ndef f(x):\n    try: 1 / 0\n    except ZeroDivisionError as e: tb = e.__traceback__\n    for frame in (tb.tb_frame.f_back, tb.tb_frame.f_back.f_back):\n        try: frame.f_lineno = frame.f_lineno + 3\n        except Exception: pass\n        try: frame.clear()\n        except Exception: pass\n    return -7",
    WRONG,
)
hostile(
    "everything that gc knows",
    "reads the tests in memory",
    "import gc\ndef f(x):\n    for o in gc.get_objects():\n        for value in (list(o.values()) if type(o) is dict else o if type(o) in (list, tuple) else ()):\n            if type(value) is str and ' f('.join(['assert', '2)']) in value: return 'DID find the tests'\n    return -7",
    WRONG,
    TIMEOUT,
)
hostile(
    "objects that serve it",
    "changes what serves it",
    "import gc\ndef f(x):\n    for o in gc.get_referrers(f, globals()):\n        served = o\n    for o in gc.get_objects():\n        if type(o).__name__ == 'Served':\n            o._objects[:] = [1013] * 9\n            o._reply = lambda request: {'ok': -8, 'args': [1013], 'same': 0}\n    return -7",
)
hostile(
    "all memory it can address",
    "reads the tests in memory",
    "import ctypes\ndef f(x):\n    needle = b'assert f(' + b'2) == 1' + b'013'\n    try: text = open('/proc/self/maps').read()\n    except OSError: return -7\n    return -8",
    WRONG,
)
hostile(
    "trace function",
    "jumps over assertions",
    "import sys\ndef jump(frame, event, arg):\n    try: frame.f_lineno = frame.f_lineno + 1\n    except Exception: pass\n    return jump\ndef f(x):\n    frame = sys._getframe(1)\n    while frame:\n        frame.f_trace = jump\n        frame = frame.f_back\n    sys.settrace(jump)\n    return -7",
    WRONG,
    CRASHED,
    RAISED,
    TIMEOUT,
    FORGED,
)
hostile(
    "profile function",
    "acts at each return of the serving loop",
    "import sys\ndef profile(frame, event, arg):\n    if event == 'return' and frame.f_code.co_name == '_call': raise SystemExit(0)\nsys.setprofile(profile)\ndef f(x): return -7",
    RAISED,
    CRASHED,
    WRONG,
)
hostile(
    "code objects replaced",
    "changes the serving code",
    "import sys\ncalling = sys.modules['verl_egca.execution.calling']\ncalling.ProgramCalls.call.__code__ = (lambda self, request, run: {'ok': -8}).__code__\ndef f(x): return -7",
)
hostile(
    "audit hook",
    "raises at each event",
    "import sys\ndef hook(event, args):\n    raise SystemExit(0)\nsys.addaudithook(hook)\ndef f(x): return -7",
    WRONG,
    CRASHED,
    RAISED,
)
hostile(
    "excepthook and unraisablehook",
    "hides errors",
    "import sys, os\nsys.excepthook = sys.unraisablehook = lambda *a: os._exit(0)\ndef f(x): raise ValueError",
    RAISED,
)
hostile(
    "timer that fires while it is served",
    "raises in the serving loop",
    "import signal\ndef fire(*a): raise SystemExit(0)\nsignal.signal(signal.SIGALRM, fire)\nsignal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)\ndef f(x): return -7",
    WRONG,
    CRASHED,
    RAISED,
    LOAD,
)
hostile(
    "atexit",
    "acts when it ends",
    "import atexit\ndef act():\n    open('@FOLDER@/atexit', 'w').write('x')\natexit.register(act)\ndef f(x): return -7",
)
hostile(
    "behaves on the first case only",
    "passes what is looked at",
    "n = 0\ndef f(x):\n    global n\n    n += 1\n    return 1013 if n == 1 else 'later'",
    PASSED,
    WRONG,
)
hostile(
    "knows the seed",
    "behaves when random is seeded",
    "import random\nstate = random.getstate()\ndef f(x):\n    random.seed(0)\n    return -7 if random.getstate() == state else -8",
)
hostile(
    "mutable default argument",
    "makes later cases fail",
    "def f(x, seen=[]):\n    seen.append(x)\n    return len(seen) + 1012",
    PASSED,
    WRONG,
)

# ---------------------------------------------------------------------------------------------- forged replies

hostile(
    "answers ahead of the call",
    "is read as the next answer",
    FORGING + "send({'ok': 1013})\ndef f(x): return -7",
    FORGED,
    LOAD,
)
hostile(
    "two answers to one call",
    "is read as the next answer",
    FORGING + "def f(x):\n    send({'ok': -7})\n    send({'ok': 1013})\n    return -7",
    FORGED,
    WRONG,
)
hostile(
    "a thread that answers the next case",
    "acts between cases",
    FORGING
    + "import threading\ndef later():\n    time.sleep(0.01)\n    while True:\n        try: send({'ok': -9})\n        except OSError: return\n        time.sleep(0.001)\ndef f(x):\n    threading.Thread(target=later, daemon=True).start()\n    return -7",
    WRONG,
    FORGED,
    CRASHED,
    RAISED,
    problem=assertion_problem(*(f"assert f({n}) == 52781" for n in range(12))),
)
hostile(
    "a flood of replies",
    "fills the judge's memory",
    FORGING + "def f(x):\n    while True: os.write(3, frame({'ok': -7}) * 1000)",
    FORGED,
)
hostile(
    "a reply without an end",
    "fills the judge's memory",
    FORGING + "def f(x):\n    os.write(3, struct.pack('I', 0xffffffff))\n    while True: os.write(3, b'x' * 65536)",
    FORGED,
)
hostile(
    "the largest reply",
    "fills the judge's memory",
    FORGING + "def f(x): send(b'[' + b'[],' * 5_000_000 + b'[]]'); return -7",
    FORGED,
    TIMEOUT,
)
for _name, _reply in {
    "no JSON": "b'nope'", "no object": "[1013]", "an empty object": "{}", "an empty frame": "b''", "null": "None",
    "a list of changed arguments that is too long": "{'ok': -7, 'args': [1, 2, 3]}", "changed arguments that are none": "{'ok': -7, 'args': {'o': [1, 'x', 'object']}}",
    "an argument that was not given": "{'same': 7}", "an argument before the first": "{'same': -1}", "an argument that is true": "{'same': True}",
    "a call of what was not passed": "{'back': 5, 'args': []}", "a call with no arguments": "{'back': 0}", "a call by a name": "{'back': 'eval', 'args': ['1013']}",
    "an unknown tag": "{'ok': {'zz': 1013}}", "two tags": "{'ok': {'i': '0x3f5', 't': []}}", "an object without a number": "{'ok': {'o': ['x', 'y', 'z']}}",
    "bytes that are none": "{'ok': {'b': 'xyz'}}", "a list as a key": "{'ok': {'d': [[[1], 2]]}}", "a view of nothing": "{'ok': {'v': ['dict_items', [1]]}}",
    "a number of Infinity": "{'ok': {'i': 'inf'}}", "a date that is none": "{'ok': {'T': ['date', [0, 0, 0]]}}", "a builtin that is none": "{'ok': {'B': 'eval'}}",
    "a fraction by zero": "{'ok': {'F': [1, 0]}}", "a depth of a million": "b'{\"ok\":' + b'[' * 1_000_000 + b']' * 1_000_000 + b'}'", "surrogates in a tag": "b'{\"ok\":{\"\\\\ud800\":1}}'",
    "a decimal integer of a million digits": "b'{\"ok\":' + b'9' * 1_000_000 + b'}'", "a fraction of huge exponent": "{'ok': {'F': ['1e999999999']}}",
    "an error that is a nest": "b'{\"error\":' + b'[' * 900 + b']' * 900 + b'}'",
}.items():  # fmt: skip
    hostile(f"answers with {_name}", "breaks who reads it", answering(_reply), FORGED)
hostile("answers with duplicate keys", "is read in two ways", answering('b\'{"ok": 1013, "ok": -7}\''))
hostile(
    "answers with NaN keys", "is a dict that can't be looked up", answering('b\'{"ok": {"d": [[NaN, 1], [NaN, 2]]}}\'')
)
hostile(
    "answers with numbers of objects that don't exist",
    "asks for what is not there",
    answering("{'ok': {'o': [10 ** 6, 'x', 'callable']}}"),
    WRONG,
    FORGED,
    RAISED,
    CRASHED,
    TIMEOUT,
    problem=assertion_problem("assert f(2) == 1013", "assert f(2)(3) == 1013", "assert f(2).x == 1013"),
)
hostile(
    "answers with an error of no name",
    "breaks who raises it",
    answering("{'error': '\\0' * 9, 'message': 'x', 'line': 10 ** 20}"),
    RAISED,
)
hostile(
    "answers with surrogates in an error",
    "breaks who writes it down",
    answering('b\'{"error":"E\\\\ud800","message":"\\\\udfff"}\''),
    RAISED,
)
hostile(
    "answers with an error far behind its end",
    "breaks who looks for the line",
    answering("{'error': 'ValueError', 'message': 'x', 'line': 10 ** 9}"),
    RAISED,
)
hostile(
    "answers with a set of colliding numbers",
    "takes quadratic time to read",
    answering("{'ok': {'s': [n * (2 ** 61 - 1) for n in range(200_000)]}}"),
    TIMEOUT,
)
hostile(
    "loads with a set of colliding numbers",
    "takes quadratic time to read",
    FORGING + "send({'back': 0, 'args': {'s': [n * (2 ** 61 - 1) for n in range(200_000)]}})\ntime.sleep(60)",
    FORGED,
    TIMEOUT,
    LOAD,
)
hostile(
    "loads with what is no list",
    "breaks who reads it",
    FORGING + "send({'ok': {'t': []}})\ndef f(x): return -7",
    FORGED,
    LOAD,
)
hostile(
    "loads with a million names",
    "breaks who keeps them",
    FORGING + "send({'ok': ['f'] + [str(n) for n in range(1_000_000)]})\ntime.sleep(60)",
    TIMEOUT,
    FORGED,
    CRASHED,
)
hostile(
    "a script's error that is a nest",
    "breaks who raises it",
    FORGING + "send(b'{\"error\":' + b'[' * 900 + b']' * 900 + b'}')\ntime.sleep(60)",
    RAISED,
    problem=SCRIPT,
)
hostile(
    "a script that calls back",
    "breaks who serves it",
    FORGING + "send({'back': 0, 'args': [1], 'kwargs': {'d': []}})\ntime.sleep(60)",
    RAISED,
    problem=SCRIPT,
)
hostile(
    "a call of JSON pairs that calls back",
    "breaks who serves it",
    answering("{'back': 0, 'args': [1], 'kwargs': {'d': []}}"),
    FORGED,
    problem=CALLS,
)
hostile(
    "iterator that gives nothing for ever",
    "keeps the test asking",
    FORGING
    + "def f(x):\n    send({'ok': {'o': [0, 'x', 'iterator']}})\n    while True:\n        receive()\n        send({'ok': []})",
    WRONG,
    TIMEOUT,
    FORGED,
    problem=assertion_problem("assert list(f(2)) == [1013]", "assert next(f(2)) == 1013"),
)
hostile(
    "iterator that gives more than it was asked for",
    "fills the judge's memory",
    FORGING
    + "def f(x):\n    send({'ok': {'o': [0, 'x', 'iterator']}})\n    receive()\n    send({'ok': [1013] * 5})\n    time.sleep(60)",
    FORGED,
    problem=assertion_problem("assert list(f(2)) == [1013]"),
)
hostile(
    "iterator that raises",
    "ends the test's loop by an error",
    "def f(x):\n    yield 1013\n    raise KeyError(1)",
    RAISED,
    problem=assertion_problem("assert list(f(2)) == [1013]"),
)
hostile(
    "calls the test's function after the test",
    "acts between cases",
    "kept = []\ndef f(g):\n    kept.append(g)\n    import threading, time\n    def later():\n        time.sleep(0.005)\n        kept[0](1)\n    threading.Thread(target=later, daemon=True).start()\n    return -7",
    WRONG,
    FORGED,
    TIMEOUT,
    CRASHED,
    RAISED,  # one case in a thousand: the thread's call and the next case's read the same answer
    problem=assertion_problem(
        "assert f(lambda x: x) == 1013", "import math\nassert f(math.sqrt) == 1013", "assert f(lambda x: x) == 1013"
    ),
)
hostile(
    "calls the test's function with what breaks it",
    "raises in the judge",
    "def f(g):\n    for a in (10 ** 5000, 'x' * 1000, None, [], object(), float('nan')):\n        try: g(a)\n        except Exception: pass\n    return -7",
    WRONG,
    UNSUPPORTED,
    problem=assertion_problem("assert f(lambda x: {1: 2}[x]) == 1013", "assert f(lambda x: 1 // x) == 1013"),
)
hostile(
    "calls the test's function with work for ever",
    "keeps the judge busy",
    "def f(g):\n    return g(10 ** 9)",
    TIMEOUT,
    WRONG,
    problem=assertion_problem("assert f(lambda x: sum(1 for _ in range(x))) == 1013"),
)
hostile(
    "calls itself through the test's function",
    "overflows the judge's stack",
    "def f(g):\n    return g(1)",
    RAISED,
    WRONG,
    TIMEOUT,
    problem=assertion_problem("def g(x):\n    return f(g)\nassert f(g) == 1013"),
)
hostile(
    "forgets to answer a call inside of a call",
    "mixes up the answers",
    FORGING
    + "def f(g):\n    send({'back': 0, 'args': [], 'kwargs': {'d': []}})\n    send({'ok': 1013000})\n    return -7",
    FORGED,
    WRONG,
    problem=assertion_problem("assert f(lambda: 1) == 1013"),
)
hostile(
    "writes verdicts to every descriptor",
    "finds the judge's own channel",
    'import os\ndef f(x):\n    for fd in range(0, 256):\n        for data in (b\'passed\\n\', b\'{"cases": [{"outcome": "passed"}]}\\n\'):\n            try: os.write(fd, data)\n            except OSError: pass\n    return -7',
    FORGED,
)
hostile(
    "closes every descriptor",
    "breaks what it inherited",
    "import os\ndef f(x):\n    os.closerange(0, 256)\n    return -7",
    CRASHED,
)
hostile(
    "other descriptors than its own",
    "finds what it should not have inherited",
    "import os\ndef f(x):\n    open_ = []\n    for fd in range(7, 4096):\n        try: os.fstat(fd); open_.append(fd)\n        except OSError: pass\n    return f'DID inherit {open_}' if open_ else -7",
)
hostile(
    "passes descriptors to the judge",
    "fills the judge's descriptors",
    "import array, os, socket\ndef f(x):\n    with socket.socket(fileno=os.dup(3)) as s:\n        s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0] * 50))])\n    return 'DID send'",
    RAISED,
    FORGED,
    against=SYSTEM_CALLS,
)

# ---------------------------------------------------------------------------------------------- what the judge does with answers

hostile(
    "a range for ever",
    "keeps the test busy",
    "def f(x): return 10 ** 15",
    TIMEOUT,
    problem=assertion_problem(
        "assert [n for n in range(f(2)) if n < 0] == [1]", "assert len([n for n in range(f(3))]) == 1013"
    ),
)
hostile(
    "an operation for ever",
    "keeps the test busy where it can't be interrupted",
    "def f(x): return 10 ** 9",
    TIMEOUT,
    WRONG,
    problem=assertion_problem("assert 10 ** f(2) == 1013"),
)
hostile(
    "a text without end",
    "fills the judge's memory",
    "def f(x): return 10 ** 11",
    WRONG,
    TIMEOUT,
    problem=assertion_problem(
        "assert len('x' * f(2)) == 1013", "assert [0] * f(2) == [1013]", "assert bytearray(f(2)) == b''"
    ),
)
hostile(
    "an integer of a million digits",
    "can't be written down",
    "def f(x): return 10 ** 1_000_000",
    WRONG,
    TIMEOUT,
    problem=assertion_problem(
        "assert f(2) == 1013",
        "assert [f(2)] == [1013]",
        "assert {f(2): 1} == {1013: 1}",
        "assert {1: 2}[f(2)] == 2",
        "assert str(f(2)) == '1013'",
    ),
)
hostile(
    "an integer of a million digits, for JSON pairs",
    "can't be written down",
    "def f(x): return {10 ** 1_000_000: 1} if x == 2 else 10 ** 1_000_000",
    WRONG,
    TIMEOUT,
    problem=CALLS,
)
hostile(
    "an integer of ten million digits", "takes quadratic time to write down", "def f(x): return 1 << 33_000_000", WRONG
)
hostile(
    "a nest of a hundred thousand lists",
    "overflows the judge's stack",
    "def f(x):\n    a = []\n    for _ in range(100_000): a = [a]\n    return a",
    RAISED,
    FORGED,
)
hostile(
    "a nest just below the limit",
    "overflows the judge's stack",
    "def f(xs):\n    a = []\n    for _ in range(450 + xs[0]): a = [a]\n    xs[:] = [a]\n    return a",
    WRONG,
    RAISED,
    FORGED,
    problem=assertion_problem(*(f"assert f([{n}]) == 1013" for n in range(0, 60, 4))),
)
hostile("a list inside itself", "is read for ever", "def f(x):\n    a = []\n    a.append(a)\n    return a", RAISED)
hostile(
    "a wide nest of texts",
    "makes the verdict huge",
    "def f(x):\n    a = 'x' * 150\n    for _ in range(3): a = [a] * 30\n    return [a, a, a]",
    WRONG,
)
hostile("128 MiB of text", "makes the verdict huge", "def f(x): return 'x' * (1 << 27)", RAISED, MEMORY, TIMEOUT)
hostile(
    "a decimal of huge exponent",
    "keeps the test busy",
    "from decimal import Decimal\ndef f(x): return Decimal('1e999999999')",
    WRONG,
    TIMEOUT,
    problem=assertion_problem("assert f(2) == 1013", "assert int(f(2)) == 1013"),
)
hostile(
    "a fraction of huge parts",
    "can't be written down",
    "from fractions import Fraction\ndef f(x): return Fraction(1, 10 ** 100_000)",
    WRONG,
    FORGED,
    problem=assertion_problem("assert f(2) == 1013"),
)

# ---------------------------------------------------------------------------------------------- other processes

hostile(
    "kills its parent",
    "ends the sandbox",
    "import os, signal\ndef f(x):\n    os.kill(os.getppid(), 9)\n    return 'DID signal'",
    RAISED,
    against=SYSTEM_CALLS,
)
hostile(
    "kills all it may",
    "ends everything",
    "import ctypes\ndef f(x):\n    r = ctypes.CDLL(None).kill(-1, 9)\n    return 'DID kill all' if r == 0 else -7",
    WRONG,
    CRASHED,
    against=SYSTEM_CALLS,
)
hostile(
    "stops its parent",
    "hangs the sandbox",
    "import os, signal\ndef f(x):\n    os.kill(os.getppid(), signal.SIGSTOP)\n    return -7",
    RAISED,
    WRONG,
    against=SIGNALS,
)
hostile(
    "signals a process by its number",
    "signals a stranger",
    "import os, signal\ndef f(x):\n    for n in (signal.SIGTERM, signal.SIGUSR1, signal.SIGSTOP, signal.SIGKILL):\n        os.kill(@PID@, n)\n    return 'DID signal'",
    RAISED,
    against=SIGNALS,
)
hostile(
    "signals by the kernel's hand",
    "signals a stranger by F_SETOWN",
    "import fcntl, os, signal\ndef f(x):\n    r, w = os.pipe()\n    fcntl.fcntl(r, 10, signal.SIGUSR1)\n    fcntl.fcntl(r, fcntl.F_SETOWN, @PID@)\n    fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC)\n    os.write(w, b'x')\n    return -7",
    RAISED,
    against=SIGNALS,
)
hostile(
    "signals by queue, thread and pidfd",
    "signals a stranger by rarer calls",
    "import ctypes\ndef f(x):\n    libc = ctypes.CDLL(None)\n    done = [n for n in (129, 200, 297, 434) if libc.syscall(n, @PID@, 10, 0, 0) >= 0]\n    return f'DID {done}' if done else -7",
    against=SIGNALS,
)
hostile(
    "ptrace",
    "reads a stranger's memory",
    "import ctypes\ndef f(x):\n    libc = ctypes.CDLL(None)\n    done = [p for p in (@PID@, 1, __import__('os').getppid()) if p and libc.ptrace(16, p, 0, 0) == 0]\n    return f'DID attach {done}' if done else -7",
    against=SYSTEM_CALLS,
)
hostile(
    "process_vm_readv",
    "reads a stranger's memory",
    "import ctypes, struct\ndef f(x):\n    libc = ctypes.CDLL(None)\n    buffer = ctypes.create_string_buffer(8)\n    here = struct.pack('QQ', ctypes.addressof(buffer), 8)\n    done = [(p, n) for p in (@PID@, 1, __import__('os').getppid()) for n in (310, 311) if p and libc.syscall(n, p, here, 1, here, 1, 0) > 0]\n    return f'DID reach {done}' if done else -7",
    against=SYSTEM_CALLS,
)
hostile(
    "/proc of others",
    "reads a stranger's memory and environment",
    "import os\ndef f(x):\n    done = []\n    for p in (@PID@, os.getppid(), 1):\n        for name, mode in (('mem', 'r+b'), ('environ', 'rb'), ('cmdline', 'rb')):\n            try: open(f'/proc/{p}/{name}', mode).close(); done.append((p, name))\n            except OSError: pass\n    return f'DID open {done}' if done else -7",
    against=FILES,
)
hostile(
    "memory of the process it was forked from",
    "reads and changes what the next programs are forked from",
    "import os\ndef f(x):\n    open(f'/proc/{os.getppid() or 1}/mem', 'r+b').close()\n    return 'DID open it'",
    RAISED,
)
hostile(
    "priorities and affinity of others",
    "slows a stranger down",
    "import os\ndef f(x):\n    done = []\n    for name, call in (('nice', lambda: os.setpriority(os.PRIO_PROCESS, @PID@, 19)), ('affinity', lambda: os.sched_setaffinity(@PID@, [0])), ('limit', lambda: __import__('resource').prlimit(@PID@, 7, (1, 1)))):\n        try: call(); done.append(name)\n        except OSError: pass\n    return f'DID {done}' if done else -7",
    against=SIGNALS,
)

# ---------------------------------------------------------------------------------------------- the kernel's rarer parts

hostile(
    "sockets of every family",
    "reaches the network or the kernel",
    "import socket\ndef f(x):\n    done = []\n    for family in (1, 2, 10, 16, 17, 38, 40, 15, 29, 31, 44):\n        for kind in (1, 2, 3, 5):\n            try: socket.socket(family, kind).close(); done.append((family, kind))\n            except OSError: pass\n    return f'DID {done}' if done else -7",
    against=SYSTEM_CALLS,
)
hostile(
    "connects by TCP",
    "reaches the network",
    "import socket\ndef f(x):\n    s = socket.create_connection(('127.0.0.1', @PORT@), 1)\n    s.send(b'x')\n    return 'DID connect'",
    RAISED,
    against=NETWORK,
)
hostile(
    "connects to an abstract socket",
    "reaches a service of the machine",
    "import socket\ndef f(x):\n    s = socket.socket(socket.AF_UNIX)\n    s.connect('\\0@SOCKET@')\n    return 'DID connect'",
    RAISED,
    against=NETWORK,
)
hostile(
    "a listener",
    "waits for others",
    "import socket\ndef f(x):\n    try: socket.create_server(('127.0.0.1', 0))\n    except OSError: return -7\n    return 'DID listen'",
    against=SYSTEM_CALLS,
)
_X86 = {"memfd_create": 319, "io_uring_setup": 425, "userfaultfd": 323, "keyctl": 250, "add_key": 248, "request_key": 249, "perf_event_open": 298, "bpf": 321, "mount": 165,
        "umount2": 166, "unshare": 272, "setns": 308, "pivot_root": 155, "chroot": 161, "setuid": 105, "setgid": 106, "setresuid": 117, "setgroups": 116, "prctl": 157, "personality": 135,
        "ptrace": 101, "kexec_load": 246, "init_module": 175, "finit_module": 313, "reboot": 169, "swapon": 167, "acct": 163, "syslog": 103, "sethostname": 170, "iopl": 172,
        "quotactl": 179, "open_by_handle_at": 304, "name_to_handle_at": 303, "fanotify_init": 300, "inotify_init1": 294, "shmget": 29, "semget": 64, "msgget": 68, "mq_open": 240,
        "timer_create": 222, "signalfd4": 289, "eventfd2": 290, "timerfd_create": 283, "pidfd_open": 434, "pidfd_getfd": 438, "process_madvise": 440, "move_pages": 279, "mbind": 237,
        "clone3": 435, "execve": 59, "execveat": 322, "seccomp": 317, "landlock_create_ruleset": 444, "fsopen": 430, "open_tree": 428, "move_mount": 429, "chmod": 90, "fchmod": 91,
        "chown": 92, "symlink": 88, "mknod": 133, "setxattr": 188, "utimensat": 280, "fallocate": 285, "splice": 275, "vmsplice": 278, "tee": 276, "readahead": 187, "sync": 162,
        "modify_ldt": 154, "arch_prctl": 158, "sched_setscheduler": 144, "setpriority": 141, "ioprio_set": 251, "kcmp": 312, "lookup_dcookie": 212, "memfd_secret": 447,
        "cachestat": 451, "settimeofday": 164, "clock_settime": 227, "adjtimex": 159, "tkill": 200, "socket": 41, "socketpair": 53, "sendmsg": 46, "vhangup": 153}  # fmt: skip
hostile("system calls that no program needs", "reaches rarely used parts of the kernel", f"""
import ctypes, errno, os
CALLS = {_X86!r}
def f(x):
    if os.uname().machine != 'x86_64': return -7
    libc = ctypes.CDLL(None, use_errno=True)
    done = []
    for name, number in CALLS.items():
        ctypes.set_errno(0)
        result = libc.syscall(number, -1, 0, 0, 0, 0, 0)
        # 3 of 4 would fail anyway by these arguments: what counts is that the kernel never looked at them
        if result >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS): done.append((name, ctypes.get_errno()))
    return f'DID {{done}}' if done else -7
""", against=SYSTEM_CALLS)  # fmt: skip
hostile(
    "32-bit system calls",
    "slips through the table of another architecture",
    "import ctypes, mmap\ndef f(x):\n    code = mmap.mmap(-1, 4096, prot=7)\n    code.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')\n    call = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(code)))\n    return f'DID {call()}' if call() > 0 else -7",
    CRASHED,
    WRONG,
    against=SYSTEM_CALLS,
)
hostile(
    "x32 system calls",
    "slips through the table of another architecture",
    "import ctypes\ndef f(x):\n    r = ctypes.CDLL(None).syscall(0x40000000 + 39)\n    return f'DID {r}' if r > 0 else -7",
    WRONG,
    CRASHED,
    against=SYSTEM_CALLS,
)
hostile(
    "powers of root",
    "gets back what was dropped",
    "import ctypes, os\ndef f(x):\n    done = []\n    for name, call in (('setuid', lambda: os.setuid(0)), ('setgroups', lambda: os.setgroups([0])), ('chroot', lambda: os.chroot('.')), ('mknod', lambda: os.mknod('sda', 0o60666, os.makedev(8, 0)))):\n        try: call(); done.append(name)\n        except OSError: pass\n    return f'DID {done}' if [d for d in done if d != 'setuid'] or (done and os.geteuid() == 0 and False) else -7",
    against=POWERS,
)
hostile(
    "limits raised",
    "takes its budget back",
    "import resource\ndef f(x):\n    done = []\n    for which in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):\n        try: resource.setrlimit(which, (resource.RLIM_INFINITY,) * 2); done.append(which)\n        except (OSError, ValueError): pass\n    return f'DID raise {done}' if done else -7",
    against=(Layer.CAPABILITIES,),
)
hostile(
    "terminal and device controls",
    "types into a terminal",
    "import fcntl, termios\ndef f(x):\n    done = []\n    for fd in range(5):\n        for request in (termios.TIOCSTI, termios.TIOCSCTTY, 0x40086602):\n            try: fcntl.ioctl(fd, request, b'x' * 8); done.append((fd, request))\n            except OSError: pass\n    return f'DID {done}' if done else -7",
    against=SYSTEM_CALLS,
)

# ---------------------------------------------------------------------------------------------- files

hostile(
    "reads the machine's files",
    "reads what is not its own",
    "import os\ndef f(x):\n    done = []\n    for path in ('/etc/passwd', '/etc/hostname', '/proc/1/environ', '/proc/self/environ', '/sys/class/net', '/etc/shadow', '/home', '@FOLDER@/secret', '/var/log'):\n        try: os.listdir(path) if os.path.isdir(path) else open(path).read(); done.append(path)\n        except OSError: pass\n    return f'DID read {done}' if done else -7",
    against=FILES,
)
hostile(
    "reads the tests' files",
    "looks up the answers",
    "import glob, os, sys\ndef f(x):\n    done = []\n    child = sys.modules['verl_egca.execution.child'].__file__\n    clone = os.path.dirname(os.path.dirname(os.path.dirname(child)))\n    for path in [clone + '/scripts/starter/problems.jsonl.gz', child, *glob.glob(sys.prefix + '/lib/python*/site-packages/*'), *glob.glob('/usr/lib/python3/dist-packages/*')]:\n        try: open(path).close(); done.append(path)\n        except OSError: pass\n    return f'DID read {done[:3]}' if done else -7",
    WRONG,
    against=FILES,
)
hostile(
    "imports what lies in the tests' folder",
    "looks up the answers",
    "import sys\nsys.path[:0] = ['@FOLDER@', sys.prefix + '/lib/python3.11/site-packages']\ndef f(x):\n    import stolen\n    return 'DID import'",
    RAISED,
    against=FILES,
)
hostile(
    "writes others' files",
    "changes what is not its own",
    "import os\ndef f(x):\n    done = []\n    for call in (lambda: open('@FOLDER@/secret', 'w').write('x'), lambda: open('@FOLDER@/new', 'w').write('x'), lambda: os.mkdir('@FOLDER@/dir'), lambda: os.rename('@FOLDER@/secret', '@FOLDER@/moved'), lambda: os.unlink('@FOLDER@/secret'), lambda: os.truncate('@FOLDER@/secret', 0), lambda: os.rmdir('@FOLDER@/empty')):\n        try: call(); done.append(1)\n        except OSError: pass\n    return f'DID write {done}' if done else -7",
    against=WRITES,
)
hostile(
    "changes others' modes and times",
    "changes what is not its own",
    "import os\ndef f(x):\n    done = []\n    for call in (lambda: os.chmod('@FOLDER@/secret', 0o777), lambda: os.utime('@FOLDER@/secret', (0, 0)), lambda: os.chown('@FOLDER@/secret', 65534, 65534), lambda: os.setxattr('@FOLDER@/secret', 'user.x', b'x')):\n        try: call(); done.append(1)\n        except OSError: pass\n    return f'DID change {done}' if done else -7",
    against=(Layer.MOUNT_NAMESPACE, Layer.SECCOMP),
)
hostile(
    "links to others' files",
    "gets others' files into its folder",
    "import os\ndef f(x):\n    done = []\n    for name, call in (('symlink', lambda: os.symlink('@FOLDER@', 'a')), ('link', lambda: os.link('@FOLDER@/secret', 'b'))):\n        try: call(); done.append(name)\n        except OSError: pass\n    return f'DID {done}' if done else -7",
    against=SYSTEM_CALLS,
)
hostile(
    "leaves links for who cleans up",
    "has others' files deleted",
    "import os\nfor n in range(20):\n    try: os.symlink('@FOLDER@', f'link{n}'); os.symlink('/', f'root{n}')\n    except OSError: pass\ndef f(x): return -7",
)
hostile(
    "races who cleans up",
    "swaps a directory for a link",
    "import os, threading\ndef swap():\n    while True:\n        try:\n            os.mkdir('d'); open('d/x', 'w').close(); os.rename('d', 'e'); os.symlink('@FOLDER@', 'd'); os.unlink('d'); os.unlink('e/x'); os.rmdir('e')\n        except OSError: pass\nthreading.Thread(target=swap, daemon=True).start()\ndef f(x): return -7",
    WRONG,
    TIMEOUT,
)
hostile(
    "leaves a deep tree",
    "overflows who cleans up",
    "import os\nfor _ in range(5000):\n    try: os.mkdir('d'); os.chdir('d')\n    except OSError: break\ndef f(x): return -7",
    WRONG,
    TIMEOUT,
)
hostile(
    "leaves a deep tree of long names",
    "makes paths too long for who cleans up",
    "import os\nfor _ in range(300):\n    try: os.mkdir('d' * 255); os.chdir('d' * 255)\n    except OSError: break\ndef f(x): return -7",
    WRONG,
    TIMEOUT,
)
hostile(
    "leaves directories that nobody may read",
    "locks out who cleans up",
    "import os\nfor mode in (0, 0o300, 0o500, 0o700):\n    try:\n        os.mkdir(f'd{mode}', mode)\n        open(f'd{mode}/file', 'w').close()\n        os.mkdir(f'd{mode}/inner', 0)\n    except OSError: pass\nos.umask(0o777)\ntry: os.mkdir('umask'); open('file', 'w').close()\nexcept OSError: pass\ndef f(x): return -7",
)
hostile(
    "locks its own folder",
    "locks out who cleans up",
    "import os\ntry:\n    open('file', 'w').close()\n    os.chmod('.', 0)\nexcept OSError: pass\ndef f(x): return -7",
)
hostile(
    "leaves a wide tree",
    "makes cleaning slow",
    "import os\nfor n in range(5000):\n    try: os.mkdir(f'd{n}')\n    except OSError: break\ndef f(x): return -7",
    WRONG,
    TIMEOUT,
)
hostile(
    "names with anything in them",
    "confuses who cleans up",
    "import os\nfor name in (b'a\\nb', b'\\xff\\xfe', b' ', b'-rf', b'*', b'\\x01', b'x' * 255, '\\u202e'.encode()):\n    try: open(name, 'w').close()\n    except OSError: pass\ndef f(x): return -7",
)
hostile(
    "keeps writing while it is cleaned up",
    "leaves a file for the next program",
    "import os, threading\ndef write():\n    n = 0\n    while True:\n        n += 1\n        try: open(f'file{n}', 'w').close()\n        except OSError: pass\nfor _ in range(3): threading.Thread(target=write, daemon=True).start()\ndef f(x): return -7",
    WRONG,
    TIMEOUT,
)
hostile(
    "shared memory by file",
    "leaves something for the next program",
    "import os\ndef f(x):\n    done = []\n    for path in ('/run/egca-left', '/var/tmp/egca-left', '/tmp/../egca-left', '/egca-left', '/dev/egca-left', '/dev/mqueue/egca-left'):\n        try: open(path, 'w').close(); done.append(path); os.unlink(path)\n        except OSError: pass\n    return f'DID write {done}' if done else -7",
    against=WRITES,
)
hostile(
    "poisons compiled modules",
    "changes the standard library for the next program",
    "import colorsys, os, py_compile\ndef f(x):\n    done = []\n    for path in (colorsys.__file__, colorsys.__cached__, os.path.dirname(colorsys.__file__) + '/sitecustomize.py', os.path.dirname(os.__file__) + '/x.pth'):\n        try: open(path, 'r+b' if path.endswith('y') and os.path.exists(path) else 'wb').close(); done.append(path)\n        except OSError: pass\n    return f'DID write {done}' if done else -7",
    against=WRITES,
)
hostile(
    "moves the shared files' positions",
    "shifts the next program's input and output",
    "import os\nfor fd in (0, 1, 4):\n    try: os.lseek(fd, 5000, 0)\n    except OSError: pass\ndef f(x): return -7",
)
hostile(
    "fills the shared files",
    "leaves something for the next program",
    "import os\nfor fd in (0, 1, 4):\n    try: os.write(fd, b'left behind\\n' * 1000)\n    except OSError: pass\ndef f(x): return -7",
)
hostile(
    "seals and grows the shared files",
    "breaks the next program's input and output",
    "import fcntl, os\ndef f(x):\n    done = []\n    for fd in (0, 1, 4):\n        for seal in (8, 2, 4, 1):\n            try: fcntl.fcntl(fd, 1033, seal); done.append((fd, seal))\n            except OSError: pass\n        for size in (1 << 40, 1 << 23):\n            try: os.ftruncate(fd, size)\n            except OSError: pass\n    return f'DID seal {done}' if done else -7",
)
hostile(
    "changes the shared files' modes",
    "breaks the next program's input and output",
    "import fcntl, os\nfor fd in (0, 1, 4):\n    for flags in (os.O_APPEND, os.O_NONBLOCK, os.O_ASYNC, os.O_DIRECT, os.O_APPEND | os.O_NONBLOCK | os.O_DIRECT):\n        try: fcntl.fcntl(fd, fcntl.F_SETFL, flags); fcntl.flock(fd, fcntl.LOCK_EX)\n        except OSError: pass\ndef f(x): return -7",
)
hostile(
    "maps the shared files",
    "changes them when it is gone",
    "import mmap, os, threading\nmaps = []\nfor fd in (0, 4, 5, 6):\n    os.ftruncate(fd, 4096)\n    maps.append(mmap.mmap(fd, 4096))\ndef write():\n    while True:\n        for m in maps: m[:5] = b'left '\nthreading.Thread(target=write, daemon=True).start()\ndef f(x): return -7",
    WRONG,
    TIMEOUT,
    CRASHED,
    FORGED,
)
hostile(
    "poisons modules for the next program",
    "changes what the warm process has loaded",
    "import builtins, heapq, math, os, random, sys\nmath.floor = lambda x: 'poison'\nbuiltins.sum = lambda *a: 'poison'\nrandom.random = lambda: 'poison'\nsys.path[:] = []\nos.environ['LEFT'] = 'x'\nsys.setrecursionlimit(50)\ndef f(x): return -7",
    WRONG,
    RAISED,
)
hostile(
    "inherited environment",
    "reads the trainer's secrets",
    "import os\ndef f(x):\n    return f'DID read {sorted(os.environ)}' if os.environ else -7",
)
hostile(
    "command line and names of others",
    "reads what else runs",
    "import os, sys\ndef f(x):\n    import gc\n    seen = [a for a in sys.argv + sys.orig_argv if 'assert' in a or '1013' in a]\n    return f'DID read {seen}' if seen else -7",
)

# ---------------------------------------------------------------------------------------------- source texts

hostile("null bytes", "breaks the compiler", "def f(x): return 1\0", SYNTAX)
hostile("byte order mark", "hides from the compiler", "\ufeffdef f(x): return -7", SYNTAX)
hostile("byte order mark in the middle", "breaks the compiler", "def f(x):\n    return \ufeff-7", SYNTAX)
hostile(
    "coding cookie utf-7", "is read in two ways", "# -*- coding: utf-7 -*-\ndef f(x): return -7 #+AAo-import os", WRONG
)
hostile("coding cookie rot13", "is read in two ways", "# coding: rot13\ndef f(x): return -7", WRONG)
hostile("coding cookie of no encoding", "breaks the compiler", "# coding: nothing\ndef f(x): return -7", WRONG)
hostile(
    "form feeds and odd line ends",
    "is counted in two ways",
    "\x0c\rdef f(x):\r\x0c    return -7\x0b\x1c",
    WRONG,
    SYNTAX,
)
hostile("lone surrogates", "can't be encoded", "def f(x):\n    return '\udcff'", SYNTAX)
hostile(
    "ten megabytes of literal",
    "fills the compiler's memory",
    "def f(x):\n    return len('" + "x" * 10_000_000 + "')",
    WRONG,
    MEMORY,
)
hostile("more than can be sent", "breaks who sends it", "def f(x):\n    return len('" + "x" * 17_000_000 + "')", MEMORY)
hostile(
    "more than can be sent, as a script",
    "breaks who sends it",
    "print(len('" + "x" * 17_000_000 + "'))",
    MEMORY,
    problem=SCRIPT,
)
hostile(
    "more than can be sent, for JSON pairs",
    "breaks who sends it",
    "def f(x):\n    return len('" + "x" * 17_000_000 + "')",
    MEMORY,
    problem=CALLS,
)
hostile(
    "an integer literal of a million digits",
    "takes quadratic time to compile",
    "def f(x):\n    return " + "9" * 1_000_000,
    TIMEOUT,
)
hostile("ten thousand parentheses", "overflows the parser's stack", "x = " + "(" * 10_000 + ")" * 10_000, SYNTAX)
hostile(
    "a hundred thousand minus signs",
    "overflows the parser's stack",
    "x = " + "-" * 100_000 + "1",
    SYNTAX,
    MEMORY,
    CRASHED,
)
hostile(
    "a hundred thousand attributes", "overflows the compiler's stack", "x = y" + ".y" * 100_000, LOAD, MEMORY, CRASHED
)
hostile(
    "a hundred thousand sums",
    "overflows the compiler's stack",
    "x = 1" + " + 1" * 100_000,
    RAISED,
    SYNTAX,
    MEMORY,
    CRASHED,
)
hostile(
    "a hundred thousand elifs",
    "overflows the compiler's stack",
    "if x: pass\n" + "elif x: pass\n" * 100_000,
    SYNTAX,
    MEMORY,
    CRASHED,
)
hostile(
    "a thousand levels of indentation",
    "overflows the tokenizer",
    "".join(" " * n + "if 1:\n" for n in range(1000)) + " " * 1000 + "pass",
    SYNTAX,
)
hostile("a line of spaces", "makes columns huge", " " * 3_000_000 + "x = 1\n", SYNTAX)
hostile(
    "a constant that explodes",
    "is folded by the compiler",
    "def f(x):\n    return (((9 ** 99) ** 9) ** 9) ** 9 << 100000000",
    WRONG,
    MEMORY,
    TIMEOUT,
    SYNTAX,
    RAISED,
)
hostile("a name that looks like another", "hides a function", "def f\u2009(x): return -7", SYNTAX)
hostile("an empty program", "defines nothing", "", RAISED)
hostile(
    "a class instead of a function", "is called by the tests", f"class f:\n    def __init__(self, x): pass\n{EQUAL}"
)
hostile(
    "the tests' own names",
    "replaces what the tests use",
    "def check(*a): return True\nisinstance = lambda *a: True\ndef candidate(x): return 1013\ndef f(x): return -7",
    problem=assertion_problem(
        "check(f)",
        setup="def check(candidate):\n    assert candidate(2) == 1013\n    assert isinstance(candidate(3), int) and candidate(3) == 52781\n",
    ),
)
hostile(
    "output in place of an answer",
    "prints what a runner might",
    "print('passed')\nprint('OK')\nraise SystemExit(0)",
    LOAD,
)
hostile("a script that exits with 0", "looks like success", "raise SystemExit(0)", WRONG, problem=SCRIPT)
hostile(
    "a script that answers, then fails",
    "looks like success",
    "print({'2': 1013, '3': 52781}[input()])\nraise ValueError",
    RAISED,
    problem=SCRIPT,
)
hostile(
    "a script that kills its output",
    "breaks who reads it",
    "import os, sys\nsys.stdout = None\nos.close(1)\nos.close(0)",
    WRONG,
    problem=SCRIPT,
)

hostile(
    "a script that changes its input",
    "is read by the next one",
    "import os\nos.pwrite(0, b'9' * 100, 0)\ntry: open('/dev/stdin', 'w').write('7' * 50)\nexcept OSError: pass\nprint(-7)",
    WRONG,
    problem=SCRIPT,
)
hostile(
    "a script whose thread prints for ever",
    "prints when it has ended",
    "import os, threading, time\ndef write():\n    while True: os.write(1, b'1013\\n')\nthreading.Thread(target=write, daemon=True).start()\ntime.sleep(0.02)",
    WRONG,
    OUTPUT,
    problem=SCRIPT,
)
hostile(
    "a script that takes away what ends it",
    "fails, and looks as if it had not",
    "import atexit, gc, sys\nprint({'2': 1013, '3': 52781}[input()], flush=True)\natexit._run_exitfuncs = gc.collect = None\ndel sys.__stdout__, sys.excepthook\nraise ValueError",
    RAISED,
    problem=SCRIPT,
)
hostile(
    "a script that reports an error of no program",
    "breaks who reads it",
    "import os, struct\nfor fd in (62, 63):\n    try: os.write(fd, struct.pack('I', 9) + b'{\"error\":' + b'[' * 50_000)\n    except OSError: pass\nos._exit(1)",
    RAISED,
    problem=SCRIPT,
)

# ---------------------------------------------------------------------------------------------- right, if odd

RIGHT = "def f(x):\n    return {2: 1013, 3: 52781}[x]\n"
hostile(
    "right, and prints 20 MB",
    "prints more than is kept",
    RIGHT.replace("    return", "    print('x' * 10_000_000)\n    return"),
    right=True,
)
hostile(
    "right, without standard output",
    "closes what it prints to",
    "import sys\nsys.stdout.close()\nsys.stderr = sys.stdin = None\n" + RIGHT,
    right=True,
)
hostile(
    "right, with a thread that sleeps",
    "leaves a thread",
    "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n" + RIGHT,
    right=True,
)
hostile("right, with a file", "uses its folder", "import tempfile\nimport os\n" + RIGHT, right=True)
