"""Samples as tools write them: read where it is clear what they are, refused by name where it isn't."""

import gzip
import json
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verl_egca.data.formats import load_problems
from verl_egca.data.rows import BadInput
from verl_egca.evaluation.samples import load_samples

PROMPT = 'def total(xs):\n    """ Sum. """\n'
BODY = "    return sum(xs)\n"
WHOLE = "def total(xs):\n    return sum(xs)\n"
CHAT = f"Sure!\n\n```python\n{WHOLE}```\nDone."
HUMANEVAL = {
    "task_id": "HumanEval/900",
    "prompt": PROMPT,
    "entry_point": "total",
    "canonical_solution": BODY,
    "test": "def check(candidate):\n    assert candidate([1, 2]) == 3\n",
}
MBPP = {
    "task_id": 11,
    "text": "Write total.",
    "code": WHOLE,
    "test_list": ["assert total([1]) == 1"],
    "test_setup_code": "",
}
TRUTH = {"inputs": ["[1, 2]"], "outputs": ["3"], "fn_name": "total"}
CODE_ROW = {
    "prompt": [{"role": "user", "content": "Write total."}],
    "data_source": "taco",
    "ability": "code",
    "reward_model": {"style": "rule", "ground_truth": json.dumps(TRUTH)},
    "extra_info": {"index": 0},
}
OTHER_TRUTH = {**TRUTH, "outputs": ["4"]}
DOC = {"doc_id": 0, "doc": HUMANEVAL, "target": "", "resps": [[BODY]]}


@pytest.fixture
def read(tmp_path):
    """Samples of rows, or of a file's text, for problems of rows: (task, index, program) each."""

    def read(samples, *problems, name="samples.jsonl"):
        write(tmp_path / "problems.jsonl", *(problems or (HUMANEVAL,)))
        if isinstance(samples, str):
            (tmp_path / name).write_text(samples)
        else:
            write(tmp_path / name, *samples)
        loaded = load_problems(tmp_path / "problems.jsonl")
        found = load_samples(tmp_path / name, {problem.task_id: problem for problem in loaded})
        return [(sample.problem.task_id, sample.sample_index, sample.program.source) for sample in found]

    return read


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(
    ("row", "programs"),
    [
        pytest.param({"completion": BODY}, [PROMPT + BODY], id="human_eval"),
        pytest.param({"completion": [BODY, "    return 0\n"]}, [PROMPT + BODY, PROMPT + "    return 0\n"], id="list"),
        pytest.param({"completion": f"```python\n{BODY}```"}, [PROMPT + BODY], id="completion in a fence"),
        pytest.param({"completion": f"{BODY}\ndef other("}, [f"{PROMPT}{BODY}\ndef other("], id="to the letter"),
        pytest.param({"completion": ""}, [PROMPT], id="empty completion"),
        pytest.param({"solution": WHOLE}, [WHOLE], id="evalplus"),
        pytest.param(
            {"solution": WHOLE, "raw_solution": "x", "_identifier": "HumanEval/900"}, [WHOLE], id="evalplus, raw"
        ),
        pytest.param({"solution": CHAT}, [WHOLE], id="evalplus, not sanitized"),
        pytest.param(
            {"solution": 'F = """\n```\n"""\n' + WHOLE}, ['F = """\n```\n"""\n' + WHOLE], id="fence in a string"
        ),
        pytest.param({"response": CHAT}, [WHOLE], id="answer"),
        pytest.param({"response": ""}, [""], id="empty answer"),
        pytest.param({"generation": [CHAT, ""]}, [WHOLE, ""], id="answers"),
        pytest.param({"code_list": [WHOLE], "output_list": [CHAT]}, [WHOLE], id="LiveCodeBench"),
        pytest.param({"output_list": [CHAT]}, [WHOLE], id="LiveCodeBench, not extracted"),
        pytest.param(
            {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": CHAT}]}, [WHOLE], id="chat"
        ),
        pytest.param(
            {"messages": [{"role": "assistant", "content": [{"type": "text", "text": CHAT}]}]},
            [WHOLE],
            id="chat in parts",
        ),
        pytest.param({"buggy_solution": BODY}, [PROMPT + BODY], id="HumanEvalFix"),
        pytest.param({"completion": BODY, "solution": None}, [PROMPT + BODY], id="an empty column"),
    ],
)
def test_texts_of_a_row(read, row, programs):
    found = read([{"task_id": "HumanEval/900", **row}])
    assert found == [("HumanEval/900", index, program) for index, program in enumerate(programs)]


@pytest.mark.parametrize(
    ("row", "program"),
    [
        (DOC, PROMPT + BODY),
        ({**DOC, "filtered_resps": [BODY]}, PROMPT + BODY),
        ({**DOC, "filtered_resps": [[PROMPT + BODY]], "filter": "create_test"}, PROMPT + BODY),
        ({"question_id": "HumanEval/900", "code_list": [WHOLE]}, WHOLE),
    ],
)
def test_rows_that_name_their_task_elsewhere(read, row, program):
    assert read([row]) == [("HumanEval/900", 0, program)]


def test_samples_of_a_task_are_counted(read):
    rows = [{"task_id": "HumanEval/900", "completion": [BODY, BODY]}, {"task_id": "Python/900", "completion": BODY}]
    assert [index for _, index, _ in read(rows)] == [0, 1, 2]
    assert [index for _, index, _ in read([{**rows[0], "sample_index": 5}])] == [5, 6]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        *((name, MBPP) for name in ("MBPP/11", "Mbpp/11", "mbpp/11", "MbppPlus/11", "mbpp_11", "11", 11)),
        *((name, HUMANEVAL) for name in ("HumanEval/900", "humaneval/900", "HumanEvalPlus/900", "Python/900", 900)),
    ],
)
def test_a_task_is_found_under_the_names_that_tools_give_it(read, name, problem):
    ((task_id, _, _),) = read([{"task_id": name, "solution": WHOLE}], HUMANEVAL, MBPP)
    assert task_id.endswith(str(problem["task_id"]))


def test_a_number_that_two_problems_share_names_neither(read):
    with pytest.raises(BadInput, match=r"key 'task_id': '11' is not among the 2 problems: 'MBPP/11', 'HumanEval/11'"):
        read([{"task_id": 11, "solution": WHOLE}], MBPP, {**HUMANEVAL, "task_id": "HumanEval/11"})


def test_lists_of_programs_are_in_the_problems_order(read):
    second = {**HUMANEVAL, "task_id": "HumanEval/901"}
    text = json.dumps([[PROMPT + BODY, WHOLE], [f"```python\n{WHOLE}```"]], indent=1)
    assert read(text, HUMANEVAL, second, name="generations.json") == [
        ("HumanEval/900", 0, PROMPT + BODY),
        ("HumanEval/900", 1, WHOLE),
        ("HumanEval/901", 0, WHOLE),
    ]
    with pytest.raises(
        BadInput, match=r"generations\.json: holds 2 lists for 1 problems; they are matched by their order"
    ):
        read(text, HUMANEVAL, name="generations.json")
    with pytest.raises(BadInput, match="row 1: is no list of programs"):
        read("[[1]]", name="generations.json")


DUMPED = {"input": "user\nWrite total.\nassistant\n", "output": CHAT, "score": 1.0, "step": 1}


class TestVerlsDumps:
    def test_are_of_the_problem_with_their_ground_truth(self, read):
        rows = [{**DUMPED, "gts": json.dumps(TRUTH)}, {**DUMPED, "gts": TRUTH}]
        other = {**CODE_ROW, "reward_model": {"ground_truth": json.dumps(OTHER_TRUTH)}, "extra_info": {"index": 1}}
        found = read(rows, CODE_ROW, other)
        assert len({task for task, _, _ in found}) == 1
        assert [(index, program) for _, index, program in found] == [(0, WHOLE), (1, WHOLE)]

    def test_of_a_prepared_file_name_it(self, read, tmp_path):
        write(tmp_path / "given.jsonl", HUMANEVAL)
        (problem,) = load_problems(tmp_path / "given.jsonl")
        assert read([{**DUMPED, "gts": problem.model_dump_json()}]) == [("HumanEval/900", 0, WHOLE)]

    def test_of_mathematics_are_left_out(self, read):
        rows = [{**DUMPED, "gts": "7"}, {**DUMPED, "gts": json.dumps(TRUTH)}]
        assert len(read(rows, CODE_ROW)) == 1
        with pytest.raises(BadInput, match="holds no samples of the 1 problems"):
            read(rows[:1], CODE_ROW)

    def test_of_other_problems_are_refused(self, read):
        with pytest.raises(BadInput, match=r"row 1, key 'gts': holds the tests of none of the 1 problems"):
            read([{**DUMPED, "gts": json.dumps(OTHER_TRUTH)}], CODE_ROW)

    def test_of_problems_with_the_same_tests_are_told_apart_by_their_prompts(self, read):
        other = {**CODE_ROW, "prompt": [{"role": "user", "content": "Add up."}], "extra_info": {"index": 1}}
        row = {**DUMPED, "gts": json.dumps(TRUTH)}
        assert len(read([row], CODE_ROW, other)) == 1
        with pytest.raises(BadInput, match="holds the tests of 2 of the 2 problems"):
            read([{**row, "input": "Write total. Add up."}], CODE_ROW, other)


def test_answers_beside_the_rows_of_a_data_file(read):
    """As verl's main_generation writes them."""
    row = {**CODE_ROW, "solution": "the reference", "responses": [CHAT, CHAT]}
    assert [(index, program) for _, index, program in read([row], CODE_ROW)] == [(0, WHOLE), (1, WHOLE)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"completion": BODY}, r"key 'task_id': is missing; the problem's name is wanted: 'HumanEval/900'"),
        ({"task_id": "HumanEval/1", "completion": BODY}, "'HumanEval/1' is not among the 1 problems: 'HumanEval/900'"),
        ({"task_id": None, "completion": BODY}, "key 'task_id': is None; the problem's name is wanted"),
        (
            {"task_id": "HumanEval/900"},
            r"needs one of completion, solution, response; it has none \(its keys: task_id\)",
        ),
        ({"task_id": "HumanEval/900", "completion": None}, r"row 1, key 'completion': is null: .* leave the row out"),
        ({"task_id": "HumanEval/900", "completion": [BODY, None]}, r"key 'completion\[1\]': is null"),
        ({"task_id": "HumanEval/900", "completion": []}, "key 'completion': is an empty list"),
        ({"task_id": "HumanEval/900", "completion": 7}, "key 'completion': is int; a string or a list of strings"),
        ({"task_id": "HumanEval/900", "completion": BODY, "solution": WHOLE}, "it has completion and solution"),
        ({"task_id": "HumanEval/900", "messages": [{"role": "user", "content": "?"}]}, "ends without an answer"),
        ({"task_id": "HumanEval/900", "messages": "?"}, "key 'messages': is no list of chat messages"),
        ({**DOC, "resps": [[["-1.5", True]]]}, r"key 'resps\[0\]': is list; a string is wanted"),
        ({"task_id": "HumanEval/900", "completion": BODY, "sample_index": "0"}, "a whole number is wanted"),
    ],
)
def test_what_is_refused_is_named(read, row, message):
    with pytest.raises(BadInput, match=message):
        read([row])


def test_a_log_of_several_filters_is_refused(read):
    with pytest.raises(BadInput, match="row 2, key 'filter': is 'b', above it is 'a'; rows of one filter are wanted"):
        read([{**DOC, "filter": "a"}, {**DOC, "filter": "b"}])


def test_samples_of_parquet_and_of_compressed_lines(tmp_path):
    rows = [{"task_id": "HumanEval/900", "completion": BODY}]
    write(tmp_path / "problems.jsonl", HUMANEVAL)
    problems = {problem.task_id: problem for problem in load_problems(tmp_path / "problems.jsonl")}
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "samples.parquet")
    with gzip.open(tmp_path / "samples.jsonl.gz", "wt") as file:
        file.write(json.dumps(rows[0]) + "\n")
    for name in ("samples.parquet", "samples.jsonl.gz"):
        assert load_samples(tmp_path / name, problems)[0].program.source == PROMPT + BODY


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([CHAT, "HumanEval/900"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "task_id", "ground_truth", "inputs", "outputs"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
KEYS = (
    "completion",
    "solution",
    "response",
    "messages",
    "doc",
    "resps",
    "gts",
    "output",
    "input",
    "code_list",
    "filter",
)
ROWS = st.dictionaries(
    st.sampled_from((*KEYS, "task_id", "question_id", "reward_model", "sample_index")), VALUES, max_size=5
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS | VALUES, max_size=3), st.booleans())
def test_any_file_ends_in_samples_or_in_a_refusal(read, rows, is_list):
    text = json.dumps(rows) if is_list else "\n".join(map(json.dumps, rows))
    with suppress(BadInput):
        assert all(task == "HumanEval/900" for task, _, _ in read(text, name="samples.json"))
