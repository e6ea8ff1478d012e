"""One failing program twice, as an SVG: each token's share of the advantage under GRPO, and under EGCA."""

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
    """Behind one token; ``heat`` is its share of the advantage, in [0, 1]."""

    x: float
    y: float
    width: float
    heat: float


def picture(finding: Finding) -> str:
    """Of a finding that blames a place; words, signs and indentations are the tokens, as in ``egca explain``.

    Raises:
        ValueError: nothing is blamed.
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
    for number, (name, heats) in enumerate(
        (
            ("GRPO", [1 / len(tokens)] * len(tokens)),
            ("EGCA", [one / sum(marked) for one in marked]),
        )
    ):
        left = _LEFT + number * (panel + _BETWEEN)
        boxes = [_box(source, left, span, heat) for span, heat in zip(tokens, heats, strict=True)]
        shares = sum(heat > 0 for heat in heats)
        says = f"{-max(heats):.4f} on each of {shares} tokens" if shares > 1 else f"{-max(heats):.4f} on one token"
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


def _box(source: SourceText, left: float, span: tuple[int, int], heat: float) -> _Box:
    line, col = source.position(span[0])
    return _Box(
        x=round(left + col * _CHARACTER, 1),
        y=_TOP + (line - 1) * _LINE - 13.5,
        width=round((span[1] - span[0]) * _CHARACTER, 1),
        heat=heat,
    )
