"""The findings as Markdown: the worst of each kind of layout, the planted faults, then every case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from layouts.findings import CHECKS, TOLERANCE, Findings
from layouts.layout import Case, Layout

Found = Mapping[str, tuple[Case, Findings]]

_COLUMNS = [
    "A, B",
    "C: log-prob",
    "D: loss",
    "D: norm",
    "D: weights",
    "D: step",
    "E: loss",
    "E: step",
    "F: probability",
]


def markdown(found: Found) -> str:
    sound = [pair for pair in found.values() if pair[0].fault is None]
    planted = [pair for pair in found.values() if pair[0].fault is not None]
    parts = []
    if sound:
        parts += ["## Worst of each kind", _worst_of_kinds(sound)]
    parts += ["\n".join(f"- {check}: {meaning}." for check, meaning in CHECKS.items()), _LEGEND]
    if planted:
        parts += ["## Planted faults", _controls(planted)]
    if sound:
        parts += ["## Every case", _every_case(sound)]
    return "\n\n".join(parts) + "\n"


_LEGEND = (
    "Log-probs and probabilities: largest absolute difference. Loss and gradient norm: relative. Weights and step: of the "
    "worst tensor, by Euclidean norm, relative to the tensor and to how far it moved. D and F are against float64 and the "
    f"rollout, E against the uninterrupted run. All must be at most {TOLERANCE:g}, but for E's step, which is only told: of "
    "two runs in float32, rounding alone can be as much; A and B, exact."
)


def _worst_of_kinds(pairs: list[tuple[Case, Findings]]) -> str:
    kinds: dict[str, list[tuple[Case, Findings]]] = {}
    for case, findings in sorted(pairs, key=lambda pair: pair[0].layout.ranks):
        kinds.setdefault(_kind(case.layout), []).append((case, findings))
    rows: list[list[object]] = []
    for kind, ones in [*kinds.items(), ("all", pairs)]:
        cells = [_figures(findings) for _, findings in ones]
        exact = all(findings.exported and findings.codes for _, findings in ones)
        worst = [_small(_worst(column)) for column in zip(*cells, strict=True)]
        held = sum(findings.as_expected(case) for case, findings in ones)
        rows.append([kind, f"{held} of {len(ones)}", "exact" if exact else "**differ**", *worst])
    return _table(["layouts", "hold", *_COLUMNS], rows)


def _kind(layout: Layout) -> str:
    return " x ".join(name.upper() for name in ("tp", "pp", "cp", "dp") if getattr(layout, name) > 1) or "one rank"


def _figures(findings: Findings) -> list[float | None]:
    """Figures in the order of the columns, from C."""
    resumed = findings.resumed
    return [
        _worst([findings.log_prob, findings.reference]),
        _worst([findings.loss, findings.next_loss]),
        findings.grad_norm,
        findings.weights,
        findings.update,
        resumed.loss if resumed else None,
        resumed.update if resumed else None,
        findings.rollout,
    ]


def _worst(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known, key=lambda value: (value != value, value)) if known else None  # NaN is the worst


def _every_case(pairs: list[tuple[Case, Findings]]) -> str:
    rows: list[list[object]] = []
    for case, findings in sorted(pairs, key=lambda pair: pair[0].layout.ranks):
        broken = "+".join(sorted(findings.broken()))
        exact = "exact" if findings.exported and findings.codes else "**differ**"
        figures = [_small(value) for value in _figures(findings)]
        saver = findings.resumed.saved_by if findings.resumed else ""
        verdict = f"**{broken} fails**" if broken else "yes"
        rows.append([case.layout, case.model, case.objective, saver, exact, *figures, verdict])
    return _table(["layout", "model", "loss", "resumes", *_COLUMNS, "holds"], rows)


def _controls(pairs: list[tuple[Case, Findings]]) -> str:
    rows: list[list[object]] = []
    for case, findings in pairs:
        errors = [findings.log_prob, findings.loss, findings.update, findings.rollout]
        resumed = findings.resumed.update if findings.resumed else None
        broken = ", ".join(sorted(findings.broken())) or "nothing"
        verdict = "yes" if findings.as_expected(case) else "**no**"
        fault = case.fault.value if case.fault else ""
        rows.append([fault, case.layout, *(_small(error) for error in [*errors, resumed]), broken, verdict])
    header = [
        "fault",
        "layout",
        "C: log-prob",
        "D: loss",
        "D: step",
        "F: probability",
        "E: step",
        "breaks",
        "as it must",
    ]
    return _table(header, rows)


def _small(value: float | None) -> str:
    if value is None:
        return ""
    return "0" if value == 0 else f"{value:.1e}".replace("e-0", "e-").replace("e+00", "").replace("e+0", "e")


def _table(header: list[str], rows: list[list[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
