"""Code among prose: the longest stretches of lines that parse.

Text is read statement by statement: a line at the left edge and the indented lines below it. Each is parsed by itself,
so that the work is linear in the text's length. A stretch ends where prose, a heading, a fence or a token begins, but
not at a statement that looks like code and does not parse: that is a mistake in the program.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from verl_egca.extraction.bounded_parser import BoundedParser
from verl_egca.extraction.facts import facts_of, inert_names
from verl_egca.extraction.lines import Lines, Range, dedented, is_blank, joined
from verl_egca.extraction.prompt import PromptCode
from verl_egca.extraction.tokens import first_mark

_DEPTH = 3  # of indentation that is stripped from code below prose
_SEARCHED_LINES = 400  # for the end of an open string or bracket
_DECORATORS = 20  # of a definition
_COST_OF_A_LINE = 32  # in characters, beside its length
_CONTINUES = re.compile(r"(?:else|elif|except|finally)\b")  # at the left edge, but part of the statement above
_TWO_WORDS = re.compile(r"(?:(?<![\w.])([^\W\d]\w*)|[)\]}]|\b\d+)[ \t]+(?=([^\W\d]\w*))")
_UNLIKE_CODE = re.compile(
    r"[^\x00-\x7f]|[`$\\|<>~!?%&^]|\*\*|[*+-][ \t]|\d+[.)](?:\s|$)|!?\[[^\]\r\n]*\][(:]|\[\d+\]\s|https?:|[=_-]{3,}\s*$"
    r"|[A-Z][\w'’ -]{0,40}[.,:;!?](?:\s|$)|[A-Z][a-z]+ (?![-+*/%=<>&|^]=?)|[A-Za-z]+['’][a-z]+\s|[^=(\[{]*$|[^#'\"]*->|(?:In|Out) ?\["
)
_OLD_STATEMENTS = frozenset({"print", "exec"})  # of Python 2
_LABEL = re.compile(  # "Input: n = 3" is a declaration, by Python's grammar
    r"(?:Sample |Expected )?(?:Input|Output|Example|Explanation|Note|Answer|Result|Constraints|Time|Space)s?(?: \w+)?:"
)
_FIRST_OF_TWO = frozenset({"match", "case", "type"}) | _OLD_STATEMENTS  # soft keywords
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of code. ``continues``: they continue the prompt's code. ``is_part``: statements beside them do not parse."""

    lines: Lines
    continues: bool
    is_part: bool


def code_stretches(
    text: str, lines: Lines, parser: BoundedParser, prompt: PromptCode | None = None, depth: int = _DEPTH
) -> Iterator[Stretch]:
    """The longest stretches of code in some lines, in the text's order.

    If some of a stretch's statements do not parse, the whole comes first, then the parts between them.
    """
    chunks = list(_chunks(text, lines, parser, prompt))
    bound = _BUILTINS.union(*(chunk.names for chunk in chunks if chunk.kind is _PieceKind.CODE))
    group: list[_Chunk] = []
    for chunk in chunks:
        is_heading = chunk.kind is _PieceKind.INERT and not chunk.names <= bound
        if chunk.kind is _PieceKind.PROSE or is_heading or chunk.continues:
            yield from _of_group(group)
            group = [chunk] if chunk.continues else []
            if chunk.kind is _PieceKind.PROSE and chunk.lines and depth:
                yield from code_stretches(text, dedented(text, chunk.lines), parser, depth=depth - 1)
        else:
            group.append(chunk)
    yield from _of_group(group)


class _PieceKind(Enum):
    CODE = 0
    INERT = 1  # parses and does nothing: a heading, a number
    BROKEN = 2
    PROSE = 3  # its lines, if any, are all indented and may hold code


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A statement's lines and the blank ones below. ``names``: bound by CODE, or mentioned by INERT."""

    kind: _PieceKind
    lines: Lines = ()
    names: frozenset[str] = frozenset()
    continues: bool = False


_BREAK = _Chunk(_PieceKind.PROSE)


def _of_group(group: list[_Chunk]) -> Iterator[Stretch]:
    while group and group[0].kind is _PieceKind.INERT:
        group = group[1:]
    while group and group[-1].kind is _PieceKind.INERT:
        group = group[:-1]
    if not group:
        return
    yield _stretch(group, is_part=False)
    if not any(chunk.kind is _PieceKind.BROKEN for chunk in group):
        return
    part: list[_Chunk] = []
    for chunk in group:
        if chunk.kind is not _PieceKind.BROKEN:
            part.append(chunk)
        elif part:
            yield _stretch(part, is_part=True)
            part = []
    if part:
        yield _stretch(part, is_part=True)


def _stretch(chunks: list[_Chunk], *, is_part: bool) -> Stretch:
    return Stretch(tuple(line for chunk in chunks for line in chunk.lines), chunks[0].continues, is_part)


def _chunks(text: str, lines: Lines, parser: BoundedParser, prompt: PromptCode | None) -> Iterator[_Chunk]:
    left = list(reversed(lines))  # a stack: surplus lines go back
    is_first = True
    while left:
        if is_blank(text, left[-1]):  # at the top; other blank lines belong to the statement above them
            left.pop()
            continue
        first = text[slice(*left[-1])]
        may_continue = prompt is not None and (first[0] in " \t" or (is_first and prompt.ends_within_a_line))
        is_first = False
        taken = _take(text, left)
        if prompt is not None and may_continue and prompt.may_continue(joined(text, taken)):
            yield from _continuing(text, taken, left, parser, prompt)
        elif first[0] in " \t":
            yield _Chunk(_PieceKind.PROSE, tuple(taken))
        elif _is_prose(first, text[slice(*taken[1])] if taken[1:] else ""):
            left += reversed(taken[1:])
            yield _BREAK
        else:
            yield from _at_the_edge(text, taken, left, parser)


def _take(text: str, left: list[Range]) -> list[Range]:
    """The next statement by its indentation, with its decorators."""
    taken = list[Range]()
    for _ in range(_DECORATORS + 1):
        first = left.pop()
        taken += [first, *_below(text, left)]
        if not left or text[first[0]] != "@":
            break
    return taken


def _continuing(
    text: str, taken: list[Range], left: list[Range], parser: BoundedParser, prompt: PromptCode
) -> Iterator[_Chunk]:
    """The body that the prompt's code waits for."""

    def parse(code: str) -> ast.Module | None:
        found = prompt.before(code, parser)
        return found[1] if found is not None else None

    whole = _whole(text, taken, left, parse, parser)
    if whole is not None:
        yield _Chunk(_PieceKind.CODE, whole[0], facts_of(whole[1]).top, continues=True)
        return
    head = _before_mark(text, taken, left, parser)
    if head is None:
        yield _Chunk(_PieceKind.BROKEN, tuple(taken), continues=True)
    elif head:
        tree = parse(joined(text, head))
        yield _Chunk(_PieceKind.CODE if tree is not None else _PieceKind.BROKEN, head, continues=True)
        yield _BREAK


def _at_the_edge(text: str, taken: list[Range], left: list[Range], parser: BoundedParser) -> Iterator[_Chunk]:
    """A statement at the left edge, or prose that its first line does not show."""
    whole = _whole(text, taken, left, parser.parse, parser)
    if whole is not None:
        yield _parsed(*whole)
        return
    head = _before_mark(text, taken, left, parser)
    if head is not None:
        tree = parser.parse(joined(text, head)) if head else None
        if tree is not None:
            yield _parsed(head, tree)
        elif head and not _reads_as_prose(text, head):
            yield _Chunk(_PieceKind.BROKEN, head)
        yield _BREAK
    elif _reads_as_prose(text, taken):
        left += reversed(taken[1:])
        yield _BREAK
    else:
        yield _Chunk(_PieceKind.BROKEN, tuple(taken))


def _parsed(lines: Lines, tree: ast.Module) -> _Chunk:
    mentioned = [inert_names(node) for node in tree.body]
    if tree.body and all(names is not None for names in mentioned):
        return _Chunk(_PieceKind.INERT, lines, frozenset().union(*(names for names in mentioned if names)))
    return _Chunk(_PieceKind.CODE, lines, facts_of(tree).top)


def _whole(
    text: str,
    taken: list[Range],
    left: list[Range],
    parse: Callable[[str], ast.Module | None],
    parser: BoundedParser,
) -> tuple[Lines, ast.Module] | None:
    """A statement that parses, and its tree. An open string or bracket may continue at the left edge."""
    tree = parse(joined(text, taken))
    if tree is not None:
        return tuple(taken), tree
    open_now = _Open().after(joined(text, taken))
    if not open_now:
        return None
    more = list(taken)
    for line in reversed(left[-_SEARCHED_LINES:]):
        if not parser.may_search(line[1] - line[0] + _COST_OF_A_LINE):
            return None
        more.append(line)
        open_now = open_now.after(text[slice(*line)])
        if open_now:
            continue
        following = left[: len(left) - (len(more) - len(taken))]
        more += _below(text, following)
        tree = parse(joined(text, more))
        if tree is not None:
            del left[len(following) :]
            return tuple(more), tree
        return None
    return None


@dataclass(frozen=True, slots=True)
class _Open:
    """Brackets and strings that are open at the end of some lines, roughly; true if any is."""

    brackets: int = 0
    double: bool = False
    single: bool = False
    continues: bool = False

    def after(self, code: str) -> _Open:
        opened = sum(map(code.count, "([{")) - sum(map(code.count, ")]}"))
        return _Open(
            self.brackets + opened,
            self.double ^ (code.count('"""') % 2 == 1),
            self.single ^ (code.count("'''") % 2 == 1),
            code.rstrip("\r\n").endswith("\\"),
        )

    def __bool__(self) -> bool:
        return self.brackets > 0 or self.double or self.single or self.continues


def _below(text: str, left: list[Range]) -> list[Range]:
    """Take the indented lines below a statement."""
    taken: list[Range] = []
    while left and (is_blank(text, left[-1]) or text[left[-1][0]] in " \t" or _CONTINUES.match(text, *left[-1])):
        taken.append(left.pop())
    return taken


def _before_mark(text: str, taken: list[Range], left: list[Range], parser: BoundedParser) -> Lines | None:
    """The lines before the first token, tag or fence; those after it go back to ``left``. None without such a mark."""
    found = first_mark(joined(text, taken)) if parser.may_search(taken[-1][1] - taken[0][0]) else None
    if found is None:
        return None
    head, tail, at = list[Range](), list[Range](), 0
    for first, last in taken:
        start, end = first + found[0] - at, first + found[1] - at  # the mark's place, counted from this line
        at += last - first
        if first < min(start, last):
            head.append((first, min(start, last)))
        if max(end, first) < last:
            tail.append((max(end, first), last))
    left += reversed(tail)
    return tuple(head)


def _is_prose(line: str, following: str) -> bool:
    """Whether a line at the left edge is surely prose: a label, or two words side by side, as in no line of Python."""
    if _LABEL.match(line):
        return True
    code = re.split(r"['\"#]", line, maxsplit=1)[0]
    pairs = [match for match in _TWO_WORDS.finditer(code) if not any(map(keyword.iskeyword, match.groups("")))]
    if pairs and pairs[0].start() == 0 and pairs[0][1] in _FIRST_OF_TWO:
        pairs = pairs[1:]
    if len(pairs) == 1 and not line[0].isupper():  # "fro i in range(3):" is a mistake
        is_header = line.rstrip().endswith(":") and following[:1] in (" ", "\t")
        return not is_header and not set(code) & set("=([{")
    return bool(pairs)


def _reads_as_prose(text: str, lines: Sequence[Range]) -> bool:
    """Whether lines that do not parse are prose rather than a mistake."""
    line = text[slice(*lines[0])].rstrip("\r\n")
    first = re.match(r"\w*", line)
    word = first.group() if first is not None else ""
    return not keyword.iskeyword(word) and word not in _OLD_STATEMENTS and _UNLIKE_CODE.match(line) is not None
