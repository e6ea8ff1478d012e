"""Programs in responses: found in every form that policies answer in, each character at its place."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from problems import assertion_problem, stdio_problem

from verl_egca.response import extract_program, program_from_completion

CODE = "def f(x):\n    return x + 1\n"
PROMPT = 'def f(x):\n    """Add one."""\n'
PROBLEM = assertion_problem("assert f(1) == 2")
CONTINUED = assertion_problem("assert f(1) == 2", code_prefix=PROMPT)


@pytest.mark.parametrize(
    ("response", "source"),
    [
        (CODE, CODE),
        (f"```python\n{CODE}```", CODE),
        (f"Sure!\n\n```py\n{CODE}```\nThis adds one.", CODE),
        (f"```\n{CODE}```", CODE),
        (f"~~~python\n{CODE}~~~\n", CODE),
        (f"```python\n{CODE}", CODE),  # cut off
        ("```python\ndef f(x):\n    return x +", "def f(x):\n    return x +"),
        (f"```python\nprint(1)\n```\nthen\n```python\n{CODE}```\nuse it:\n```python\nf(1)\n```", CODE),
        (f"```python\ndef f(x): pass\n```\nbetter:\n```python\n{CODE}```", CODE),
        (f"```bash\npip install x\n```\n```python\n{CODE}```", CODE),
        ("1. Step\n   ```python\n   def f(x):\n       return x + 1\n   ```", CODE),
        (CODE.replace("\n", "\r\n"), CODE.replace("\n", "\r\n")),
        (f"```python\r\n{CODE}\r\n```", CODE + "\r\n"),
        ("def f(x):\n\treturn x + 1\n", "def f(x):\n\treturn x + 1\n"),
        (f"Here is the function:\n{CODE}", CODE),
        (f"{CODE}\nIt adds one to x.\n", CODE + "\n"),
        (f"import math\n\n{CODE}", f"import math\n\n{CODE}"),
        ("```python\n```", ""),
        ("", ""),
        ("I can't do that.", "I can't do that."),
        (f"```python\n{CODE}```python\nprint(f(1))\n```", CODE),  # never closed before the next
    ],
)
def test_the_program_of_a_response(response, source):
    program = extract_program(response, PROBLEM)
    assert program.source == source
    for segment in program.segments:
        here = source[segment.source_start : segment.source_start + segment.length]
        assert response[segment.response_start : segment.response_start + segment.length] == here


def test_a_completion_continues_the_prompts_code():
    for response in ("    return x + 1\n", "```python\n    return x + 1\n```"):
        program = extract_program(response, CONTINUED)
        assert program.source == PROMPT + "    return x + 1\n"
        at = program.source.index("return")
        start, end = program.to_response(at, at + 6)
        assert response[start:end] == "return"
        assert program.to_response(0, len(PROMPT)) is None
        assert program.to_response(0, at + 6)[0] == response.index("    return")


def test_a_completion_that_runs_on_into_prose_stops_there():
    program = extract_program("    return x + 1\n\nThis function adds one.\n", CONTINUED)
    assert program.source == PROMPT + "    return x + 1\n\n"


def test_a_response_that_defines_the_function_again_continues_nothing():
    assert extract_program(CODE, CONTINUED).source == CODE


def test_a_script_has_no_entry_point_to_look_for():
    script = "n = int(input())\nprint(n)\n"
    assert extract_program(f"```python\n{script}```", stdio_problem(("1", "1"))).source == script
    assert extract_program(script, stdio_problem(("1", "1"))).source == script


def test_indentation_of_a_list_item_maps_back():
    response = "1. So:\n   ```python\n   def f(x):\n       return x\n   ```"
    program = extract_program(response, PROBLEM)
    at = program.source.index("return x")
    start, end = program.to_response(at, at + 8)
    assert response[start:end] == "return x"


def test_a_cut_off_response_is_marked():
    assert extract_program("```python\ndef f(x", PROBLEM, truncated=True).truncated


def test_a_completion_of_a_sample_row_is_taken_to_the_letter():
    program = program_from_completion("    return 1\nprose", CONTINUED)
    assert program.source == PROMPT + "    return 1\nprose"


pieces = st.sampled_from(
    [
        "```",
        "```python\n",
        "~~~\n",
        "def f(x):\n",
        "    return x\n",
        "\r\n",
        "\t",
        "é😀",
        "prose here\n",
        "x = 1\n",
        "`",
        "   ```py\n",
    ]
)


@example("\t```python\n~~~\n\t", False)  # ends within the fence's indentation
@given(st.lists(pieces, max_size=12).map("".join), st.booleans())
def test_every_character_of_a_program_has_its_place(response, continued):
    problem = CONTINUED if continued else PROBLEM
    program = extract_program(response, problem)
    covered = "".join(response[s.response_start : s.response_start + s.length] for s in program.segments)
    prefix = program.source[: len(program.source) - len(covered)]
    assert prefix in ("", problem.code_prefix)
    assert program.source == prefix + covered
    if covered:
        start, end = program.to_response(len(prefix), len(program.source))
        assert (start, end) == (
            program.segments[0].response_start,
            program.segments[-1].response_start + program.segments[-1].length,
        )
