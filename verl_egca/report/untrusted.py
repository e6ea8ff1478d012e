"""A policy's text, made safe for a terminal."""

from __future__ import annotations


def safe(text: str) -> str:
    """The text with escapes for control characters."""
    return "".join(c if c == "\n" or c == "\t" or c.isprintable() else repr(c)[1:-1] for c in text)
