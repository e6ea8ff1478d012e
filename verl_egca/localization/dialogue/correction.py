"""A debugger's correction of a statement, as an edit of bounded size in the statement's place, specific to no test.

The sandbox decides whether it mends the program.
"""

from __future__ import annotations

import ast
import difflib
import re
import textwrap
from collections.abc import Iterator, Sequence

from verl_egca.execution.verdict import CaseVerdict
from verl_egca.localization.twins.edits import Edit, changed_characters
from verl_egca.localization.twins.program import Program
from verl_egca.problem import Problem
from verl_egca.source import SourceRange
from verl_egca.statements import Statement, parse

_LEAST_ALLOWED = 80  # characters that a correction may change, even in a short program
_TOKEN = re.compile(r"\w+|[^\w\s]+|\s+")
_TOO_COMMON = frozenset(map(repr, (0, 1, -1, 2, 10, 0.0, 1.0, 0.5, True, False, None, "", " ", (), [], {}))) | {"set()"}


class Unfit(ValueError):
    """A correction that is refused without a run; the message is the reason, in a sentence for the debugger."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def as_edit(
    program: Program, statement: Statement, correction: str, problem: Problem, cases: Sequence[CaseVerdict]
) -> Edit:
    """The edit that replaces the statement by ``correction``, or only its header if the correction is a header alone.

    Raises:
        Unfit: it does not parse there, changes nothing, rewrites the program, or names values of the tests.
    """
    node = next(one for one in program.statements() if program.header(one) == statement.place)
    start, end = program.span(node)
    new = textwrap.dedent(correction.strip("\n")).strip()
    if statement.is_header and _is_header_alone(new):
        start, end = program.text.offsets(statement.place)
        if not program.source[start:end].rstrip().endswith(":"):
            new = new.rstrip().removesuffix(":").rstrip()
    line = program.source.rfind("\n", 0, start) + 1
    indentation = re.match(r"[ \t]*", program.source[line:start])
    new = new.replace("\n", "\n" + (indentation.group() if indentation else ""))
    edit = Edit(start, end, new, "debugger", (start, end))
    mended = parse(edit.apply(program.source))
    if mended is None:
        raise Unfit("does_not_parse", "the program with the correction in the statement's place does not parse.")
    if ast.dump(mended) == ast.dump(program.tree):
        raise Unfit("changes_nothing", "the correction is the statement as it is.")
    most = max(_LEAST_ALLOWED, len(ast.unparse(program.tree)) // 2)
    size = changed_characters(edit, program.source)
    if size > most:
        raise Unfit("too_large", f"the correction changes {size} characters; at most {most} may be changed.")
    if named := _of_the_tests(mended, program, problem, cases):
        raise Unfit("special_case", f"the correction answers the test instead of the problem: {named!r} is its value.")
    return edit


def blamed(program: Program, edit: Edit) -> list[SourceRange]:
    """The smallest expressions, or statements' headers, around each place that the edit changes; in order."""
    old = program.source[edit.start : edit.end]
    places: list[SourceRange] = []
    for first, last in _chunks(old, edit.text):
        place = program.text.between(*program.around(edit.start + first, edit.start + last))
        if place not in places:
            places.append(place)
    return places


def _chunks(old: str, new: str) -> Iterator[tuple[int, int]]:
    """Half-open ranges of ``old`` that differ in ``new``, token by token; differences of blanks alone do not count."""
    ours, theirs = _TOKEN.findall(old), _TOKEN.findall(new)
    offsets = [0]
    for token in ours:
        offsets.append(offsets[-1] + len(token))
    for tag, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag != "equal" and not ("".join(ours[a:b]) + "".join(theirs[c:d])).isspace():
            yield offsets[a], offsets[b]


def _is_header_alone(text: str) -> bool:
    return parse(text) is None and parse(text.rstrip().removesuffix(":") + ":\n    pass") is not None


def _of_the_tests(
    mended: ast.Module, program: Program, problem: Problem, cases: Sequence[CaseVerdict]
) -> object | None:
    """A specific value of a test, an argument or an expected value, that only the correction names."""
    known = _constants(program.tree) | (
        _constants(parse(problem.reference) or program.tree) if problem.reference else set()
    )
    new = _constants(mended) - known - _TOO_COMMON
    if not new:
        return None
    for case in cases:
        for text in (case.expected, case.call, case.case):
            tree = parse(text) if text else None
            if tree is not None and (found := _constants(tree) & new):
                return sorted(found)[0]
    return None


def _constants(tree: ast.AST) -> set[str]:
    """The reprs of literals, and of displays of literals."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.UnaryOp):
            try:
                found.add(repr(ast.literal_eval(node)))
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue
    return found
