"""The decorators of a test: its parameters, the fixtures that it uses, whether it runs."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterable
from dataclasses import dataclass, field

from verl_egca.data.pytest_modules.reading import Reading


@dataclass(frozen=True, slots=True)
class Parameters:
    """``rows`` are the arguments of each run, as expressions; None where only running ``source`` gives them."""

    names: tuple[str, ...]
    rows: list[list[ast.expr]] | None
    source: ast.expr


@dataclass(slots=True)
class Marks:
    """``guards`` must all hold for the test to run; a ``skipped`` test decides nothing."""

    parameters: list[Parameters] = field(default_factory=list)
    fixtures: list[str] = field(default_factory=list)
    guards: list[ast.expr] = field(default_factory=list)
    skipped: bool = False


def marks_of(reading: Reading, decorators: Iterable[ast.expr]) -> Marks:
    """Raises the module's BadInput at an unknown decorator."""
    marks = Marks()
    for decorator in decorators:
        _read(reading, decorator, marks)
    return marks


def parameters_of(reading: Reading, names: tuple[str, ...], source: ast.expr) -> Parameters:
    """The parameters from a list of values. Raises the module's BadInput."""
    values = _literal(reading, source)
    if values is None:
        if any(reading.dotted(node) == "pytest.param" for node in ast.walk(reading.tree)):
            raise reading.refusal(source, "computes a list with pytest.param in it; write the list out")
        return Parameters(names, None, source)
    rows = []
    for value in values:
        row = _row(reading, names, value)
        if row is not None:
            rows.append(row)
    return Parameters(names, rows, source)


def _read(reading: Reading, decorator: ast.expr, marks: Marks) -> None:
    call = decorator if isinstance(decorator, ast.Call) else None
    name = reading.dotted(call.func if call else decorator)
    match name:
        case "pytest.mark.parametrize" if call:
            marks.parameters.append(_parametrize(reading, call))
        case "pytest.mark.usefixtures" if call:
            marks.fixtures += [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        case "pytest.mark.skip" | "unittest.skip":
            marks.skipped = True
        case "pytest.mark.skipif" if call and call.args and not isinstance(call.args[0], ast.Constant):
            marks.guards.append(ast.UnaryOp(ast.Not(), call.args[0]))
        case "pytest.mark.skipif" if call and call.args:
            marks.skipped |= bool(call.args[0].value) if isinstance(call.args[0], ast.Constant) else False
        case "unittest.skipIf" if call and call.args:
            marks.guards.append(ast.UnaryOp(ast.Not(), call.args[0]))
        case "unittest.skipUnless" if call and call.args:
            marks.guards.append(call.args[0])
        case "pytest.mark.xfail":
            strict = [k.value for k in call.keywords if k.arg == "strict"] if call else []
            if strict and not (isinstance(strict[0], ast.Constant) and not strict[0].value):
                raise reading.refusal(decorator, "expects a failure (xfail, strict); write what is expected as a test")
            marks.skipped = True  # whether it passes or fails decides nothing
        case _ if name.startswith("pytest.mark.") and name not in ("pytest.mark.asyncio", "pytest.mark.anyio"):
            pass
        case _:
            raise reading.refusal(
                decorator, f"is decorated with @{ast.unparse(decorator):.60}, which can't be followed"
            )


def _parametrize(reading: Reading, call: ast.Call) -> Parameters:
    given = dict(zip(("argnames", "argvalues"), call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    names, values = given.get("argnames"), given.get("argvalues")
    if names is None or values is None or "indirect" in given:
        raise reading.refusal(call, "has parameters that can't be followed; names and a list of values are wanted")
    return parameters_of(reading, _names(reading, names), values)


def is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _names(reading: Reading, names: ast.expr) -> tuple[str, ...]:
    found: list[object] = []
    match names:
        case ast.Constant(value=str(text)):
            found = [name.strip() for name in text.split(",") if name.strip()]
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            found = [part.value if isinstance(part, ast.Constant) else None for part in parts]
    plain = tuple(name for name in found if isinstance(name, str) and is_name(name))
    if plain and len(set(plain)) == len(found):
        return plain
    raise reading.refusal(names, "has parameters whose names are computed; write them as text")


def _literal(reading: Reading, source: ast.expr) -> list[ast.expr] | None:
    """The items of a literal list, here or as the only value of a name."""
    if isinstance(source, ast.Name):
        values = [
            statement.value
            for statement in reading.tree.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name) and target.id == source.id
        ]
        loads = [n for n in ast.walk(reading.tree) if isinstance(n, ast.Name) and n.id == source.id]
        marked = [v for v in values for n in ast.walk(v) if reading.dotted(n) == "pytest.param"]
        if len(values) != 1 or not marked or any(isinstance(n.ctx, ast.Del) for n in loads):
            return None
        source = values[0]
    if isinstance(source, ast.List | ast.Tuple | ast.Set) and not any(isinstance(p, ast.Starred) for p in source.elts):
        return source.elts
    return None


def _row(reading: Reading, names: tuple[str, ...], value: ast.expr) -> list[ast.expr] | None:
    """The arguments of one run; None if a mark skips it."""
    if isinstance(value, ast.Call) and reading.dotted(value.func) == "pytest.param":
        marked = [keyword.value for keyword in value.keywords if keyword.arg == "marks"]
        listed = [m for mark in marked for m in (mark.elts if isinstance(mark, ast.List | ast.Tuple) else [mark])]
        marks = marks_of(reading, listed)
        if marks.guards:
            raise reading.refusal(value, "is skipped under a condition; leave the condition or the values out")
        if marks.skipped:
            return None
        row = value.args
    elif len(names) == 1:
        row = [value]
    elif isinstance(value, ast.Tuple | ast.List):
        row = value.elts
    else:
        return [ast.Starred(value, ast.Load())]
    if len(row) != len(names) and not any(isinstance(part, ast.Starred) for part in row):
        raise reading.refusal(value, f"has {len(row)} values for the {len(names)} parameters {', '.join(names)}")
    return row
