"""Twins: the failing program with the smallest edit that makes it pass, which proves that the edited place was the cause.

edits.py          an edit of a program's text, and which of its tokens it changes
costs.py          what an edit costs, which is learned from failing programs (costs.json)
program.py        a program: its blocks, statements and expressions with their places, the names they can see, and room for
                  new statements; trees.py: syntax trees without a text
clues.py          what makes edits likelier beforehand: kinds of values that were seen, and what a program leaves loose
table.py          small edits that undo common slips, a row each (rows.py, patterns.py, brackets.py: the language of its rows)
mutations.py      these, what a row can't say (expressions.py, statements.py), and edits that put in what was not written
                  (missing.py, guards.py, operands.py; surroundings.py: what it is made of)
alignment.py      which function, variable and statement of the reference plays the part of which of the candidate's;
                  views.py: the reference in other words (helpers.py, temporaries.py)
resemblance.py    whether comparing two programs closely pays
suspicion.py      how likely each place is to blame, by what ran in failing and passing cases
search.py         tries edits, likeliest first, within a budget of trials; picks the twin
progress.py       how near a wrong value is to the right one
"""
