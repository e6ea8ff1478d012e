"""Small edits of statements that no pattern can say: jumps that are added, depth, order, and what is superfluous."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.insertions import after, indent_of
from verl_egca.localization.twins.scopes import is_compound
from verl_egca.localization.twins.sites import Block, Program


def of_statements(program: Program) -> Iterator[Edit]:
    for block in program.blocks:
        for place in range(len(block.body)):
            for of_statement in _OF_STATEMENTS:
                yield from of_statement(program, block, place)


def _jumps(program: Program, block: Block, place: int) -> Iterator[Edit]:
    node = block.body[place]
    in_loop = program.loop_of.get(node) is not None and block.owner is not program.loop_of.get(node)
    last = place == len(block.body) - 1
    if (
        last
        and in_loop
        and not isinstance(node, ast.Break | ast.Continue | ast.Return | ast.Raise)
        and not is_compound(node)
    ):
        yield after(program, node, "break", "jump", 3.5)
        yield after(program, node, "continue", "jump", 4.0)


def _depth(program: Program, block: Block, place: int) -> Iterator[Edit]:
    """A simple statement written one level too deep or not deep enough."""
    node = block.body[place]
    if is_compound(node) or not _alone_on_its_lines(program, node):
        return
    start, end = program.span(node)
    indent = indent_of(program, node)
    owner = block.owner
    line_start = start - len(indent)
    if place == len(block.body) - 1 and place > 0 and isinstance(owner, ast.stmt) and _can_leave(owner, block):
        outer = indent_of(program, owner)
        yield Edit(line_start, start, outer, "depth", (line_start, start) if line_start < start else (start, end), 2.0)
    if place > 0 and is_compound(block.body[place - 1]):
        for inner in _open_ends(block.body[place - 1]):
            deeper = indent_of(program, inner)
            yield Edit(line_start, start, deeper, "depth", (start, end), 2.0)


def _removals(program: Program, block: Block, place: int) -> Iterator[Edit]:
    node = block.body[place]
    span = program.span(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Pass):
        return
    if not is_compound(node):
        yield Edit(*span, "pass", "superfluous", span, 3.0)
    elif isinstance(node, ast.If) and not node.orelse:
        header = program.text.offsets(program.header(node))
        yield Edit(*program.span(node.test), "True", "guard", header, 3.5)
        yield Edit(*program.span(node.test), "False", "superfluous", header, 3.5)
    elif isinstance(node, ast.If):
        header = program.text.offsets(program.header(node))
        yield Edit(*program.span(node.test), "True", "guard", header, 4.5)
        yield Edit(*program.span(node.test), "False", "guard", header, 4.5)
    if isinstance(node, ast.If) and program.source.startswith("elif", span[0]):
        yield Edit(span[0], span[0] + 4, "if", "branches", (span[0], span[0] + 4), 3.0)
    elif isinstance(node, ast.If) and place > 0:
        before = block.body[place - 1]
        if isinstance(before, ast.If) and not before.orelse and program.source.startswith("if", span[0]):
            yield Edit(span[0], span[0] + 2, "elif", "branches", (span[0], span[0] + 2), 2.5)
    if isinstance(node, ast.If) and program.source.startswith("if", span[0]) and not node.orelse:
        yield Edit(span[0], span[0] + 2, "while", "branches", (span[0], span[0] + 2), 4.0)
    if isinstance(node, ast.While) and not node.orelse:
        yield Edit(span[0], span[0] + 5, "if", "branches", (span[0], span[0] + 5), 4.0)
    if isinstance(node, ast.If) and node.orelse and not isinstance(node.orelse[0], ast.If):
        yield from _swapped_branches(program, node)


def _swapped_branches(program: Program, node: ast.If) -> Iterator[Edit]:
    first = (program.span(node.body[0])[0], program.span(node.body[-1])[1])
    second = (program.span(node.orelse[0])[0], program.span(node.orelse[-1])[1])
    source = program.source
    text = source[second[0] : second[1]] + source[first[1] : second[0]] + source[first[0] : first[1]]
    yield Edit(first[0], second[1], text, "branches", program.text.offsets(program.header(node)), 3.0)


def _order(program: Program, block: Block, place: int) -> Iterator[Edit]:
    """Two neighbours in the wrong order."""
    if place == 0:
        return
    first, second = block.body[place - 1], block.body[place]
    if is_compound(first) or is_compound(second) or isinstance(first, ast.Import | ast.ImportFrom):
        return
    (a, b), (c, d) = program.span(first), program.span(second)
    text = program.source[c:d] + program.source[b:c] + program.source[a:b]
    yield Edit(a, d, text, "order", (a, b), 3.0)


_OF_STATEMENTS: list[Callable[[Program, Block, int], Iterator[Edit]]] = [
    _jumps,
    _depth,
    _removals,
    _order,
]


def _alone_on_its_lines(program: Program, node: ast.stmt) -> bool:
    return not indent_of(program, node).strip()


def _can_leave(owner: ast.stmt, block: Block) -> bool:
    """Whether a block's last statement is followed by nothing else of its owner, and the owner has no name of its own."""
    if isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Try | ast.Match):
        return False
    return block.field == "orelse" or not getattr(owner, "orelse", None)


def _open_ends(node: ast.stmt) -> Iterator[ast.stmt]:
    """The last statements of the blocks that end where a compound statement ends, outermost first."""
    while is_compound(node) and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Match):
        block = getattr(node, "orelse", None) or getattr(node, "body", None)
        if not block:
            return
        yield block[-1]
        node = block[-1]
