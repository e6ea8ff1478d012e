"""``egca explain``: one program, judged and localized, as a finding."""

from __future__ import annotations

from dataclasses import asdict

from verl_egca.assessment import Assessment, Assessor
from verl_egca.debugger.client import Debugger
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome
from verl_egca.localization.evidence import bounded
from verl_egca.localization.options import Options
from verl_egca.localization.registry import make_localizer
from verl_egca.problem import Problem
from verl_egca.report.records import Finding, Place


class ReferenceFails(ValueError):
    """The reference fails the tests, and can't serve as one."""


class TestsCannotDecide(ValueError):
    """A test can't be judged for any program."""


def explain(
    problem: Problem,
    program: str,
    *,
    localizer: str,
    options: Options,
    limits: Limits | None = None,
    seed: int = 0,
    debugger: DebuggerSettings | None = None,
) -> Finding:
    """Raises ReferenceFails, TestsCannotDecide, SandboxError, ConfinementError."""
    with Sandbox(limits) as sandbox, Debugger(debugger or DebuggerSettings()) as asked:
        wrong = sandbox.run(problem, problem.reference).first_failure if problem.reference is not None else None
        if wrong is not None and wrong.outcome is Outcome.UNSUPPORTED:
            why = wrong.error.message if wrong.error else "no reason is known"
            raise TestsCannotDecide(
                f"can't be judged at {wrong.case!r}: {why}; write this test in another way, or leave it out"
            )
        if wrong is not None:
            said = f"{wrong.error.type}: {wrong.error.message}" if wrong.error else f"got {wrong.got}"
            raise ReferenceFails(f"fails {wrong.case!r} ({said}); a program that passes all tests is wanted, or none")
        assessor = Assessor(sandbox, make_localizer(localizer, options, asked if debugger else None))
        return _finding(problem, program, assessor.assess(problem, program, seed=seed))


def _finding(problem: Problem, program: str, assessment: Assessment) -> Finding:
    case, error, found = assessment.failing_case, assessment.error, assessment.localization
    return Finding(
        task_id=problem.task_id,
        mode=assessment.mode,
        program=program,
        test=case.case if case else None,
        outcome=case.outcome if case else None,
        got=case.got if case else None,
        expected=case.expected if case else None,
        error={"type": error.type, "message": error.message, "line": error.line} if error else None,
        tests_passed=assessment.verdict.tests_passed,
        tests_total=len(assessment.verdict.cases),
        localizer=found.localizer if found else None,
        not_localized=assessment.not_localized,
        confirmed=found.confirmed if found else None,
        debugger=asdict(assessment.consulted) if assessment.consulted else None,
        place=[Place(line=r.line, col=r.col, end_line=r.end_line, end_col=r.end_col) for r in found.ranges]
        if found
        else [],
        evidence=bounded(found.evidence) if found else {},
    )
