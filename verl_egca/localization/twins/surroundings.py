"""The surroundings of a block: the material for its missing statements and conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from verl_egca.localization.twins.program import Block, Program
from verl_egca.localization.twins.trees import DEFINITIONS, Function, is_compound, names_in

_NAMES, _PARTS = 5, 6  # the greatest numbers of names and parts
_LONGEST = 24  # characters of a part


class Surroundings:
    """The surroundings of a block; each part is computed on first use."""

    def __init__(self, program: Program, block: Block) -> None:
        self.program, self._block = program, block

    @cached_property
    def function(self) -> Function | None:
        return self.program.function_of[self._block.body[-1]]

    @cached_property
    def visible(self) -> list[str]:
        return self.program.visible(self.function)

    @cached_property
    def names(self) -> list[str]:
        """The surrounding names, nearest first."""
        found = (name for node in self._around for name in names_in(node) if name in self.visible)
        return list(dict.fromkeys(found))[:_NAMES]

    @cached_property
    def tested(self) -> list[str]:
        """The names in the conditions of the surrounding loops."""
        loops = (self._block.owner, self.program.loop_of.get(self._block.body[-1]))
        tests = (loop.test for loop in loops if isinstance(loop, ast.While))
        return list(dict.fromkeys(name for test in tests for name in names_in(test) if name in self.visible))

    @cached_property
    def bound_in_loop(self) -> frozenset[str]:
        """The names that the innermost surrounding loop binds."""
        owner = self._block.owner
        loop = owner if isinstance(owner, ast.While) else self.program.loop_of.get(self._block.body[-1])
        return frozenset(names_in(loop, ast.Store, ast.Del) if loop is not None else ())

    @cached_property
    def parts(self) -> list[str]:
        """Texts of surrounding expressions: names, and small parts of conditions and statements."""
        found = dict.fromkeys(self.names)
        for node in self._around:
            for child in ast.walk(node):
                is_read = not isinstance(getattr(child, "ctx", None), ast.Store | ast.Del)
                if isinstance(child, ast.Subscript | ast.BinOp | ast.Call | ast.Attribute) and is_read:
                    text = self.program.segment(child)
                    if len(text) <= _LONGEST and "\n" not in text:
                        found.setdefault(text)
        return list(found)[: _NAMES + _PARTS]

    @cached_property
    def siblings(self) -> list[ast.stmt]:
        """The simple statements of the other branch, if the block is one of two, and its own."""
        owner, field = self._block.owner, self._block.field
        beside: list[ast.stmt] = []
        if isinstance(owner, ast.If):
            beside = owner.orelse if field == "body" else owner.body
        return [statement for statement in (*beside, *self._block.body) if not is_compound(statement)]

    @cached_property
    def _around(self) -> list[ast.AST]:
        return list(self._outwards())

    def _outwards(self) -> Iterator[ast.AST]:
        owner: ast.AST | None = self._block.owner
        yield from (statement for statement in reversed(self._block.body) if not is_compound(statement))
        yield from self.siblings
        while owner is not None:
            for field in ("test", "target", "iter"):
                part = getattr(owner, field, None)
                if isinstance(part, ast.AST):
                    yield part
            if not isinstance(owner, ast.stmt) or isinstance(owner, DEFINITIONS):
                return
            holder = self.program.block_of.get(owner)
            if holder is None:
                return
            yield from (statement for statement in holder.body if not is_compound(statement))
            owner = holder.owner
