"""Twins: the failing program with the smallest edit that makes it pass, which proves that the edited place was the cause.

    edits.py          an edit of a program's text, and which of its tokens it changes
    sites.py          the expressions and statements of a program with their places, and the names they can see
    mutations.py      small edits that undo common slips: expressions.py, statements.py, operators.py
    transplants.py    edits that bring in a piece of the reference, by alignment
    alignment.py      which function, variable and statement of the reference plays the part of which of the candidate's;
                      views.py and what it uses: the reference in other words
    suspicion.py      how likely each place is to blame, by what ran in failing and passing cases
    search.py         tries edits, likeliest first, within a budget of trials; picks the twin
"""
