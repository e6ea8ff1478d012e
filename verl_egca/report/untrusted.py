"""Text that a policy wrote, as a terminal may show it."""

from __future__ import annotations


def safe(text: str) -> str:
    """Text without control characters: what a terminal would obey is shown as an escape."""
    return "".join(c if c == "\n" or c == "\t" or c.isprintable() else repr(c)[1:-1] for c in text)
