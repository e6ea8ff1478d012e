"""How constraints reach the policy: x || C."""

import ast

import pyarrow.parquet as pq
import pytest
import yaml

from verl_egca.config.file import gate_settings_of
from verl_egca.config.settings import SettingsError, parse_settings
from verl_egca.constraints import LoopNesting, Recursion
from verl_egca.data.constrained_prompt import CHAT, COMPLETION, constrained_prompt
from verl_egca.data.prepare import write_parquet
from verl_egca.data.rows import BadInput
from verl_egca.problem import Problem

from .constrained_problems import constrained_problem

BOTH = (Recursion(rule="forbidden"), LoopNesting(at_most=1))


def test_a_chat_prompt_says_the_task_and_then_the_constraints():
    assert constrained_prompt(constrained_problem(*BOTH), CHAT) == (
        "Write f.\n\nYour program must keep to these constraints:\n- Do not use recursion.\n- Do not nest loops.\n"
    )


def test_a_completion_goes_on_where_the_code_ends_and_reads_the_constraints_as_comments():
    code = 'def f(xs):\n    """Squares."""\n'
    problem = constrained_problem(*BOTH).model_copy(update={"prompt": code, "code_prefix": code})
    prompt = constrained_prompt(problem, COMPLETION)
    assert prompt == f"# Do not use recursion.\n# Do not nest loops.\n{code}"
    ast.parse(prompt + "    return []\n")


@pytest.mark.parametrize("template", [CHAT, COMPLETION])
def test_without_constraints_the_prompt_stays_as_it_is(template):
    assert constrained_prompt(constrained_problem(), template) == "Write f."


def test_what_looks_like_a_template_in_a_problem_is_text():
    problem = constrained_problem(*BOTH).model_copy(update={"prompt": "{{ 7 * 7 }} {% raw %}"})
    assert constrained_prompt(problem, CHAT).startswith("{{ 7 * 7 }} {% raw %}\n")


def test_the_parquet_holds_the_constraints_in_prompt_and_problem(tmp_path):
    problem = constrained_problem(*BOTH)
    write_parquet([problem], tmp_path / "a.parquet", source="t", split="train")
    (row,) = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert "- Do not nest loops.\n" in row["prompt"][0]["content"]
    assert Problem.model_validate_json(row["reward_model"]["ground_truth"]) == problem


@pytest.mark.parametrize(
    "template", ["{{ prompt", "{{ answer }}", "{% for c in constraints %}", "{{ prompt.__class__.__mro__ }}"]
)
def test_a_template_that_can_not_be_filled_is_refused_where_it_stands(template):
    with pytest.raises(SettingsError, match=r"egca\.gates\.chat: .*is not a Jinja2 template of prompt, constraints"):
        parse_settings({"gates": {"chat": template}})


def test_a_config_of_ones_own_says_how_constraints_are_put(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        yaml.safe_dump({"egca": {"localizer": "egca", "gates": {"chat": "{{ constraints | join(' ') }} {{ prompt }}"}}})
    )
    template = gate_settings_of(path).chat
    assert (
        constrained_prompt(constrained_problem(*BOTH), template) == "Do not use recursion. Do not nest loops. Write f."
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1", "key 'egca': keys with values are wanted"),
        ("egca: {gates: {share: 2}}", r"egca\.gates\.share: .*less than or equal to 1"),
        ("egca: [", "can't be read"),
    ],
)
def test_a_config_that_is_wrong_is_named(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=words):
        gate_settings_of(path)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"comparability": "always"}, r"egca\.gates\.comparability: .*'paper', 'unproven' or 'off' \(got 'always'\)"),
        ({"likeness": 1}, r"egca\.gates\.likeness: unknown key; known ones are .*share"),
        (True, r"egca\.gates: keys with values are wanted, of chat, comparability"),
    ],
)
def test_wrong_settings_of_the_gates_are_named(section, words):
    with pytest.raises(SettingsError, match=words):
        parse_settings({"gates": section})
