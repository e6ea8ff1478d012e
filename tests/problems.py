"""Small problems for tests."""

from verl_egca.problem import AssertionTests, CallTests, Problem, StdioTests

SUM_ABOVE_ONE = """def f(xs):
    total = 0
    for x in xs:
        if x > 1:
            total += x
    return total
"""


def assertion_problem(*assertions, reference=None, setup="", entry_point="f", **fields):
    """A problem whose tests are assertions."""
    tests = AssertionTests(setup=setup, assertions=assertions)
    return Problem(
        task_id="task", prompt="Write f.", tests=tests, entry_point=entry_point, reference=reference, **fields
    )


def call_problem(*pairs, entry_point="f"):
    """A problem of (arguments, expected) pairs."""
    tests = CallTests(arguments=tuple(a for a, _ in pairs), expected=tuple(e for _, e in pairs))
    return Problem(task_id="task", prompt="Write f.", tests=tests, entry_point=entry_point)


def stdio_problem(*pairs):
    """A problem of (standard input, standard output) pairs."""
    tests = StdioTests(inputs=tuple(i for i, _ in pairs), outputs=tuple(o for _, o in pairs))
    return Problem(task_id="task", prompt="Write a program.", tests=tests)
