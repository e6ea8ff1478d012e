"""The prompt's code, and whether an answer continues it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from verl_egca.extraction.bounded_parser import BoundedParser
from verl_egca.extraction.lines import dedented, is_blank, joined, lines_between
from verl_egca.extraction.worth import names_by_line, root_of
from verl_egca.problem import Problem

_SIGNATURE = re.compile(r"^[ \t]+(?:async[ \t]+)?def\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PromptCode:
    """``code`` is the text that a completion continues; it may end within a line."""

    code: str
    entry_point: str

    @classmethod
    def of(cls, problem: Problem) -> PromptCode | None:
        """None if the prompt has no code to continue."""
        return cls(problem.code_prefix, problem.entry_point or "") if problem.code_prefix else None

    @property
    def ends_within_a_line(self) -> bool:
        return not self.code.endswith(("\n", "\r"))

    def may_continue(self, text: str) -> bool:
        """Whether a text may continue the prompt's function: it is indented, and does not define the function again."""
        lines = tuple(lines_between(text, 0, len(text)))
        first = next((line for line in lines if not is_blank(text, line)), None)
        if first is None or not (text[first[0]] in " \t" or self.ends_within_a_line):
            return False
        return root_of(self.entry_point) not in names_by_line(joined(text, dedented(text, lines)))

    def before(self, text: str, parser: BoundedParser) -> tuple[str, ast.Module] | None:
        """The code to put before a continuing text, and the tree of both; None if they do not parse.

        If a method's text repeats the signature, the code ends before it.
        """
        signatures = list(_SIGNATURE.finditer(self.code))
        heads = [self.code[: signatures[-1].start()]] if signatures and _SIGNATURE.search(text) else []
        for code in (self.code, *heads):
            tree = parser.parse(code + text)
            if tree is not None:
                return code, tree
        return None
