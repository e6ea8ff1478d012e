"""A finding on a failing program in words: the test, the two values, the blame, its certainty, the edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from verl_egca.localization.confirmed import Confirmed
from verl_egca.report.diff import coloured
from verl_egca.report.records import Finding
from verl_egca.report.untrusted import safe

_NAME = 14


@dataclass(frozen=True, slots=True)
class DivergenceInWords:
    """The events of candidate and ``other`` (twin or reference) at their divergence, in words."""

    candidate: str
    other: str
    happened_there: str


def facts(finding: Finding) -> Text:
    """Named lines, and the edit's diff below."""
    text = Text()
    for name, value in lines(finding):
        text.append_text(fact(name, value))
    diff = finding.evidence.get("diff")
    if isinstance(diff, str) and diff:
        text.append(f"{'the edit':>{_NAME}}\n", style="bold")
        shown = coloured(diff).split("\n")
        for line in shown:
            text.append(" " * (_NAME + 2))
            text.append_text(line)
            text.append("\n")
    return text


def fact(name: str, value: str) -> Text:
    """A name and a value, which may be untrusted and of several lines."""
    text = Text()
    text.append(f"{name:>{_NAME}}  ", style="bold")
    text.append(safe(value).replace("\n", "\n" + " " * (_NAME + 2)) + "\n")
    return text


def lines(finding: Finding) -> Iterator[tuple[str, str]]:
    """(name, value) in the order of a reader's questions. Values may be untrusted and hold line ends."""
    evidence = finding.evidence
    test = evidence.get("case") or finding.test
    if test:
        yield "failing test", str(test)
    got, expected = (evidence.get(key, getattr(finding, key)) for key in ("got", "expected"))
    if got is not None or expected is not None:
        yield "got", f"{got}, expected {expected}"
    if finding.error:
        yield "error", f"{finding.error.get('type')}: {finding.error.get('message')}"
    if finding.constraint:
        yield "constraint", finding.constraint
    divergence = divergence_of(finding)
    if divergence:
        yield "divergence", f"{divergence.candidate}; in the {divergence.other} {divergence.happened_there}"
    if finding.localizer:
        yield "blamed by", finding.localizer
        yield "how sure", how_sure(finding)
    if finding.debugger:
        yield "debugger", asked(finding.debugger)
        if finding.localizer == "debugger" and evidence.get("reason"):
            yield "it said", str(evidence["reason"])
    if evidence.get("trials") is not None:
        cpu = evidence.get("cpu_ms")
        yield (
            "cost",
            f"{evidence['trials']} trials" + (f", {cpu:.0f} ms of CPU" if isinstance(cpu, int | float) else ""),
        )
    if finding.not_localized:
        yield "not localized", finding.not_localized
    if evidence.get("cut"):
        yield "cut short", ", ".join(map(str, evidence["cut"]))


def asked(consulted: Mapping[str, Any]) -> str:
    """The outcome of a question to the debugger, in words."""
    outcome, reason = consulted.get("outcome"), consulted.get("reason")
    if outcome == "skipped":
        return f"not asked: {reason}"
    again = ", at the second question" if consulted.get("retried") else ""
    why = f" ({reason})" if reason else ""
    return f"{outcome}{why}{again}, {consulted.get('latency_s') or 0:.1f} s"


def in_a_word(finding: Finding) -> str:
    words: dict[str, str] = {Confirmed.FULL: "proven", Confirmed.PARTIAL: "partly proven"}
    return words.get(finding.confirmed or "", "a guess")


def how_sure(finding: Finding) -> str:
    """`Localization.confirmed` in words, for this program."""
    edits = finding.evidence.get("edits")
    edit = f"these {len(edits)} edits" if isinstance(edits, list) and len(edits) > 1 else "this edit"
    if finding.confirmed == Confirmed.FULL:
        tests = {0: "all tests pass", 1: "its one test passes"}.get(
            finding.tests_total, f"all {finding.tests_total} tests pass"
        )
        return f"proven: with {edit} {tests}"
    if finding.confirmed == Confirmed.PARTIAL:
        return f"partly proven: with {edit} the failing test passes and none breaks that passed, but others still fail"
    if finding.localizer == "reported":
        return "not proven: it is where Python reported the error"
    why = finding.evidence.get("unproven")
    return "not proven: a guess" + (f" ({why})" if why else "")


def divergence_of(finding: Finding) -> DivergenceInWords | None:
    """None without a divergence."""
    found = finding.evidence.get("divergence", finding.evidence)
    if not isinstance(found, dict) or not found.get("candidate"):
        return None
    other = "twin" if "twin" in found else "reference"
    return DivergenceInWords(_happened(found["candidate"]), other, _happened(found.get(other)))


def _happened(event: object) -> str:
    if isinstance(event, dict):
        return f"{event.get('kind', '')} {event.get('name', '')}".strip() + f" = {event.get('value')}"
    return "nothing more happened" if event is None else str(event)
