"""The growth of a program's steps with its input, measured by counting the tracer's events on inputs of growing size.

Events are bindings, iterations, branches and calls. Work inside one operation of Python or its library (a slice,
``in``, ``sorted``) is one event: the measure counts the program's own steps. The growth between the last sizes gives
the class, with room for constant terms; classes closer than ``linear`` and ``linearithmic`` are not distinguished.
Inputs grow from the problem's own: sequences are repeated; without sequences, whole numbers take the size. A program
that ends early on them looks cheaper than its worst case.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from typing import Any

from verl_egca.constraints import Complexity
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome
from verl_egca.problem import AssertionTests, CallTests, Problem, Tests
from verl_egca.statements import parse
from verl_egca.tracing.trace import decode

SIZES = (8, 16, 32)
MAX_EVENTS = 20_000
_MOST_EXAMPLES = 200
# the greatest growth exponent that still counts as the class
_LIMITS: tuple[tuple[float, Complexity], ...] = (
    (0.15, "constant"),
    (0.6, "logarithmic"),
    (1.15, "linear"),
    (1.5, "linearithmic"),
    (2.4, "quadratic"),
    (3.4, "cubic"),
)
_RAN = (Outcome.PASSED, Outcome.WRONG)


def measured_complexity(sandbox: Sandbox, problem: Problem, program: str) -> Complexity | None:
    """None without an input to grow, or if a run fails. Costs a traced run for each of ``SIZES``.

    Raises:
        SandboxError, ConfinementError: as `Sandbox.trace`.
    """
    arguments = _arguments(problem)
    if arguments is None or problem.entry_point is None:
        return None
    counts: list[int] = []
    program, cut = _with_conditions(program), False
    for size in SIZES:
        given = _grown(arguments, size)
        tests: Tests = CallTests(arguments=(tuple(given),), expected=(0,))
        if isinstance(problem.tests, AssertionTests):
            call = f"{problem.entry_point}({', '.join(map(repr, given))})"
            tests = AssertionTests(assertions=(f"assert {call} == 0",))
        verdict, data = sandbox.trace(problem.model_copy(update={"tests": tests}), program, 0, MAX_EVENTS)
        trace = decode(data)
        if trace.cut:
            counts.append(MAX_EVENTS)
            cut = True
            break
        if verdict.outcome not in _RAN:
            return None
        counts.append(max(1, len(trace.events)))
    return _class(counts, cut)


def _class(counts: Sequence[int], cut: bool) -> Complexity | None:
    """The class by the growth between the last two counts. A run that was ``cut`` off gives a lower bound."""
    if len(counts) < 2:
        return None
    exponent = math.log2(counts[-1] / counts[-2])
    if cut and len(counts) > 2:
        exponent = max(exponent, math.log2(counts[-2] / counts[-3]))
    found: Complexity = next((name for limit, name in _LIMITS if exponent <= limit), "exponential")
    return None if cut and len(counts) == 2 and found != "exponential" else found


def _with_conditions(program: str) -> str:
    """The program with a condition in every comprehension: by it the tracer records the items."""
    tree = parse(program)
    if tree is None:
        return program
    for node in ast.walk(tree):
        if isinstance(node, ast.comprehension) and not node.ifs:
            node.ifs = [ast.Constant(True)]
    try:
        return ast.unparse(tree)
    except (RecursionError, ValueError):
        return program


# ---------------------------------------------------------------- inputs


def _arguments(problem: Problem) -> tuple[Any, ...] | None:
    """The arguments with the longest text among the examples that can grow."""
    found = [given for given in _examples(problem) if any(_can_grow(value) for value in given)]
    return max(found, key=lambda given: len(repr(given)), default=None)


def _examples(problem: Problem) -> Iterator[tuple[Any, ...]]:
    tests = problem.tests
    if isinstance(tests, CallTests):
        yield from tests.arguments[:_MOST_EXAMPLES]
    if not isinstance(tests, AssertionTests):
        return
    tree = parse("\n".join([tests.setup, *tests.assertions]), limit=None)
    seen = 0
    for node in ast.walk(tree) if tree is not None else ():
        match node:
            case ast.Call(func=function, args=[_, *_] as given, keywords=[]) if seen < _MOST_EXAMPLES:
                if _called(function) in ("candidate", problem.entry_point):
                    seen += 1
                    try:
                        yield tuple(ast.literal_eval(one) for one in given)
                    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                        continue


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Call(func=ast.Name(id=name), args=[]), attr=method):
            return f"{name}().{method}"
    return ""


def _can_grow(value: Any) -> bool:
    return (isinstance(value, list | tuple | str) and len(value) > 0) or type(value) is int


def _grown(arguments: tuple[Any, ...], size: int) -> list[Any]:
    """The arguments at that size; a number that was a sequence's length becomes the new length."""
    lengths = {len(value) for value in arguments if isinstance(value, list | tuple | str) and value}
    if not lengths:
        return [size if type(value) is int else value for value in arguments]
    return [_of_size(value, size, lengths) for value in arguments]


def _of_size(value: Any, size: int, lengths: set[int]) -> Any:
    if isinstance(value, list | tuple | str) and value:
        return (value * (size // len(value) + 1))[:size]
    if type(value) is int and value in lengths:
        return size
    return value
