"""A program with probes does what it does without: features of the language one by one, then random programs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .traced_runs import plain, traced

FEATURES = {
    "generators": [
        "def g(n):\n    for i in range(n):\n        x = yield i\n        print(x)\nit = g(3)\nnext(it)\nprint(it.send(5), list(it))",
        "def g():\n    try:\n        yield 1\n        yield 2\n    finally:\n        print('closed')\nit = g()\nprint(next(it))\nit.close()",
        "def g():\n    try:\n        yield 1\n    except ValueError as e:\n        print('got', e)\n        yield 9\nit = g()\nnext(it)\nprint(it.throw(ValueError('v')))\nnext(it)",
        "def inner():\n    x = yield 1\n    return x * 2\ndef outer():\n    r = yield from inner()\n    print(r)\n    yield\nit = outer()\nnext(it)\nprint(it.send(4))",
        "def g():\n    yield 1\n    return\nresult = list(g())",
        "def g():\n    raise StopIteration\n    yield\nlist(g())",
        "def g(xs):\n    yield from (x * 2 for x in xs if x)\nresult = sum(g([0, 1, 2]))",
    ],
    "comprehensions": [
        "print([x * y for x in range(4) if x % 2 for y in range(3) if y], {k: k for k in 'ab'}, {i for i in (1, 1)})",
        "class A:\n    n = 3\n    xs = [i for i in range(n)]\nprint(A.xs)",
        "result = [1 // x for x in (2, 1, 0)]",
        "xs = [[1, 2], [3]]\nresult = [y if y > 1 else -y for x in xs for y in x], next(x for x in xs if len(x) == 1)",
    ],
    "closures": [
        "def outer():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    return inner\nf = outer()\nprint(f(), f())",
        "fs = []\nfor i in range(3):\n    def f(i=i):\n        return i\n    fs.append(f)\nprint([f() for f in fs])",
        "def f():\n    x = 1\n    def g():\n        return x\n    del x\n    return g\nf()()",
        "def f(x):\n    return (lambda: x), f.__code__.co_cellvars, f.__code__.co_varnames\nprint(f(1)[1:])",
    ],
    "recursion": [
        "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nprint(fib(12))",
        "def depth(n):\n    return 0 if n == 0 else 1 + depth(n - 1)\nprint(depth(700))",
        "def a(n):\n    return n == 0 or b(n - 1)\ndef b(n):\n    return n != 0 and a(n - 1)\nprint(a(10), a(7))",
    ],
    "classes": [
        "class A:\n    x = 1\n    def __init__(self, y):\n        self.y = y\n    @property\n    def z(self):\n        return self.x + self.y\n    @staticmethod\n    def s(): return 's'\nclass B(A):\n    def __init__(self):\n        super().__init__(4)\nprint(B().z, B.s(), B.__qualname__, A.__init__.__code__.co_varnames)",
        "class A:\n    __n = 1\n    def f(self, __x):\n        __y = __x + self.__n\n        self.__z = __y\n        for __i in range(2):\n            __y += __i\n        return __y, self.__dict__\nprint(A().f(2))",
        "class A:\n    __slots__ = ('a', 'b')\n    def __init__(self):\n        self.a = 1\n        a = self\nx = A()\nx.b = 2\nx.c = 3",
        "class Names(dict):\n    def __missing__(self, k):\n        print('missing', k)\n        if k.startswith('_'): raise KeyError(k)\n        return len(k)\nclass M(type):\n    @classmethod\n    def __prepare__(m, *a): return Names()\n    def __new__(m, n, b, d): return type.__new__(m, n, b, dict(d))\nclass A(metaclass=M):\n    if 1 < 2:\n        x = abc\nprint(A.x, sorted(k for k in vars(A) if not k.startswith('__')))",
        "from enum import Enum, IntEnum\nclass C(Enum):\n    R = 1\n    G = 2\nclass D(IntEnum):\n    X = 1\nc = C.R\nd = D.X\nprint([m for m in C], c, d + 1)",
        "from dataclasses import dataclass\n@dataclass(order=True)\nclass P:\n    x: int\n    y: int = 0\np = P(1)\nprint(p, p < P(2), P.__annotations__)",
        "class A:\n    def f(self):\n        return 1\n    class B:\n        def g(self):\n            return A().f()\n    print('body')\n    for i in range(2):\n        print(i)\nprint(A.B().g(), A.i)",
        "class A:\n    x = 1 / 0",
    ],
    "exceptions": [
        "def f(x):\n    try:\n        return 1 / x\n    except ZeroDivisionError as error:\n        return str(error)\n    else:\n        return 'no'\n    finally:\n        print('last')\nprint(f(0), f(2))\ntry:\n    raise ValueError('v') from KeyError('k')\nexcept ValueError as e:\n    print(repr(e.__cause__), e.__suppress_context__)",
        "def f():\n    try:\n        raise KeyError(1)\n    except KeyError:\n        raise ValueError(2)\ntry:\n    f()\nexcept ValueError as e:\n    print(repr(e.__context__))\ne",
        "def f():\n    try:\n        g()\n    finally:\n        print('cleanup')\ndef g():\n    x = [1]\n\n    return x[5]\nf()",
        "import sys\ndef f():\n    print(sys.exc_info())\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        print(sys.exc_info()[0])\n        try:\n            raise\n        except Exception as e:\n            print(repr(e), repr(e.__context__))\n    print(sys.exc_info())\nf()",
        "import traceback\ndef f():\n    return int(\n        'x'\n    )\ntry:\n    f()\nexcept ValueError as e:\n    print([(t.lineno, t.name) for t in traceback.extract_tb(e.__traceback__) if t.filename == '<program>'])",
        "class E(Exception):\n    def __eq__(self, o): print('eq'); return True\n    def __str__(self): print('str'); return 'e'\n    __hash__ = None\ntry:\n    raise E(1)\nexcept E as e:\n    print('caught')\nraise E(2)",
        "try:\n    raise ExceptionGroup('g', [ValueError(1), KeyError(2)])\nexcept* ValueError as e:\n    print(e.exceptions)\nexcept* KeyError:\n    print('key')",
        "def f():\n    for i in range(3):\n        try:\n            if i == 1: continue\n            if i == 2: break\n        finally:\n            print('f', i)\n    return i\nprint(f())\nassert f() == 3, 'no'",
        "raise SystemExit(3)",
        "def f():\n    try:\n        return 1\n    finally:\n        return 2\nprint(f())\nx = undefined",
        "def f(x):\n    del x\n    return x\nf(1)",
        "try:\n    pass\nexcept (1 if True else 2):\n    pass\ne = ValueError('kept')\ndef f(): raise e\nfor i in range(2):\n    try:\n        f()\n    except ValueError as x:\n        print(x is e)",
    ],
    "walrus": [
        "if (n := 10) > 5:\n    print(n)\nwhile (n := n - 4) > 0:\n    print(n)\nprint([y := 1, y ** 2])",
        "def f(xs):\n    return [last := x for x in xs], last\nprint(f([1, 2]))",
        "result = any((hit := x) > 2 for x in (1, 3, 5)), hit",
    ],
    "match": [
        "def f(v):\n    match v:\n        case [x, *rest] if x: return x, rest\n        case {'k': k, **more}: return k, more\n        case str() as s: return s\n        case int(n) | [n]: return n\n        case _: return None\nprint(f([1, 2]), f({'k': 3, 'l': 4}), f('s'), f(0), f([0]), f(None))",
        "class P:\n    __match_args__ = ('x',)\n    def __init__(self, x): self.x = x\nmatch P(3):\n    case P(x=0): print('zero')\n    case P(x): print(x)\nmatch x:\n    case 3 if (y := x + 1) > 4: print('no')\n    case z: print(y, z)",
    ],
    "decorators": [
        "def d(f):\n    def w(*a, **k):\n        return f(*a, **k) + 1\n    return w\n@d\ndef g(x, *, y=2): return x * y\nprint(g(3, y=4))",
        "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f(n):\n    print('run', n)\n    return n\nprint(f(1), f(1))",
        "@(lambda f: f() if True else 0)\ndef x():\n    return 5\nprint(x)",
        "@undefined\n\ndef f():\n    pass",
    ],
    "nonlocal and global": [
        "n = 1\ndef f():\n    global n, m\n    n += 1\n    m = n\nf()\nprint(n, m)",
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        del x\n    g()\n    x = 2\n    y = [x]\n    g()\n    return x\nf()",
        "xs = [1]\ndef drop(v):\n    global xs\n    del xs\ndrop(xs)\nprint('xs' in globals())",
        "xs = [1]\ndef drop(v):\n    globals().pop('xs')\ndrop(xs)\nprint('gone')",
    ],
    "slices": [
        "xs = list(range(9))\nxs[2:5] = [0]\nxs[::2] = [9] * len(xs[::2])\ndel xs[0]\nprint(xs)\ndel xs[:], xs\nxs",
        "d = {'a': [1, 2]}\nd['a'][0] += 5\nd['b'] = d.pop('a')\ndel d['b'][0]\nprint(d)\nd['a'][0] = 1",
    ],
    "chained comparison": [
        "def p(x):\n    print('p', x)\n    return x\nprint(p(1) < p(3) < p(2) < p(9), 1 < 2 > 0)",
        "if 1 < 3 < 2: print('no')\nelif 1 < 2 <= 2 != 3: print('yes')",
    ],
    "short circuit": [
        "def p(x):\n    print('p', x)\n    return x\nif p(0) and p(1) or p(2):\n    print('yes')\nprint(p([]) or p(''))",
        "x = None\nprint(x and x.y, x is None or x.y, not (x or 0))",
    ],
    "else of loops": [
        "for i in range(3):\n    if i == 5: break\nelse:\n    print('none')\nwhile False: pass\nelse:\n    print('w')",
        "def f(n):\n    while n:\n        n -= 1\n        if n == 2: break\n    else:\n        return 'else'\n    return 'broke'\nprint(f(1), f(5))",
    ],
    "starred targets": [
        "a, *b, c = range(5)\n[x, (y, *z)] = 1, (2, 3)\nprint(a, b, c, x, y, z)\nfor i, (j, *k) in enumerate([(1, 2), (3,)]):\n    print(i, j, k)",
        "def f(*a, k=1, **m):\n    return a, k, m\nprint(f(*[1, 2], **{'k': 3, 'z': 4}))\na, *b = ()",
    ],
    "with": [
        "from contextlib import contextmanager\n@contextmanager\ndef c():\n    print('in')\n    yield 5\n    print('out')\nwith c() as x, c() as y:\n    print(x + y)",
        "class C:\n    def __enter__(self): return 1, 2\n    def __exit__(self, kind, e, tb):\n        print(kind, tb.tb_lineno)\n        return True\ndef f():\n    with C() as (a, b):\n        print(a, b)\n        1 / 0\n    return 'after'\nprint(f())",
    ],
    "async": [
        "import asyncio\nasync def g():\n    for i in range(2):\n        yield i\n    return\nasync def f():\n    async for i in g():\n        print(i)\n    return [i async for i in g()]\nprint(asyncio.run(f()))",
        "import asyncio\nclass C:\n    async def __aenter__(self): return 1\n    async def __aexit__(self, *a): print('exit')\nasync def f():\n    async with C() as c:\n        await asyncio.sleep(0)\n        raise ValueError(c)\nasyncio.run(f())",
    ],
    "lambdas": [
        "f = lambda x, y=(lambda: 2)(): x if x else y\nprint(f(0), f(1), f.__name__)",
        "print(sorted('bca', key=lambda c: -ord(c)), (lambda *a: a)(1, 2))\n(lambda: 1 / 0)()",
        "g = lambda: (yield 1)\nprint(list(g()))",
    ],
    "docstrings and annotations": [
        'def f():\n    """Doc."""\n    return 1\nprint(f.__doc__, f())\ndef g():\n    """Only."""\nclass A:\n    """Of a class."""\nprint(g.__doc__, g(), A.__doc__)',
        "'''Of the module.'''\nfrom __future__ import annotations\nx: (1 if y else 2) = 3\ndef f(x: (lambda: 0)) -> (1 if x else 2): return x\nprint(f(1), f.__annotations__, __annotations__, __doc__)",
        "for x, in [(1,)]:\n    print(x)\nx: int\ny: int = 3\nprint(y, __annotations__)",
    ],
    "names of its own": [
        "x = 1\ndef f(a):\n    b = 2\n    return sorted(locals()), sorted(vars())\nprint(f(1), sorted(k for k in globals() if not k.startswith('__builtins')), dir())",
        "exec('y = 5')\nprint(y, eval('y + 1'))\nclass A:\n    z = 1\n    names = sorted(locals())\nprint(A.names, sorted(vars(A)))",
        "import sys\ndef f():\n    frame = sys._getframe()\n    return frame.f_lineno, frame.f_code.co_name, frame.f_back.f_lineno\nprint(f())",
        "print = lambda *a: None\nprint(1)\nimport builtins\nbuiltins.print(2)",
        "import io, contextlib, sys\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    print('inside')\nsys.stdout.write('w\\n')\nprint(repr(out.getvalue()), 1, 2, sep='-', end='!')\nprint(file=sys.stdout, flush=True)",
    ],
    "objects with methods of their own": [
        "class T:\n    def __bool__(self):\n        print('bool')\n        return True\nif T(): print('in')\nwhile T():\n    break\nprint(1 if T() else 2, [1 for _ in 'a' if T()])",
        "class T:\n    def __bool__(self): return 3\nif T(): pass",
        "class H:\n    def __eq__(self, o): print('eq'); return True\n    def __repr__(self): print('repr'); return 'h'\n    def __hash__(self): print('hash'); return 1\n    def __len__(self): print('len'); return 1\n    def __iter__(self): print('iter'); return iter([])\n    def __getattr__(self, n): print('get', n); raise AttributeError(n)\nh = H()\nxs = [h]\nys = xs\nd = {h: 1}\nd.update({})\nprint('end')",
        "class H:\n    def __getattribute__(self, n): print('attribute', n); return object.__getattribute__(self, n)\n    @property\n    def __class__(self): print('class'); return int\n    @property\n    def __dict__(self): print('dict'); return {}\nh = H()\nx = [h, h]\nx.append(h)\nprint('end')",
        "class M(type):\n    def __eq__(self, o): print('eq'); return True\n    def __hash__(self): print('hash'); return 1\n    def __getattribute__(self, n): print('get', n); return type.__getattribute__(self, n)\n    def __instancecheck__(self, o): print('instance'); return True\n    def __subclasscheck__(self, o): print('subclass'); return True\nclass A(list, metaclass=M):\n    def __iter__(self): print('iter'); return iter(())\na = A()\nb = [a]\nc = A\nb.append(a)\nprint('end')",
        "class S(str):\n    def __repr__(self): print('repr'); return 'x'\n    def __str__(self): print('str'); return 'y'\nclass I(int):\n    def __int__(self): print('int'); return 7\n    def __index__(self): print('index'); return 7\n    def __neg__(self): print('neg'); return 7\ns = S('a')\ni = I(3)\nd = {s: i}\nt = [d]\nt.sort()\nprint('end')",
        "it = iter([1, 2, 3])\nm = map(str, it)\nprint(list(m))",
        "class D:\n    def __del__(self): print('del')\ndef f():\n    d = D()\n    print('in')\nf()\nprint('out')",
    ],
}


@pytest.mark.parametrize(
    "source", [pytest.param(one, id=f"{name} {i}") for name, some in FEATURES.items() for i, one in enumerate(some)]
)
def test_probes_change_neither_output_nor_result_nor_the_lines_of_a_traceback(source):
    expected = plain(source)
    outcome, trace = traced(source)
    assert outcome == expected
    assert trace.executed
    assert not trace.cut


@pytest.mark.parametrize(
    "source", ["def f(n):\n    return f(n + 1)\nf(0)\n", "f = lambda n: f(n)\nf(1)\n", "class A:\n    def __repr__(self):\n        return repr(self)\nrepr(A())\n"]
)  # fmt: skip
def test_endless_recursion_ends_in_the_same_exception(source):
    assert traced(source)[0].error.split(":")[0] == plain(source).error.split(":")[0] == "RecursionError"


# ------------------------------------------------------------ random programs

NAMES = "abcd"
LISTS = "xy"


def _indented(block):
    return ["    " + line for line in block]


class _Writer:
    """Writes programs that end: loops are short, and nothing that recurses is called from an expression."""

    def __init__(self, random, called=("helper", "gen")):
        self._random, self._called = random, called
        self._left = 25  # statements

    def one_of(self, *choices):
        return self._random.choice(choices)

    def expression(self, depth=2):
        if depth == 0:
            return self.one_of(*NAMES, "0", "1", "2", "-1", "True", "len(x)", "len(y)")
        e, name, xs = (lambda: self.expression(depth - 1)), self.one_of(*NAMES), self.one_of(*LISTS)
        return self.one_of(
            e,
            lambda: f"({e()} + {e()})",
            lambda: f"({e()} - {e()})",
            lambda: f"({e()} * {e()}) % 7",
            lambda: f"({e()} // {e()})",
            lambda: f"({e()} < {e()} <= {e()})",
            lambda: f"({e()} and {e()} or {e()})",
            lambda: f"({e()} if {e()} else {e()})",
            lambda: f"(not {e()})",
            lambda: f"({name} := {e()})",
            lambda: f"{xs}[{e()}]",
            lambda: f"sum([i for i in {xs} if i > {self.expression(0)}])",
            lambda: f"sum(i + j for i in {xs}[:3] for j in range(2))",
            lambda: f"(lambda q: q + {e()})({e()})",
            lambda: f"helper({e()})",
            lambda: f"next(gen({e()}), {e()})" if "gen" in self._called else e(),
            lambda: f"max({{i: {name} for i in {xs}}}, default={e()})",
        )()

    def block(self, depth, loop=False):
        return [line for _ in range(self.one_of(1, 2, 3)) for line in self.statement(depth, loop)]

    def statement(self, depth, loop):
        e, name, other, xs = self.expression, self.one_of(*NAMES), self.one_of(*NAMES), self.one_of(*LISTS)
        self._left -= 1
        simple = (
            lambda: [f"{name} = {e()}"],
            lambda: [f"{name} += {e()}"],
            lambda: [f"print({name}, {e()})"],
            lambda: [f"print({e()}, end=' ')"],
            lambda: [f"{xs}.append({e()})"],
            lambda: [f"{xs}[{e()}] = {name}"],
            lambda: [f"{xs}[1:2] = [{e()}, {name}]"],
            lambda: [f"{name} = {xs}.pop()"],
            lambda: [f"{name}, *{xs} = [{e()}, *{xs}]"],
            lambda: [f"[{name}, ({other}, *_)] = {e()}, (1, 2, 3)"],
            lambda: [f"del {name}"],
            lambda: [f"assert {e()}, {name}"],
            lambda: [f"raise [ValueError, KeyError][{e()} > 1]({name})"],
            lambda: [e()],
            lambda: [self.one_of("break", "continue") if loop else self.one_of("return", f"return {e()}")],
        )
        if depth == 0 or self._left < 0:
            return self.one_of(*simple)()

        def inner(loop=loop):
            return _indented(self.block(depth - 1, loop))

        pairs = f"gen({e()})" if "gen" in self._called else "range(5)"

        def tried():
            caught = ["except Exception as e:", f"    print(type(e).__name__, {name})", "else:", *inner()]
            first = ["try:", *inner(), "except NameError:", "    print('name')", "    raise"]
            return [*first, *caught, "finally:", f"    print('finally', {e(1)})"]

        def matched():
            first = [f"    case [0, {name}] | [{name}, 0] if {name}:", *_indented(inner())]
            second = [f"    case [int(), *{xs}]:", *_indented(inner())]
            return [f"match [{e()}, {name}]:", *first, *second, f"    case {other}:", f"        print({other})"]

        def defined():
            outer = f"    nonlocal {', '.join(sorted(set(NAMES) - {other}))}"
            return [f"def inner({other}, *, _q={e(1)}):", outer, *inner(False), f"{name} = inner({e()})"]

        def of_a_class():
            method = [f"    def m(self, {other}):", f"        self.w = {e(1)}", f"        return self.__v, {other}"]
            return [f"class C{name}:", f"    __v = {e()}", *method, f"print(C{name}().m({e()}))"]

        compound = (
            lambda: [f"if {e()}:", *inner()],
            lambda: [f"if {e()}:", *inner(), "else:", *inner()],
            lambda: [f"for {name} in range(3):", *inner(True), "else:", *inner()],
            lambda: [f"for {name}, {other} in zip({xs}[:3], {pairs}):", *inner(True)],
            lambda: [f"while step() and {e()}:", *inner(True), "else:", *inner()],
            lambda: ["try:", *inner(), f"except (ValueError, IndexError) as {name}:", *inner()],
            lambda: [f"with context({e()}) as {name}:", *inner()],
            tried,
            matched,
            defined,
            of_a_class,
        )
        return self.one_of(*simple, *compound, *compound)()


def a_program(random):
    write = _Writer(random)
    return "\n".join(
        [
            "from contextlib import contextmanager",
            "steps = 0",
            "def step():",
            "    global steps",
            "    steps += 1",
            "    return steps < 20",
            "@contextmanager",
            "def context(v):",
            "    print('enter')",
            "    try:",
            "        yield v",
            "    finally:",
            "        print('exit')",
            "def helper(a, b=2):",
            "    return a + b if a else b",
            "def gen(a):",
            "    b = c = d = 1",
            "    x, y = [1, 2], [a]",
            "    for i in range(2):",
            "        b = yield i",
            *_indented(_indented(_Writer(random, called=("helper",)).block(1, True))),
            "def f(a, b, c, d, x, y):",
            *_indented(write.block(3)),
            "    return a, b, c, d, x, y",
            "result = f(1, 2, 0, 3, [1, 2, 3], [0, 5])",
            "print(result)",
        ]
    )


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_a_random_program_does_the_same_with_probes(random):
    source = a_program(random)
    expected = plain(source)
    outcome, trace = traced(source)
    assert outcome == expected, source
    assert trace.executed
