"""Edits of a program's text: an expression replaced, a statement put in, taken out, wrapped or moved, all else untouched."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from verl_egca.localization.twins.edits import Edit, written_instead
from verl_egca.localization.twins.scopes import Owner, block, is_docstring
from verl_egca.source import SourceRange, SourceText
from verl_egca.statements import describe

_TOKEN = re.compile(r"\w+|[^\w\s]")
_STEP = "    "
_CLOSED = (
    *(ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Set, ast.Dict, ast.Tuple),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.JoinedStr),
)
_BINDING: dict[type[ast.AST], int] = {  # the higher, the tighter
    ast.NamedExpr: 0,
    ast.Lambda: 1,
    ast.IfExp: 1,
    ast.Or: 2,
    ast.And: 3,
    ast.Not: 4,
    ast.Compare: 5,
    ast.BitOr: 6,
    ast.BitXor: 7,
    ast.BitAnd: 8,
    ast.LShift: 9,
    ast.RShift: 9,
    ast.Add: 10,
    ast.Sub: 10,
    ast.Mult: 11,
    ast.Div: 11,
    ast.FloorDiv: 11,
    ast.Mod: 11,
    ast.MatMult: 11,
    ast.USub: 12,
    ast.UAdd: 12,
    ast.Invert: 12,
    ast.Pow: 13,
    ast.Await: 14,
}

Place = tuple[int, int]


class Page:
    """A program's text, its tree, and the edits that can be made of them."""

    def __init__(self, source: str, tree: ast.Module) -> None:
        self.source, self.tree = source, tree
        self._text = SourceText(source)
        self._above: dict[int, tuple[ast.AST, str]] = {}
        for node in ast.walk(tree):
            for field, value in ast.iter_fields(node):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        self._above[id(child)] = (node, field)

    def place(self, node: ast.expr | ast.stmt) -> Place:
        return self._text.offsets(self._text.of_node(node))

    def header(self, node: ast.stmt) -> Place:
        return self._text.offsets(describe(node, self._text).place)

    # ------------------------------------------------------------ expressions

    def replace(self, part: ast.expr, by: ast.expr, kind: str, cost: float) -> Edit | None:
        start, end = self.place(part)
        text = self._written(part, by, start)
        return None if text is None else self._edit(start, end, text, kind, (start, end), cost)

    def _written(self, part: ast.expr, by: ast.expr, start: int) -> str | None:
        text = unparsed(by)
        above, field = self._above.get(id(part), (None, ""))
        if text is None or above is None:
            return None
        if isinstance(part, ast.GeneratorExp) and isinstance(above, ast.Call) and self.place(above.func)[1] == start:
            return text if isinstance(by, ast.GeneratorExp) else f"({text})"  # the call's brackets are the generator's
        return f"({text})" if self._opens(by, above, field) else text

    def _opens(self, by: ast.expr, above: ast.AST, field: str) -> bool:
        if isinstance(by, ast.Constant) and isinstance(by.value, int | float) and isinstance(above, ast.Attribute):
            return True
        if isinstance(by, _CLOSED):
            return False
        if isinstance(above, ast.Attribute | ast.Await | ast.Starred) or field in ("func",):
            return True
        if isinstance(above, ast.Subscript):
            return field == "value"
        if isinstance(above, ast.BinOp | ast.BoolOp | ast.UnaryOp | ast.Compare):
            return _binding(by) <= _binding(above)
        if isinstance(above, ast.IfExp | ast.comprehension | ast.NamedExpr | ast.withitem | ast.FormattedValue):
            return _binding(by) <= 1
        return isinstance(by, ast.NamedExpr)

    # ------------------------------------------------------------ statements

    def rewrite(self, node: ast.stmt, new: ast.stmt, kind: str, cost: float) -> Edit | None:
        """A simple statement, or a compound one's header, becomes another's."""
        start, end = self.header(node)
        text = unparsed(new)
        if text is None:
            return None
        if isinstance(node, ast.If | ast.While | ast.For):
            text = text.split("\n")[0].removesuffix(" pass").removesuffix(":")
            if self.source.startswith("elif", start):
                text = f"el{text}"
            opened = self.source[end : self.source.find(":", end)]
            if opened.strip() == ")" * len(opened.strip()) and opened.strip():
                end += len(opened)
        return self._edit(start, end, text.replace("\n", "\n" + self._indentation(start)), kind, (start, end), cost)

    def insert(
        self, owner: Owner, field: str, index: int, new: Sequence[ast.stmt], kind: str, cost: float
    ) -> Edit | None:
        """Statements before the ``index``-th of a block; an ``else`` is opened where there is none."""
        statements = block(owner, field)
        if index == 0 and statements and is_docstring(statements[0]):
            index = 1
        texts = [unparsed(node) for node in new]
        if any(text is None for text in texts):
            return None
        lines = "\n".join(text for text in texts if text is not None)
        if not statements:
            if field != "orelse" or not isinstance(owner, ast.If | ast.For | ast.While):
                return None
            at = self._line_end(self.place(owner)[1])
            outer = self._indentation(self.place(owner)[0])
            body = lines.replace("\n", f"\n{outer}{_STEP}")
            return Edit(at, at, f"\n{outer}else:\n{outer}{_STEP}{body}", kind, self._follows(at, outer + _STEP), cost)
        if index < len(statements):
            start = self._start(statements[index])
            indent = self._indentation(start)
            blame = self._first_token(start)
            if self._begins_line(start):
                body = lines.replace("\n", "\n" + indent)
                return Edit(start, start, f"{body}\n{indent}", kind, blame, cost)
            return None if "\n" in lines else Edit(start, start, f"{lines}; ", kind, blame, cost)
        last = statements[-1]
        start, end = self._start(last), self.place(last)[1]
        if self._begins_line(start):
            at, indent = self._line_end(end), self._indentation(start)
            return Edit(
                at, at, f"\n{indent}" + lines.replace("\n", "\n" + indent), kind, self._follows(at, indent), cost
            )
        return None if "\n" in lines else Edit(end, end, f"; {lines}", kind, self._follows(end), cost)

    def remove(self, node: ast.stmt, kind: str, cost: float) -> Edit:
        """The statement goes; ``pass`` stands for it where it is alone in its block or shares its line."""
        start, end = self._start(node), self.place(node)[1]
        above, field = self._above[id(node)]
        blame = self.header(node)
        others = [other for other in block(above, field) if other is not node and not is_docstring(other)]
        line_end = self._line_end(end)
        alone = self._begins_line(start) and not self.source[end:line_end].split("#")[0].strip()
        if others and alone:
            first = start - len(self._indentation(start))
            return Edit(first, min(line_end + 1, len(self.source)), "", kind, blame, cost)
        return Edit(start, end, "pass", kind, blame, cost)

    def wrap(self, first: ast.stmt, last: ast.stmt, header: ast.stmt, kind: str, cost: float) -> Edit | None:
        """``header`` (a compound statement whose body does not count) around the statements from ``first`` to ``last``."""
        start, end = self._start(first), self.place(last)[1]
        text = unparsed(header)
        if text is None or not self._begins_line(start):
            return None
        indent = self._indentation(start)
        body = self.source[start:end].replace("\n", f"\n{_STEP}")
        text = f"{text.splitlines()[0]}\n{indent}{_STEP}{body}"
        return Edit(start, end, text, kind, self._first_token(start), cost)

    def unwrap(self, node: ast.stmt, kind: str, cost: float) -> Edit | None:
        """The body of a compound statement in its place."""
        body = block(node, "body")
        start, inner = self.place(node)[0], self._start(body[0])
        if not self._begins_line(start) or self.source.startswith("elif", start):
            return None
        end = self.place(body[-1])[1]
        text = (
            self._shifted(inner, end, self._indentation(start)) if self._begins_line(inner) else self.source[inner:end]
        )
        return Edit(start, self.place(node)[1], text, kind, self.header(node), cost)

    def move(self, node: ast.stmt, owner: Owner, field: str, index: int, kind: str, cost: float) -> Edit | None:
        """The statement in another block, as its ``index``-th."""
        statements = block(owner, field)
        start, end = self._start(node), self.place(node)[1]
        if not statements or not self._begins_line(start):
            return None
        beside = statements[min(index, len(statements) - 1)]
        there = self._start(beside)
        if not self._begins_line(there):
            return None
        indent = self._indentation(there)
        text = self._shifted(start, end, indent)
        line = start - len(self._indentation(start))
        blame = (line, start) if line < start else self._first_token(start)
        at = self._line_end(self.place(beside)[1]) if index >= len(statements) else there - len(indent)
        if index >= len(statements):
            if at == line - 1 or at == self._line_end(end):  # only its depth changes
                return Edit(line, end, indent + text, kind, blame, cost)
            put = Edit(at, at, f"\n{indent}{text}", kind, blame, cost)
        else:
            if there - len(indent) == self._line_end(end) + 1:
                return Edit(line, end, indent + text, kind, blame, cost)
            put = Edit(at, at, f"{indent}{text}\n", kind, blame, cost)
        return self.together([self.remove(node, kind, cost), put], kind, cost, blame)

    def together(self, edits: Sequence[Edit], kind: str, cost: float, blame: Place | None = None) -> Edit | None:
        """Several edits as one, from the first to the last; none if they meet. The first is to blame."""
        ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
        text, at = "", ordered[0].start
        for edit in ordered:
            if edit.start < at:
                return None
            text += self.source[at : edit.start] + edit.text
            at = edit.end
        first = min(ordered, key=lambda edit: edit.blame)
        return Edit(ordered[0].start, at, text, kind, blame or first.blame, cost)

    # ------------------------------------------------------------ places

    def _edit(self, start: int, end: int, text: str, kind: str, blame: Place, cost: float) -> Edit:
        """The edit without what both texts begin and end with, whole words at least."""
        old = self.source[start:end]
        shortest = min(len(old), len(text))
        head = 0
        while head < shortest and old[head] == text[head]:
            head += 1
        while (head and _inside_word(old, head)) or (head and _inside_word(text, head)):
            head -= 1
        tail = 0
        while tail < shortest - head and old[-1 - tail] == text[-1 - tail]:
            tail += 1
        while tail and (_inside_word(old, len(old) - tail) or _inside_word(text, len(text) - tail)):
            tail -= 1
        return Edit(start + head, end - tail, text[head : len(text) - tail], kind, blame, cost)

    def _start(self, node: ast.stmt) -> int:
        """Where the statement begins, its decorators included."""
        decorators = getattr(node, "decorator_list", None)
        if decorators:
            return self.source.rindex("@", 0, self.place(decorators[0])[0])
        return self.place(node)[0]

    def _indentation(self, at: int) -> str:
        line = self._text.line(self._text.position(at)[0])
        return line[: len(line) - len(line.lstrip())]

    def _begins_line(self, at: int) -> bool:
        return self._text.position(at)[1] == len(self._indentation(at))

    def _line_end(self, at: int) -> int:
        line = self._text.position(at)[0]
        return self._text.offset(line, len(self._text.line(line)))

    def _shifted(self, start: int, end: int, indent: str) -> str:
        """The text with its first line's indentation replaced; the first line comes without."""
        old = self._indentation(start)
        return self.source[start:end].replace(f"\n{old}", f"\n{indent}")

    def _first_token(self, at: int) -> Place:
        found = _TOKEN.match(self.source, at)
        return found.span() if found else (at, min(at + 1, len(self.source)))

    def _follows(self, at: int, indent: str = "") -> Place:
        return written_instead(self.source, at, len(indent))

    def range_of(self, edit: Edit) -> SourceRange:
        return self._text.between(edit.start, edit.end)


def unparsed(node: ast.AST) -> str | None:
    """The code as text; None for what has none, such as an f-string with a backslash in it."""
    try:
        text = ast.unparse(node)
    except (ValueError, RecursionError, AttributeError):
        return None
    if isinstance(node, ast.Tuple) and not node.elts:
        return "()"
    return text


def tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _binding(node: ast.AST) -> int:
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.UnaryOp):
        return _BINDING[type(node.op)]
    return _BINDING.get(type(node), 20)


def _inside_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and _is_word(text[at - 1]) and _is_word(text[at])


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
