"""Tests that expect a program to raise, by pytest, unittest and plain try."""

import pytest

from verl_egca.execution.verdict import Outcome

from ..problems import assertion_problem

PROGRAM = """
import json
class AppError(Exception):
    "Base."
class NotFound(AppError, KeyError):
    def __init__(self, what, code=404):
        super().__init__(what)
        self.what, self.code = what, code
    def __str__(self): return f"{self.what} is missing"
class Mine(ValueError): pass
def f(what):
    if what == "type": return 1 + ""
    if what == "key": return {}["k"]
    if what == "app": raise NotFound("it")
    if what == "mine": raise Mine("bad", 3)
    if what == "json": return json.loads("{")
    if what == "exit": raise SystemExit(2)
    if what == "assert": assert what == 1, "never"
    if what == "stop": raise StopIteration
    if what == "zero": return 1 / 0
    if what == "os": raise FileNotFoundError(2, "No such file", "name")
    if what == "syntax": raise SyntaxError("odd")
    if what == "interrupt": raise KeyboardInterrupt
    if what == "cause":
        try: 1 / 0
        except ZeroDivisionError as error: raise Mine("after") from error
    if what == "group": raise ExceptionGroup("many", [ValueError(1)])
    return what
"""
RAISES = "import pytest, unittest, json\ncase = unittest.TestCase()\n"
EXPECTED = [
    "with pytest.raises(TypeError): f('type')",
    "with pytest.raises((TypeError, ValueError)): f('type')",
    "with pytest.raises(Exception): f('key')",
    "with pytest.raises(KeyError) as e: f('key')\nassert str(e.value) == \"'k'\" and e.value.args == ('k',) and e.type is not None",
    "with pytest.raises(LookupError, match='k'): f('key')",
    "with pytest.raises(NotFound) as e: f('app')\nassert str(e.value) == 'it is missing' and e.value.code == 404 and e.value.what == 'it'",
    "with pytest.raises(AppError, match='is missing$'): f('app')",
    "with pytest.raises(KeyError): f('app')",
    "with pytest.raises(Mine) as e: f('mine')\nassert e.value.args == ('bad', 3)",
    "with pytest.raises(ValueError): f('mine')",
    "with pytest.raises(json.JSONDecodeError) as e: f('json')\nassert e.value.pos == 1 and e.value.doc == '{'",
    "with pytest.raises(SystemExit) as e: f('exit')\nassert e.value.code == 2",
    "with pytest.raises(AssertionError, match='never'): f('assert')",
    "with pytest.raises(ZeroDivisionError): f('zero')",
    "with pytest.raises(OSError) as e: f('os')\nassert e.value.errno == 2 and e.value.filename == 'name'",
    "with pytest.raises(SyntaxError): f('syntax')",
    "with pytest.raises(KeyboardInterrupt): f('interrupt')",
    "pytest.raises(TypeError, f, 'type')",
    "with case.assertRaises(TypeError): f('type')",
    "case.assertRaises(NotFound, f, 'app')",
    "with case.assertRaisesRegex(AppError, 'missing'): f('app')",
    "with case.assertRaises(Mine) as e: f('mine')\nassert e.exception.args[0] == 'bad'",
    "try:\n    f('type')\n    assert False, 'no error'\nexcept TypeError:\n    pass",
    "try:\n    f('app')\nexcept NotFound as e:\n    assert e.code == 404\nelse:\n    raise AssertionError",
    "try:\n    f('mine')\nexcept (KeyError, Mine) as e:\n    assert isinstance(e, Mine) and isinstance(e, ValueError)",
    "import contextlib\nwith contextlib.suppress(AppError): f('app')",
    "assert issubclass(NotFound, AppError) and issubclass(Mine, ValueError) and not issubclass(Mine, AppError)",
    "assert NotFound.__name__ == 'NotFound' and issubclass(AppError, Exception)",
]
NOT_EXPECTED = [
    "with pytest.raises(TypeError): f('fine')",
    "with pytest.raises(TypeError): f('key')",
    "with pytest.raises(NotFound): f('mine')",
    "with pytest.raises(Mine): f('app')",
    "with pytest.raises(ValueError, match='^other'): f('mine')",
    "with pytest.raises(AssertionError): f('zero')",
    "case.assertRaises(TypeError, f, 'fine')",
    "with case.assertRaisesRegex(AppError, 'other'): f('app')",
    "try:\n    f('key')\n    assert False, 'no error'\nexcept TypeError:\n    pass",
    "f('assert')",
    "assert f('exit') == 2",
]


@pytest.mark.parametrize("test", EXPECTED)
def test_an_exception_that_is_expected_passes(sandbox, test):
    exec(PROGRAM + RAISES + test, {})
    verdict = sandbox.run(assertion_problem(test, setup=RAISES), PROGRAM)
    assert verdict.passed, verdict.first_failure


@pytest.mark.parametrize("test", NOT_EXPECTED)
def test_another_exception_or_none_fails(sandbox, test):
    with pytest.raises(BaseException):  # noqa: B017, PT011
        exec(PROGRAM + RAISES + test, {})
    verdict = sandbox.run(assertion_problem(test, setup=RAISES), PROGRAM)
    assert verdict.first_failure.outcome in (Outcome.WRONG, Outcome.EXCEPTION)


@pytest.mark.parametrize(
    "test",
    [
        "import pytest\nwith pytest.raises(StopIteration): f('stop')",
        "import pytest\nwith pytest.raises(NotFound) as e: f('app')\ne.value.other",
        "assert str(NotFound('it')) == 'it is missing'",
        "assert NotFound('it').code == 404",
    ],
)
def test_what_only_the_program_knows_of_its_exceptions_is_neither_passed_nor_failed(sandbox, test):
    (case,) = sandbox.run(assertion_problem(test), PROGRAM).cases
    assert case.outcome is Outcome.UNSUPPORTED


def test_an_assertion_of_the_program_s_is_none_of_the_test_s(sandbox):
    (case,) = sandbox.run(assertion_problem("assert f('assert') == 1"), PROGRAM).cases
    assert (case.outcome, case.error.type) == (Outcome.EXCEPTION, "AssertionError")


@pytest.mark.parametrize(
    "call", ["pytest.skip('not here')", "raise unittest.SkipTest", "raise SystemExit", "pytest.exit('x')"]
)
def test_a_test_that_ends_itself_is_neither_passed_nor_failed(sandbox, call):
    problem = assertion_problem(f"if f(1):\n    {call}", setup=RAISES)
    (case,) = sandbox.run(problem, "def f(x): return 2\n").cases
    assert case.outcome is Outcome.UNSUPPORTED
    assert sandbox.run(assertion_problem("assert f(1) == 2"), "def f(x): return 2\n").passed
