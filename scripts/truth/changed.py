"""The lines of a wrong program that differ from the right one.

Statements are compared as Python reads them: layout, comments and docstrings do not count, indentation does. An added
or forgotten guard moves the statements under it; these do not count as changed.
"""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LAYOUT = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


def changed_lines(wrong: str, right: str) -> set[int]:
    """The lines (from 1) of ``wrong`` that differ from ``right``.

    If ``wrong`` only lacks code, they are the lines just before and just after the gap. A program that Python cannot
    parse is compared line by line.
    """
    try:
        before, after = _statements(wrong), _statements(right)
    except (tokenize.TokenError, SyntaxError):
        before, after = _plain_lines(wrong), _plain_lines(right)
    lines: set[int] = set()
    matched: list[tuple[int, int]] = []
    exact = [(part.depth, part.text) for part in before], [(part.depth, part.text) for part in after]
    for kind, i1, i2, j1, j2 in _opcodes(*exact):
        if kind == "equal":
            matched.extend(zip(range(i1, i2), range(j1, j2), strict=True))
            continue
        if _same_shape(before[i1:i2], after[j1:j2]):
            lines |= _replaced(before[i1:i2], after[j1:j2])
            continue
        # a statement at another depth counts as found here; `_moved` treats its move
        texts = [part.text for part in before[i1:i2]], [part.text for part in after[j1:j2]]
        for inner, a1, a2, b1, b2 in _opcodes(*texts):
            if inner == "equal":
                matched.extend(zip(range(i1 + a1, i1 + a2), range(j1 + b1, j1 + b2), strict=True))
            elif inner == "insert":
                lines |= _around_gap(before, i1 + a1)
            else:
                lines |= _replaced(before[i1 + a1 : i1 + a2], after[j1 + b1 : j1 + b2])
    return lines | _moved(before, after, matched)


@dataclass(frozen=True, slots=True)
class _Statement:
    """One logical line: its depth of indentation, its words, and the physical line of each word."""

    depth: int
    words: tuple[str, ...]
    lines: tuple[int, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def opens_block(self) -> bool:
        return self.words[-1] == ":"


def _opcodes(before: Sequence[object], after: Sequence[object]) -> Iterable[tuple[str, int, int, int, int]]:
    matcher: difflib.SequenceMatcher[object] = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return matcher.get_opcodes()


def _statements(source: str) -> list[_Statement]:
    return [part for part in _logical_lines(source) if not _is_text(part)]


def _logical_lines(source: str) -> Iterator[_Statement]:
    depth = 0
    words: list[str] = []
    lines: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.INDENT:
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
        elif token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            if words:
                yield _Statement(depth, tuple(words), tuple(lines))
            words, lines = [], []
        elif token.type not in LAYOUT:
            words.append(_word(token))
            lines.append(token.start[0])


def _word(token: tokenize.TokenInfo) -> str:
    """A token's text; string constants by value, so that quotes do not count."""
    if token.type == tokenize.STRING:
        try:
            return repr(ast.literal_eval(token.string))
        except (ValueError, SyntaxError):
            return token.string
    return token.string


def _is_text(statement: _Statement) -> bool:
    """Whether the statement is only a string: a docstring."""
    return len(statement.words) == 1 and statement.words[0][:1] in "\"'"


def _plain_lines(source: str) -> list[_Statement]:
    found: list[_Statement] = []
    for number, line in enumerate(source.split("\n"), 1):
        code = line.split("#")[0].rstrip()
        if code:
            found.append(_Statement(len(code) - len(code.lstrip()), tuple(code.split()), (number,) * len(code.split())))
    return found


def _around_gap(before: list[_Statement], index: int) -> set[int]:
    lines: set[int] = set()
    if index > 0:
        lines.add(before[index - 1].lines[-1])
    if index < len(before):
        lines.add(before[index].lines[0])
    return lines


def _same_shape(wrong: list[_Statement], right: list[_Statement]) -> bool:
    """Whether the statements pair one by one; then two swapped statements both count as changed."""
    return [part.depth for part in wrong] == [part.depth for part in right]


def _replaced(wrong: list[_Statement], right: list[_Statement]) -> set[int]:
    """The lines of the statements; if they pair one by one, only the differing lines of a long statement."""
    if len(wrong) != len(right):
        return {line for statement in wrong for line in statement.lines}
    return {
        line
        for pair in zip(wrong, right, strict=True)
        if pair[0].text != pair[1].text
        for line in _differing_lines(*pair)
    }


def _differing_lines(wrong: _Statement, right: _Statement) -> set[int]:
    lines: set[int] = set()
    for kind, i1, i2, _, _ in _opcodes(wrong.words, right.words):
        if kind == "insert":
            lines |= set(wrong.lines[max(i1 - 1, 0) : i1 + 1])
        elif kind != "equal":
            lines |= set(wrong.lines[i1:i2])
    return lines


def _moved(before: list[_Statement], after: list[_Statement], matched: list[tuple[int, int]]) -> set[int]:
    """Lines of statements at another depth, unless an added or missing block header above explains the depth."""
    found = set(matched)
    known_before, known_after = {i for i, _ in matched}, {j for _, j in matched}
    lines: set[int] = set()
    explained = 0
    for i, j in sorted(matched):
        shift = before[i].depth - after[j].depth
        opened = i > 0 and i - 1 not in known_before and before[i - 1].opens_block
        unopened = j > 0 and j - 1 not in known_after and after[j - 1].opens_block
        if shift == 0:
            explained = 0
        elif opened or unopened:
            explained = shift
        if shift != explained:
            lines |= set(before[i].lines)
            explained = explained if (i - 1, j - 1) in found else 0
    return lines
