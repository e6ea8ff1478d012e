"""The ideal debugger names the statement that holds the mistake, and gives it as it should be."""

from truth.ideal import Ideal, Nonsense
from truth.sets import Case, fix_even
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.execution.sandbox import Sandbox
from verl_egca.localization.base import FailingSample
from verl_egca.localization.dialogue.correction import Unfit, as_edit
from verl_egca.localization.dialogue.listing import Listing
from verl_egca.localization.dialogue.question import Evidence, question
from verl_egca.localization.trace import TraceLocalizer
from verl_egca.localization.twins.program import Program


def asked(case: Case, sandbox: Sandbox) -> str:
    sample = FailingSample(case.problem, case.program, sandbox.run(case.problem, case.program), sandbox, 0)
    failing, candidate, reference, divergence = TraceLocalizer().compare(sample)
    listing = Listing(case.program, frozenset(candidate.executed))
    evidence = Evidence(case.problem, listing, failing, candidate, reference, divergence)
    return question(evidence, DebuggerSettings().prompt_tokens)[1]["content"]


def test_most_of_humanevalfix_is_mended_by_what_it_says(sandbox, shared_data) -> None:
    cases = fix_even(shared_data / "humanevalfix_python_even.jsonl")[::4]
    ideal, mended = Ideal(cases), 0
    for case in cases:
        answer = ideal(asked(case, sandbox))
        if answer is None:
            continue
        statement = Listing(case.program, ()).get(answer["statement"]).statement
        try:
            edit = as_edit(Program(case.program), statement, answer["correction"], case.problem, ())
        except Unfit:
            continue
        mended += sandbox.run(case.problem, edit.apply(case.program)).passed
    assert mended >= 0.8 * len(cases)


def test_of_a_program_that_it_does_not_know_it_says_nothing(sandbox, shared_data) -> None:
    one, other = fix_even(shared_data / "humanevalfix_python_even.jsonl")[:2]
    assert Ideal([other])(asked(one, sandbox)) is None


def test_nonsense_names_a_statement_that_is_there(sandbox, shared_data) -> None:
    case = fix_even(shared_data / "humanevalfix_python_even.jsonl")[3]
    nonsense, listing = Nonsense(0), Listing(case.program, ())
    shown = asked(case, sandbox)
    assert all(listing.get(nonsense(shown)["statement"]) is not None for _ in range(50))
