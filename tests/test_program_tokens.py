"""Which response tokens wrote a program: over tokenizer families, kinds of responses, and programs cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verl_egca.program_tokens import TokenRun, first_characters, token_runs
from verl_egca.response import extract_program
from verl_egca.spans import token_pieces

from .problems import assertion_problem
from .token_families import FAMILIES, tokenizer_of

PREFIX = 'def f(x):\n    """Twice."""\n'
PROBLEM = assertion_problem("assert f(1) == 2", reference=PREFIX + "    return 2 * x\n", code_prefix=PREFIX)
RESPONSES = {
    "a completion": "    y = x + 1\n    return y\n",
    "a block with prose around it": "Here:\n```python\ndef f(x):\n    return 'é😀' + x\n```\nDone.",
    "a block in a list": "1. So:\n   ```python\n   def f(x):\n       return x\n   ```\n",
}


def written(program, runs, pieces):
    """(first character, text, token) of all that a run says, in order; it must agree with where the tokens stand."""
    found = []
    for run in runs:
        at = run.start
        for token, length in enumerate(run.lengths, run.token):
            found.append((at, program.source[at : at + length], token))
            at += length
    return found


def check(text, response_ids, tokenizer):
    pieces = token_pieces(tokenizer, response_ids)
    program = extract_program(pieces.text, PROBLEM)
    runs = token_runs(program, pieces)
    shift = {}  # program's character -> response's
    for segment in program.segments:
        for n in range(segment.length):
            shift[segment.source_start + n] = segment.response_start + n
    covered = []
    for at, part, token in written(program, runs, pieces):
        for offset in range(len(part)):
            place = shift[at + offset]
            assert pieces.starts[token] <= place < pieces.ends[token]
            covered.append(at + offset)
    assert covered == sorted(shift)  # each of the response's characters in the program once, none of the prompt's
    for run in runs:
        for token in (
            run.token,
            run.token + len(run.lengths) - 1,
        ):  # no run begins or ends with a token that is not its
            assert pieces.starts[token] < pieces.ends[token]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", RESPONSES)
def test_each_character_belongs_to_a_token_that_wrote_it(family, kind):
    tokenizer = tokenizer_of(family)
    text = RESPONSES[kind]
    check(text, tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer)


@given(
    st.sampled_from(sorted(FAMILIES)), st.lists(st.integers(0, 10**6), max_size=24), st.sampled_from(sorted(RESPONSES))
)
def test_any_ids_around_and_in_a_program_keep_their_places(family, ids, kind):
    tokenizer = tokenizer_of(family)
    known = tokenizer(RESPONSES[kind], add_special_tokens=False)["input_ids"]
    odd = [i % len(tokenizer) for i in ids]
    middle = len(known) // 2
    check(RESPONSES[kind], [*known[:middle], *odd, tokenizer.eos_token_id, *known[middle:]], tokenizer)


def test_a_token_that_finishes_a_character_adds_none():
    tokenizer = tokenizer_of("byte_level")
    ids = tokenizer("    return '🦎'\n", add_special_tokens=False)["input_ids"]
    pieces = token_pieces(tokenizer, ids)
    (run,) = token_runs(extract_program(pieces.text, PROBLEM), pieces)
    assert sum(run.lengths) == len("    return '🦎'\n")
    assert len(run.lengths) == len(ids)
    assert 0 in run.lengths


def test_a_program_that_is_cut_off_keeps_the_tokens_of_what_is_left():
    runs = (TokenRun(token=3, start=10, lengths=(4, 0, 4)), TokenRun(token=5, start=18, lengths=(2,)))
    assert first_characters(runs, 20) == runs
    assert first_characters(runs, 16) == (TokenRun(token=3, start=10, lengths=(4, 0, 2)),)
    assert first_characters(runs, 14) == (TokenRun(token=3, start=10, lengths=(4,)),)
    assert first_characters(runs, 10) == ()
