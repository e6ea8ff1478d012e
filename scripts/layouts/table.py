"""The findings as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping

from layouts.findings import CHECKS, TOLERANCE, Findings
from layouts.layout import Case

Found = Mapping[str, tuple[Case, Findings]]


def markdown(found: Found) -> str:
    """Layouts first, then the controls, then what the columns are."""
    sound = {name: pair for name, pair in found.items() if pair[0].fault is None}
    planted = {name: pair for name, pair in found.items() if pair[0].fault is not None}
    parts = []
    if sound:
        parts.append(_sound(sound))
    if planted:
        parts.append(_controls(planted))
    parts.append("\n".join(f"- {check}: {meaning}." for check, meaning in CHECKS.items()))
    parts.append(
        f"Log-probs and probabilities: largest absolute difference; loss and gradient norm: relative; weights and step: "
        f"of the worst tensor, by Euclidean norm, relative to the tensor and to how far it moved. All must be at most "
        f"{TOLERANCE:g}."
    )
    return "\n\n".join(parts) + "\n"


def _sound(found: Found) -> str:
    header = (
        "ranks|layout|model|loss|A, B|C: log-prob|D: loss|D: norm|D: weights|D: step|E: from|E: loss|E: step|"
        "F: probability|holds"
    )
    rows = []
    for case, findings in sorted((pair for pair in found.values()), key=lambda pair: pair[0].layout.ranks):
        resumed = findings.resumed
        rows.append(
            [
                case.layout.ranks,
                case.layout,
                case.model,
                case.objective,
                "exact" if findings.exported and findings.codes else "**differ**",
                _small(max(findings.log_prob, findings.reference or 0.0)),
                _small(findings.loss),
                _small(findings.grad_norm),
                _small(findings.weights),
                _small(findings.update),
                resumed.saved_by.split("/")[0] if resumed else "",
                _small(resumed.loss) if resumed else "",
                _small(resumed.update) if resumed else "",
                _small(findings.rollout),
                "yes" if findings.as_expected(case) else f"**{'+'.join(sorted(findings.broken()))} fails**",
            ]
        )
    return _table(header.split("|"), rows)


def _controls(found: Found) -> str:
    rows = []
    for case, findings in found.values():
        seen = ", ".join(sorted(findings.broken())) or "nothing"
        worst = [_small(findings.log_prob), _small(findings.loss), _small(findings.update), _small(findings.rollout)]
        verdict = "yes" if findings.as_expected(case) else "**no**"
        rows.append([case.fault.value if case.fault else "", case.layout, *worst, seen, verdict])
    header = "planted fault|layout|C: log-prob|D: loss|D: step|F: probability|breaks|as it must"
    return _table(header.split("|"), rows)


def _small(value: float) -> str:
    return "0" if value == 0 else f"{value:.1e}".replace("e-0", "e-").replace("e+00", "").replace("e+0", "e")


def _table(header: list[str], rows: list[list[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
