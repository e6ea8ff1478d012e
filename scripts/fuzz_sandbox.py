#!/usr/bin/env python
"""Mutated references, judged by the sandbox and by a plain run.

    .venv/bin/python scripts/fuzz_sandbox.py --problems HumanEval.jsonl.gz --problems mbpp.jsonl --count 10000 --seed 0

A plain run executes program and tests in one namespace of a new process. If it ends by itself, both must agree whether
the program passes. Prints every disagreement; the exit status is 1 if one is of no known kind (see `Kind`).
"""

from __future__ import annotations

import ast
import copy
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from verl_egca.data.formats import load_problems
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome, Verdict
from verl_egca.problem import AssertionTests, Problem

CPU_SECONDS = 1.0
LIMITS = Limits(cpu_seconds=CPU_SECONDS, wall_seconds=3.0, memory_bytes=1 << 29)
PLAIN_CPU_SECONDS = CPU_SECONDS / 2  # past half of the sandbox's limit, results depend on speed: not compared


class Kind(StrEnum):
    AGREE = "both agree"
    NOT_COMPARED = "the plain run does not end by itself"
    UNSUPPORTED = "unsupported, and says so"
    STATE = "a case passes alone, and says so"
    REDEFINED = "the tests' set-up redefines a helper that the program keeps as its own"
    STRICTER = "tests that accept StopIteration as the end of a loop"
    DISAGREE = "DISAGREE"


@dataclass(frozen=True)
class Compared:
    kind: Kind
    problem: Problem
    program: str
    plain: str
    verdict: Verdict


def main(
    problems: Annotated[list[Path], typer.Option(help="HumanEval's and MBPP's rows")],
    count: Annotated[int, typer.Option(help="number of programs")] = 10_000,
    seed: int = 0,
    workers: int = 2,
) -> None:
    read = [problem for path in problems for problem in load_problems(path)]
    totals: Counter[Kind] = Counter()
    outcomes: Counter[str] = Counter()
    for compared in fuzz(read, count, seed, workers):
        totals[compared.kind] += 1
        first = compared.verdict.first_failure
        outcomes[first.outcome if first else "passed"] += 1
        if compared.kind in (Kind.DISAGREE, Kind.STATE, Kind.STRICTER, Kind.REDEFINED):
            print(f"==== {compared.kind}: {compared.problem.task_id}: plain {compared.plain!r}, sandbox {first}")
            print(compared.program, flush=True)
    for kind, number in totals.most_common():
        print(f"{number:6d}  {kind}")
    print("sandbox:", ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common()))
    if totals[Kind.DISAGREE]:
        raise SystemExit(1)


def fuzz(problems: list[Problem], count: int, seed: int, workers: int = 2) -> Iterator[Compared]:
    """``count`` mutated references, each judged both ways."""
    fit = [problem for problem in problems if problem.reference and isinstance(problem.tests, AssertionTests)]
    rng = random.Random(seed)
    todo = []
    for number in range(count):
        problem = fit[number % len(fit)]
        todo.append((problem, mutated(problem.reference or "", problem.entry_point or "", rng)))
    with Sandbox(LIMITS, workers) as sandbox, PlainRunner() as plain, ThreadPoolExecutor(workers) as threads:
        for start in range(0, count, 200):
            batch = todo[start : start + 200]
            verdicts = threads.map(lambda item: sandbox.run(*item), batch)
            plains = [plain.run(problem, program) for problem, program in batch]
            for (problem, program), said, verdict in zip(batch, plains, verdicts, strict=True):
                yield Compared(_compared(problem, program, said, verdict), problem, program, said, verdict)


def _compared(problem: Problem, program: str, plain: str, verdict: Verdict) -> Kind:
    assert isinstance(problem.tests, AssertionTests)
    outcomes = {case.outcome for case in verdict.cases}
    if plain == "timeout" or Outcome.INFRASTRUCTURE in outcomes:
        return Kind.NOT_COMPARED if plain == "timeout" else Kind.DISAGREE
    if (plain == "passed") == verdict.passed:
        return Kind.AGREE
    if Outcome.UNSUPPORTED in outcomes:
        return Kind.UNSUPPORTED
    if plain == "passed" and "StopIteration" in program:
        return Kind.STRICTER
    if _defined(problem.tests.setup) & _defined(program) - {problem.entry_point}:
        return Kind.REDEFINED
    if any(case.passes_alone for case in verdict.cases):
        return Kind.STATE
    return Kind.DISAGREE


def _defined(source: str) -> set[str]:
    try:
        return {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    except (SyntaxError, ValueError):
        return set()


# ------------------------------------------------------------------------------------------------------------ mutation


def mutated(source: str, entry: str, rng: random.Random) -> str:
    """The program with one to three small edits, or none."""
    tree = ast.parse(source)
    for _ in range(rng.choice((0, 1, 1, 1, 1, 2, 2, 3))):
        edit = rng.choice(_EDITS)
        nodes = list(ast.walk(tree))
        rng.shuffle(nodes)
        for node in nodes:
            if edit(node, tree, rng):
                break
    try:
        text = ast.unparse(ast.fix_missing_locations(tree))
    except (ValueError, RecursionError, AttributeError, TypeError):
        return source
    wrap = rng.random()
    if wrap < 0.06:
        text += f"\n_{entry}_plain = {entry}\ndef {entry}(*a, **k):\n    return {rng.choice(_WRAPPERS)}(_{entry}_plain(*a, **k))\n"
    elif wrap < 0.08:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(("", " ", "(", "\n", "x", "0", "\0", ":", "é")) + text[at + rng.randrange(3) :]
    return text


_WRAPPERS = ("list", "tuple", "str", "iter", "float", "int", "bool", "set", "frozenset", "sorted", "repr", "lambda x: x", "lambda x: [x]", "lambda x: (x,)",
             "lambda x: type('int', (int,), {})(x)", "lambda x: type('list', (list,), {})(x)", "lambda x: (yield_ for yield_ in x)", "lambda x: x + 0", "lambda x: x or None",
             "lambda x: __import__('decimal').Decimal(x)", "lambda x: __import__('fractions').Fraction(x)", "lambda x: __import__('collections').deque(x)", "lambda x: __import__('collections').Counter(x)",
             "lambda x: dict(enumerate(x))", "dict.fromkeys", "complex", "bytes", "range", "reversed", "lambda x: {x: x}", "lambda x: x if x else print(x)")  # fmt: skip
_COMPARES = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.BitXor, ast.BitAnd, ast.BitOr)
_STATEMENTS = (
    *(
        "raise ValueError('x')",
        "raise StopIteration",
        "raise AssertionError",
        "raise KeyError(1)",
        "raise SystemExit(0)",
    ),
    *("while True: pass", "return None", "return", "yield 1", "assert False", "print('x')", "pass", "1 / 0"),
    *(
        "import random; random.seed(5)",
        "import os; os._exit(0)",
        "global zz; zz = 1",
        "del zz",
        "import sys; sys.exit()",
    ),
)


def _operator(node: ast.AST, tree: ast.Module, rng: random.Random) -> bool:
    if isinstance(node, ast.BinOp | ast.AugAssign):
        node.op = rng.choice(_OPERATORS)()
        return True
    return False


def _comparison(node: ast.AST, tree: ast.Module, rng: random.Random) -> bool:
    if isinstance(node, ast.Compare):
        node.ops[rng.randrange(len(node.ops))] = rng.choice(_COMPARES)()
        return True
    return False


def _constant(node: ast.AST, tree: ast.Module, rng: random.Random) -> bool:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, str, bool):
        changes: dict[type, list[Any]] = {
            int: [0, 1, -1, 2, node.value if isinstance(node.value, str) else node.value + 1, 10**20, 1.5, None],
            str: ["", "x", " ", str(node.value)[::-1], str(node.value) + "a", None, 0],
        }
        node.value = rng.choice(changes[str if type(node.value) is str else int])
        return True
    return False


def _name(node: ast.AST, tree: ast.Module, rng: random.Random) -> bool:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        node.id = rng.choice([n.id for n in ast.walk(tree) if isinstance(n, ast.Name)])
        return True
    return False


def _arguments(node: ast.AST, tree: ast.Module, rng: random.Random) -> bool:
    if isinstance(node, ast.Call) and node.args:
        if len(node.args) > 1 and rng.random() < 0.7:
            node.args.reverse()
        else:
            node.args.pop()
        return True
    return False


def _block(
    change: Callable[[list[ast.stmt], random.Random], None],
) -> Callable[[ast.AST, ast.Module, random.Random], bool]:
    def edit(node: ast.AST, tree: ast.Module, rng: random.Random) -> bool:
        body = getattr(node, "body", None)
        if not isinstance(node, ast.FunctionDef | ast.For | ast.While | ast.If) or not isinstance(body, list):
            return False
        change(body, rng)
        return True

    return edit


def _delete(body: list[ast.stmt], rng: random.Random) -> None:
    body[rng.randrange(len(body))] = ast.Pass()


def _insert(body: list[ast.stmt], rng: random.Random) -> None:
    body[rng.randrange(len(body) + 1) : 0] = ast.parse(f"def _():\n    {rng.choice(_STATEMENTS)}").body[0].body  # type: ignore[attr-defined]


def _swap(body: list[ast.stmt], rng: random.Random) -> None:
    a, b = rng.randrange(len(body)), rng.randrange(len(body))
    body[a], body[b] = body[b], body[a]


def _return(node: ast.AST, tree: ast.Module, rng: random.Random) -> bool:
    if isinstance(node, ast.Return) and node.value is not None:
        value = ast.unparse(node.value)
        shapes = (
            "({0},)",
            "[{0}]",
            "not {0}",
            "-({0})",
            "str({0})",
            "{0}, {0}",
            "lambda: {0}",
            "({0} for _ in '1')",
            "{{{0}}}",
            "({0}) or 0",
            "float({0})",
            "list({0})",
            "{0}[::-1]",
            "({0}) and 1",
        )
        node.value = ast.parse(rng.choice(shapes).format(value), mode="eval").body
        return True
    return False


def _negate(node: ast.AST, tree: ast.Module, rng: random.Random) -> bool:
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        node.test = ast.UnaryOp(op=ast.Not(), operand=copy.deepcopy(node.test))
        return True
    return False


def _default(node: ast.AST, tree: ast.Module, rng: random.Random) -> bool:
    """Add state that persists between calls."""
    if isinstance(node, ast.FunctionDef):
        node.body[:0] = ast.parse("_calls.append(1)\nif len(_calls) > 3: return None").body
        node.args.args.append(ast.arg(arg="_calls"))
        node.args.defaults.append(ast.parse("[]", mode="eval").body)
        return True
    return False


_EDITS = (
    *(_operator, _comparison, _comparison, _constant, _constant, _name, _name, _arguments, _return, _negate, _default),
    *(_block(_delete), _block(_delete), _block(_insert), _block(_swap)),
)


# ----------------------------------------------------------------------------------------------------------- plain runs


class PlainRunner:
    """A process that forks for each program, with limits of memory and time."""

    def __enter__(self) -> PlainRunner:
        self._process = subprocess.Popen(
            [sys.executable, "-s", __file__, "--plain-runner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, problem: Problem, program: str) -> str:
        """``passed``, ``timeout``, or the failure."""
        assert isinstance(problem.tests, AssertionTests)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {
            "program": program,
            "setup": problem.tests.setup,
            "assertions": problem.tests.assertions,
            "entry": problem.entry_point,
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return str(json.loads(self._process.stdout.readline()))


def plain_runner() -> None:
    """Answers requests, in JSON lines."""
    for line in sys.stdin:
        request = json.loads(line)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            _plain(request, write)
        os.close(write)
        answer = _awaited(pid, read)
        os.close(read)
        print(json.dumps(answer), flush=True)


def _awaited(pid: int, read: int) -> str:
    end = time.monotonic() + 20
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.0005)
    said = os.read(read, 1 << 16).decode("utf-8", "replace")
    if usage.ru_utime + usage.ru_stime >= PLAIN_CPU_SECONDS or os.WIFSIGNALED(status):
        return "timeout"
    return said or f"ended with {os.waitstatus_to_exitcode(status)}"


def _plain(request: dict[str, Any], write: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")
    resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    namespace: dict[str, Any] = {"__name__": "program"}
    answer = "passed"
    try:
        random.seed(0)
        exec(compile(request["program"], "<program>", "exec", dont_inherit=True), namespace)
        namespace["candidate"] = entry = namespace.get(request["entry"])
        exec(request["setup"], namespace)
        if entry is not None:
            namespace[request["entry"]] = entry
        for assertion in request["assertions"]:
            exec(assertion, namespace)
    except BaseException as error:
        try:
            answer = f"{type(error).__name__}: {error}"[:200]
        except Exception:
            answer = type(error).__name__
    os.write(write, answer.encode("utf-8", "replace"))
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:] == ["--plain-runner"]:
        plain_runner()
    else:
        typer.run(main)
