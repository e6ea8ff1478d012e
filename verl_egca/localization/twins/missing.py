"""Missing statements: updates, jumps, other branches, first values.

A missing statement is made of its surroundings: names in its block, its conditions and its sibling branch, nearest
first, by the kinds of values that they have held. Loose ends (`clues`) make an edit likelier: a list that is never
filled, a block without effect.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from verl_egca.localization.twins.clues import Clues, LooseEnds
from verl_egca.localization.twins.costs import LOOSE, ranked
from verl_egca.localization.twins.edits import Edit, written_instead
from verl_egca.localization.twins.program import Block, Program
from verl_egca.localization.twins.surroundings import Surroundings
from verl_egca.localization.twins.trees import ENDING, Function, is_compound, parameters

_MOST_STATEMENTS = 36  # proposed for one place
_FLIPPED = {ast.Add: "-=", ast.Sub: "+=", ast.Mult: "//=", ast.FloorDiv: "*="}
_UPDATES = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.FloorDiv: "//=", ast.Div: "/=", ast.Mod: "%="}


def of_loose_ends(program: Program, clues: Clues, ends: LooseEnds) -> Iterator[Edit]:
    """Statements that the loose ends of a program suggest."""
    yield from _first_values(program, ends)
    for block in _blocks(program):
        function = program.function_of[block.body[-1]]
        loose = {*ends.never_updated(function), *ends.unused(function)}
        if loose or block.is_empty:
            for edit, target in _of_block(program, block, clues):
                if target in loose:
                    yield edit.signed(LOOSE)
                elif block.is_empty:
                    yield edit


def of_missing(program: Program, clues: Clues) -> Iterator[Edit]:
    """Statements that may be missing elsewhere."""
    for block in _blocks(program):
        if not block.is_empty:
            for edit, _ in _of_block(program, block, clues):
                yield edit


def _blocks(program: Program) -> Iterator[Block]:
    for block in program.blocks:
        if block.body and not isinstance(block.owner, ast.Module | ast.ClassDef):
            yield block


def _of_block(program: Program, block: Block, clues: Clues) -> Iterator[tuple[Edit, str]]:
    """Edits, and the name that each changes."""
    statements = list(itertools.islice(_statements(program, block, clues), _MOST_STATEMENTS))
    yield from _in_block(program, block, statements)
    yield from _other_branch(program, block, statements)


# ------------------------------------------------------------ first values


def _first_values(program: Program, ends: LooseEnds) -> Iterator[Edit]:
    """First values for names that are used and never bound, or bound only in a loop or a branch that may not run."""
    for function in {id(f): f for f in program.function_of.values()}.values():
        if function is None:
            continue
        wanted = [*ends.undefined(function), *_maybe_unbound(program, function)]
        for name in dict.fromkeys(wanted):
            at = _before_use(function, name)
            if at is None:
                continue
            for rank, value in enumerate(_plausible(program, function, name)):
                together = " = ".join([*(other for other in wanted if other != name), name])
                later = ranked("initial", rank)
                yield program.before(at, f"{name} = {value}", "initial", "one", later)
                if len(wanted) > 1:
                    yield program.before(at, f"{together} = {value}", "initial", "all", later)


def _maybe_unbound(program: Program, function: Function) -> list[str]:
    """Names without a binding on the function's own level."""
    bound: dict[str, bool] = {}
    for statement in function.body:
        inner = is_compound(statement)
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                direct = not inner or _is_target_of(statement, node)
                bound[node.id] = bound.get(node.id, False) or direct
    taken = parameters(function)
    read_outside = {
        node.id
        for statement in function.body
        if not is_compound(statement)
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    updated = {
        node.target.id
        for node in ast.walk(function)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    return [
        name for name, direct in bound.items() if not direct and name not in taken and name in read_outside | updated
    ]


def _is_target_of(statement: ast.stmt, name: ast.Name) -> bool:
    return isinstance(statement, ast.For) and any(node is name for node in ast.walk(statement.target))


def _before_use(function: Function, name: str) -> ast.stmt | None:
    for statement in function.body:
        if any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(statement)):
            return statement
    return None


def _plausible(program: Program, function: Function, name: str) -> list[str]:
    """First values for a name, by its uses."""
    values: list[str] = []
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=used), attr=method)) if used == name:
                values += {"append": ["[]"], "extend": ["[]"], "add": ["set()"]}.get(
                    method, ["[]", "{}", "set()", "''"]
                )
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


# ------------------------------------------------------------ statements


def _in_block(program: Program, block: Block, statements: list[tuple[str, str]]) -> Iterator[tuple[Edit, str]]:
    last = block.body[-1]
    empty = block.is_empty
    if isinstance(last, ENDING):
        return
    in_loop = program.loop_of.get(last) is not None or isinstance(block.owner, ast.For | ast.While)
    if not (empty or in_loop or isinstance(block.owner, ast.If)):
        return
    for rank, (text, target) in enumerate(statements):
        later = ranked("missing", rank)
        if empty:
            place = program.span(last)
            yield Edit(*place, text, "missing", place, "in place of pass", block.where, later), target
        else:
            yield program.after(last, text, "missing", "last", later), target
            if isinstance(block.owner, ast.For | ast.While):
                yield program.before(block.body[0], text, "missing", "first", later), target


def _other_branch(program: Program, block: Block, statements: list[tuple[str, str]]) -> Iterator[tuple[Edit, str]]:
    """An ``else`` for an ``if`` without one in a loop: its branch's statements, reversed."""
    owner = block.owner
    if not isinstance(owner, ast.If) or block.field != "body" or owner.orelse or program.loop_of.get(owner) is None:
        return
    if isinstance(block.body[-1], ENDING):
        return
    indent, inner = program.indent(owner), program.indent(block.body[-1])
    end = program.span(owner)[1]
    blame = written_instead(program.source, end, len(inner))
    for rank, (text, target) in enumerate(statements):
        new, later = f"\n{indent}else:\n{inner}{text}", ranked("branches", rank)
        yield Edit(end, end, new, "branches", blame, "else added", amounts=later), target


def _statements(program: Program, block: Block, clues: Clues) -> Iterator[tuple[str, str]]:
    """Possible statements of a block, likeliest first, each with the name that it changes."""
    around = Surroundings(program, block)
    found = dict.fromkeys(
        _in_turn(
            _mirrored(around, clues),
            _steps(around, clues),
            _collecting(around, clues),
            _jumps(around) if block.is_empty else iter(()),
            _assignments(around, clues),
        )
    )
    written = {program.segment(statement) for statement in block.body}
    yield from (entry for entry in found if entry[0] not in written)


def _in_turn(*ways: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The likeliest statement of each way, then the second of each, and so on."""
    for row in itertools.zip_longest(*ways):
        yield from (entry for entry in row if entry is not None)


def _mirrored(around: Surroundings, clues: Clues) -> Iterator[tuple[str, str]]:
    """The statements of the sibling branch, or of the block itself, for another name or reversed."""
    text = around.program.segment
    names = list(dict.fromkeys([*around.tested, *around.names]))
    for statement in around.siblings:
        if not isinstance(statement, ast.Return | ast.Pass):
            yield text(statement), ""
        match statement:
            case ast.AugAssign(target=ast.Name(id=target), op=op, value=value):
                operator = _UPDATES.get(type(op), "+=")
                flipped = _FLIPPED.get(type(op), operator)
                yield f"{target} {flipped} {text(value)}", target
                for name in names:
                    if name != target and clues.may_be(name, "number", "text"):
                        yield f"{name} {flipped} {text(value)}", name
                        yield f"{name} {operator} {text(value)}", name
            case ast.Assign(targets=[ast.Name(id=target)], value=value):
                for name in names:
                    if name != target:
                        yield f"{name} = {text(value)}", name
                        yield f"{target} = {name}", target
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr=method))):
                for other in dict.fromkeys((method, "append", "extend", "add")):
                    for part in around.parts:
                        yield f"{target}.{other}({part})", target


def _steps(around: Surroundings, clues: Clues) -> Iterator[tuple[str, str]]:
    """Steps of the names that a loop depends on, first of those without a step."""
    names = [name for name in around.tested if clues.may_be(name, "number")]
    names.sort(key=lambda name: name in around.bound_in_loop)
    for change in ("+= 1", "-= 1", "//= 2", "//= 10"):
        for name in names:
            yield f"{name} {change}", name


def _collecting(around: Surroundings, clues: Clues) -> Iterator[tuple[str, str]]:
    """Adds a part to a container, a number or a text."""
    parts = around.parts
    for name in [*around.names, *around.visible]:
        kinds = clues.kinds.get(name, frozenset())
        for part in parts:
            if part == name:
                continue
            if "list" in kinds:
                yield f"{name}.append({part})", name
            if "set" in kinds or ("other" in kinds and not kinds - {"other"}):
                yield f"{name}.add({part})", name
            if "text" in kinds or "number" in kinds:
                yield f"{name} += {part}", name
            if "list" in kinds and clues.may_be(part, "list"):
                yield f"{name} += {part}", name
        if "dict" in kinds:
            for key, value in itertools.permutations(parts[:4], 2):
                yield f"{name}[{key}] = {value}", name
                yield f"{name}.setdefault({key}, []).append({value})", name
            for key in parts[:4]:
                yield f"{name}[{key}] = {name}.get({key}, 0) + 1", name


def _jumps(around: Surroundings) -> Iterator[tuple[str, str]]:
    if around.function is not None:
        for value in ("True", "False", "None", "0", "-1", *around.names):
            yield f"return {value}", ""


def _assignments(around: Surroundings, clues: Clues) -> Iterator[tuple[str, str]]:
    """Assigns one of two nearby expressions to the other."""
    parts = around.parts
    targets = [part for part in parts if part.isidentifier() or part.endswith("]")]
    for target, part in itertools.product(targets, parts):
        if target != part:
            yield f"{target} = {part}", target if target.isidentifier() else target.split("[")[0]
    for name in around.names:
        if clues.may_be(name, "truth"):
            yield f"{name} = True", name
            yield f"{name} = False", name
    for name in around.names:
        if "list" in clues.kinds.get(name, ()):
            yield f"{name}.pop()", name
