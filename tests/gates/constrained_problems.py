"""Problems with constraints for tests."""

from ..problems import assertion_problem

SQUARES = "def f(xs):\n    return [x * x for x in xs]\n"


def constrained_problem(*constraints, reference=SQUARES, tests=("assert f([1, 2]) == [1, 4]",), **fields):
    return assertion_problem(*tests, reference=reference, constraints=constraints, **fields)
