"""Parsing under a bound: a response may be hostile or huge, and reward workers read it in their own process."""

from __future__ import annotations

import ast

from verl_egca.statements import parse, top_level

MAX_PARSES = 2_000
MAX_PARSED = 1 << 20
MAX_SEARCHED = 1 << 20


class BoundedParser:
    """Parses at most ``MAX_PARSES`` texts of ``MAX_PARSED`` characters in all; later ones count as not parsing.

    At most ``MAX_SEARCHED`` characters in all are read again, for the end of a bracket or string, or for a token. Use
    one parser for one response.
    """

    def __init__(self) -> None:
        self._parses, self._characters, self._searched = MAX_PARSES, MAX_PARSED, MAX_SEARCHED
        self._known: dict[str, ast.Module | None] = {}

    def parse(self, text: str) -> ast.Module | None:
        """The text's tree; None if it does not parse, holds a ``return`` outside functions, or the bound is reached."""
        if text not in self._known:
            if self._parses == 0 or len(text) > self._characters:
                return None
            self._parses -= 1
            self._characters -= len(text)
            tree = parse(text)
            # `ast` accepts a ``return`` at the top level, the compiler doesn't
            returns = tree is not None and any(isinstance(node, ast.Return) for node in top_level(tree))
            self._known[text] = None if returns else tree
        return self._known[text]

    def may_search(self, characters: int) -> bool:
        """Whether so many characters may be read again; counts them."""
        self._searched = max(self._searched - characters, 0)
        return self._searched > 0
