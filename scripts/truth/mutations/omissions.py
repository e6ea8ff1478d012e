"""Missing code: a statement, a guard, a branch, a base case, an update."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.mutations.source import Edit, Source

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Delete)


def statement(source: Source) -> Iterator[Edit]:
    """A simple statement is missing."""
    for node in source.statements:
        if isinstance(node, SIMPLE) and not _updates_loop(source, node):
            yield from _omitted("omitted statement", source, node)


def loop_update(source: Source) -> Iterator[Edit]:
    """A ``while`` loop whose condition never changes: it may never end."""
    for node in source.statements:
        if isinstance(node, SIMPLE) and _updates_loop(source, node):
            yield from _omitted("omitted loop update", source, node)


def base_case(source: Source) -> Iterator[Edit]:
    """An early ``if ...: return ...`` of a function is missing."""
    for node in source.statements:
        in_function = isinstance(source.parent[node], ast.FunctionDef | ast.AsyncFunctionDef)
        early = isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], ast.Return)
        if in_function and early and source.block_of(node)[-1] is not node:
            yield from _omitted("omitted base case", source, node)


def guard(source: Source) -> Iterator[Edit]:
    """``if cond: X`` without the condition: X always runs."""
    for node in source.statements:
        if isinstance(node, ast.If) and not node.orelse and _starts_line(source, node):
            yield from _unwrapped(source, node)


def branch(source: Source) -> Iterator[Edit]:
    """An ``else`` or an ``elif`` is missing; the place is the branch before it, whose condition skips it."""
    for node in source.statements:
        if isinstance(node, ast.If) and node.orelse and _own_lines(source, node.body):
            missing = _arm_after(source, node)
            if missing and _own_lines(source, missing):
                last = node.body[-1]
                start = source.line_start((last.end_lineno or 0) + 1)
                stop = source.line_start((missing[-1].end_lineno or 0) + 1)
                yield Edit("omitted branch", start, stop, "", blamed=(source.start(node), source.end(last)))


def _arm_after(source: Source, node: ast.If) -> list[ast.stmt]:
    """The statements of the next ``elif`` or ``else``."""
    rest = node.orelse[0]
    return rest.body if isinstance(rest, ast.If) and _is_elif(source, rest) else node.orelse


def _updates_loop(source: Source, node: ast.stmt) -> bool:
    """Whether the statement changes a variable that the condition of the ``while`` directly around it reads."""
    loop = source.parent[node]
    if not isinstance(loop, ast.While) or not isinstance(node, ast.Assign | ast.AugAssign):
        return False
    tested = {part.id for part in ast.walk(loop.test) if isinstance(part, ast.Name)}
    return bool(
        tested & {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    )


def _omitted(operator: str, source: Source, node: ast.stmt) -> Iterator[Edit]:
    """Removes the statement's lines; if it is a whole block, or shares its line, ``pass`` replaces it."""
    alone = len(source.block_of(node)) == 1
    if alone or not source.is_alone_on_its_lines(node):
        yield Edit(operator, source.start(node), source.end(node), "pass")
        return
    start, stop = source.line_start(node.lineno), source.line_start((node.end_lineno or 0) + 1)
    yield Edit(operator, start, stop, "", blamed=source.neighbours(node))


def _unwrapped(source: Source, node: ast.If) -> Iterator[Edit]:
    if not _own_lines(source, node.body) or _has_long_text(node):
        return
    start, body = source.line_start(node.lineno), source.line_start(node.body[0].lineno)
    stop = source.line_start((node.end_lineno or 0) + 1)
    moved = reindented(source.text[body:stop], source.indent(node.body[0]), source.indent(node))
    if moved is None:
        return
    before = source.before(node)
    blamed = (source.line_start(before.end_lineno or 0) if before is not None else start, start)
    yield Edit("omitted guard", start, stop, moved, marked=(0, 0), blamed=blamed)


def reindented(lines: str, old: str, new: str) -> str | None:
    """The lines with another indentation; None if a line is not indented with ``old``."""
    moved: list[str] = []
    for line in lines.split("\n"):
        if line.strip() and not line.startswith(old):
            return None
        moved.append(new + line[len(old) :] if line.strip() else line)
    return "\n".join(moved)


def _starts_line(source: Source, node: ast.If) -> bool:
    return not _is_elif(source, node) and not source.text[source.line_start(node.lineno) : source.start(node)].strip()


def _is_elif(source: Source, node: ast.If) -> bool:
    return source.text.startswith("elif", source.start(node))


def _own_lines(source: Source, body: list[ast.stmt]) -> bool:
    """Whether a block starts on its own line, and ends with a line."""
    before = source.text[source.line_start(body[0].lineno) : source.start(body[0])]
    after = source.text[source.end(body[-1]) : source.line_start((body[-1].end_lineno or 0) + 1)].strip()
    return not before.strip() and (not after or after.startswith("#"))


def _has_long_text(node: ast.AST) -> bool:
    """Whether a string spans several lines: its inner indentation must not change."""
    texts = (part for part in ast.walk(node) if isinstance(part, ast.Constant | ast.JoinedStr))
    return any((getattr(part, "end_lineno", 0) or 0) > part.lineno for part in texts)
