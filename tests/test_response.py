"""Programs in responses: found in every form that policies answer in, each character at its place."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verl_egca.response import extract_program, program_from_completion

from .answers import ADD, ANSWERS, FUNCTION, SCRIPT, STARTER, SUM, TOTAL, TWO_SUM, WRONG, fenced, passes
from .problems import assertion_problem

CODE = "def f(x):\n    return x + 1\n"
PROMPT = 'def f(x):\n    """Add one."""\n'
PROBLEM = assertion_problem("assert f(1) == 2")
CONTINUED = assertion_problem("assert f(1) == 2", code_prefix=PROMPT)


@pytest.mark.parametrize("answer", [pytest.param(answer, id=answer.name) for answer in ANSWERS])
def test_the_program_of_an_answer_is_the_one_that_is_wanted_and_it_passes(answer):
    program = extract_program(answer.response, answer.problem)
    assert program.source == answer.program
    assert passes(answer.problem, program.source)
    check_places(program, answer.response, answer.problem)


@pytest.mark.parametrize(
    ("response", "problem", "source"),
    [
        ("```python\n```", PROBLEM, ""),
        ("", PROBLEM, ""),
        ("I can't do that.", PROBLEM, "I can't do that."),
        ("```python\nreturn x\n```", CONTINUED, "return x\n"),
        ("```cpp\nint f(int x) { return x; }\n```", PROBLEM, "int f(int x) { return x; }\n"),
        (fenced("print(f(1))\n"), PROBLEM, "print(f(1))\n"),
        ("5", SUM, "5"),
        (f"```python\n{CODE.replace(':', '')}```", PROBLEM, CODE.replace(":", "")),
        ("n = int(input()\nprint(n)\n", SUM, "n = int(input()\nprint(n)\n"),
    ],
)
def test_a_response_without_a_right_program_is_a_program_that_fails(response, problem, source):
    assert extract_program(response, problem).source == source
    assert not passes(problem, source)


@pytest.mark.parametrize(
    ("response", "source"),
    [
        (f"def plus(x:\n    return x\n\n{CODE}", CODE),  # nothing of it is used
        ("def plus(x:\n    return x\n\ndef f(x):\n    return plus(x)\n", None),
        (f"{CODE}\nfor x in range(3) print(f(x))\n", CODE + "\n"),
    ],
)
def test_a_function_is_parted_from_a_mistake_only_if_it_does_not_use_it(response, source):
    for text in (response, fenced(response)):
        assert extract_program(text, PROBLEM).source == (response if source is None else source)


def test_a_script_is_not_parted_from_its_mistakes():
    script = "n = int(input())\nfor i in range(n) print(i)\nprint(n)\n"
    assert extract_program(fenced(script), SUM).source == script
    assert extract_program(f"So:\n\n{script}\nThat was the program.", SUM).source == script + "\n"


class TestACutOffResponse:
    @pytest.mark.parametrize(
        ("response", "problem"),
        [
            ("def f(x):\n    if x:\n        return 1\n    for", PROBLEM),
            ("    y = x\n    for", CONTINUED),
            ("n = int(input())\nprint(n)\nwhile Tr", SUM),
            ("n = int(input())\nprint(n)\nwhile n:\n    n = (", SUM),
        ],
    )
    def test_keeps_its_unfinished_end(self, response, problem):
        for text in (response, f"```python\n{response}"):
            program = extract_program(text, problem, truncated=True)
            assert program.truncated
            assert program.source == problem.code_prefix + response

    def test_holds_the_program_that_was_whole_before(self):
        response = f"{fenced(CODE)}\nOr better:\n```python\ndef f(x):\n    return (x"
        assert extract_program(response, PROBLEM, truncated=True).source == CODE

    def test_holds_no_draft_of_its_thinking_if_the_answer_has_begun(self):
        for begun in ("def f(x):\n    return (x", "f = lru_cache(", "print("):
            response = f"<think>{fenced(CODE)}</think>\n```python\n{begun}"
            assert extract_program(response, PROBLEM, truncated=True).source == begun


class TestTextThatIsNotThePolicys:
    TOOL = f"<tool_response>\n{fenced(WRONG)}\n</tool_response>\n"

    def own(self, *parts):
        """(response, ranges of its own text) of parts that are the policy's and the tool's by turns."""
        ranges, at = [], 0
        for place, part in enumerate(parts):
            if place % 2 == 0:
                ranges.append((at, at + len(part)))
            at += len(part)
        return "".join(parts), ranges

    @pytest.mark.parametrize(
        ("parts", "source"),
        [
            ((f"Let me try:\n{fenced(FUNCTION)}\n", TOOL, "That works."), FUNCTION),
            ((f"{fenced(WRONG)}\n", TOOL, f"Better:\n{fenced(FUNCTION)}"), FUNCTION),
            (("def add(a, b):\n    return a + b\n", TOOL, "Done with it."), FUNCTION),
            (("```python\n" + FUNCTION, TOOL, "print(1)\n```"), FUNCTION),
            (("I look it up.", TOOL, ""), "I look it up."),
            (("", f"```python\n{FUNCTION}```", "\nthat is it"), "\nthat is it"),
        ],
    )
    def test_is_never_the_program(self, parts, source):
        response, own = self.own(*parts)
        program = extract_program(response, ADD, own=own)
        assert program.source == source
        check_places(program, response, ADD)

    def test_is_not_joined_with_it(self):
        response, own = self.own(
            "```python\ndef add(a, b):\n    return plus(a, b)```", f"\n{fenced('def plus(a, b): return 1')}\n", ""
        )
        assert extract_program(response, ADD, own=own).source == "def add(a, b):\n    return plus(a, b)"


def test_a_problem_whose_entry_point_has_no_name_wants_what_its_assertions_call():
    problem = assertion_problem("assert f(1) == 2", entry_point=None)
    assert extract_program(f"{fenced(CODE)}\nso\n{fenced('print(f(1))')}", problem).source == CODE


def test_a_name_that_the_data_set_provides_is_not_taken_from_elsewhere():
    node = "class Node:\n    pass\n"
    use = "def f(x):\n    return Node()\n"
    response = f"Given is\n{fenced(node)}\nI write\n{fenced(use)}"
    assert extract_program(response, PROBLEM).source == node + use
    assert extract_program(response, PROBLEM.model_copy(update={"preamble": node})).source == use


def test_a_completion_maps_back_to_the_response_and_the_prompts_code_does_not():
    for response in ("    return x + 1\n", "```python\n    return x + 1\n```"):
        program = extract_program(response, CONTINUED)
        assert program.source == PROMPT + "    return x + 1\n"
        at = program.source.index("return")
        start, end = program.to_response(at, at + 6)
        assert response[start:end] == "return"
        assert program.to_response(0, len(PROMPT)) is None
        assert program.to_response(0, at + 6)[0] == response.index("    return")


def test_indentation_of_a_list_item_maps_back():
    response = "1. So:\n   ```python\n   def f(x):\n       return x\n   ```"
    program = extract_program(response, PROBLEM)
    at = program.source.index("return x")
    start, end = program.to_response(at, at + 8)
    assert response[start:end] == "return x"


def test_a_completion_of_a_sample_row_is_taken_to_the_letter():
    program = program_from_completion("    return 1\nprose", CONTINUED)
    assert program.source == PROMPT + "    return 1\nprose"


pieces = st.sampled_from(
    [
        *(
            "```",
            "```python\n",
            "~~~\n",
            "`",
            "   ```py\n",
            "> ```\n",
            "\n```\n",
            "```text\n",
            '"""',
            "'''",
            "(",
            "]",
            "\\\n",
        ),
        *(
            "def f(x):\n",
            "    return x\n",
            "x = 1\n",
            "print(input())\n",
            ">>> f(1)\n",
            "@f\n",
            "class Solution:\n",
            "return\n",
        ),
        *(
            "\r\n",
            "\r",
            "\n",
            "\t",
            "\f",
            "é😀",
            "\ufeff",
            "\0",
            "\ud800",
            "prose here\n",
            "Note\n",
            "7\n",
            "import f\n",
        ),
        *("<think>", "</think>\n", "<|im_end|>", "</s>", "[DONE]\n", "[/INST]", "<code>", "<｜end▁of▁sentence｜>"),
    ]
)
texts = st.lists(pieces | st.text(max_size=8), max_size=14).map("".join)


@example("\t```python\n~~~\n\t", PROBLEM, None)  # ends within the fence's indentation
@example("```python\ndef f(x): return g```\n```python\ndef g(): 1```", PROBLEM, None)
@given(
    texts, st.sampled_from([PROBLEM, CONTINUED, SUM, TOTAL, TWO_SUM, STARTER]), st.none() | st.lists(st.integers(0, 60))
)
def test_every_character_of_a_program_has_its_place(response, problem, edges):
    own = None
    if edges is not None:
        edges = sorted({min(edge, len(response)) for edge in edges})
        own = list(zip(edges[::2], edges[1::2], strict=False))
    program = extract_program(response, problem, own=own)
    check_places(program, response, problem)
    for segment in program.segments:
        first, last = segment.response_start, segment.response_start + segment.length
        assert own is None or any(start <= first and last <= end for start, end in own)


@given(texts)
def test_what_a_response_holds_in_a_fence_of_its_own_is_found_whatever_stands_before(text):
    response = text.replace("`", "").replace("~", "").replace("think", "") + f"\n\n```python\n{SCRIPT}```\n"
    ended = any(token in response for token in ("<|im_end|>", "</s>", "[DONE]", "sentence"))
    assert ended or SCRIPT in extract_program(response, SUM).source


@pytest.mark.parametrize(
    "text",
    [
        "(\n",
        "```\n",
        "a ```\n",
        "x = 1<|a|>\n",
        'x = """a\n',
        "def f(x):\n",
        "@f\n",
        "if x:\n  y\n ",
        "`",
        "Aaa aaa ",
        "[",
        "\ud800",
        "\0",
    ],
)
def test_nonsense_of_any_length_is_read_within_bounds(text):
    """These would take hours if work grew with the cube of the length, as the search for the longest piece does."""
    response = text * (60_000 // len(text))
    check_places(extract_program(response, CONTINUED), response, CONTINUED)


def check_places(program, response, problem):
    """Every character outside the prompt's code is the response's, in its order."""
    covered = "".join(response[s.response_start : s.response_start + s.length] for s in program.segments)
    prefix = program.source[: len(program.source) - len(covered)]
    assert problem.code_prefix.startswith(prefix)
    assert program.source == prefix + covered
    ends = [(s.response_start, s.response_start + s.length) for s in program.segments]
    assert all(before[1] <= after[0] for before, after in pairwise(ends))
    at = len(prefix)
    for segment in program.segments:
        assert segment.source_start == at
        assert segment.length > 0
        at += segment.length
    if covered:
        assert program.to_response(len(prefix), len(program.source)) == (ends[0][0], ends[-1][1])
