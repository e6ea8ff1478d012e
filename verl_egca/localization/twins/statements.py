"""Small edits of statements that no pattern can express: added jumps, depth, order, and superfluous statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.program import Block, Program
from verl_egca.localization.twins.trees import ENDING, is_compound


def of_statements(program: Program) -> Iterator[Edit]:
    for block in program.blocks:
        for place in range(len(block.body)):
            for of_statement in _OF_STATEMENTS:
                yield from of_statement(program, block, place)


def _jumps(program: Program, block: Block, place: int) -> Iterator[Edit]:
    node = block.body[place]
    is_last = node is block.body[-1] and not (isinstance(node, ENDING) or is_compound(node))
    if is_last and program.loop_of[node] not in (None, block.owner):
        for jump in ("break", "continue"):
            yield program.after(node, jump, "jump", f"{jump} added")


def _depth(program: Program, block: Block, place: int) -> Iterator[Edit]:
    """Moves a simple statement one level out or in."""
    node, indent = block.body[place], program.indent(block.body[place])
    if place == 0 or is_compound(node) or indent.strip():
        return
    start, end = program.span(node)
    line = start - len(indent)
    if node is block.body[-1] and isinstance(block.owner, ast.stmt) and _can_leave(block.owner, block):
        blame = (line, start) if indent else (start, end)
        yield Edit(line, start, program.indent(block.owner), "depth", blame, "less", block.where)
    for inner in _open_ends(block.body[place - 1]):
        yield Edit(line, start, program.indent(inner), "depth", (start, end), "more", block.where)


def _removals(program: Program, block: Block, place: int) -> Iterator[Edit]:
    node = block.body[place]
    span = program.span(node)
    if isinstance(node, ast.If):
        header, form = program.text.offsets(program.header(node)), "of two branches" if node.orelse else "of one branch"
        yield Edit(*program.span(node.test), "True", "guard", header, f"True {form}", block.where)
        kind = "guard" if node.orelse else "superfluous"
        yield Edit(*program.span(node.test), "False", kind, header, f"False {form}", block.where)
    elif not (is_compound(node) or isinstance(node, ast.Import | ast.ImportFrom | ast.Pass)):
        yield Edit(*span, "pass", "superfluous", span, type(node).__name__, block.where)


def _branches(program: Program, block: Block, place: int) -> Iterator[Edit]:
    """Exchanges ``if``, ``elif`` and ``while``, and swaps branches."""
    node = block.body[place]
    if not isinstance(node, ast.If | ast.While):
        return
    start, source = program.span(node)[0], program.source
    before = block.body[place - 1] if place else None
    others: list[str] = []
    if (word := next(word for word in ("elif", "if", "while") if source.startswith(word, start))) == "elif":
        others = ["if"]
    elif word == "if" and isinstance(before, ast.If) and not before.orelse:
        others = ["elif"]
    if word != "elif" and not node.orelse:
        others.append("while" if word == "if" else "if")
    at = start, start + len(word)
    yield from (Edit(*at, other, "branches", at, f"{word} -> {other}", block.where) for other in others)
    if isinstance(node, ast.If) and node.orelse and not isinstance(node.orelse[0], ast.If):
        (a, b), (c, d) = ((program.span(part[0])[0], program.span(part[-1])[1]) for part in (node.body, node.orelse))
        text = source[c:d] + source[b:c] + source[a:b]
        yield Edit(a, d, text, "branches", program.text.offsets(program.header(node)), "exchanged", block.where)


def _order(program: Program, block: Block, place: int) -> Iterator[Edit]:
    """Swaps two neighbours."""
    if place == 0:
        return
    first, second = block.body[place - 1], block.body[place]
    if is_compound(first) or is_compound(second) or isinstance(first, ast.Import | ast.ImportFrom):
        return
    (a, b), (c, d) = program.span(first), program.span(second)
    text = program.source[c:d] + program.source[b:c] + program.source[a:b]
    yield Edit(a, d, text, "order", (a, b), "", block.where)


_OF_STATEMENTS = (_jumps, _depth, _removals, _branches, _order)


def _can_leave(owner: ast.stmt, block: Block) -> bool:
    """Whether a block is the last of its owner, and the owner is an ``if``, a loop or a ``with``."""
    if isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Try | ast.Match):
        return False
    return block.field == "orelse" or not getattr(owner, "orelse", None)


def _open_ends(node: ast.stmt) -> Iterator[ast.stmt]:
    """The last statements of the blocks that end together with a compound statement, outermost first."""
    while is_compound(node) and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Match):
        block = getattr(node, "orelse", None) or getattr(node, "body", None)
        if not block:
            return
        yield block[-1]
        node = block[-1]
