"""What a file of rows holds, and which of its references fail their own tests."""

import json

import pytest

from verl_egca.data.survey import Budget, Fault, survey
from verl_egca.data.survey_table import survey_text

RIGHT = "def f(x):\n    return x + 1\n"


def own(task_id, reference=RIGHT, assertions=("assert f(1) == 2",), setup=""):
    tests = {"kind": "assertions", "setup": setup, "assertions": list(assertions)}
    return {"task_id": task_id, "prompt": "f", "entry_point": "f", "reference": reference, "tests": tests}


def verl_row(truth, source="taco", ability="code"):
    return {"data_source": source, "ability": ability, "prompt": [], "reward_model": {"ground_truth": truth}}


PAIRS = json.dumps({"inputs": ["1\n"], "outputs": ["1\n"]})


@pytest.fixture
def surveyed(sandbox, tmp_path):
    def of(*rows, seconds=60.0):
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return survey(path, sandbox, 2, Budget(seconds))

    return of


def test_rows_are_counted_by_shape_and_reference(surveyed):
    found = surveyed(
        own("one"),
        own("two", reference=None),
        verl_row(PAIRS),
        verl_row("42", "numina_olympiads", "math"),
        verl_row("{"),
    )
    assert (found.rows, found.problems) == (5, 3)
    assert found.counts[Fault.UNREADABLE] == 1
    assert found.sources == {"numina_olympiads": 1}
    assert sum(found.references.values()) == 1
    assert found.checked == 3
    assert "row 5, key 'reward_model.ground_truth'" in str(found.first_error)


@pytest.mark.parametrize(
    ("row", "fault", "told"),
    [
        (own("a", reference="def f(x):\n    return x + 2\n"), Fault.REFERENCE_FAILS, "got 3, expected 2"),
        (own("a", reference="def f(x) return x"), Fault.NOT_PYTHON, "row 1 (a)"),
        (own("a", reference="def g(x):\n    return x + 1\n"), Fault.REFERENCE_FAILS, "NameError"),
        (own("a", setup="import no_such_package"), Fault.NO_VERDICT, "no_such_package"),
        (own("a", assertions=["assert f(1) == 2", "assert f(1) == 3"]), Fault.REFERENCE_FAILS, "f(1) == 3"),
        (own("a", assertions=["assert True"]), Fault.TESTS_NOTHING, "row 1 (a)"),
        (own("a", assertions=[]), Fault.UNREADABLE, "row 1"),
    ],
)
def test_what_is_wrong_with_a_row_is_named(surveyed, row, fault, told):
    found = surveyed(row)
    assert dict(found.counts) == {fault: 1}
    assert told in found.faults[fault][0]


def test_a_right_reference_among_several_is_enough(surveyed):
    wrong = RIGHT.replace("+", "-")
    row = {"question": "f", "solutions": json.dumps([wrong, RIGHT]), "starter_code": "def f(x):"}
    row["input_output"] = json.dumps({"fn_name": "f", "inputs": [[1]], "outputs": [2]})
    assert not surveyed(row).counts
    row["solutions"] = json.dumps([wrong, wrong + "\n"])
    assert surveyed(row).counts == {Fault.REFERENCE_FAILS: 1}


def test_past_the_budget_rows_are_counted_as_unchecked(surveyed):
    found = surveyed(own("one"), own("two"), seconds=0.0)
    assert (found.checked, found.unchecked, found.problems) == (0, 2, 2)


def test_rows_that_allow_a_case_more_time_than_the_sandbox_are_told(surveyed):
    row = {"question": "f", "solutions": json.dumps([RIGHT]), "starter_code": "def f(x):", "time_limit": "9.5 seconds"}
    row["input_output"] = json.dumps({"fn_name": "f", "inputs": [[1]], "outputs": [2]})
    text = survey_text([surveyed(row, own("one"))], 60.0)
    assert "more time for a case than the sandbox gives: 1 row, up to 9.5 s; raise egca.sandbox.cpu_seconds" in text


def test_the_table_says_all_of_it(surveyed):
    wrong = own("two", reference="def f(x):\n    return x\n")
    text = survey_text([surveyed(own("one"), wrong, verl_row("42", "numina_olympiads", "math"))], 60.0)
    assert "without program tests: 1 row, rewarded as without EGCA: numina_olympiads 1" in text
    assert "tests and references of 2 rows were run" in text
    assert "the reference fails its own tests: 1 row" in text
    assert "row 2 (two): assert f(1) == 2: got 1, expected 2" in text
