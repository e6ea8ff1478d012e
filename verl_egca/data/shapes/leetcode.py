"""LeetCodeDataset: ``check`` calls ``Solution().f``; ``prompt`` is code that runs before a program."""

from __future__ import annotations

from collections.abc import Iterator

from verl_egca.data.references import programs_in
from verl_egca.data.rows import Row
from verl_egca.data.shapes.check_function import defines_check, judging_of_check, source_of
from verl_egca.data.shapes.entry_points import entry_point
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Judging, Shape


class LeetCodeDataset(Shape):
    name = "leetcodedataset"
    holds = ("test", "entry_point", "prompt", "completion", "query", "response")
    reads = frozenset({"entry_point", "input_output"})  # the second shows the cases of the first

    def recognises(self, tests: Row) -> bool:
        return {"completion", "test", "entry_point"} <= tests.keys()

    def judging(self, read: ReadRow) -> Judging:
        entry = entry_point(read, "entry_point", read.text("entry_point"))
        _, tree = source_of(read, "test")
        if not defines_check(tree):
            raise read.bad("test", "defines no function 'check'")
        preamble = ""
        if "prompt" in read.tests:
            preamble, _ = source_of(read, "prompt")
        return judging_of_check(read, "test", tree, entry, preamble and preamble.rstrip() + "\n")

    def references(self, read: ReadRow) -> Iterator[str]:
        yield from programs_in(read.tests["completion"])

    def statement(self, read: ReadRow) -> str:
        query = read.tests.get("query")
        return query if isinstance(query, str) else super().statement(read)
