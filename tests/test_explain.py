"""``egca explain``: files in, the blamed tokens marked, and the README's example."""

import json
import re
from pathlib import Path

import pytest

from verl_egca.evaluation import example

from .commands import egca, started

README = Path(__file__).parents[1] / "README.md"
SUM = "def f(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total\n"
TESTS = "assert f([1, 2, 3]) == 6\nassert f([]) == 0\nassert f([5]) == 5\n"


@pytest.fixture
def explain(tmp_path):
    """Writes the files and explains the program."""

    def run(program, *options, tests=TESTS, reference=SUM):
        for name, text in (("wrong.py", program), ("tests.py", tests), ("right.py", reference)):
            (tmp_path / name).write_text(text)
        files = ("--tests", tmp_path / "tests.py", "--reference", tmp_path / "right.py")
        return egca("explain", tmp_path / "wrong.py", *files, *options)

    return run


def marked(shown):
    """The text above the carets."""
    lines = shown.splitlines()
    return [
        lines[number - 1][line.index("^") : len(line)]
        for number, line in enumerate(lines)
        if re.fullmatch(r" *\^+", line)
    ]


def without_costs(text):
    return re.sub(r"\d+ trials(, \d+ ms of CPU)?", "some trials", text)


def test_the_readmes_block_is_what_the_command_prints():
    block = re.search(r"<!-- a test runs this command -->\n```text\n\$ (.*?)\n(.*?)```", README.read_text(), re.DOTALL)
    program, *arguments = block[1].split()
    assert program == "egca"
    shown = started(*arguments)
    assert shown.returncode == 0, shown.stderr
    assert without_costs(shown.stdout) == without_costs(block[2]), "paste what `egca explain --example` prints"


def test_the_example_is_what_it_says(sandbox, explain):
    exec(example.REFERENCE + example.TESTS, {})
    with pytest.raises(AssertionError):
        exec(example.PROGRAM + example.TESTS, {})


def test_a_proof_is_shown_with_its_edit_and_where_the_advantage_lands(explain):
    shown = explain(SUM.replace("total += x", "total += x * x")).stdout
    assert marked(shown) == ["x * x"]
    assert "1 of 3 pass" in shown
    assert "proven: with this edit all 3 tests pass" in shown
    assert "-        total += x * x" in shown
    assert "-1 on each of the 3 marked tokens, 0 on the others" in shown


def test_indentation_counts_as_a_token(explain):
    shown = explain(SUM.replace("    return", "        return")).stdout
    assert marked(shown) == ["        "]
    assert "-1 on the marked token" in shown


def test_a_program_that_passes_has_nothing_to_blame(explain):
    shown = explain(SUM).stdout
    assert "3 of 3 pass" in shown
    assert "nothing: a program that passes" in shown


def test_what_does_not_compile_is_explained_too(explain):
    shown = explain("def f(xs):\n    return sum(xs\n").stdout
    assert "SyntaxError" in shown
    assert "where Python reported the error" in shown


def test_a_guess_is_called_one_and_can_be_refused(explain):
    wrong = "def f(xs):\n    total = 1\n    for x in xs:\n        total = total * 3 % 1000\n    return [total] * 50\n"
    assert "not proven: a guess (no_twin)" in explain(wrong, "--budget-ms", "1").stdout
    refused = explain(wrong, "--budget-ms", "1", "--unconfirmed", "uniform").stdout
    assert "not localized  no_twin" in refused
    assert "as in GRPO" in refused


def test_tests_may_prepare_loop_and_check(explain):
    wrong = SUM.replace("+=", "-=")
    for tests in (
        "import math\nHALF = math.floor(1.5)\nfor n in range(3):\n    assert f([n, HALF]) == n + HALF\n",
        "def check(candidate):\n    assert candidate([1]) == 1\n    assert candidate([2, 3]) == 5\n\ncheck(f)\n",
    ):
        shown = explain(wrong, tests=tests).stdout
        assert "proven" in shown
        assert marked(shown)


FILES = {
    "functions": "def test_some():\n    assert f([1, 2]) == 3\n\ndef test_none():\n    assert f([]) == 0\n",
    "import by file name": "from wrong import f\n\ndef test_some():\n    assert f([1, 2]) == 3\n",
    "import of the reference": "import right as r\n\ndef test_some():\n    assert r.f([1, 2]) == 3\n",
    "unittest": "import unittest\nfrom solution import f\n\nclass TestF(unittest.TestCase):\n    def test_some(self):\n"
    "        self.assertEqual(f([1, 2]), 3)\n\nif __name__ == '__main__':\n    unittest.main()\n",
    "parametrize and raises": "import pytest\nfrom solution import f\n\n@pytest.mark.parametrize('xs, want', [([1, 2], 3), ([], 0)])\n"
    "def test_some(xs, want):\n    assert f(xs) == want\n\ndef test_none():\n    with pytest.raises(TypeError):\n        f(None)\n",
    "helper": "def same(xs, want):\n    assert f(xs) == want\n\ndef test_some():\n    same([1, 2], 3)\n    same([], 0)\n",
}


@pytest.mark.parametrize("tests", FILES.values(), ids=FILES.keys())
def test_a_file_of_pytest_or_unittest_is_read(explain, tests):
    shown = explain(SUM.replace("total += x", "total += x * x"), tests=tests)
    assert marked(shown.stdout) == ["x * x"], shown.stderr
    assert "proven" in shown.stdout


def test_the_finding_is_to_be_had_as_json(explain):
    found = json.loads(explain(SUM.replace("total += x", "total += x * x"), "--json").stdout)
    assert (found["mode"], found["confirmed"], found["tests_passed"], found["tests_total"]) == ("LOGIC", "full", 1, 3)
    assert found["place"] == [{"line": 4, "col": 17, "end_line": 4, "end_col": 22}]


def test_a_program_has_no_hold_on_the_terminal(explain):
    shown = explain("def f(xs):\n    return '\x1b[2J' + str(xs)  # \x1b]0;title\x07 [bold]\n").stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[bold]" in shown


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        ("x = 1\n", "asserts nothing; lines such as `assert f(1) == 2` are wanted"),
        ("assert f(1 ==\n", "tests.py: is not Python (line 1"),
        (
            "def test_a(tmp_path):\n    assert f(tmp_path) == 1\n",
            "tests.py: line 1, test_a: needs the fixture tmp_path, which",
        ),
        ("def test_a():\n    assert [] == []\n", "tests.py: asserts nothing about a program: its tests call none"),
    ],
)
def test_bad_tests_are_named_with_the_remedy(explain, tests, words):
    done = explain(SUM, tests=tests)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())


def test_a_reference_that_fails_is_refused_with_the_test(explain):
    done = explain(SUM, reference=SUM.replace("+=", "-="))
    assert done.returncode == 2
    assert "right.py: fails 'assert f([1, 2, 3]) == 6' (got -6); a program that passes" in " ".join(done.stderr.split())


def test_a_test_that_has_no_verdict_is_named(explain):
    done = explain(
        SUM,
        tests="def test_a():\n    import no_such_package\n    assert f([]) == no_such_package.zero\n",
        reference=SUM,
    )
    assert done.returncode == 2
    assert "imports no_such_package, which is not installed here" in " ".join(done.stderr.split())
    done = explain(SUM, tests="import io\n\ndef test_a():\n    assert f(io.StringIO()) == 0\n", reference=SUM)
    assert done.returncode == 2
    assert "tests.py: can't be judged at 'assert f(io.StringIO()) == 0': " in " ".join(done.stderr.split())


def test_missing_files_and_arguments_are_named(tmp_path):
    (tmp_path / "wrong.py").write_text(SUM)
    done = egca("explain", tmp_path / "wrong.py", "--tests", tmp_path / "none.py")
    assert done.returncode == 2
    assert "none.py: there is no such file" in " ".join(done.stderr.split())
    for arguments in ((), (tmp_path / "wrong.py",), (tmp_path / "wrong.py", "--example")):
        done = egca("explain", *arguments)
        assert done.returncode == 2
        assert "a PROGRAM and its --tests are wanted, or --example" in done.stderr
