"""Rows of the table, ``$a < $b -> $a <= $b``: matched on a program's tree, written into its text (syntax: `table`)."""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from verl_egca.localization.twins.brackets import opens
from verl_egca.localization.twins.edits import Edit, least
from verl_egca.localization.twins.patterns import Bound, Pattern, Words, bare, variable
from verl_egca.localization.twins.program import Program, Site

_ROW = re.compile(r"(?P<pattern>.+?)(?:\s+@(?P<place>\S+))?\s+->\s+(?P<replacements>.+)")
_Root = tuple[type[object], type[object]]  # of a node and of its operator
_Span = tuple[int, int]
_pattern = functools.cache(Pattern)


class Table:
    """Parsed rows by kind. ``operators`` lists the operators of each operator variable."""

    def __init__(self, text: str, operators: Mapping[str, Iterable[str]]) -> None:
        """Raises ValueError for a line that is neither a kind nor a row, or a replacement with unknown variables."""
        self._of_all: list[_Rule] = []
        self._rules: dict[_Root, list[_Rule]] = defaultdict(list)
        kind = ""
        for line in filter(str.strip, text.splitlines()):
            if line.startswith(" "):
                for rule in _rules(kind, line.strip(), operators):
                    node = rule.pattern.node
                    (self._of_all if variable(node) else self._rules[_root(node)]).append(rule)
            else:
                kind = line.strip()

    def edits(self, program: Program) -> Iterator[Edit]:
        for site in program.sites:
            around, place = _around(site.parent, site.field), site.span
            for rule in (*self._rules.get(_root(site.node), ()), *(self._of_all if site.is_value else ())):
                if rule.place.fits(around):
                    yield from rule.edits(program, site.node, place, site, site.where)
            for pair in _pairs(site.node):
                place = program.span(pair.left)[0], program.span(pair.comparators[0])[1]
                for rule in self._rules.get(_root(pair), ()):
                    yield from rule.edits(program, pair, place, site, site.where)
        for statement in program.statements():
            around = _around(program.loop_of[statement], "")
            for rule in self._rules.get(_root(statement), ()):
                if rule.place.fits(around):
                    place, where = program.span(statement), program.block_of[statement].where
                    yield from rule.edits(program, statement, place, None, where)


def rewritten(program: Program, site: Site, by: str, **names: str) -> str | None:
    """The text of ``by``, with ``$a`` as the old expression and ``names`` for other variables; None if unusable."""
    return _Match(program, _pattern("$a"), {"a": site.node, **names}, site.span, site).replaced(_pattern(by))


def _rules(kind: str, row: str, operators: Mapping[str, Iterable[str]]) -> Iterator[_Rule]:
    """A rule for each choice of operators; the row gives the form of its edits. Raises ValueError."""
    found = _ROW.fullmatch(row)
    if found is None or not kind:
        raise ValueError(f"not a row: {row}")
    forms = [f"{found['pattern']} -> {text}" for text in found["replacements"].split("; ")]
    for chosen in _without_variables(f"{found['pattern']}\n{found['replacements']}", operators):
        pattern, replacements = chosen.split("\n")
        texts = dict(zip(forms, replacements.split("; "), strict=True))
        try:
            rule = _Rule(kind, Words(found["place"] or "!"), pattern, texts)
        except SyntaxError as error:
            raise ValueError(f"not code: {row}") from error
        if not rule.is_closed:
            raise ValueError(f"has unknown variables: {row}")
        yield rule


def _without_variables(row: str, operators: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """The row with each choice of operators for its operator variables."""
    name = next((name for name in re.findall(r"\$(\w+)", row) if name in operators), None)
    for operator in operators[name] if name else ():
        yield from _without_variables(re.sub(rf"\${name}\b", operator, row), operators)
    if name is None:
        yield row


class _Rule:
    """A pattern with its ``replacements``, keyed by the names of their forms."""

    def __init__(self, kind: str, place: Words, pattern: str, replacements: Mapping[str, str]) -> None:
        """Raises SyntaxError."""
        self._kind, self.place, self.pattern = kind, place, Pattern(pattern)
        head = bare(pattern).rpartition("$")[0]
        self._replacements: list[tuple[str, Pattern, bool]] = []
        for form, text in replacements.items():
            last = isinstance(self.pattern.node, ast.stmt) and not self.pattern.gaps[-1] and text.startswith(head)
            self._replacements.append((form, Pattern(text.removeprefix(head) if last else text), last))

    @property
    def is_closed(self) -> bool:
        """Whether the replacements have only the pattern's variables."""
        return all(set(by.names) <= set(self.pattern.names) for _, by, _ in self._replacements)

    def edits(self, program: Program, node: ast.AST, place: _Span, site: Site | None, where: str) -> Iterator[Edit]:
        """The edits blame the expression or statement; its last part if only that changes."""
        bound: Bound = {}
        if not self.pattern.matches(node, bound):
            return
        match = _Match(program, self.pattern, bound, place, site)
        for form, by, last in self._replacements:
            start, end = match.bare[self.pattern.names[-1]] if last else place
            text = match.written(by) if last else match.replaced(by)
            if text is not None and text != program.source[start:end]:
                blame = site.span if site else (start, end)
                yield least(Edit(start, end, text, self._kind, blame, form, where), program.source)


class _Match:
    """A place that a pattern matches; ``site`` is the expression there, or the chain of comparisons around it."""

    def __init__(self, program: Program, pattern: Pattern, bound: Bound, place: _Span, site: Site | None) -> None:
        self._program, self._source, self._pattern = program, program.source, pattern
        self._bound, (self._start, self._end), self._site = bound, place, site
        self.bare = {name: program.span(node) for name, node in bound.items() if isinstance(node, ast.expr)}
        self._spans = dict(self.bare)  # with the brackets around each part
        is_whole = pattern.gaps == ["", ""] or len(self.bare) < len(bound)
        self._gaps = None if is_whole else self._laid_out()

    def replaced(self, by: Pattern) -> str | None:
        """The text of the whole place by the pattern ``by``; None if unusable, such as a call on its own result."""
        if self._gaps and len(by.names) > 1 and by.names == self._pattern.names:
            return self._exchanged(self._gaps, by)
        if _calls_twice(by.node, self._bound):
            return None
        if self._site is None:
            return self.written(by)
        is_whole = self._site.span == (self._start, self._end)
        return self._bracketed(self._site, by) if is_whole else None

    def written(self, by: Pattern) -> str:
        """The parts in their new places, with the needed brackets."""
        texts: dict[str, str] = {}
        for name, above, field in by.stands:
            node = self._bound[name]
            if isinstance(node, str):
                texts[name] = node
                continue
            text, whole = (self._source[slice(*spans[name])] for spans in (self.bare, self._spans))
            if above is None:
                texts[name] = whole if "\n" in text else text
            elif text == whole and opens(node, above, field):
                texts[name] = f"({text})"
            else:
                texts.setdefault(name, whole)
        return by.filled(by.gaps, texts)

    def _bracketed(self, site: Site, by: Pattern) -> str:
        text, above, source = self.written(by), site.parent, self._source
        node = self._bound.get(variable(by.node), by.node)
        if isinstance(above, ast.Call) and self._program.span(above.func)[1] == site.start:
            # the call's brackets are the generator's
            return text if isinstance(node, ast.GeneratorExp) else f"({text})"
        if not isinstance(node, ast.expr) or not opens(node, above, site.field):
            return text
        if _root(above) == (ast.BinOp, ast.Add) and isinstance(getattr(node, "op", None), ast.Add | ast.Sub):
            return text
        has_own = source[: site.start].rstrip().endswith("(") and source[site.end :].lstrip().startswith(")")
        return text if has_own else f"({text})"

    def _exchanged(self, gaps: list[str], by: Pattern) -> str:
        """The place with only the text between its parts changed, without new brackets: the undone slip of the pen."""
        between = map(_respaced, gaps, self._pattern.gaps, by.gaps)
        return by.filled(list(between), {name: self._source[slice(*span)] for name, span in self._spans.items()})

    def _laid_out(self) -> list[str] | None:
        """The source's texts around and between the parts, if they equal the pattern's up to blanks."""
        patterns = self._pattern.gaps
        for at, name in enumerate(self._pattern.names):
            start, end = self._spans[name]
            opened = _leading("(", self._gap(at)[::-1]) - _leading("(", patterns[at][::-1])
            closed = _leading(")", self._gap(at + 1)) - _leading(")", patterns[at + 1])
            for _ in range(min(opened, closed)):
                start, end = self._source.rindex("(", 0, start), self._source.index(")", end) + 1
            self._spans[name] = start, end
        gaps = [self._gap(at) for at in range(len(patterns))]
        return gaps if [gap.split() for gap in gaps] == [gap.split() for gap in patterns] else None

    def _gap(self, at: int) -> str:
        names = self._pattern.names
        start = self._spans[names[at - 1]][1] if at else self._start
        return self._source[start : self._spans[names[at]][0] if at < len(names) else self._end]


def _respaced(ours: str, old: str, new: str) -> str:
    """The new text between two parts with the source's blanks, and more blanks only if words need them."""
    if old.strip() == new.strip():
        return ours
    is_tighter = len(ours) - len(ours.strip()) < len(old) - len(old.strip())
    if ours == old or not ours.strip() or not new.strip() or (is_tighter and re.search(r"\w", new)):
        return new
    return ours.replace(ours.strip(), new.strip())


def _pairs(node: ast.expr) -> Iterator[ast.Compare]:
    """Each pair of neighbours in a chain of comparisons."""
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            yield ast.Compare(left, [operator], [right])


def _root(node: ast.AST) -> _Root:
    operators = getattr(node, "ops", None)
    return type(node), type(operators[0] if operators else getattr(node, "op", None))


def _around(parent: ast.AST | None, field: str) -> tuple[str, ...]:
    """The words for a place in rows."""
    kind, function = type(parent).__name__, getattr(getattr(parent, "func", None), "id", "")
    return kind, f"{kind}.{field}", f".{field}", f"{function}.{field}"


def _calls_twice(node: ast.AST, bound: Bound) -> bool:
    """Whether a function would be called on its own result alone."""
    match node:
        case ast.Call(func=ast.Name(id=function), args=[ast.Name() as argument], keywords=[]):
            inner = bound.get(variable(argument))
            return isinstance(inner, ast.Call) and getattr(inner.func, "id", "") == function
    return False


def _leading(bracket: str, text: str) -> int:
    """The number of brackets at the start of a text."""
    bare = "".join(text.split())
    return len(bare) - len(bare.lstrip(bracket))
