"""Tests split into cases that can be judged, shown and traced one by one: one call and what is expected of it.

An item of an assertion list is a case, or several if it is cut (see `segments`); likewise the body of a function of the
tests that it only calls (HumanEval's ``check(candidate)``). Each piece ends with a statement that decides something (see
`deciding`). A piece with such statements in loops, or a call of a helper with such loops, is unrolled into a case for each
time that one of them is reached (see `unroll`). Assertions of a constant (``assert True, "..."``) test nothing and are no
cases. What can't be split without a change of meaning is one case, whole.
"""

from __future__ import annotations

import ast
import builtins
import copy
import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from verl_egca.execution.deciding import Deciding
from verl_egca.execution.segments import Segment, segments
from verl_egca.execution.unroll import ProgramName, Turn, unroll
from verl_egca.execution.warm import WARM

COMPARED, BOUND = "__egca_compared__", "__egca_bound__"
_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Case:
    """``text`` is what a person reads; ``code`` runs in a namespace where the tests' set-up has run, with ``bound`` as BOUND.

    ``call`` is the one call into the program that the case makes, by name and arguments, where that is known beforehand.
    """

    text: str
    code: CodeType
    bound: tuple[Any, ...] = ()
    call: tuple[str, tuple[Any, ...]] | None = field(default=None, hash=False)


@functools.lru_cache(512)
def compile_setup(setup: str) -> CodeType:
    """Raises SyntaxError if the set-up is not Python."""
    return _compiled(ast.parse(setup).body, "<test set-up>")


@functools.lru_cache(2048)
def split_assertions(setup: str, assertions: tuple[str, ...]) -> tuple[Case, ...]:
    """The cases of an assertion list, in order. Runs the tests' loops without a program, to unroll them.

    Raises:
        SyntaxError: the tests are not Python.
    """
    defined = ast.parse(setup).body
    return tuple(case for text in assertions for case in _split(text, setup, defined))


def _split(text: str, setup: str, defined: list[ast.stmt]) -> Iterable[Case]:
    tree = ast.parse(text)
    match tree.body:
        case [ast.Expr(ast.Call(func=ast.Name(id=name)) as call)]:
            for node in reversed(defined):
                if isinstance(node, ast.FunctionDef) and node.name == name and not node.decorator_list:
                    return _split_function(node, call, setup, defined)
    split = _Split(setup, [*defined, *tree.body])
    pieces = segments(tree.body, split.deciding, defined, {})
    if len(pieces) <= 1:
        return split.cases(tree.body, tree.body, text.strip())
    return [case for piece in pieces for case in split.cases(piece.own, piece.body, _text_of(piece))]


def _split_function(check: ast.FunctionDef, call: ast.Call, setup: str, defined: list[ast.stmt]) -> list[Case]:
    """The cases of a function of the tests that an assertion just calls."""
    whole = [_case(ast.unparse(check), ast.parse(ast.unparse(call)).body)]
    given = _given(check, call)
    body = check.body
    if isinstance(body[-1], ast.Return) and not any(isinstance(n, ast.Call) for n in ast.walk(body[-1])):
        body = body[:-1]  # nobody asks what it returns
    leaving = ast.Return | ast.Yield | ast.YieldFrom | ast.Await | ast.Nonlocal | ast.Global
    if given is None or any(isinstance(node, leaving) for node in _own(body)):
        return whole
    split = _Split(setup, [*defined, *body], {k: v.id for k, v in given.items() if isinstance(v, ast.Name)})
    cases: list[Case] = []
    for piece in segments(body, split.deciding, defined, given):
        cases += split.cases(piece.own, _in_function(check, call, piece.body), _text_of(piece), piece.body)
    return cases or whole


class _Split:
    """Makes cases of pieces. ``given`` says which parameters around them are the program's functions, as in ``check(f)``."""

    def __init__(self, setup: str, defined: list[ast.stmt], given: dict[str, str] | None = None) -> None:
        self._setup, self._defined, self._given = setup, defined, given or {}
        self.deciding = Deciding(defined)

    def cases(
        self, own: list[ast.stmt], run: list[ast.stmt], text: str, inside: list[ast.stmt] | None = None
    ) -> list[Case]:
        """Those of one piece: of each turn of its loops, if they can be unrolled. ``inside`` is what ``run`` runs, where
        that is a function.
        """
        turns = unroll(self._setup, run, self.deciding) if any(map(self.deciding.loops, own)) else []
        if turns:
            return _cases_of_turns(turns, self._defined)
        return [_case(text, run, _known_call(inside or run, self._given))]


def _text_of(piece: Segment) -> str:
    """Its one decision, or all of it where what comes before that makes the difference."""
    *before, last = piece.own
    if any(isinstance(node, ast.Call) for statement in before for node in ast.walk(statement)):
        return "\n".join(map(ast.unparse, piece.own))
    return ast.unparse(last)


def _given(check: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr] | None:
    """What each parameter of the function is called with; None where that can't be told from the text."""
    arguments = check.args
    if arguments.vararg or arguments.kwarg or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    places = [parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args)]
    given: dict[str, ast.expr] = dict(zip(reversed(places), reversed(arguments.defaults), strict=False))
    given |= {p.arg: d for p, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None}
    given |= dict(zip(places, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        given[keyword.arg] = keyword.value
    return given


def _known_call(body: list[ast.stmt], given: dict[str, str]) -> tuple[str, tuple[Any, ...]] | None:
    """The only use of the program in ``body``, if it is a call with literal arguments that is made in any case."""
    stored = {name for statement in body for name in (*_stored(statement), *_imported(statement))}
    used = [n for n in _loads(body) if not (n.id in stored or n.id in WARM or hasattr(builtins, n.id))]
    match body[-1], used:
        case ast.Assert(test=test), [function]:
            for node in _evaluated_first(test):
                if isinstance(node, ast.Call) and node.func is function and not node.keywords:
                    try:
                        arguments = tuple(ast.literal_eval(argument) for argument in node.args)
                    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                        return None
                    return given.get(function.id, function.id), arguments
    return None


def _evaluated_first(test: ast.expr) -> Iterable[ast.expr]:
    """Parts of an expression that are evaluated whatever comes of the others."""
    yield test
    match test:
        case ast.Compare(left=left, comparators=[right]):
            yield from (*_evaluated_first(left), *_evaluated_first(right))
        case ast.UnaryOp(operand=inner) | ast.Attribute(value=inner):
            yield from _evaluated_first(inner)
        case ast.BinOp(left=left, right=right):
            yield from (*_evaluated_first(left), *_evaluated_first(right))
        case ast.Call(func=ast.Name(), args=arguments):
            for argument in arguments:
                yield from _evaluated_first(argument)


def _cases_of_turns(turns: list[Turn], defined: list[ast.stmt]) -> list[Case]:
    own = {name for statement in defined for name in (*_stored(statement), *_imported(statement))}
    own |= {node.name for node in defined if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    compiled: dict[tuple[int, ...], CodeType] = {}  # once for all turns of a statement
    cases = []
    for turn in turns:
        key = (id(turn.body), *map(hash, turn.values))
        if key not in compiled:
            text = f"def __egca_case__({', '.join(turn.values)}):\n    pass\n__egca_case__(*{BOUND})"
            definition, run = ast.parse(text).body
            assert isinstance(definition, ast.FunctionDef)
            definition.body = copy.deepcopy(turn.body)
            compiled[key] = _compiled([definition, run], "<test>")
        cases.append(Case(turn.text[:_SHOWN], compiled[key], tuple(turn.values.values()), _known_call_of(turn, own)))
    return cases


def _known_call_of(turn: Turn, own: set[str]) -> tuple[str, tuple[Any, ...]] | None:
    """As `_known_call`, with arguments that may name the turn's values. ``own`` is what the tests define."""
    data = {name: value for name, value in turn.values.items() if not isinstance(value, ProgramName)}
    given = {name: value.name for name, value in turn.values.items() if isinstance(value, ProgramName)}
    own = own - given.keys()
    used = [
        n for n in _loads(turn.body) if not (n.id in data or n.id in own or n.id in WARM or hasattr(builtins, n.id))
    ]
    calls = [n for n in ast.walk(turn.body[-1]) if isinstance(n, ast.Call) and n.func in used]
    if len(turn.body) != 1 or len(calls) != 1 or calls[0].keywords:
        return None
    (call,) = calls
    if not isinstance(call.func, ast.Name) or [n for n in used if n is not call.func and n.id in given]:
        return None
    first = turn.body[0]
    reached = [first.test] if isinstance(first, ast.Assert) else [first.value] if isinstance(first, ast.Expr) else []
    if not any(call is node for expression in reached for node in _evaluated_first(expression)):
        return None
    plain = (ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple, ast.Starred, ast.UnaryOp, ast.USub)
    if not all(isinstance(n, plain) for argument in call.args for n in ast.walk(argument)):
        return None
    arguments = ast.fix_missing_locations(ast.Expression(ast.Tuple(list(call.args), ast.Load())))
    try:
        values = eval(compile(arguments, "<arguments>", "eval"), {}, data)
    except Exception:
        return None
    return given.get(call.func.id, call.func.id), values


def _case(text: str, body: list[ast.stmt], call: tuple[str, tuple[Any, ...]] | None = None) -> Case:
    return Case(text[:_SHOWN], _compiled(body, "<test>"), call=call)


def _compiled(body: list[ast.stmt], name: str) -> CodeType:
    module = ast.Module(body=[_Capture().visit(statement) for statement in body], type_ignores=[])
    return compile(ast.fix_missing_locations(module), name, "exec", dont_inherit=True)


def _in_function(check: ast.FunctionDef, call: ast.Call, body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements as a function's body, where closures and comprehensions see its names as they did in ``check``."""
    definition, run = ast.parse("def __egca_case__():\n    pass\n__egca_case__()").body
    assert isinstance(definition, ast.FunctionDef)
    assert isinstance(run, ast.Expr)
    assert isinstance(run.value, ast.Call)
    definition.args, definition.body = check.args, body
    run.value.args, run.value.keywords = call.args, call.keywords
    return [definition, run]


def _own(body: list[ast.stmt]) -> list[ast.AST]:
    """The nodes of a function's body without those of functions inside it."""
    found: list[ast.AST] = []
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo.extend(ast.iter_child_nodes(node))
    return found


def _stored(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def _imported(statement: ast.stmt) -> set[str]:
    imports = [n for n in ast.walk(statement) if isinstance(n, ast.Import | ast.ImportFrom)]
    return {(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names}


def _loaded(statements: list[ast.stmt]) -> set[str]:
    return {n.id for n in _loads(statements)}


def _loads(statements: list[ast.stmt]) -> list[ast.Name]:
    return [n for s in statements for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]


class _Capture(ast.NodeTransformer):
    """``assert left == right`` reports both values before it compares them, so that a verdict can show them."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        match node.test:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                call = ast.parse(f"{COMPARED}(0, 0, lambda left, right: 0)", mode="eval").body
                assert isinstance(call, ast.Call)
                compare = call.args[2]
                assert isinstance(compare, ast.Lambda)
                names = [ast.Name(id=name, ctx=ast.Load()) for name in ("left", "right")]
                compare.body = ast.Compare(left=names[0], ops=[operator], comparators=[names[1]])
                return ast.copy_location(ast.Assert(test=_with(call, left, right), msg=node.msg), node)
        return node


def _with(call: ast.Call, left: ast.expr, right: ast.expr) -> ast.Call:
    return ast.Call(func=call.func, args=[left, right, call.args[2]], keywords=[])
