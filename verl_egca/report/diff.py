"""A unified diff in its usual colours."""

from __future__ import annotations

from rich.text import Text

from verl_egca.report.untrusted import safe

_STYLES = {"---": "bold", "+++": "bold", "@": "cyan", "-": "red", "+": "green"}


def coloured(diff: str) -> Text:
    """The diff's lines, each with its end, as plain text: control characters are escaped, markup is not read."""
    text = Text()
    for line in diff.split("\n"):
        style = next((style for start, style in _STYLES.items() if line.startswith(start)), "")
        text.append(safe(line) + "\n", style=style)
    return text
