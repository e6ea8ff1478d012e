"""The servers' key, from the environment alone: it stands in no config, log or error."""

from __future__ import annotations

import os

KEY_VARIABLE = "EGCA_DEBUGGER_API_KEY"


def api_key() -> str:
    """What a server without a key takes, too, if there is none.

    Raises:
        ValueError: it has a character that no HTTP header can hold, which libraries would log with the rest of it.
    """
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ValueError(
            f"{KEY_VARIABLE} holds a character that an HTTP header can't: a line break, or one beyond ASCII"
        )
    return key or "EMPTY"
