"""The debugger's settings (``egca.debugger`` in YAML)."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


def _server(url: str) -> str:
    """The URL without a slash at its end. A key in it would be in configs and logs: refused, without repeating it."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if "@" in url or (sound and (parts.query or parts.fragment)):
        raise PydanticCustomError(
            "url_secret",
            "a URL of host and port is wanted, without user, password or query; a key goes into the environment variable EGCA_DEBUGGER_API_KEY",
        )
    if not sound:
        raise PydanticCustomError("url", "a URL is wanted, such as http://host:30000")
    return url.rstrip("/")


ServerUrl = Annotated[str, AfterValidator(_server)]


class DebuggerSettings(BaseModel):
    """Times in seconds. The server's key is read from EGCA_DEBUGGER_API_KEY alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    urls: tuple[ServerUrl, ...] = Field((), description="OpenAI-compatible servers of one model; none: no debugger")
    model: str | None = Field(None, min_length=1, description="the model's name; null: the first that a server lists")
    deadline_s: float = Field(
        60.0, gt=0, allow_inf_nan=False, description="a question without an answer falls back after so long"
    )
    timeout_s: float = Field(30.0, gt=0, allow_inf_nan=False, description="of one attempt, from start to last byte")
    attempts: int = Field(3, ge=1, description="of one question")
    concurrency: int = Field(16, ge=1, description="requests under way at once from one reward worker")
    hedge_s: float | None = Field(
        10.0, gt=0, allow_inf_nan=False, description="unanswered this long: ask another URL as well; null: never"
    )
    breaker_failures: int = Field(5, ge=1, description="in a row, after which a URL is left alone for a while")
    breaker_s: float = Field(
        10.0, gt=0, allow_inf_nan=False, description="the first while; doubles up to 120 as the URL keeps failing"
    )
    prompt_tokens: int = Field(3000, ge=256, description="of a question at most; long traces are cut")
    answer_tokens: int = Field(400, ge=16, description="of an answer at most")
    temperature: float = Field(0.0, ge=0.0, le=2.0, description="at 0 identical questions are answered once")
    cache: str | None = Field(None, min_length=1, description="folder in which answers are kept; null: none")
    cache_bytes: int = Field(1 << 30, ge=1 << 16, description="the folder's largest size; the oldest answers go first")
