"""References with other names and another algorithm, for the families that the policy does not know."""

from __future__ import annotations

from starter.task import Task

_BODIES = {  # numbers are slots of the task
    "product_if": "result = 1\nchosen = [x for x in xs if {2}]\nwhile chosen:\n    x = chosen.pop()\n    result = result * ({3})\nreturn result",
    "min_if": "candidates = [{2} for x in xs if {1}]\nreturn min(candidates) if candidates else None",
    "last_item": "result = None\nfor x in xs:\n    if {1}:\n        result = x\nreturn result",
    "drop_chars": "return ''.join(c for c in s if not ({2}))",
    "count_range": "return len([x for x in range({1}) if {2}])",
    "product_digits": "result = 1\nwhile n:\n    n, d = divmod(n, 10)\n    if {3}:\n        result = d * result\nreturn result",
    "list_pairs": "return [xs[i] + xs[j] for i in range(len(xs)) for j in range(i + 1, len(xs)) if {2}]",
    "count_values": "chosen = [x for x in xs if {0}]\nreturn {{x: chosen.count(x) for x in chosen}}",
}


def foreign_body(task: Task) -> str:
    """The body of a task of a held-out family. Raises KeyError for another family."""
    texts = [slot.right.removeprefix("t *= ") for slot in task.slots]
    return "".join(f"    {line}\n" for line in _BODIES[task.family].format(*texts).split("\n"))
