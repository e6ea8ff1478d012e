"""pytest's fixtures as plain functions of the tests, and the statements that call them."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from verl_egca.data.pytest_modules.marks import Parameters, is_name, parameters_of
from verl_egca.data.pytest_modules.out_of_reach import FIXTURES
from verl_egca.data.pytest_modules.reading import FunctionNode, Reading


@dataclass(frozen=True, slots=True)
class Fixture:
    """``is_shared``: made once for several tests. ``parameters`` has one name: the fixture function's argument."""

    name: str
    called: str
    function: ast.FunctionDef
    is_shared: bool
    is_used_by_all: bool
    is_method: bool
    parameters: Parameters | None

    @property
    def needs(self) -> list[str]:
        names = [argument.arg for argument in self.function.args.args][1 if self.is_method else 0 :]
        return [name for name in names if self.parameters is None or name not in self.parameters.names]

    @property
    def yields(self) -> bool:
        return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(self.function))


@dataclass(slots=True)
class Opened:
    """Statements that make the fixtures of a test, and those that take them down, in order."""

    before: list[ast.stmt] = field(default_factory=list)
    after: list[ast.stmt] = field(default_factory=list)
    parameters: list[Parameters] = field(default_factory=list)


def fixtures_of(reading: Reading, body: Iterable[ast.stmt], owner: str = "") -> Iterator[Fixture]:
    """The fixtures of a module's or a class's body. Raises the module's BadInput."""
    for node in body:
        if isinstance(node, FunctionNode) and (decorator := fixture_decorator(reading, node)) is not None:
            yield _fixture(reading, node, decorator, owner)


def fixture_decorator(reading: Reading, node: FunctionNode) -> ast.expr | None:
    for decorator in node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        if reading.dotted(function) in ("pytest.fixture", "pytest.yield_fixture"):
            return decorator
    return None


def _fixture(reading: Reading, node: FunctionNode, decorator: ast.expr, owner: str) -> Fixture:
    if isinstance(node, ast.AsyncFunctionDef) or len(node.decorator_list) > 1:
        raise reading.refusal(node, "is a fixture that can't be followed; a plain function is wanted")
    options = {k.arg: k.value for k in decorator.keywords if k.arg} if isinstance(decorator, ast.Call) else {}
    said_name, scope, autouse = (_constant(options.get(key)) for key in ("name", "scope", "autouse"))
    name = str(said_name or node.name)
    if not is_name(name):
        raise reading.refusal(node, f"is a fixture called {name!r:.40}, which is no name; a Python name is wanted")
    function = copy.deepcopy(node)
    function.decorator_list, function.returns = [], None
    function.name = f"{owner}_{name}_fixture" if owner else f"{name}_fixture"
    parameters = None
    if "params" in options:
        parameters = parameters_of(reading, (f"{name}_param",), options["params"])
        _take_parameter(reading, function, f"{name}_param")
    _return_for_last_yield(function)
    return Fixture(
        name=name,
        called=function.name,
        function=function,
        is_shared=scope not in (None, "function") and parameters is None,
        is_used_by_all=bool(autouse),
        is_method=bool(owner),
        parameters=parameters,
    )


def _constant(value: ast.expr | None) -> object:
    return value.value if isinstance(value, ast.Constant) else None


def _take_parameter(reading: Reading, function: ast.FunctionDef, name: str) -> None:
    """Make ``request.param`` an argument called ``name``."""

    class Taking(ast.NodeTransformer):
        def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
            if isinstance(node.value, ast.Name) and node.value.id == "request" and node.attr == "param":
                return ast.copy_location(ast.Name(name, node.ctx), node)
            self.generic_visit(node)
            return node

    for argument in function.args.args:
        if argument.arg == "request":
            argument.arg = name
    function.body = [Taking().visit(statement) for statement in function.body]
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id == "request":
                raise reading.refusal(node, f"uses request, which {FIXTURES['request']}; only request.param is read")


def _return_for_last_yield(function: ast.FunctionDef) -> None:
    """Make a fixture without a teardown return its value."""
    yields = [node for node in ast.walk(function) if isinstance(node, ast.Yield | ast.YieldFrom)]
    match function.body[-1]:
        case ast.Expr(value=ast.Yield(value=value)) if len(yields) == 1:
            function.body[-1] = ast.Return(value)


def definitions(fixture: Fixture, all_of_them: dict[str, Fixture]) -> list[ast.stmt]:
    """The fixture's definitions for the tests' set-up."""
    if not fixture.is_shared:
        return [fixture.function]
    opened = Opened()
    for name in fixture.needs:
        if name in all_of_them:
            open_fixture(all_of_them[name], all_of_them, opened, set())
    made = ast.parse(f"@functools.cache\ndef {fixture.called}():\n    pass").body[0]
    assert isinstance(made, ast.FunctionDef)
    body = fixture.function.body
    if fixture.yields:  # cached with its generator, whose end would take it down
        fixture.function.name = f"{fixture.called}_steps"
        text = f"steps = {fixture.called}_steps({', '.join(fixture.needs)})\nreturn steps, next(steps)"
        made.body = [*opened.before, *_statements(text)]
        return [fixture.function, made]
    made.body = [*opened.before, *body]
    return [made]


def open_fixture(
    fixture: Fixture, others: dict[str, Fixture], to: Opened, done: set[str], self_name: str = "self"
) -> None:
    """Add the statements that make the fixture, and the fixtures that it needs, as local names."""
    if fixture.name in done:
        return
    done.add(fixture.name)
    if not fixture.is_shared:
        for name in fixture.needs:
            if name in others:
                open_fixture(others[name], others, to, done, self_name)
    if fixture.parameters is not None:
        to.parameters.append(fixture.parameters)
    arguments = [] if fixture.is_shared else [a.arg for a in fixture.function.args.args]
    if fixture.is_method and arguments:
        arguments[0] = self_name
    call = f"{fixture.called}({', '.join(arguments)})"
    if fixture.yields and fixture.is_shared:
        to.before += _statements(f"{fixture.name} = {call}[1]")
    elif fixture.yields:
        to.before += _statements(f"{fixture.name}_steps = {call}\n{fixture.name} = next({fixture.name}_steps)")
        to.after[:0] = _statements(f"next({fixture.name}_steps, None)")
    else:
        to.before += _statements(f"{fixture.name} = {call}")


def _statements(text: str) -> list[ast.stmt]:
    """The statements of a function's body."""
    definition = ast.parse("def _():\n" + "".join(f"    {line}\n" for line in text.splitlines())).body[0]
    assert isinstance(definition, ast.FunctionDef)
    return definition.body
