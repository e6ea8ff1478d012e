"""EGCA: execution-grounded credit assignment for RL on code, as a plugin for verl.

Everything outside ``training/`` and ``cpu/`` works without verl, Ray or a GPU.

Terms, one for one thing:

=================  ====================================================================================================
problem            a task: prompt, tests, and often a reference and constraints
reference          a program that passes the problem's tests
sample             one sampled response to a prompt; its program is the candidate
case               one test: a call and its expected value, an assertion, or an input and its expected output
verdict            the outcome of each case: passed, wrong value, exception, timeout, unsupported, and so on
mode               CORRECT, SYNTAX, CONSTRAINT or LOGIC: the branch that a sample takes
gate               a check that decides the mode
group              the samples of one prompt in one step
trace              the values that a program takes as it runs, in order
divergence         the first point where two traces differ
edit               a replacement of one piece of a program's text
twin               a failing program with edits; full: all cases pass; partial: more pass than before, and none breaks
proof              a full twin, run again from its text
trial              one run of an edited program
further inputs     varied arguments of the tests, for which the reference gives the expected values
localization       the places that are blamed, with their evidence; a localizer finds them
guess              a localization without a proof
blame              the places that caused a failure
span               the tokens that cover the blamed places
credit             a token's share of its response's advantage
uniform branch     the same advantage on every token, as under GRPO
debugger           a served LLM that is asked where a search proves nothing
evidence           the record of a localization: case, values, divergence, edits, trials
=================  ====================================================================================================
"""

__version__ = "0.1.0"
