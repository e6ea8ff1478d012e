"""A quick measure of two programs' likeness, independent of names: it shows whether a close comparison pays."""

from __future__ import annotations

import ast
import builtins
import keyword
from collections import Counter
from itertools import pairwise

from verl_egca.localization.twins.edits import tokens
from verl_egca.localization.twins.trees import clone, is_docstring, unparsed

_WORDS = frozenset(keyword.kwlist) | frozenset(dir(builtins))


def resemblance(one: ast.Module, two: ast.Module) -> float:
    """The share of common pairs of neighbouring tokens, from 0 to 1."""
    first, second = _pairs(one), _pairs(two)
    return 2 * (first & second).total() / max(1, first.total() + second.total())


def _pairs(tree: ast.Module) -> Counter[tuple[str, str]]:
    plain = clone(tree)
    for node in ast.walk(plain):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and is_docstring(body[0]):
            del body[0]
    text = unparsed(plain) or ""
    return Counter(pairwise("a" if word.isidentifier() and word not in _WORDS else word for word in tokens(text)))
