"""One failing program twice, as an SVG: the tokens with its advantage under GRPO, and under EGCA."""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from verl_egca.report.explanation import TOKEN
from verl_egca.report.records import Finding
from verl_egca.report.untrusted import safe
from verl_egca.source import SourceRange, SourceText

_CHARACTER, _LINE = 7.4, 19.0  # of the monospaced font, in user units
_TOP, _LEFT, _BETWEEN = 64.0, 18.0, 44.0
_NARROWEST = 38  # characters of a panel, for its heading


@dataclass(frozen=True, slots=True)
class _Box:
    """The background of a token with the advantage."""

    x: float
    y: float
    width: float


def picture(finding: Finding) -> str:
    """The picture of a finding; words, signs and indentations are the tokens, as in ``egca explain``.

    Raises:
        ValueError: the finding blames no place.
    """
    if not finding.program or not finding.place:
        raise ValueError("nothing is blamed in this program, so that there is nothing to draw")
    source = SourceText(finding.program.rstrip())
    blamed = [source.offsets(SourceRange(p.line, p.col, p.end_line, p.end_col)) for p in finding.place]
    tokens = [match.span() for match in TOKEN.finditer(source.text)]
    marked = [any(start < last and first < end for first, last in blamed) for start, end in tokens]
    lines = [safe(source.line(number)) for number in range(1, source.line_count + 1)]
    panel = max(_NARROWEST, *map(len, lines)) * _CHARACTER
    panels = []
    for number, (name, credited) in enumerate(
        (
            ("GRPO", tokens),
            ("EGCA", [token for token, one in zip(tokens, marked, strict=True) if one]),
        )
    ):
        left = _LEFT + number * (panel + _BETWEEN)
        boxes = [_box(source, left, span) for span in credited]
        says = f"-1 on each of {len(boxes)} tokens" if len(boxes) > 1 else "-1 on one token"
        says += ", 0 on the others" if len(boxes) < len(tokens) else ""
        panels.append({"name": name, "left": left, "boxes": boxes, "says": says})
    environment = Environment(
        loader=PackageLoader("verl_egca.report", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("picture.svg.jinja").render(
        panels=panels,
        lines=[(_TOP + row * _LINE, line) for row, line in enumerate(lines)],
        width=round(2 * (_LEFT + panel) + _BETWEEN),
        height=round(_TOP + len(lines) * _LINE + 10),
    )


def _box(source: SourceText, left: float, span: tuple[int, int]) -> _Box:
    line, col = source.position(span[0])
    return _Box(
        x=round(left + col * _CHARACTER, 1),
        y=_TOP + (line - 1) * _LINE - 13.5,
        width=round((span[1] - span[0]) * _CHARACTER, 1),
    )
