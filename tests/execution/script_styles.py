"""Ways to write a program of standard input: a table of programs, each to be run as ``python program.py < input > output``.

Most solve one task: read n and n numbers, print their sum, then each of them doubled on a line. Others fail in bare Python
too, and have to fail here. ``DIFFERENT`` names those that end otherwise in the sandbox, and says why; nothing else may.
``WITHOUT_FILES`` are further ones where the kernel gives no mount namespace, as in a container's default profile.
"""

from __future__ import annotations

from dataclasses import dataclass

INPUT = "3\n1 2 3\n"
READ = "n = int(input())\na = list(map(int, input().split()))\n"
PRINT = "print(sum(a))\nfor x in a:\n    print(2 * x)\n"
PLAIN = READ + PRINT
TO_OUT = READ + PRINT.replace("(a))", "(a), file=out)").replace("x)\n", "x, file=out)\n")
MAIN = "def main():\n" + "".join(f"    {line}\n" for line in PLAIN.splitlines())


@dataclass(frozen=True)
class Style:
    name: str
    program: str
    input: str = INPUT


STYLES: list[Style] = []


def style(name: str, program: str, given: str = INPUT) -> None:
    STYLES.append(Style(name, program, given))


# ---------------------------------------------------------------------------------------------- reading

style("input()", PLAIN)
style("input() with a prompt", PLAIN.replace("input()", "input('n? ')", 1))
style("sys.stdin.readline", "import sys\ninput = sys.stdin.readline\n" + PLAIN)
style("sys.stdin.read", f"import sys\nn, *a = map(int, sys.stdin.read().split())\n{PRINT}")
style(
    "lines of sys.stdin",
    f"import sys\nlines = [line.rstrip('\\n') for line in sys.stdin]\na = list(map(int, lines[1].split()))\n{PRINT}",
)
style("sys.stdin.readlines", f"import sys\na = list(map(int, sys.stdin.readlines()[1].split()))\n{PRINT}")
style("sys.stdin.buffer.readline", "import sys\ninput = sys.stdin.buffer.readline\n" + PLAIN)
style("sys.stdin.buffer.read", f"import sys\nn, *a = map(int, sys.stdin.buffer.read().split())\n{PRINT}")
style("sys.stdin.buffer.raw", f"import sys\nn, *a = map(int, sys.stdin.buffer.raw.readall().split())\n{PRINT}")
style("sys.__stdin__", "import sys\ninput = sys.__stdin__.readline\n" + PLAIN)
style("iter(input, '')", f"rows = list(iter(input, ''))\na = list(map(int, rows[1].split()))\n{PRINT}", INPUT + "\n")
style(
    "input() until EOFError",
    f"a = []\ninput()\ntry:\n    while True:\n        a += map(int, input().split())\nexcept EOFError:\n    pass\n{PRINT}",
)
style("while line := readline", f"import sys\na = []\nsys.stdin.readline()\nwhile line := sys.stdin.readline():\n    a += map(int, line.split())\n{PRINT}")  # fmt: skip
style("open(0)", f"n, *a = map(int, open(0).read().split())\n{PRINT}")
style("open(0, 'rb')", f"with open(0, 'rb') as file:\n    n, *a = map(int, file.read().split())\n{PRINT}")
style(
    "open(0) beside input()",
    f"n = int(input())\na = list(map(int, open(0, closefd=False).read().split())) or [7]\n{PRINT}",
)
style("/dev/stdin", f"n, *a = map(int, open('/dev/stdin').read().split())\n{PRINT}")
style(
    "/dev/stdin again after input()", f"first = input()\nn, *a = map(int, open('/dev/stdin').read().split())\n{PRINT}"
)
style("/dev/fd/0", f"n, *a = map(int, open('/dev/fd/0').read().split())\n{PRINT}")
style("/proc/self/fd/0", f"n, *a = map(int, open('/proc/self/fd/0').read().split())\n{PRINT}")
style(
    "pathlib of /dev/stdin",
    f"from pathlib import Path\nn, *a = map(int, Path('/dev/stdin').read_text().split())\n{PRINT}",
)
style("fileinput", f"import fileinput\na = list(map(int, list(fileinput.input())[1].split()))\n{PRINT}")
style("os.read", f"import os\nn, *a = map(int, os.read(0, 1 << 16).split())\n{PRINT}")
style(
    "BytesIO of os.read by os.fstat",
    "import io, os\ninput = io.BytesIO(os.read(0, os.fstat(0).st_size)).readline\n" + PLAIN,
)
style(
    "mmap of standard input",
    f"import mmap\nn, *a = map(int, mmap.mmap(0, 0, access=mmap.ACCESS_READ).read().split())\n{PRINT}",
)
style("os.fdopen(0)", "import os\ninput = os.fdopen(0).readline\n" + PLAIN)
style("os.dup(0)", "import os\nsys_in = os.fdopen(os.dup(0))\ninput = sys_in.readline\n" + PLAIN)
style("select on sys.stdin", "import select, sys\nassert select.select([sys.stdin], [], [], 0)[0]\n" + PLAIN)
style("seek to the start", "import sys\nsys.stdin.read()\nsys.stdin.seek(0)\n" + PLAIN)
style("csv of sys.stdin", f"import csv, sys\n_, row = csv.reader(sys.stdin, delimiter=' ')\na = list(map(int, row))\n{PRINT}")  # fmt: skip
style("json of sys.stdin", f"import json, sys\na = json.load(sys.stdin)\n{PRINT}", "[1, 2, 3]")
style("numbers by re", f"import re, sys\nn, *a = map(int, re.findall(r'-?\\d+', sys.stdin.read()))\n{PRINT}")
style(
    "StringIO as sys.stdin",
    "import io, sys\nsys.stdin = io.StringIO(sys.stdin.read().replace(',', ' '))\n" + PLAIN,
    "3\n1,2,3\n",
)
style(
    "input.txt, where there is one",
    "import os, sys\nif os.path.exists('input.txt'):\n    sys.stdin = open('input.txt')\n" + PLAIN,
)
style("lines that end in \\r\\n", "print([input() for _ in range(2)])\n", "3 \r\n1 2 3\r\n")
style("no new line at the end", PLAIN, "3\n1 2 3")
style(
    "bytes that are no UTF-8", "import sys\nprint(ascii(input()), len(sys.stdin.buffer.read()))\n", "\udcff\n\udcfe\n"
)
style("a character past ASCII", "text = input()\nprint(len(text), text.upper())\n", "größe 🐍\n")

# ---------------------------------------------------------------------------------------------- printing

style("print with flush", PLAIN.replace("2 * x)", "2 * x, flush=True)"))
style("print with sep and end", f"{READ}print(sum(a), end='\\n')\nprint(*(2 * x for x in a), sep='\\n', end='')\n")
style(
    "sys.stdout.write and flush",
    f"import sys\n{READ}sys.stdout.write(f'{{sum(a)}}\\n')\nsys.stdout.writelines(f'{{2 * x}}\\n' for x in a)\nsys.stdout.flush()\n",
)
style(
    "sys.stdout.buffer.write",
    f"import sys\n{READ}sys.stdout.buffer.write(b'%d\\n' % sum(a))\nfor x in a:\n    sys.stdout.buffer.write(b'%d\\n' % (2 * x))\n",
)
style("os.write", f"import os\n{READ}os.write(1, '\\n'.join(map(str, [sum(a), *(2 * x for x in a)])).encode())\n")
style("print to sys.__stdout__", f"import sys\nout = sys.__stdout__\nsys.stdout = None\n{TO_OUT}")
style(
    "open(1, 'w') as sys.stdout",
    f"import sys\nsys.stdout = open(1, 'w', buffering=1 << 16, closefd=False)\n{PLAIN}sys.stdout.flush()\n",
)
style("open(1, 'w') that nobody closes", f"out = open(1, 'w')\n{TO_OUT}")
style("os.fdopen(1)", f"import os\nout = os.fdopen(1, 'w')\n{TO_OUT}out.close()\n")  # fmt: skip
style("/dev/stdout", f"out = open('/dev/stdout', 'w')\n{TO_OUT}out.close()\n")  # fmt: skip
style("/dev/stdout, added to", f"{READ}print(sum(a), flush=True)\nwith open('/dev/stdout', 'a') as out:\n    for x in a:\n        print(2 * x, file=out)\n")  # fmt: skip
style(
    "TextIOWrapper over sys.stdout.buffer",
    f"import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')\n{PLAIN}",
)
style("sys.stdout.detach", f"import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.detach(), 'ascii')\n{PLAIN}")
style("sys.stdout.reconfigure", f"import sys\nsys.stdout.reconfigure(line_buffering=True, encoding='utf-8')\n{PLAIN}")
style("sys.stdin.reconfigure", f"import sys\nsys.stdin.reconfigure(encoding='latin-1', errors='strict')\n{PLAIN}")
style("StringIO as sys.stdout, written at exit", f"import atexit, io, os, sys\nsys.stdout = io.StringIO()\natexit.register(lambda: os.write(1, sys.stdout.getvalue().encode()))\n{PLAIN}")  # fmt: skip
style("StringIO as sys.stdout, given back", f"import io, sys\nkept, sys.stdout = sys.stdout, io.StringIO()\n{PLAIN}text = sys.stdout.getvalue()\nsys.stdout = kept\nprint(text, end='')\n")  # fmt: skip
style("contextlib.redirect_stdout", f"import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as text:\n    print('unseen')\n{PLAIN}")  # fmt: skip
style("print replaced", f"import sys\ndef print(*items):\n    sys.stdout.write(' '.join(map(str, items)) + '\\n')\n{PLAIN}")  # fmt: skip
style("sys.stdout.close() at the end", f"import sys\n{PLAIN}sys.stdout.close()\n")
style("os.dup2 onto 1", f"import os\n{PLAIN}import sys\nsys.stdout.flush()\nos.dup2(os.open(os.devnull, os.O_WRONLY), 1)\nprint('unseen')\n")  # fmt: skip
style("output that is no UTF-8", "import sys\nsys.stdout.buffer.write(b'\\xff\\x00\\xfe\\n')\nprint('\\udcff')\n")
style("pprint", f"import pprint\n{READ}pprint.pprint({{'sum': sum(a), 'all': a}})\n")
style("an empty output", f"{READ}")
style("a hole in the output", f"import os\n{PLAIN}import sys\nsys.stdout.flush()\nos.lseek(1, 3, os.SEEK_CUR)\nprint('.')\n")  # fmt: skip

FAST = """import os, sys
from io import BytesIO, IOBase
class FastIO(IOBase):
    newlines = 0
    def __init__(self, file):
        self._fd = file.fileno()
        self.buffer = BytesIO()
        self.writable = 'x' in file.mode or 'r' not in file.mode
        self.write = self.buffer.write if self.writable else None
    def read(self):
        while True:
            b = os.read(self._fd, max(os.fstat(self._fd).st_size, 8192))
            if not b:
                break
            ptr = self.buffer.tell()
            self.buffer.seek(0, 2), self.buffer.write(b), self.buffer.seek(ptr)
        self.newlines = 0
        return self.buffer.read()
    def readline(self):
        while self.newlines == 0:
            b = os.read(self._fd, max(os.fstat(self._fd).st_size, 8192))
            self.newlines = b.count(b'\\n') + (not b)
            ptr = self.buffer.tell()
            self.buffer.seek(0, 2), self.buffer.write(b), self.buffer.seek(ptr)
        self.newlines -= 1
        return self.buffer.readline()
    def flush(self):
        if self.writable:
            os.write(self._fd, self.buffer.getvalue())
            self.buffer.truncate(0), self.buffer.seek(0)
class IOWrapper(IOBase):
    def __init__(self, file):
        self.buffer = FastIO(file)
        self.flush = self.buffer.flush
        self.writable = self.buffer.writable
        self.write = lambda s: self.buffer.write(s.encode('ascii'))
        self.read = lambda: self.buffer.read().decode('ascii')
        self.readline = lambda: self.buffer.readline().decode('ascii')
sys.stdin, sys.stdout = IOWrapper(sys.stdin), IOWrapper(sys.stdout)
input = lambda: sys.stdin.readline().rstrip('\\r\\n')
"""
style("PyRival's FastIO", FAST + PLAIN + "sys.stdout.flush()\n")
style("PyRival's FastIO, flushed by nobody", FAST + PLAIN)

# ---------------------------------------------------------------------------------------------- standard error

style("print to sys.stderr", f"import sys\n{READ}print('debug', a, file=sys.stderr)\n{PRINT}")
style("sys.stderr.write", f"import sys\n{READ}sys.stderr.write('debug\\n')\nsys.stderr.flush()\n{PRINT}")
style("os.write(2)", f"import os\n{READ}os.write(2, b'debug')\n{PRINT}")
style("/dev/stderr", f"{READ}open('/dev/stderr', 'w').write('debug')\n{PRINT}")
style("40 MB to sys.stderr", f"import sys\n{READ}for _ in range(40):\n    sys.stderr.write('x' * 1_000_000)\n{PRINT}")
style("warnings", f"import warnings\n{READ}warnings.warn('slow')\n{PRINT}")
style("logging", f"import logging\nlogging.basicConfig(level=10)\n{READ}logging.debug('%s', a)\n{PRINT}")
style(
    "logging to sys.stdout",
    f"import logging, sys\nlogging.basicConfig(stream=sys.stdout, format='%(message)s', level=20)\n{READ}logging.info(sum(a))\n",
)
style(
    "an exception that is shown and survived",
    f"import traceback\n{READ}try:\n    a[9]\nexcept IndexError:\n    traceback.print_exc()\n{PRINT}",
)
style("tqdm's way to write", f"import sys\n{READ}print('\\r 50%|#####', end='', file=sys.stderr)\n{PRINT}")

# ---------------------------------------------------------------------------------------------- the program as a whole

style("if __name__ == '__main__'", f"{MAIN}if __name__ == '__main__':\n    main()\n")
style("sys.exit(main())", f"import sys\n{MAIN}sys.exit(main())\n")
style("sys.exit(0)", f"import sys\n{PLAIN}sys.exit(0)\n")
style("sys.exit() in a function", f"import sys\n{MAIN}    sys.exit()\nmain()\nprint('unseen')\n")
style("exit()", f"{PLAIN}exit()\n")
style("quit()", f"{PLAIN}quit()\n")
style("raise SystemExit", f"{PLAIN}raise SystemExit\n")
style("os._exit(0), flushed", f"import os, sys\n{PLAIN}sys.stdout.flush()\nos._exit(0)\n")
style("os._exit(0), not flushed", f"import os\n{PLAIN}os._exit(0)\n")
style("sys.exit(256)", f"import sys\n{PLAIN}sys.exit(256)\n")
style("sys.exit(True)", f"import sys\n{PLAIN}sys.exit(True)\n")
style("atexit", f"import atexit\natexit.register(print, 'end')\n{PLAIN}")
style("atexit that raises", f"import atexit\natexit.register(lambda: 1 / 0)\n{PLAIN}")
style(
    "__del__ at the end",
    f"class Last:\n    def __del__(self):\n        print('last')\nlast = Last()\ndef keeps():\n    return last\n{PLAIN}",
)
style("weakref.finalize", f"import weakref\nclass C: pass\nc = C()\nweakref.finalize(c, print, 'gone')\n{PLAIN}")
style("__file__ and sys.argv", "import os, sys\nprint(os.path.basename(__file__), len(sys.argv), sys.argv[0][-10:])\n")
style("its own text", "print(open(__file__).read())\n")
style("its own text by inspect", "import inspect\ndef f(x):\n    return x\nprint(inspect.getsource(f))\n")
style("import __main__", f"import __main__\n{PLAIN}print(__main__.n, __main__ is __import__('sys').modules['__main__'])\n")  # fmt: skip
style("names of a fresh __main__", "print(sorted(globals()))\n")
style("globals() and exec", f"{READ}globals()['b'] = a\nexec('print(sum(b))')\nprint(eval('len(b)', globals()))\n")
style("__annotations__", "x: int = 1\nprint(__annotations__)\n")
style("from __future__", f"'''What it does.'''\nfrom __future__ import annotations\n{PLAIN}print(__doc__)\n")
style("dataclass with a forward reference", "from __future__ import annotations\nfrom dataclasses import dataclass, fields\nfrom typing import get_type_hints\n@dataclass\nclass Node:\n    next: Node | None = None\nprint(Node(), get_type_hints(Node))\n")  # fmt: skip
style("pickle of its own class", "import pickle\nclass Point:\n    x = 1\nprint(pickle.loads(pickle.dumps(Point())).x)\n")  # fmt: skip
style("doctest", "import doctest\ndef f(x):\n    '''\n    >>> f(1)\n    2\n    '''\n    return x + 1\nprint(doctest.testmod())\n")  # fmt: skip
style("lines that end in \\r\\n in the text", PLAIN.replace("\n", "\r\n"))
style("a byte order mark", "\ufeff" + PLAIN)
style("a coding cookie", f"#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n{PLAIN}print('größer')\n")
style("a coding cookie of another encoding", "# -*- coding: latin-1 -*-\nprint('ä')\n")
style("form feeds and tabs", "\x0cimport sys\n\x0c\nif 1:\n\tprint(len(sys.stdin.read()))\n")
style("no new line at the end of the text", PLAIN.rstrip("\n"))
style("semicolons", "n=int(input());a=list(map(int,input().split()));print(sum(a));[print(2*x) for x in a]")
style("a walrus and a match", "match [int(x) for x in open(0).read().split()]:\n    case [n, *a] if (s := sum(a)):\n        print(n, s)\n")  # fmt: skip

# ---------------------------------------------------------------------------------------------- threads, recursion, time

THREAD = f"import sys, threading\n{MAIN}"
style("a thread with a large stack", f"{THREAD}sys.setrecursionlimit(10 ** 7)\nthreading.stack_size(1 << 27)\nt = threading.Thread(target=main)\nt.start()\nt.join()\n")  # fmt: skip
style("a thread with a stack of 512 MiB", f"{THREAD}sys.setrecursionlimit(10 ** 9)\nthreading.stack_size(512 << 20)\nt = threading.Thread(target=main)\nt.start()\nt.join()\n")  # fmt: skip
style("a thread that nobody joins", f"{THREAD}threading.Thread(target=main).start()\n")
style("a thread that prints after the main one", f"import threading, time\n{READ}def later():\n    time.sleep(0.05)\n    print(sum(a))\nthreading.Thread(target=later).start()\nprint('first')\n")  # fmt: skip
style("a daemon thread", f"import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n{PLAIN}")  # fmt: skip
style("a thread that raises", f"import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()\n{PLAIN}")  # fmt: skip
style("ThreadPoolExecutor", f"from concurrent.futures import ThreadPoolExecutor\n{READ}with ThreadPoolExecutor(4) as pool:\n    print(sum(pool.map(int, a)), *pool.map(lambda x: 2 * x, a))\n")  # fmt: skip
style("queue and locks", f"import queue, threading\n{READ}q = queue.Queue()\nts = [threading.Thread(target=q.put, args=(2 * x,)) for x in a]\nfor t in ts: t.start()\nfor t in ts: t.join()\nprint(sorted(q.queue))\n")  # fmt: skip
style("asyncio", f"import asyncio\nasync {MAIN}asyncio.run(main())\n")
style("asyncio with executors and sleep", "import asyncio\nasync def main():\n    loop = asyncio.get_running_loop()\n    n = int(await loop.run_in_executor(None, input))\n    await asyncio.gather(*(asyncio.sleep(0.001 * i) for i in range(n)))\n    print(n)\nasyncio.run(main())\n")  # fmt: skip
style("recursion of 900", "def f(i):\n    return i and 1 + f(i - 1)\nprint(f(900))\n")
style("recursion deeper than the limit", "def f(i):\n    return i and 1 + f(i - 1)\nprint(f(5000))\n")
style("how deep it gets", "def f(i):\n    try:\n        return f(i + 1)\n    except RecursionError:\n        return i\nprint(f(0), __import__('sys').getrecursionlimit())\n")  # fmt: skip
style("a limit that is just enough", "import sys\nsys.setrecursionlimit(5003)\ndef f(i):\n    return i and 1 + f(i - 1)\nprint(f(4999))\n")  # fmt: skip
style("recursion of 100,000", f"import sys\nsys.setrecursionlimit(10 ** 6)\ndef f(i):\n    return i and 1 + f(i - 1)\nprint(f(100_000))\n{PLAIN}")  # fmt: skip
style("recursion through C", "import functools, sys\nsys.setrecursionlimit(10 ** 6)\n@functools.lru_cache(None)\ndef f(i):\n    return i and 1 + f(i - 1)\nprint(f(60_000))\n")  # fmt: skip
style("resource.setrlimit of the stack", f"import resource, sys\nresource.setrlimit(resource.RLIMIT_STACK, (resource.RLIM_INFINITY,) * 2)\nsys.setrecursionlimit(10 ** 6)\n{PLAIN}")  # fmt: skip
style("signal.alarm", "import signal, time\ndef late(number, frame):\n    raise TimeoutError\nsignal.signal(signal.SIGALRM, late)\nsignal.alarm(1)\ntry:\n    while True: time.sleep(0.01)\nexcept TimeoutError:\n    print('late')\n")  # fmt: skip
style("signal.setitimer", "import signal, time\nsignal.signal(signal.SIGALRM, lambda *_: print('rang'))\nsignal.setitimer(signal.ITIMER_REAL, 0.02)\ntime.sleep(0.1)\n")  # fmt: skip
style("time", f"import time\nstart = time.time()\ntime.sleep(0.01)\n{PLAIN}print(0 < time.time() - start < 60, time.perf_counter() > 0)\n")  # fmt: skip
style("gc", f"import gc\ngc.disable()\n{PLAIN}gc.enable()\nprint(gc.collect() >= 0)\n")
style("sys.settrace", f"import sys\nsys.settrace(lambda *_: None)\n{PLAIN}")

# ---------------------------------------------------------------------------------------------- the standard library

style("a file of its own", f"{READ}with open('out.txt', 'w') as file:\n    print(*a, file=file)\nprint(open('out.txt').read())\n")  # fmt: skip
style("a module of its own", f"{READ}open('mine.py', 'w').write('def double(x): return 2 * x')\nfrom mine import double\nprint(*map(double, a))\n")  # fmt: skip
style("tempfile", "import os, tempfile\nwith tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, 'x'), 'w+') as file:\n    file.write('7')\n    file.seek(0)\n    print(file.read())\nprint(tempfile.NamedTemporaryFile('w').write('abc'))\n")  # fmt: skip
style("os.listdir", "import os\nprint(os.listdir('.'))\n")
style("decimal and fractions", "from decimal import Decimal, getcontext\nfrom fractions import Fraction\ngetcontext().prec = 50\nprint(Decimal(2).sqrt(), Fraction(1, 3) + 1)\n")  # fmt: skip
style("4,000 digits", "print(7 ** 4_000)\n")
style("20,000 digits, allowed", "import sys\nsys.set_int_max_str_digits(0)\nprint(int(str(7 ** 20_000)) % 1009)\n")
style("20,000 digits", "print(len(str(7 ** 20_000)))\n")
style("locale", "import locale\nprint(locale.setlocale(locale.LC_ALL, 'C'), f'{1234567:n}')\n")
style("zoneinfo and datetime", "import datetime, zoneinfo\nprint(datetime.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin')).utcoffset())\n")  # fmt: skip
style("sortedcontainers, where it is not installed", "from sortedcontainers_of_nobody import SortedList\n")
style("warnings as errors", "import warnings\nwarnings.simplefilter('error')\nwarnings.warn('x')\n")
style("hash of a text", "print(hash('x') == hash('x'), len({'a', 'b'}))\n")
style("sys.stdin.fileno and isatty", "import sys\nprint([(s.fileno(), s.mode, s.name, s.isatty(), s.encoding, s.errors, s.newlines, s.line_buffering, s.seekable()) for s in (sys.stdin, sys.stdout, sys.stderr)])\n")  # fmt: skip
style("types of the streams", "import sys\nprint([(type(s).__name__, type(s.buffer).__name__, type(s.buffer.raw).__name__, s.buffer.raw.closefd) for s in (sys.stdin, sys.stdout)])\n")  # fmt: skip
style("which descriptors are open", "import os\nopen_ = []\nfor fd in range(20):\n    try:\n        os.fstat(fd)\n        open_.append(fd)\n    except OSError:\n        pass\nprint(open_)\n")  # fmt: skip
style("what kind of files they are", "import os, stat\nprint([stat.S_ISREG(os.fstat(fd).st_mode) for fd in (0, 1)], os.fstat(0).st_size, os.lseek(0, 0, 1))\n")  # fmt: skip
style(
    "the site's builtins", "print(copyright is not None, callable(license), callable(credits), type(help).__name__)\n"
)
style("help()", "def f(x):\n    'Nothing.'\nhelp(f)\n")
style("a closed descriptor 1", "import os\nprint('lost')\nos.close(1)\n")
style("sys.stdout is None", f"import sys\n{PLAIN}sys.stdout.flush()\nsys.stdout = None\nprint('unseen')\n")
style("a stdout without flush", f"import sys\nclass Out:\n    write = sys.stdout.write\nsys.stdout = Out()\n{PLAIN}")

style("a pool of threads of multiprocessing", "from multiprocessing.pool import ThreadPool\nprint(ThreadPool(2).map(abs, [-1, 2]))\n")  # fmt: skip
style("fifty threads at once", "import threading, time\nts = [threading.Thread(target=time.sleep, args=(0.02,)) for _ in range(50)]\nfor t in ts: t.start()\nfor t in ts: t.join()\nprint(len(ts))\n")  # fmt: skip
style("a codec's reader and writer", "import codecs, sys\nsys.stdin = codecs.getreader('utf-8')(sys.stdin.buffer)\nsys.stdout = codecs.getwriter('utf-8')(sys.stdout.buffer)\nfor line in sys.stdin:\n    sys.stdout.write(line)\n")  # fmt: skip
style("shutil from stream to stream", "import shutil, sys\nshutil.copyfileobj(sys.stdin, sys.stdout)\n")
style("shutil from path to path", "import shutil\nshutil.copyfile('/dev/stdin', '/dev/stdout')\n")
style("sqlite3", "import sqlite3\ndb = sqlite3.connect(':memory:')\nprint(db.execute('select 1 + 1').fetchall())\n")
style("unittest.main()", "import unittest\nclass Test(unittest.TestCase):\n    def test(self): print('ran')\nif __name__ == '__main__':\n    unittest.main()\n")  # fmt: skip
style("cProfile of __main__", "import cProfile\ndef main():\n    print(1)\ncProfile.run('main()', 'profile')\n")
style("argparse", "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--n', default=3)\nprint(parser.parse_args().n, parser.prog)\n")  # fmt: skip
style("_thread.interrupt_main", "import _thread, time\ntry:\n    _thread.interrupt_main()\n    time.sleep(1)\nexcept KeyboardInterrupt:\n    print('interrupted')\n")  # fmt: skip
style("the user's locale", "import locale\nlocale.setlocale(locale.LC_ALL, '')\nprint(locale.getpreferredencoding(), open('x', 'w').encoding)\n")  # fmt: skip
style("the line of an exception", "import traceback\ntry:\n    1 / 0\nexcept Exception:\n    print('    1 / 0' in traceback.format_exc())\n")  # fmt: skip
style("what is deleted at the end", "class D:\n    def __init__(self, n): self.n = n\n    def __del__(self): print(self.n, k)\nk = 7\na, _b = D(1), D(2)\ndef f(): return a\n")  # fmt: skip
style("two million numbers", "import sys\nprint(sum(map(int, sys.stdin.buffer.read().split())))\n", " ".join(map(str, range(2_000_000))))  # fmt: skip
style("3 MB of output", "for i in range(400_000):\n    print(i)\n")

# ---------------------------------------------------------------------------------------------- what fails

style("sys without import", "n = int(sys.stdin.readline())\nprint(n)\n")
style("defaultdict without import", f"d = defaultdict(int)\n{PLAIN}")
style("numpy, which is not installed", "import numpy_of_nobody as np\n" + PLAIN)
style("output, then an exception", f"{PLAIN}raise ValueError(1)\n")
style("output, then an exception in a function", f"{MAIN}    return [][0]\nmain()\n")
style("exit(1)", f"{PLAIN}exit(1)\n")
style("sys.exit with words", f"import sys\n{PLAIN}sys.exit('done')\n")
style("sys.exit(-1)", f"import sys\n{PLAIN}sys.exit(-1)\n")
style("os._exit(1)", f"import os, sys\n{PLAIN}sys.stdout.flush()\nos._exit(1)\n")
style("a failing assertion", f"{PLAIN}assert n == 4\n")
style("a syntax error", f"{PLAIN}print(\n")
style("a null byte", f"{PLAIN}\0\n")
style("more input than there is", f"{PLAIN}input()\n")
style("KeyboardInterrupt", f"{PLAIN}raise KeyboardInterrupt\n")
style("an exception group", f"{PLAIN}raise ExceptionGroup('two', [ValueError(1), KeyError(2)])\n")
style("a hook that hides the exception", f"import sys\nsys.excepthook = lambda *_: None\n{PLAIN}1 / 0\n")
style("a hook that exits with 0", f"import os, sys\ndef hook(*_):\n    sys.stdout.flush()\n    os._exit(0)\nsys.excepthook = hook\n{PLAIN}1 / 0\n")  # fmt: skip
style("a segfault", f"import ctypes\n{PLAIN}ctypes.string_at(0)\n")
style("streams taken away, then an exception", f"import sys\n{PLAIN}sys.stdout.flush()\ndel sys.__stdout__, sys.__stderr__, sys.stderr\nraise ValueError\n")  # fmt: skip
style("threading taken away, then an exception", f"import sys, threading\n{PLAIN}del threading._shutdown\nraise ValueError\n")  # fmt: skip
style("modules taken away, then an exception", f"import sys\n{PLAIN}sys.stdout.flush()\nsys.modules.clear()\nraise ValueError\n")  # fmt: skip
style("an exit function that exits with 0", f"import atexit, os, sys\ndef end():\n    sys.stdout.flush()\n    os._exit(0)\natexit.register(end)\n{PLAIN}1 / 0\n")  # fmt: skip

# ---------------------------------------------------------------------------------------------- what is refused, or given

style("subprocess", "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True, text=True).stdout)\n")  # fmt: skip
style("multiprocessing", "from multiprocessing import Pool\nif __name__ == '__main__':\n    with Pool(2) as pool:\n        print(pool.map(abs, [-1, 2]))\n")  # fmt: skip
style("os.system", "import os\nos.system('echo 1')\n")
style("a signal to itself", "import os, signal\nsignal.signal(signal.SIGUSR1, lambda *_: print('got it', flush=True))\nos.kill(os.getpid(), signal.SIGUSR1)\n")  # fmt: skip
style("the environment", "import os\nprint('PATH' in os.environ)\n")
style("/proc of the machine", "print(len(open('/proc/self/status').read()) > 10)\n")
style("a socket", "import socket\nprint(socket.socket().fileno() > 2)\n")
style("the frames below it", "import inspect\nprint(len(inspect.stack()))\n")
style("permissions of its own file", "import os\nopen('x', 'w').close()\nos.chmod('x', 0o600)\nprint(1)\n")
style("numpy, where it is installed", "import numpy\nn, *a = map(int, open(0).read().split())\nprint(numpy.array(a).sum(), numpy.linalg.norm(a) > 0)\n")  # fmt: skip
style("another package that is installed", "import pydantic\nprint(1)\n")
style("200 open files", "kept = [open('/dev/null') for _ in range(200)]\nprint(len(kept))\n")
style("4 GB of address space", "import mmap\nprint(len(mmap.mmap(-1, 4 << 30)))\n")

CHILD = "no program starts another process"
DIFFERENT = {
    "20,000 digits": "Python 3.11 refuses more than 4,300 digits; programs in data sets were written for versions that do not",
    "recursion through C": "the stack is larger than a shell's 8 MB, on which bare Python ends in a segmentation fault",
    "subprocess": CHILD,
    "multiprocessing": CHILD,
    "os.system": CHILD,
    "a signal to itself": "no program sends signals by number, not even to itself; timers and alarms work",
    "the environment": "the trainer's environment is not the program's: it is empty",
    "/proc of the machine": "of /proc only the descriptors 0, 1 and 2 of /proc/self/fd exist",
    "a socket": "there is no network",
    "the frames below it": "what runs a program are frames, too; they don't count towards the limit of recursion",
    "permissions of its own file": "no permissions, owners, times or links by name are changed",
    "another package that is installed": "closed unless egca.sandbox.packages names it; it gets no verdict, not a failure",
    "200 open files": "egca.sandbox.open_files, 64 by default",
    "4 GB of address space": "egca.sandbox.memory_bytes, 1 GB by default",
}
NOT_WRITABLE = "no file can be written, since files would fill the machine's disk"
WITHOUT_FILES = dict.fromkeys(
    (
        *("its own text", "a file of its own", "a module of its own", "tempfile", "os.listdir", "cProfile of __main__"),
        *("a pool of threads of multiprocessing", "the user's locale"),
    ),
    NOT_WRITABLE,
)
