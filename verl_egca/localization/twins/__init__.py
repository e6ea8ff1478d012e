"""Twins: the failing program with the smallest edit that makes it pass, which proves that the edited place is to blame.

edits.py          an edit of a program's text, and the tokens that it changes
costs.py          the cost of an edit, learned from failing programs (costs.json)
program.py        a program: its blocks, statements and expressions with their places, their visible names, and places
                  for new statements; trees.py: syntax trees without a text
clues.py          clues to likelier edits before any trial: kinds of observed values, and loose ends of a program
table.py          small edits that undo common slips, one per row (rows.py, patterns.py, brackets.py: their language)
mutations.py      these edits, others that no row can express (expressions.py, statements.py), and insertions of missing
                  code (missing.py, guards.py, operands.py; surroundings.py: its material)
alignment.py      the matching of functions, variables and statements of the candidate with those of the reference;
                  views.py: the reference in other words (helpers.py, temporaries.py)
resemblance.py    a quick measure of whether a close comparison of two programs pays
suspicion.py      the likelihood of blame of each place, from the statements that ran in failing and passing cases
search.py         tries edits, likeliest first, within a budget of trials; picks the twin
progress.py       the nearness of a wrong value to the right one
"""
