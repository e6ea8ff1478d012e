"""The prompt that a policy samples from, with the problem's constraints: ``x || C`` (paper, constraint-guided sampling).

Templates are Jinja2's, with ``prompt`` (the problem's), ``constraints`` (each in words) and ``entry_point``. A chat
prompt has the constraints after the task. A completion continues the prompt's code: they are comments before it.
"""

from __future__ import annotations

from typing import Annotated

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from verl_egca.problem import Problem

CHAT = """{{ prompt.rstrip() }}

Your program must keep to these constraints:
{% for constraint in constraints -%}
- {{ constraint }}
{% endfor -%}
"""

COMPLETION = """{% for constraint in constraints -%}
# {{ constraint }}
{% endfor -%}
{{ prompt }}"""

# sandboxed: a config may set a prompt, but not run code; a problem's text is data, never a template
_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)


def _template(text: str) -> str:
    try:
        filled(text, prompt="the task", constraints=("one", "two"), entry_point="f")
    except TemplateError as error:
        known = "is not a Jinja2 template of prompt, constraints and entry_point: {why}"
        raise PydanticCustomError("template", known, {"why": str(error)}) from None
    return text


Template = Annotated[str, AfterValidator(_template)]


def constrained_prompt(problem: Problem, template: str) -> str:
    """The problem's prompt, unchanged where it has no constraints."""
    if not problem.constraints:
        return problem.prompt
    words = tuple(one.words for one in problem.constraints)
    return filled(template, prompt=problem.prompt, constraints=words, entry_point=problem.entry_point)


def filled(template: str, *, prompt: str, constraints: tuple[str, ...], entry_point: str | None) -> str:
    """Raises jinja2.TemplateError."""
    return _environment.from_string(template).render(prompt=prompt, constraints=constraints, entry_point=entry_point)
