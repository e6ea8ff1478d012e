"""First values that are not there: of names that are read and never bound, or bound only where a run may not come to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from verl_egca.localization.twins.clues import LooseEnds
from verl_egca.localization.twins.costs import ranked
from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.program import Program
from verl_egca.localization.twins.trees import Function, is_compound, names_in, parameters

_OF_METHODS = {"append": ["[]"], "extend": ["[]"], "add": ["set()"]}


def of_first_values(program: Program, ends: LooseEnds) -> Iterator[Edit]:
    for function in dict.fromkeys(program.function_of.values()):
        if function is None:
            continue
        wanted = list(dict.fromkeys([*ends.undefined(function), *_maybe_unbound(function)]))
        for name in wanted:
            at = next((statement for statement in function.body if name in names_in(statement)), None)
            if at is None:
                continue
            for rank, value in enumerate(_plausible(program, function, name)):
                together = " = ".join([*(other for other in wanted if other != name), name])
                later = ranked("initial", rank)
                yield program.before(at, f"{name} = {value}", "initial", "one", later)
                if len(wanted) > 1:
                    yield program.before(at, f"{together} = {value}", "initial", "all", later)


def _maybe_unbound(function: Function) -> list[str]:
    """Names that are read on the function's own level, or updated, and not bound on that level."""
    taken, read = set(parameters(function)), set[str]()
    bound: list[str] = []
    for statement in function.body:
        if not is_compound(statement):
            taken.update(names_in(statement, ast.Store, ast.Del))
            read.update(names_in(statement, ast.Load))
        elif isinstance(statement, ast.For):
            taken.update(names_in(statement.target, ast.Store))
        bound += names_in(statement, ast.Store, ast.Del)
    for node in ast.walk(function):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            read.add(node.target.id)
    return [name for name in dict.fromkeys(bound) if name not in taken and name in read]


def _plausible(program: Program, function: Function, name: str) -> list[str]:
    """First values for a name, by how it is used."""
    values: list[str] = []
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=used), attr=method)) if used == name:
                values += _OF_METHODS.get(method, ["[]", "{}", "set()", "''"])
            case ast.Subscript(value=ast.Name(id=used), ctx=ast.Store()) if used == name:
                values += ["{}", "[]"]
            case ast.AugAssign(target=ast.Name(id=used), op=op) if used == name:
                values += ["1", "0"] if isinstance(op, ast.Mult) else ["0", "''", "[]", "1"]
            case ast.Assign(targets=[ast.Name(id=used)], value=ast.Constant(value=bool(value))) if used == name:
                values += [str(not value), str(value)]
            case ast.Compare(left=ast.Name(id=used)) if used == name:
                values += ["0"]
    others = [other for other in program.visible(function) if other != name][:4]
    return list(dict.fromkeys([*values, "''", "0", "None", "[]", "1", "False", "True", "-1", "{}", *others]))
