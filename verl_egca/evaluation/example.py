"""The example of ``egca explain --example``: a program with one mistake, and a reference in another style."""

from __future__ import annotations

PROGRAM = """\
def merge(spans):
    spans = sorted(spans)
    merged = [list(spans[0])]
    for start, end in spans[1:]:
        if start <= merged[-1][1]:
            merged[-1][1] = end
        else:
            merged.append([start, end])
    return merged
"""

REFERENCE = """\
def merge(intervals):
    result = []
    for low, high in sorted(intervals):
        if result and low <= result[-1][1]:
            result[-1][1] = max(result[-1][1], high)
        else:
            result.append([low, high])
    return result
"""

TESTS = """\
assert merge([[1, 3], [2, 6], [8, 10]]) == [[1, 6], [8, 10]]
assert merge([[1, 2], [3, 4]]) == [[1, 2], [3, 4]]
assert merge([[4, 5], [1, 9], [2, 3]]) == [[1, 9]]
assert merge([[0, 7], [1, 2], [7, 8]]) == [[0, 8]]
"""
