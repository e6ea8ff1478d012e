"""``debugger``: blames the statement that a served LLM names (paper, localisation), and runs the LLM's correction.

No answer is trusted: the statement must exist and must have run in the failing test, and a correction is a twin only
if it passes every test in the sandbox, including tests that the debugger did not see. After an unusable answer the
question is asked once more, with the reason.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from verl_egca.debugger.client import Debugger
from verl_egca.debugger.reply import NoAnswer, Reply
from verl_egca.execution.verdict import Verdict
from verl_egca.localization.base import (
    Consultation,
    ConsultationOutcome,
    FailingSample,
    Localization,
    Localizer,
    NotLocalized,
    lines_of,
)
from verl_egca.localization.confirmed import Confirmed
from verl_egca.localization.dialogue.answer import Answer
from verl_egca.localization.dialogue.correction import Unfit, as_edit, blamed
from verl_egca.localization.dialogue.listing import Listing, Numbered
from verl_egca.localization.dialogue.question import Evidence, Message, TooLong, again, question
from verl_egca.localization.options import Options
from verl_egca.localization.registry import register
from verl_egca.localization.trace import TraceLocalizer
from verl_egca.localization.twins.edits import Edit, changed
from verl_egca.localization.twins.program import Program
from verl_egca.source import SourceRange

_SHOWN = 300  # characters of a value in a sentence to the debugger


@register
class DebuggerLocalizer(Localizer):
    name = "debugger"
    asks_debugger = True
    needs_debugger = True

    def __init__(self, options: Options | None = None, debugger: Debugger | None = None) -> None:
        super().__init__(options, debugger)
        assert debugger is not None
        self._debugger = debugger
        self._trace = TraceLocalizer(self.options)

    def localize(self, sample: FailingSample) -> Localization:
        found = self.ask(sample)
        if found is None:
            raise NotLocalized(f"debugger_{sample.consulted[-1].outcome}")
        return found

    def ask(
        self, sample: FailingSample, ruled_out: Sequence[str] = (), *, proof_wanted: bool = False
    ) -> Localization | None:
        """The usable part of the answer: proven, accepted or None. Appends to ``sample.consulted``.

        ``proof_wanted``: the caller cannot use a statement without a proof.

        Raises:
            NotLocalized: the program does not parse, or left no trace.
        """
        if not sample.worth_asking():
            sample.consulted.append(Consultation("skipped", "no_variance"))
            return None
        try:
            program = Program(sample.program)
        except ValueError:
            raise NotLocalized("not_a_program") from None
        case, candidate, reference, divergence = self._trace.compare(sample)
        listing = Listing(sample.program, frozenset(candidate.executed))
        evidence = Evidence(sample.problem, listing, case, candidate, reference, divergence, ruled_out)
        try:
            messages = question(evidence, self._debugger.settings.prompt_tokens)
        except TooLong as why:
            sample.consulted.append(Consultation("skipped", str(why)))
            return None
        asked = _Conversation(sample, self._debugger, program, listing, self.options, proof_wanted)
        found = asked.hold(messages)
        sample.consulted.append(asked.consultation)
        if found is None:
            return None
        return replace(
            found, evidence={"case": case.case, "got": case.got, "expected": case.expected, **found.evidence}
        )


@dataclass(frozen=True, slots=True)
class _Refusal:
    """``reason`` is counted; ``sentence`` is for the debugger; ``said`` is its answer; ``kept``: the usable part."""

    reason: str
    sentence: str
    said: str
    kept: Localization | None = None


class _Conversation:
    """A question, and a second one if the answer is unusable."""

    def __init__(
        self,
        sample: FailingSample,
        debugger: Debugger,
        program: Program,
        listing: Listing,
        options: Options,
        proof_wanted: bool,
    ) -> None:
        self._sample, self._debugger, self._program = sample, debugger, program
        self._listing, self._options, self._proof_wanted = listing, options, proof_wanted
        self.consultation = Consultation("skipped", "not_asked")

    def hold(self, messages: list[Message]) -> Localization | None:
        """The best answer within the debugger's deadline; None if no answer is usable."""
        deadline = time.monotonic() + self._debugger.settings.deadline_s
        first = self._turn(messages, deadline)
        if first is None or isinstance(first, Localization):
            return first
        self.consultation = replace(self.consultation, retried=True)
        second = self._turn(again(messages, first.said, first.sentence), deadline)
        if isinstance(second, Localization) and (second.confirmed is Confirmed.FULL or first.kept is None):
            return second
        kept = first.kept or (second.kept if isinstance(second, _Refusal) else None)
        self._note("refused" if kept is None else "accepted", first.reason)
        return kept

    def _turn(self, messages: list[Message], deadline: float) -> Localization | _Refusal | None:
        """One question: the localization of its answer, the refusal of the answer, or None without an answer."""
        try:
            reply = self._debugger.ask(messages, Answer, deadline=deadline)
        except NoAnswer as none:
            self._add(none.latency_s, none.tokens_in, none.tokens_cached, none.tokens_out)
            self._note(none.outcome, none.reason)
            if none.outcome == "refused":
                return _Refusal(none.reason, "it is not JSON of that form.", said="(no JSON)")
            return None
        self._add(reply.latency_s, reply.tokens_in, reply.tokens_cached, reply.tokens_out, reply.shared)
        judged = self._judge(reply)
        if isinstance(judged, _Refusal):
            reply.useless()
            self._note("refused", judged.reason)
        elif judged.confirmed is Confirmed.FULL:
            reply.useful()
            self._note("proven", None)
        else:
            if self._proof_wanted:
                reply.useless()
            self._note("accepted", None)
        return judged

    def _note(self, outcome: ConsultationOutcome, reason: str | None) -> None:
        self.consultation = replace(self.consultation, outcome=outcome, reason=reason)

    def _add(
        self, seconds: float, tokens_in: int, tokens_cached: int | None, tokens_out: int, shared: bool = False
    ) -> None:
        so_far = self.consultation
        self.consultation = replace(
            so_far,
            latency_s=so_far.latency_s + seconds,
            tokens_in=so_far.tokens_in + tokens_in,
            tokens_cached=so_far.tokens_cached + (tokens_cached or 0),
            tokens_out=so_far.tokens_out + tokens_out,
            shared=so_far.shared or shared,
        )

    def _judge(self, reply: Reply[Answer]) -> Localization | _Refusal:
        answer = reply.answer
        named = self._listing.get(answer.statement)
        if named is None:
            return _Refusal("no_such_statement", f"there is no statement {answer.statement}.", reply.text)
        if not named.ran:
            return _Refusal("did_not_run", f"statement {answer.statement} did not run in the failing test.", reply.text)
        proposal = self._localization([named.statement.place], Confirmed.NONE, answer)
        if answer.correction is None or not answer.correction.strip():
            return proposal
        try:
            edit = as_edit(
                self._program, named.statement, answer.correction, self._sample.problem, self._sample.verdict.cases
            )
        except Unfit as why:
            return _Refusal(why.reason, f"{why}", reply.text, proposal)
        text = edit.apply(self._sample.program)
        verdict = self._sample.sandbox.run(self._sample.problem, text)
        if verdict.passed:
            return self._localization(self._places(named, edit), Confirmed.FULL, answer, edit)
        return _Refusal("does_not_pass", _what_fails(verdict, answer.statement), reply.text, proposal)

    def _places(self, named: Numbered, edit: Edit) -> list[SourceRange]:
        if self._options.granularity == "statement":
            return [named.statement.place]
        if self._options.granularity == "token":
            return [self._program.text.between(*changed(edit, self._program.source))]
        return blamed(self._program, edit)[:1] or [named.statement.place]

    def _localization(
        self, places: list[SourceRange], confirmed: Confirmed, answer: Answer, edit: Edit | None = None
    ) -> Localization:
        evidence: dict[str, Any] = {"statement": answer.statement, "reason": answer.reason}
        if edit is not None:
            before, after = self._sample.program, edit.apply(self._sample.program)
            diff = difflib.unified_diff(before.splitlines(), after.splitlines(), "program", "twin", n=1, lineterm="")
            evidence["edits"] = [{"start": edit.start, "end": edit.end, "text": edit.text, "kind": edit.kind}]
            evidence["diff"] = "\n".join(diff)[:2_000]
        return Localization(tuple(places), DebuggerLocalizer.name, confirmed, lines_of(places), evidence)


def _what_fails(verdict: Verdict, number: int) -> str:
    """Describes the failure to the debugger. Of a test that it has not seen, it learns only the existence."""
    failure = verdict.first_failure
    if failure is None:
        return "the corrected program could not be judged."
    passed = f"{verdict.tests_passed} of {len(verdict.cases)}"
    if failure.error is not None:
        said = f"{failure.error.type}: {failure.error.message}"[:_SHOWN]
        return f"with statement {number} corrected so, the program passes {passed} tests and raises {said!r}."
    return f"with statement {number} corrected so, the program passes {passed} tests only."
