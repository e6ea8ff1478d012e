"""Chats of rows: lists of messages, whose content is text or parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from verl_egca.data.json_text import unwrapped

Message = dict[str, Any]


def messages_of(value: Any) -> list[Message] | None:
    """The chat, given as a list or as JSON text; None for another value."""
    try:
        value = unwrapped(value)
    except ValueError:
        return None
    if not isinstance(value, list) or not value:
        return None
    return value if all(isinstance(one, dict) and isinstance(one.get("role"), str) for one in value) else None


def user_text(messages: Sequence[Message]) -> str:
    """The text of the user's messages, joined by line breaks."""
    return "\n".join(_text(one.get("content")) for one in messages if one["role"] == "user")


def last_text(messages: Sequence[Message], role: str) -> str | None:
    """The text of the last message of a role; None without a message or a text."""
    found = [one.get("content") for one in messages if one["role"] == role]
    return _text(found[-1]) if found and isinstance(found[-1], str | list) else None


def with_last_user_text(messages: Sequence[Message], changed: Callable[[str], str]) -> list[Message] | None:
    """The chat with the last text of its last user message changed; None without such a text."""
    copied = list(messages)
    for at in range(len(copied) - 1, -1, -1):
        if copied[at]["role"] != "user":
            continue
        content = copied[at].get("content")
        if isinstance(content, str):
            copied[at] = {**copied[at], "content": changed(content)}
            return copied
        parts = list(content) if isinstance(content, list) else []
        for number in range(len(parts) - 1, -1, -1):
            if isinstance(parts[number], dict) and isinstance(text := parts[number].get("text"), str):
                parts[number] = {**parts[number], "text": changed(text)}
                copied[at] = {**copied[at], "content": parts}
                return copied
        return None
    return None


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return content if isinstance(content, str) else ""
