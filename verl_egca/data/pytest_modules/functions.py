"""Test functions and methods as plain functions without decorators or fixtures, and their calls: the cases."""

from __future__ import annotations

import ast
import copy
import itertools
from collections import Counter
from collections.abc import Iterable
from typing import Any

from verl_egca.data.pytest_modules.fixtures import Fixture, Opened, open_fixture
from verl_egca.data.pytest_modules.marks import Marks, Parameters, marks_of
from verl_egca.data.pytest_modules.out_of_reach import FIXTURES
from verl_egca.data.pytest_modules.reading import FunctionNode, Reading

_MOST_RUNS = 10_000


class Functions:
    """``made`` are definitions for the tests' set-up, ``items`` the source of each case."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.made: list[ast.stmt] = []
        self.items: list[ast.Module] = []

    def add(
        self,
        function: ast.FunctionDef,
        name: str,
        arguments: list[ast.arg],
        marked: Iterable[ast.expr],
        fixtures: dict[str, Fixture],
        *,
        before: list[ast.stmt],
        after: list[ast.stmt],
        self_name: str = "self",
    ) -> None:
        """Make a test a function called ``name``: ``before`` runs first in it, ``after`` last, also after a failure.

        ``function`` has the body; ``arguments`` are those that pytest would pass. Raises the module's BadInput.
        """
        marks = marks_of(self._reading, marked)
        if marks.skipped:
            return
        if function.args.vararg or function.args.kwarg or function.args.kwonlyargs or function.args.posonlyargs:
            raise self._reading.refusal(function, "has arguments that pytest would not give it; plain ones are wanted")
        twice = [name for name, n in Counter(p for one in marks.parameters for p in one.names).items() if n > 1]
        if twice:
            raise self._reading.refusal(function, f"has the parameter {twice[0]} twice; rename one")
        opened = Opened()
        done = {parameter for parameters in marks.parameters for parameter in parameters.names}
        asked = [f.name for f in fixtures.values() if f.is_used_by_all] + marks.fixtures
        defaults = dict(zip(reversed(function.args.args), reversed(function.args.defaults), strict=False))
        for wanted in (*asked, *(argument.arg for argument in arguments)):
            default = next((value for argument, value in defaults.items() if argument.arg == wanted), None)
            if wanted in done or wanted == "candidate":
                continue
            if wanted in fixtures:
                open_fixture(fixtures[wanted], fixtures, opened, done, self_name)
            elif default is not None:
                opened.before.append(_assign(wanted, default))
            else:
                why = FIXTURES.get(wanted, "the file does not define")
                raise self._reading.refusal(function, f"needs the fixture {wanted}, which {why}")
        self._emit(function, name, marks, opened, before, after, [a.arg for a in arguments if a.arg == "candidate"])

    def _emit(
        self,
        function: ast.FunctionDef,
        name: str,
        marks: Marks,
        opened: Opened,
        before: list[ast.stmt],
        after: list[ast.stmt],
        given: list[str],
    ) -> None:
        parameters = [*reversed(marks.parameters), *opened.parameters]  # pytest: the nearest decorator varies slowest
        names = [name for one in parameters for name in one.names]
        prepared, last = [*before, *opened.before], [*opened.after, *after]
        body = [*function.body]
        if not prepared and not last and not given and (texts := _inlined(body, names, parameters)) is not None:
            self._add_items(texts, marks)
            return
        if last:
            body = [ast.Try(body=body, handlers=[], orelse=[], finalbody=last)]
        self.made.append(_function(name, [*given, *names], [*prepared, *body]))
        runs = _runs(self._reading, function, parameters)
        if runs is None:
            call: ast.stmt = _call(name, [ast.Name(n, ast.Load()) for n in (*given, *names)])
            for one in reversed(parameters):
                call = _loop(one, call)
            self.made.append(_function(f"{name}_all", given, [call]))
            self._add_items([_call(f"{name}_all", [ast.Name(n, ast.Load()) for n in given])], marks)
        else:
            first = [ast.Name(n, ast.Load()) for n in given]
            self._add_items([_call(name, [*first, *run]) for run in runs], marks)

    def _add_items(self, statements: list[ast.stmt], marks: Marks) -> None:
        for statement in statements:
            for guard in marks.guards:
                statement = ast.If(test=guard, body=[statement], orelse=[])
            self.items.append(ast.fix_missing_locations(ast.Module([statement], [])))


def _runs(reading: Reading, function: FunctionNode, parameters: list[Parameters]) -> list[list[ast.expr]] | None:
    """The arguments of each run; None where only running the tests gives them."""
    count = 1
    for one in parameters:
        if one.rows is None or any(isinstance(part, ast.Starred) for row in one.rows for part in row):
            return None
        count *= len(one.rows)
    if count > _MOST_RUNS:
        raise reading.refusal(function, f"has {count} combinations of parameters; at most {_MOST_RUNS} are judged")
    return [[*itertools.chain(*rows)] for rows in itertools.product(*(one.rows or [] for one in parameters))]


def _loop(one: Parameters, body: ast.stmt) -> ast.stmt:
    targets: list[ast.expr] = [ast.Name(name, ast.Store()) for name in one.names]
    over = one.source
    if one.rows is not None:
        over = ast.List([_row(row, len(one.names)) for row in one.rows], ast.Load())
    target = targets[0] if len(targets) == 1 else ast.Tuple(targets, ast.Store())
    return ast.For(target=target, iter=over, body=[body], orelse=[])


def _row(row: list[ast.expr], names: int) -> ast.expr:
    if len(row) == 1 and isinstance(row[0], ast.Starred):
        return row[0].value
    return row[0] if names == 1 else ast.Tuple(row, ast.Load())


def _inlined(body: list[ast.stmt], names: list[str], parameters: list[Parameters]) -> list[ast.stmt] | None:
    """A test of a single assertion, with the values of each run filled in; None for other tests."""
    match body, parameters:
        case [ast.Assert() | ast.Expr(value=ast.Call()) as statement], [Parameters(rows=list(rows))]:
            uses = [n.id for n in ast.walk(statement) if isinstance(n, ast.Name)]
            scopes = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr)
            once = all(uses.count(name) <= 1 for name in names)
            simple = not any(isinstance(n, scopes) for n in ast.walk(statement))
            for row in rows:
                if any(isinstance(part, ast.Starred) for part in row):
                    return None
                if not all(isinstance(part, ast.Constant) or (once and simple and _is_literal(part)) for part in row):
                    return None
            return [_Filled(dict(zip(names, row, strict=True))).visit(copy.deepcopy(statement)) for row in rows]
    return None


def _is_literal(value: ast.expr) -> bool:
    """Whether it uses no names, and so means the same in any place."""
    return not any(isinstance(n, ast.Name | ast.Lambda | ast.NamedExpr) for n in ast.walk(value))


class _Filled(ast.NodeTransformer):
    def __init__(self, values: dict[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self._values.get(node.id, node))


def _function(name: str, arguments: list[str], body: list[ast.stmt]) -> ast.stmt:
    definition = ast.parse(f"def {name}({', '.join(arguments)}):\n    pass").body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.body = body
    return ast.fix_missing_locations(definition)


def _call(name: str, arguments: list[Any]) -> ast.stmt:
    return ast.Expr(ast.Call(ast.Name(name, ast.Load()), arguments, []))


def _assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)
