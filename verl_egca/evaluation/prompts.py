"""The chat of each problem.

``deepseek-coder`` is the format that the paper's policy was tuned for and measured with: the wording of the model's own
evaluation code (github.com/deepseek-ai/DeepSeek-Coder, Evaluation/HumanEval and Evaluation/MBPP, eval_instruct.py), which
reports 78.9 and 65.4 for DeepSeek-Coder-6.7B-Instruct; the paper's "base" is 78.6 and 65.4. MBPP's prompts have three
examples, its tasks 2, 3 and 4. ``own`` is the problem's prompt in one user message, or the row's own chat, as in
training and in verl's validation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verl_egca.config.choices import PromptFormat, Split
from verl_egca.data.constrained_prompt import CHAT, constrained_prompt
from verl_egca.data.formats import load_problems, read_problems
from verl_egca.data.rows import BadInput, Row
from verl_egca.data.shapes.mbpp import MBPP_SHOWS
from verl_egca.data.splits import split_of
from verl_egca.problem import Problem

HUMANEVAL = """\
Please help me to complete the function. Use the given packages only and DO NOT refer any new package. \
Please return all completed function in a codeblock.\x20
Here is the given code to do completion:
```python
{prompt}
```"""
MBPP = """\
Please refer the given examples and generate a python function for my problem.
Examples are listed as follows:
{examples}

Here is my problem:
{problem}"""
_MBPP_PROBLEM = ">>> Problem:\n{text}\n>>> Test Cases:\n{tests}\n"
_MBPP_CODE = "\n>>> Code:\n```python\n{code}\n```"
EXAMPLES = ("MBPP/2", "MBPP/3", "MBPP/4")

Chat = tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A problem and its chat; ``form`` is the chat's format."""

    problem: Problem
    chat: Chat
    form: PromptFormat


def ask(path: Path, split: Split, form: PromptFormat, examples: Path | None) -> list[Asked]:
    """The file's problems of a split, in its order, each with its chat.

    ``auto`` is the row's own chat, if any; ``deepseek-coder`` for HumanEval and MBPP; else ``own``. The three examples
    come from the file ``examples``, or from the file's problems.

    Raises:
        BadInput: as `load_problems`; the split has no problems; a problem does not fit the format; its examples are
            missing, or among the problems.
    """
    read = [(problem, _own_chat(row)) for _, row, problem in read_problems(path) if problem is not None]
    if not read:
        raise BadInput(path, None, None, "holds no problems")
    problems = [problem for problem, _ in read]
    chosen = [(problem, chat) for problem, chat in read if split in ("all", split_of(problem))]
    if not chosen:
        raise BadInput(path, None, None, f"holds {len(problems)} problems, none of the split {split}; see --split")
    forms = [_form(problem, chat) if form == "auto" else form for problem, chat in chosen]
    shown = ""
    if any(_is_mbpp(problem) and one == "deepseek-coder" for (problem, _), one in zip(chosen, forms, strict=True)):
        shown = _examples(path, problems, examples)
        if met := [problem.task_id for problem, _ in chosen if problem.task_id in EXAMPLES]:
            raise BadInput(
                path,
                None,
                "task_id",
                f"{met[0]} is one of the prompt's three examples; --split test leaves it out, --prompt own shows none",
            )
    return [
        Asked(problem, _deepseek_coder(path, problem, shown) if one == "deepseek-coder" else chat or _own(problem), one)
        for (problem, chat), one in zip(chosen, forms, strict=True)
    ]


def _form(problem: Problem, chat: Chat | None) -> PromptFormat:
    return "deepseek-coder" if chat is None and (_is_humaneval(problem) or _is_mbpp(problem)) else "own"


def _is_humaneval(problem: Problem) -> bool:
    return problem.task_id.startswith("HumanEval/") and bool(problem.code_prefix)


def _is_mbpp(problem: Problem) -> bool:
    return problem.task_id.startswith("MBPP/") and MBPP_SHOWS in problem.prompt


def _own_chat(row: Row) -> Chat | None:
    """The chat of a row in verl's parquet."""
    prompt: Any = row.get("prompt")
    return tuple(prompt) if isinstance(prompt, list) else None


def _own(problem: Problem) -> Chat:
    return _user(constrained_prompt(problem, CHAT))


def _deepseek_coder(path: Path, problem: Problem, examples: str) -> Chat:
    if problem.constraints:
        raise BadInput(
            path,
            None,
            "constraints",
            f"of {problem.task_id} have no place in the format deepseek-coder; choose --prompt own",
        )
    if _is_humaneval(problem):
        return _user(HUMANEVAL.format(prompt=problem.code_prefix))
    if _is_mbpp(problem):
        return _user(MBPP.format(examples=examples, problem=_mbpp(problem)))
    raise BadInput(
        path,
        None,
        "task_id",
        f"{problem.task_id} is not of HumanEval or MBPP, as the format deepseek-coder needs; choose --prompt own",
    )


def _examples(path: Path, problems: Sequence[Problem], file: Path | None) -> str:
    found = {problem.task_id: problem for problem in (load_problems(file) if file is not None else problems)}
    if missing := [name for name in EXAMPLES if name not in found]:
        raise BadInput(
            file or path,
            None,
            "task_id",
            f"{missing[0]} is missing, one of the prompt's three examples; name a file that has it by --examples (MBPP's "
            "own, or its few-shot split on the hub), or choose --prompt own",
        )
    shown = []
    for number, name in enumerate(EXAMPLES, 1):
        code = (found[name].reference or "").replace("\r", "").replace("\t", "    ")
        shown.append(f"- Example {number}:\n{_mbpp(found[name])}{_MBPP_CODE.format(code=code)}")
    return "\n\n".join(shown)


def _mbpp(problem: Problem) -> str:
    text, _, tests = problem.prompt.partition(MBPP_SHOWS)
    return _MBPP_PROBLEM.format(text=text.strip(), tests=tests.removesuffix("\n"))


def _user(content: str) -> Chat:
    return ({"role": "user", "content": content},)
