"""The servers' key, from the environment alone: no config, log or error contains it."""

from __future__ import annotations

import os

KEY_VARIABLE = "EGCA_DEBUGGER_API_KEY"


def api_key() -> str:
    """The key, or a placeholder for servers without one.

    Raises:
        ValueError: it has a character that no HTTP header can hold; libraries would log the key.
    """
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ValueError(
            f"{KEY_VARIABLE} holds a character that an HTTP header can't: a line break, or one beyond ASCII; remove it"
        )
    return key or "EMPTY"
