"""One request for an answer under a schema: its body, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from verl_egca.debugger.settings import DebuggerSettings


def request_body(
    messages: Sequence[Mapping[str, str]], answer: type[BaseModel], model: str, settings: DebuggerSettings
) -> dict[str, Any]:
    """The body for ``/v1/chat/completions``. All releases of SGLang and vLLM know ``max_tokens``."""
    schema = {"name": answer.__name__[:64], "strict": True, "schema": _schema(answer)}
    return {
        "model": model,
        "messages": [{name: _encodable(text) for name, text in message.items()} for message in messages],
        "temperature": settings.temperature,
        "max_tokens": settings.answer_tokens,
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def digest(body: Mapping[str, Any]) -> str:
    """Equal for equal requests."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@lru_cache
def _schema(answer: type[BaseModel]) -> dict[str, Any]:
    return answer.model_json_schema()


def _encodable(text: str) -> str:
    """The text in UTF-8, without the half surrogate pairs that a program may hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
