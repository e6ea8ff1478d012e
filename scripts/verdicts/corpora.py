"""Programs with their problems and known labels."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # the tables of the tests

from tests.answers import ANSWERS
from tests.data.shape_rows import EXAMPLES
from tests.execution.script_styles import STYLES
from tests.problems import stdio_problem
from verdicts.plain_run import run_plain
from verl_egca.data.formats import load_problems
from verl_egca.data.row_problem import RowPlace, problem_of_row
from verl_egca.data.rows import read_rows
from verl_egca.evaluation.samples import load_samples
from verl_egca.problem import CallTests, Problem, StdioTests


@dataclass(frozen=True)
class Trial:
    """A program to judge. ``right`` is its label; None if a plain run decides.

    ``completion`` and ``row`` are HumanEval's, for its own harness. ``response`` is the answer that the program was
    extracted from, if any. ``pairs`` are the tests in verl's ``prime_code`` form, if they have one.
    """

    corpus: str
    name: str
    problem: Problem
    program: str
    right: bool | None = None
    completion: str | None = None
    row: dict[str, Any] | None = None
    response: str | None = None

    @property
    def pairs(self) -> dict[str, Any] | None:
        match self.problem.tests:
            case StdioTests(inputs=inputs, outputs=outputs):
                return {"inputs": list(inputs), "outputs": list(outputs)}
            case CallTests(arguments=arguments, expected=expected):
                texts = ["\n".join(map(json.dumps, one)) for one in arguments]
                name = (self.problem.entry_point or "").rpartition(".")[2]
                return {"fn_name": name, "inputs": texts, "outputs": [json.dumps(one) for one in expected]}
        return None


def corpora(data: Path) -> Iterator[Trial]:
    """All trials; ``data`` is the folder with HumanEval, MBPP and CodeLlama's programs."""
    yield from _references(data / "HumanEval.jsonl.gz", "HumanEval, references")
    yield from _references(data / "mbpp.jsonl", "MBPP, references")
    yield from _samples(data / "HumanEval.jsonl.gz", data / "samples_humaneval_codellama.jsonl", "HumanEval, CodeLlama")
    yield from _samples(data / "mbpp.jsonl", data / "samples_mbpp_codellama.jsonl", "MBPP, CodeLlama")
    yield from styles()
    yield from rows()


def answers() -> Iterator[Trial]:
    """Answers in the forms of real models, each with a right program."""
    for answer in ANSWERS:
        yield Trial("answers", answer.name, answer.problem, answer.program, right=True, response=answer.response)


def _references(file: Path, corpus: str) -> Iterator[Trial]:
    rows = {str(row["task_id"]): row for _, row in read_rows(file)}
    for problem in load_problems(file):
        assert problem.reference is not None
        row = rows.get(problem.task_id) if problem.code_prefix else None
        completion = row["canonical_solution"] if row else None
        yield Trial(corpus, problem.task_id, problem, problem.reference, right=True, completion=completion, row=row)


def _samples(file: Path, samples: Path, corpus: str) -> Iterator[Trial]:
    rows = {str(row["task_id"]): row for _, row in read_rows(file)}
    for sample in load_samples(samples, {problem.task_id: problem for problem in load_problems(file)}):
        problem, program = sample.problem, sample.program.source
        row = rows.get(problem.task_id) if problem.code_prefix else None
        yield Trial(corpus, problem.task_id, problem, program, completion="\n" + program if row else None, row=row)


def styles() -> Iterator[Trial]:
    """Scripts: right if the exit status is 0; their output is the expected output."""
    for style in STYLES:
        plain = run_plain(style.program, style.input)
        problem = stdio_problem((style.input, plain.output))
        yield Trial("ways to write a script", style.name, problem, style.program, right=plain.status == 0)


def rows() -> Iterator[Trial]:
    for example in EXAMPLES:
        problem = problem_of_row(example.row, RowPlace(task=example.name))
        assert problem is not None
        yield Trial("rows of every shape, right", example.name, problem, problem.reference or example.right, right=True)
        yield Trial("rows of every shape, wrong", example.name, problem, example.wrong, right=False)
