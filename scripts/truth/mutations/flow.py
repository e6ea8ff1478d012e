"""Wrong control flow: returns at the wrong depth, ``break`` and ``continue`` confused or forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.mutations.omissions import reindented
from truth.mutations.source import Edit, Source


def jump(source: Source) -> Iterator[Edit]:
    """``continue`` for ``break``, the reverse, or neither."""
    for node in source.statements:
        if isinstance(node, ast.Break | ast.Continue):
            wrong = "continue" if isinstance(node, ast.Break) else "break"
            yield Edit("break or continue", source.start(node), source.end(node), wrong)
            if len(source.block_of(node)) > 1 and source.is_alone_on_its_lines(node):
                start, stop = source.line_start(node.lineno), source.line_start(node.lineno + 1)
                yield Edit("break or continue", start, stop, "", blamed=source.neighbours(node))
            else:
                yield Edit("break or continue", source.start(node), source.end(node), "pass")


def return_depth(source: Source) -> Iterator[Edit]:
    """A ``return`` one level too deep or too shallow."""
    for node in source.statements:
        if isinstance(node, ast.Return) and source.is_alone_on_its_lines(node) and node.end_lineno == node.lineno:
            for indent in (_outside(source, node), _inside(source, node)):
                if indent is not None:
                    yield from _moved(source, node, indent)


def _outside(source: Source, node: ast.Return) -> str | None:
    """The indentation of the block around; None unless the return ends its block and can leave it."""
    block, parent = source.block_of(node), source.parent[node]
    movable = isinstance(parent, ast.For | ast.While | ast.If) and len(block) > 1 and block[-1] is node
    if not movable or (block is getattr(parent, "body", None) and getattr(parent, "orelse", None)):
        return None
    assert isinstance(parent, ast.stmt)
    return source.indent(parent)


def _inside(source: Source, node: ast.Return) -> str | None:
    """The indentation of the block that ends just above the return."""
    block = source.block_of(node)
    index = next(place for place, part in enumerate(block) if part is node)
    above = block[index - 1] if index else None
    if isinstance(above, ast.For | ast.While | ast.If) and above.body[-1].lineno > above.lineno:
        last = (above.orelse or above.body)[-1]
        jumps = isinstance(last, ast.Return | ast.Break | ast.Continue | ast.Raise)
        return (
            None
            if jumps and not isinstance(above, ast.For | ast.While)
            else source.indent((above.orelse or above.body)[0])
        )
    return None


def _moved(source: Source, node: ast.Return, indent: str) -> Iterator[Edit]:
    start, stop = source.line_start(node.lineno), source.end(node)
    text = reindented(source.text[start:stop], source.indent(node), indent)
    if text is not None:
        yield Edit("return depth", start, stop, text, marked=(len(indent), len(text)))
