"""Baseline localizers: by names, by spectra, by a diff, or by trivial rules.

They share only the interface and the sandbox's traces with the package's localizers, so that changes of these do not
change the baselines.
"""

from __future__ import annotations

import ast
import difflib
import math
import random
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from verl_egca.execution.verdict import CaseVerdict, Outcome
from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, lines_of
from verl_egca.localization.reported import ReportedLocalizer
from verl_egca.source import SourceRange, SourceText
from verl_egca.statements import Statement, describe, parse, statements
from verl_egca.tracing.trace import Event, Trace, decode

CASES = 25  # traced failing cases, and as many passing ones
ENDLESS_CASES = 2  # traced cases that time out: each takes the full time of a case
_NAMED = ("argument", "let", "item", "mutated")
_COMPARED = (*_NAMED, "branch", "return")


class TraceNames(Localizer):
    """``trace-names``: the first event of the first failing case that differs from the reference's, by names."""

    name = "trace-names"

    def __init__(self) -> None:
        super().__init__()
        self._references: OrderedDict[tuple[str, int], Trace] = OrderedDict()

    def localize(self, sample: FailingSample) -> Localization:
        case = first_failing(sample)
        candidate, reference = traced(sample, sample.program, case.index), self._reference(sample, case.index)
        found = first_difference(candidate, reference)
        if found is None:
            raise NotLocalized("no_divergence")
        index, place = found
        before = [event.place for event in candidate.events[:index]]
        ranked = dict.fromkeys([place, candidate.events[index].place, *reversed(before)])
        return Localization((place,), self.name, ranked=lines_of(ranked), evidence={"case": case.case})

    def _reference(self, sample: FailingSample, case: int) -> Trace:
        if sample.problem.reference is None:
            raise NotLocalized("no_reference")
        key = sample.problem.task_id, case
        if key not in self._references:
            self._references[key] = traced(sample, sample.problem.reference, case)
        return self._references[key]


class Ochiai(Localizer):
    """``ochiai``: the statement whose runs correlate best with failure, over all cases; of equals, a random one."""

    name = "ochiai"

    def localize(self, sample: FailingSample) -> Localization:
        endless = [case for case in sample.verdict.cases if case.outcome is Outcome.TIMEOUT]
        failing = [case for case in sample.verdict.cases if _failed(case) and case not in endless[ENDLESS_CASES:]][
            :CASES
        ]
        passing = [case for case in sample.verdict.cases if case.passed][:CASES]
        in_failing = [ran(sample, case.index) for case in failing]
        in_passing = [ran(sample, case.index) for case in passing]
        candidates = sorted(set().union(*in_failing))
        if not candidates:
            raise NotLocalized("no_trace")
        random.Random(sample.seed).shuffle(candidates)

        def suspicion(place: SourceRange) -> float:
            failed = sum(place in places for places in in_failing)
            passed = sum(place in places for places in in_passing)
            return failed / math.sqrt(len(in_failing) * (failed + passed))

        ranked = sorted(candidates, key=suspicion, reverse=True)
        return Localization((ranked[0],), self.name, ranked=lines_of(ranked))


class TextDiff(Localizer):
    """``text-diff``: the first line of code that the reference lacks, or that follows an extra line of the reference.

    Comments, docstrings, imports and headers of definitions are left out: they differ for other reasons than bugs.
    """

    name = "text-diff"

    def localize(self, sample: FailingSample) -> Localization:
        if sample.problem.reference is None:
            raise NotLocalized("no_reference")
        ours, theirs = code_lines(sample.program), code_lines(sample.problem.reference)
        texts = [text for _, text in ours], [text for _, text in theirs]
        matcher: difflib.SequenceMatcher[str] = difflib.SequenceMatcher(None, *texts, autojunk=False)
        changed: dict[int, None] = {}
        for kind, start, end, _, _ in matcher.get_opcodes():
            if kind == "insert":
                start, end = min(start, len(ours) - 1), min(start, len(ours) - 1) + 1
            if kind != "equal":
                changed |= dict.fromkeys(number for number, _ in ours[max(start, 0) : end])
        if not changed:
            raise NotLocalized("no_difference")
        text = SourceText(sample.program)
        places = [text.of_line(number) for number in changed]
        return Localization((places[0],), self.name, ranked=lines_of(places))


class LastExecuted(Localizer):
    """``last-executed``: the statement of the last event in the first failing case."""

    name = "last-executed"

    def localize(self, sample: FailingSample) -> Localization:
        trace = traced(sample, sample.program, first_failing(sample).index)
        ranked = list(dict.fromkeys([event.place for event in reversed(trace.events)] + [*reversed(trace.executed)]))
        if not ranked:
            raise NotLocalized("no_trace")
        return Localization((ranked[0],), self.name, ranked=lines_of(ranked))


class RandomExecuted(Localizer):
    """``random-executed``: a statement drawn at random from those that ran in the first failing case."""

    name = "random-executed"

    def localize(self, sample: FailingSample) -> Localization:
        places = sorted(ran(sample, first_failing(sample).index))
        if not places:
            raise NotLocalized("no_trace")
        random.Random(sample.seed).shuffle(places)
        return Localization((places[0],), self.name, ranked=lines_of(places))


class AlwaysReturn(Localizer):
    """``always-return``: the last ``return`` of the function that the tests call."""

    name = "always-return"

    def localize(self, sample: FailingSample) -> Localization:
        tree, text = parse(sample.program), SourceText(sample.program)
        found = list(_returns(tree, sample.problem.entry_point)) if tree else []
        if not found:
            raise NotLocalized("no_return")
        places = [describe(node, text).place for node in reversed(found)]
        return Localization((places[0],), self.name, ranked=lines_of(places))


class Reported(ReportedLocalizer):
    """``reported``: the line that the interpreter reports, if any (the paper's rule for run-time errors)."""


BASELINES: dict[str, type[Localizer]] = {
    kind.name: kind for kind in (TraceNames, Ochiai, TextDiff, LastExecuted, RandomExecuted, AlwaysReturn, Reported)
}


# ---------------------------------------------------------------- executed statements


def first_failing(sample: FailingSample) -> CaseVerdict:
    case = next((case for case in sample.verdict.cases if _failed(case)), None)
    if case is None:
        raise NotLocalized("no_failing_case")
    return case


def traced(sample: FailingSample, program: str, case: int) -> Trace:
    return decode(sample.sandbox.trace(sample.problem, program, case)[1])


def ran(sample: FailingSample, case: int) -> set[SourceRange]:
    """The statements that ran in a case, except definitions and statements that decide nothing."""
    deciding = {s.place for s in statements(sample.program) if not s.is_definition and not s.is_inert}
    return deciding & set(traced(sample, sample.program, case).executed)


def _failed(case: CaseVerdict) -> bool:
    return case.outcome not in (Outcome.PASSED, Outcome.UNSUPPORTED, Outcome.INFRASTRUCTURE)


# ---------------------------------------------------------------- the first difference by names


def first_difference(candidate: Trace, reference: Trace) -> tuple[int, SourceRange] | None:
    """The candidate's first event that differs from the reference's, and the statement to blame.

    Only functions and variables with the same names in both are compared. A loop is blamed if it ended while the
    reference's loop ran again.
    """
    functions = {event.function for event in candidate.events} & {event.function for event in reference.events}
    names = _names(candidate) & _names(reference)
    ours = [(index, event) for index, event in enumerate(candidate.events) if _comparable(event, functions, names)]
    theirs = [event for event in reference.events if _comparable(event, functions, names)]
    for place, (index, event) in enumerate(ours):
        expected = theirs[place] if place < len(theirs) else None
        if expected is None or _state(event) != _state(expected):
            return index, _blamed(candidate, index, expected)
    if len(theirs) > len(ours) and ours:
        index = ours[-1][0]
        return index, _blamed(candidate, index, theirs[len(ours)])
    return None


def _names(trace: Trace) -> set[tuple[str, str]]:
    return {(event.function, event.name) for event in trace.events if event.kind in _NAMED}


def _comparable(event: Event, functions: set[str], names: set[tuple[str, str]]) -> bool:
    if event.function not in functions or event.kind not in _COMPARED:
        return False
    return event.kind not in _NAMED or (event.function, event.name) in names


def _state(event: Event) -> tuple[str, str, str, str]:
    return event.function, "let" if event.kind == "mutated" else event.kind, event.name, event.key


def _blamed(candidate: Trace, index: int, expected: Event | None) -> SourceRange:
    event = candidate.events[index]
    if expected is not None and expected.kind == "item" and event.kind != "item":
        for earlier in reversed(candidate.events[: index + 1]):
            if (earlier.kind, earlier.function, earlier.name) == ("item", expected.function, expected.name):
                return earlier.place if event.place.col <= earlier.place.col else event.place
    return event.place


# ---------------------------------------------------------------- text


def code_lines(program: str) -> Sequence[tuple[int, str]]:
    """Line numbers and texts of the lines that decide something, with indentation."""
    text, kept = SourceText(program), set[int]()
    found: list[Statement] = statements(program)
    for statement in found:
        if not statement.is_definition and not statement.is_inert:
            last = statement.place.end_line if statement.is_header else statement.end_line
            kept |= set(range(statement.place.line, last + 1))
    return [(n, _bare(text.line(n))) for n in sorted(kept) if _bare(text.line(n)).strip()]


def _bare(line: str) -> str:
    return re.sub(r"#[^'\"]*$", "", line).rstrip()


def _returns(tree: ast.Module, entry_point: str | None) -> Iterator[ast.Return]:
    """The entry point's own returns in the order of the text; without that function, the program's returns."""
    named = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == entry_point]
    within: list[ast.AST] = [*named[-1].body] if named else [*tree.body]
    own: list[ast.Return] = []
    while within:
        node = within.pop()
        if isinstance(node, ast.Return):
            own.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            within += ast.iter_child_nodes(node)
    yield from sorted(own, key=lambda node: node.lineno)
