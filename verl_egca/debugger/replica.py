"""One server of the debugger's model, over HTTP, with bounds on its answers and the meaning of its failures.

Bounded are the whole time of a request, so that a slow drip ends like a hang, and the bytes of its body, uncompressed.
Redirects are failures. Proxies and certificates of the environment count for https alone: a server at an http URL is in
the local network, without a proxy.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import openai
from pydantic import BaseModel, Field, NonNegativeInt, ValidationError

from verl_egca.debugger.breaker import Breaker
from verl_egca.debugger.failure import Failure
from verl_egca.debugger.flight import Sent
from verl_egca.debugger.key import api_key
from verl_egca.debugger.settings import DebuggerSettings

logger = logging.getLogger(__name__)

_MOST_BYTES = 1 << 20
_OWN_FAULT = (400, 413, 422)  # the question's fault: too long, for example

Shape = TypeVar("Shape", bound=BaseModel)
Call = Callable[[], AbstractAsyncContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Completion:
    """The server's answer, not validated by a schema."""

    text: str | None  # None: it declined
    cut_off: bool
    tokens_in: int
    tokens_cached: int | None
    tokens_out: int


class Replica:
    """Used on one event loop. ``under_way`` is the number of running requests."""

    def __init__(self, url: str, settings: DebuggerSettings) -> None:
        self.breaker = Breaker(url, settings.breaker_failures, settings.breaker_s)
        self.under_way = 0
        self._timeout_s = settings.timeout_s
        self._client = openai.AsyncOpenAI(
            base_url=url.removesuffix("/v1") + "/v1",
            api_key=api_key(),
            timeout=None,  # of a read; `_read` bounds the whole request
            max_retries=0,
            default_headers={"Accept-Encoding": "identity"},
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False,
                timeout=None,
                trust_env=url.startswith("https:"),
                event_hooks={"response": [_refuse_unsound]},
            ),
        )

    async def close(self) -> None:
        await self._client.close()

    async def complete(self, body: dict[str, Any], sent: Sent) -> Completion:
        """Raises Failure."""
        create = self._client.chat.completions.with_streaming_response.create
        got = await self._counted(_Completion, lambda: create(**body), sent)
        choice, usage = got.choices[0], got.usage or _Usage()
        details = usage.prompt_tokens_details
        return Completion(
            None if choice.message.refusal else choice.message.content,
            choice.finish_reason == "length",
            usage.prompt_tokens,
            details.cached_tokens if details else None,
            usage.completion_tokens,
        )

    async def model(self, sent: Sent) -> str:
        """The first model that the server lists. Raises Failure."""
        return (await self._counted(_Models, self._client.models.with_streaming_response.list, sent)).data[0].id

    async def _counted(self, shape: type[Shape], call: Call, sent: Sent) -> Shape:
        """As `_read`, and tells the breaker the outcome."""
        probe = self.breaker.send()
        self.under_way += 1
        try:
            got = await self._read(shape, call)
        except Failure as failure:
            if failure.counts:
                self.breaker.ended(probe, failure.reason)
            else:
                self.breaker.ended(probe, verdict=False)
            raise
        except asyncio.CancelledError:
            if sent.overtaken:
                self.breaker.overtaken(sent.at, probe)
            else:
                self.breaker.ended(probe, verdict=False)
            raise
        finally:
            self.under_way -= 1
        self.breaker.ended(probe)
        return got

    async def _read(self, shape: type[Shape], call: Call) -> Shape:
        try:
            async with asyncio.timeout(self._timeout_s), call() as response:
                body = await _bounded(response)
            return shape.model_validate_json(body)
        except Failure:
            raise
        except TimeoutError:
            raise Failure("slow") from None
        except ValidationError:
            raise Failure("no completion") from None
        except openai.APIConnectionError as error:
            raise error.__cause__ if isinstance(error.__cause__, Failure) else Failure("connection") from None
        except Exception as error:  # its text may hold the request, with the key
            logger.error("egca: a request to the debugger failed with an unexpected %s", type(error).__name__)
            raise Failure("unexpected", passing=False) from None


async def _bounded(response: Any) -> bytes:
    parts, size = [], 0
    try:
        async for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > _MOST_BYTES:
                raise Failure("too large")
    except Failure:
        raise
    except Exception:  # of openai's HTTP library
        raise Failure("connection") from None
    return b"".join(parts)


async def _refuse_unsound(response: Any) -> None:
    """Runs before the body is read, and closes the connection: openai would read an error's body of any size."""
    status = response.status_code
    if status != 200:
        retry_after_s = _seconds(response.headers.get("retry-after"))
        busy = status == 429
        passing = busy or status >= 500
        raise Failure(
            f"http {status}", passing=passing, counts=not busy and status not in _OWN_FAULT, retry_after_s=retry_after_s
        )
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Failure("no completion")  # its unpacked size has no bound


def _seconds(retry_after: str | None) -> float | None:
    """Seconds of a Retry-After header, in either form (RFC 9110, 10.2.3)."""
    if retry_after is None:
        return None
    try:
        return (
            float(retry_after)
            if retry_after.isdecimal()
            else parsedate_to_datetime(retry_after).timestamp() - time.time()
        )
    except (ValueError, OverflowError):
        return None


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _PromptTokens(BaseModel):
    cached_tokens: NonNegativeInt | None = None


class _Usage(BaseModel):
    prompt_tokens: NonNegativeInt = 0
    prompt_tokens_details: _PromptTokens | None = None
    completion_tokens: NonNegativeInt = 0


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class _Model(BaseModel):
    id: str = Field(min_length=1)


class _Models(BaseModel):
    data: list[_Model] = Field(min_length=1)
