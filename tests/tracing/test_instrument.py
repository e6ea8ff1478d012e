"""Probes do not change what a program does, and say what it did."""

import ast
import io
import os
from contextlib import redirect_stdout

import pytest

from verl_egca.data.formats import load_problems
from verl_egca.source import SourceText
from verl_egca.tracing import child
from verl_egca.tracing.instrument import instrument
from verl_egca.tracing.trace import decode

PROGRAMS = {
    "generators": "def g(n):\n    for i in range(n):\n        x = yield i\n        print(x)\nit = g(3)\nnext(it)\nprint(it.send(5), list(it))",
    "comprehensions": "print([x * y for x in range(4) if x % 2 for y in range(3) if y], {k: k for k in 'ab'}, {i for i in (1, 1)})",
    "closures": "def outer():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    return inner\nf = outer()\nprint(f(), f())",
    "recursion": "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nprint(fib(12))",
    "classes": "class A:\n    x = 1\n    def __init__(self, y):\n        self.y = y\n    @property\n    def z(self):\n        return self.x + self.y\n    @staticmethod\n    def s(): return 's'\nclass B(A):\n    def __init__(self):\n        super().__init__(4)\nprint(B().z, B.s(), B.__qualname__, A.__init__.__code__.co_varnames)",
    "exceptions": "def f(x):\n    try:\n        return 1 / x\n    except ZeroDivisionError as error:\n        return str(error)\n    else:\n        return 'no'\n    finally:\n        print('last')\nprint(f(0), f(2))\ntry:\n    raise ValueError('v') from KeyError('k')\nexcept ValueError as e:\n    print(repr(e.__cause__))",
    "walrus": "if (n := 10) > 5:\n    print(n)\nwhile (n := n - 4) > 0:\n    print(n)\nprint([y := 1, y ** 2])",
    "match": "def f(v):\n    match v:\n        case [x, *rest] if x: return x, rest\n        case {'k': k}: return k\n        case str() as s: return s\n        case _: return None\nprint(f([1, 2]), f({'k': 3}), f('s'), f(0))",
    "decorators": "def d(f):\n    def w(*a, **k):\n        return f(*a, **k) + 1\n    return w\n@d\ndef g(x, *, y=2): return x * y\nprint(g(3, y=4))",
    "globals": "n = 1\ndef f():\n    global n\n    n += 1\nf()\nprint(n)",
    "slices": "xs = list(range(9))\nxs[2:5] = [0]\nxs[::2] = [9] * len(xs[::2])\ndel xs[0]\nprint(xs)",
    "chained comparison": "def p(x):\n    print('p', x)\n    return x\nprint(p(1) < p(3) < p(2) < p(9), 1 < 2 > 0)",
    "short circuit": "def p(x):\n    print('p', x)\n    return x\nif p(0) and p(1) or p(2):\n    print('yes')\nprint(p([]) or p(''))",
    "else of loops": "for i in range(3):\n    if i == 5: break\nelse:\n    print('none')\nwhile False: pass\nelse:\n    print('w')",
    "starred targets": "a, *b, c = range(5)\n[x, (y, *z)] = 1, (2, 3)\nprint(a, b, c, x, y, z)\nfor i, (j, *k) in enumerate([(1, 2), (3,)]):\n    print(i, j, k)",
    "with": "from contextlib import contextmanager\n@contextmanager\ndef c():\n    print('in')\n    yield 5\n    print('out')\nwith c() as x, c() as y:\n    print(x + y)",
    "docstrings": 'def f():\n    """Doc."""\n    return 1\nprint(f.__doc__, f())',
    "future": "from __future__ import annotations\ndef f(x: Unknown): return x\nprint(f(1))",
    "async": "import asyncio\nasync def g():\n    for i in range(2):\n        yield i\nasync def f():\n    async for i in g():\n        print(i)\n    return [i async for i in g()]\nprint(asyncio.run(f()))",
    "truth runs once": "class T:\n    def __bool__(self):\n        print('bool')\n        return True\nif T(): print('in')\nwhile T():\n    break\nprint(1 if T() else 2)",
    "objects with hostile methods": "class H:\n    def __eq__(self, o): print('eq'); return True\n    def __repr__(self): print('repr'); return 'h'\n    def __hash__(self): print('hash'); return 1\n    def __len__(self): print('len'); return 1\n    def __iter__(self): print('iter'); return iter([])\n    def __getattr__(self, n): print('get', n); raise AttributeError(n)\nh = H()\nxs = [h]\nys = xs\nprint('end')",
    "an iterator is not consumed": "it = iter([1, 2, 3])\nm = map(str, it)\nprint(list(m))",
    "tuples of one": "for x, in [(1,)]:\n    print(x)\nx: int\ny: int = 3\nprint(y)",
    "lambdas": "f = lambda x, y=(lambda: 2)(): x if x else y\nprint(f(0), f(1))",
    "nested functions in loops": "fs = []\nfor i in range(3):\n    def f(i=i):\n        return i\n    fs.append(f)\nprint([f() for f in fs])",
}


def printed(run):
    out = io.StringIO()
    with redirect_stdout(out):
        try:
            run()
        except Exception as error:
            print(type(error).__name__, error)
    return out.getvalue()


def traced(source, max_events=100_000):
    """(what it printed, its trace)."""
    sink = os.memfd_create("trace")
    try:
        out = printed(lambda: (child.load(source, {"__name__": "program"}, sink, max_events), child.flush()))
        child.flush()
        return out, decode(os.pread(sink, 1 << 24, 0))
    finally:
        os.close(sink)
        child._recorder = None


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_program_prints_what_it_printed_without_probes(source):
    plain = printed(lambda: exec(compile(source, "<program>", "exec", dont_inherit=True), {"__name__": "program"}))
    out, trace = traced(source)
    assert out == plain
    assert trace.executed


def test_every_reference_of_humaneval_still_passes_its_tests(sandbox, shared_data):
    for problem in load_problems(shared_data / "HumanEval.jsonl.gz")[::3]:
        verdict, data = sandbox.trace(problem, problem.reference, 0)
        events = decode(data).events
        assert events, problem.task_id
        assert verdict.passed or len(events) == 20_000, problem.task_id  # a longer trace ends the process


def test_probes_name_the_line_of_the_program_in_a_traceback():
    source = "def f(x):\n    y = x\n\n    return 1 / y\nf(0)\n"
    tree, _ = instrument(ast.parse(source), SourceText(source))
    with pytest.raises(ZeroDivisionError) as raised:
        exec(compile(tree, "<program>", "exec"), {"__egca__": child.Recorder(os.memfd_create("t"), 9, 99)})
    lines = []
    at = raised.value.__traceback__
    while at is not None:
        lines += [at.tb_lineno] if at.tb_frame.f_code.co_filename == "<program>" else []
        at = at.tb_next
    assert lines == [5, 4]


def test_events_tell_what_was_bound_branched_mutated_and_returned():
    source = "def f(xs):\n    t = 0\n    for x in xs:\n        if x > 1:\n            t += x\n    ys = []\n    ys.append(t)\n    return ys\nf([1, 2])\n"
    _, trace = traced(source)
    told = [(e.place.line, e.kind, e.name, e.text) for e in trace.events if e.function == "f"]
    assert told == [
        (1, "argument", "xs", "[1, 2]"),
        (2, "let", "t", "0"),
        (3, "item", "x", "1"),
        (4, "branch", "", "False"),
        (3, "item", "x", "2"),
        (4, "branch", "", "True"),
        (5, "let", "t", "2"),
        (6, "let", "ys", "[]"),
        (7, "mutated", "ys", "[2]"),
        (8, "return", "", "[2]"),
    ]


def test_an_endless_loop_leaves_the_start_of_its_trace(sandbox):
    from problems import assertion_problem

    program = "def f(n):\n    i = 0\n    while i < n:\n        j = i\n    return j\n"
    _, data = sandbox.trace(assertion_problem("assert f(3) == 3"), program, 0, max_events=500)
    trace = decode(data)
    assert 400 <= len(trace.events) <= 500
    assert [e.kind for e in trace.events[:4]] == ["argument", "let", "branch", "let"]


def test_a_trace_from_a_hostile_process_is_cut_where_it_stops_making_sense():
    good = b'[["f", 1, 0, 1, 5]]\n[0]\n[0,"let","x","1","1"]\n'
    assert len(decode(good + b'[0,"let","y","2","2"]\n').events) == 2
    for bad in (
        b"nonsense",
        b"[7]\n",
        b'[0,"what","x","1","1"]',
        b"[" * 100_000,
        b'[-1]\n[0,"let","x","1","1"]',
        b"\xff\n",
    ):
        assert len(decode(good + bad + b'\n[0,"let","y","2","2"]\n').events) == 1
    for bad in (b"", b"[]", b'[["f",1]]\n[0]\n', b"{}", b"[" * 100_000):
        assert decode(bad).events == ()
