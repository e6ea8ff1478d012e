"""``reported``: blames the place that the compiler or the interpreter reported (the paper's rule for SYNTAX).

For a compile error it blames the compiler's range; for a run-time error, the innermost statement on the last line of
the traceback inside the program. The traceback is that of the first failing case, independent of ``egca.failing_case``,
since that case decides the sample's mode.
"""

from __future__ import annotations

from verl_egca.execution.verdict import Outcome
from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, lines_of
from verl_egca.localization.cases import failing_cases
from verl_egca.source import SourceRange, SourceText
from verl_egca.statements import innermost


class ReportedLocalizer(Localizer):
    name = "reported"

    def localize(self, sample: FailingSample) -> Localization:
        case = failing_cases(sample.verdict)[0]
        error = case.error
        if error is None or error.line is None:
            raise NotLocalized("no_line_reported")
        text = SourceText(sample.program)
        if case.outcome is Outcome.SYNTAX:
            end_line, end_col = error.end_line or error.line, error.end_col
            place = _compile_range(text, error.line, error.col, end_line, end_col)
            ranked = [place]
        else:
            ranked = [statement.place for statement in innermost(sample.program, error.line)]
            place = ranked[0] if ranked else text.of_line(error.line)
        evidence = {"case": case.case, "error": f"{error.type}: {error.message}", "line": error.line}
        return Localization((place,), self.name, ranked=lines_of(ranked or [place]), evidence=evidence)


def _compile_range(text: SourceText, line: int, col: int | None, end_line: int, end_col: int | None) -> SourceRange:
    """The compiler's range if it holds code; else the code on its line, or on the last earlier line with code."""
    if col is not None and end_col is not None and (end_line, end_col) > (line, col):
        place = SourceRange(line, col, end_line, end_col)
        start, end = text.offsets(place)
        if text.text[start:end].strip():
            return place
    while line > 1 and not text.line(line).strip():
        line -= 1
    return text.of_line(line)
