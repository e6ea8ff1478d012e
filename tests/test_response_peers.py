"""The programs that verl's prime_code and EvalPlus's `sanitize` take from the same answers."""

from evalplus.sanitize import sanitize

from verl_egca.response import extract_program

from .answers import ANSWERS, passes


def test_neither_prime_code_nor_evalplus_finds_a_program_that_we_lose():
    """Each of them misses what the printed lists name; run with -s to read them."""
    missed = {"ours": [], "prime_code": [], "sanitize": []}
    for answer in ANSWERS:
        found = {
            "ours": passes(answer.problem, extract_program(answer.response, answer.problem).source),
            "prime_code": passes(answer.problem, prime_codes(answer.response)),
            "sanitize": any(passes(answer.problem, program) for program in sanitized(answer)),
        }
        assert found["ours"] or not any(found.values())
        for judge in missed:
            missed[judge] += [] if found[judge] else [answer.name]
    for judge, names in missed.items():
        print(f"{judge} misses {len(names)} of {len(ANSWERS)}: {'; '.join(names)}")
    assert not missed["ours"]
    assert len(missed["prime_code"]) > 40
    assert len(missed["sanitize"]) > 40


def prime_codes(response):
    """verl 0.9.1, utils/reward_score/prime_code/__init__.py, compute_score."""
    return response.split("```python")[-1].split("```")[0]


def sanitized(answer):
    """EvalPlus gets what goes on with a prompt together with it."""
    entry_point = answer.problem.entry_point
    root = entry_point.partition("(")[0] if entry_point is not None else None
    yield sanitize(answer.response, root)
    if answer.problem.code_prefix:
        yield sanitize(f"{answer.problem.code_prefix}\n{answer.response}", root)
        yield sanitize(f"{answer.problem.code_prefix}{answer.response}", root)
