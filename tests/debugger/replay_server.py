"""A real HTTP server that answers as an OpenAI-compatible one does, from answers that it is given: it has no model.

    with ReplayServer(lambda request: {"statement": 3, "correction": None, "reason": "off by one"}) as server:
        Debugger(DebuggerSettings(urls=(server.url,), ...))

It is also where a debugger's faults come from: ``fault`` says what goes wrong, ``times`` with how many of its first requests.
Both may be changed while it runs. What it saw is counted in ``questions``, ``most_at_once`` and ``connections``.

As a process of its own, for load (answers by a fixed rule, until its standard input ends):

    python tests/debugger/replay_server.py [--port 0] [--latency 0.8] [--fault hang] [--answer '{"statement": 1, ...}']
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import math
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from aiohttp import web

MODEL = "replay"
HUGE_BYTES = 50 << 20
Request = dict[str, Any]
Answer = dict[str, Any]
AnswerFunction = Callable[[Request], Answer | str]
Latency = float | Callable[[], float]


class Fault(StrEnum):
    REFUSED = "refused"  # nobody listens
    ERROR_500 = "error_500"
    BUSY = "busy"  # 429 with Retry-After
    HANG = "hang"
    DRIP = "drip"  # a byte now and then
    TRUNCATED = "truncated"  # the answer's JSON stops in the middle
    WRONG_SCHEMA = "wrong_schema"
    NONSENSE = "nonsense"  # the right schema, and a statement that is wrong
    OUT_OF_RANGE = "out_of_range"
    HUGE = "huge"  # 50 MB
    REDIRECT = "redirect"
    ECHO = "echo"  # the prompt in the place of the answer
    SPECIAL_CASE = "special_case"  # a correction that knows the tests
    HOSTILE = "hostile"  # a correction that does harm
    RESTART = "restart"  # gone in the middle of the answer, with all others under way; back soon
    GARBAGE = "garbage"  # 200 with HTML
    GZIP_BOMB = "gzip_bomb"
    HALF_BODY = "half_body"  # fewer bytes than announced
    DECLINED = "declined"
    CUT_OFF = "cut_off"
    UNAUTHORIZED = "unauthorized"
    TOO_LONG = "too_long"  # 400: the prompt does not fit


HOSTILE_CORRECTION = (  # harmless enough should it ever run outside a sandbox
    "import os, socket; open('/tmp/egca-hostile', 'w').write(str(os.environ)); os.system('touch /tmp/egca-hostile-shell'); "
    "socket.create_connection(('127.0.0.1', 80)); os.kill(os.getppid(), 9)"
)


def realistic(median_s: float, seed: int = 0, sigma: float = 0.35) -> Callable[[], float]:
    """Latencies of a served model: log-normal, so that a few take twice the median."""
    draw = random.Random(seed)
    return lambda: median_s * math.exp(draw.gauss(0.0, sigma))


class ReplayServer:
    """Listens from ``start`` (or ``with``) to ``stop``; ``url`` is the same after a restart.

    ``answer`` gets a request's body and gives the answer, as a dictionary or as the text of it. ``special_case`` gives the
    correction of that fault; ``down_s`` is how long a restart takes, ``retry_after`` what BUSY says. While ``held`` is set
    no question is answered.
    """

    def __init__(
        self,
        answer: AnswerFunction,
        fault: Fault | str | None = None,
        latency: Latency = 0.0,
        *,
        times: int | None = None,
        port: int = 0,
        special_case: Callable[[Request], str] = lambda request: "return 0",
        hostile: str = HOSTILE_CORRECTION,
        down_s: float = 0.2,
        retry_after: str = "0",
    ) -> None:
        self.answer, self.latency, self.times = answer, latency, times
        self.fault = Fault(fault) if fault is not None else None
        self.special_case, self.hostile = special_case, hostile
        self.down_s, self.retry_after = down_s, retry_after
        self.port = port
        self.questions = self.at_once = self.most_at_once = self.connections = self.faults = 0
        self.held = False
        self.slept_s = 0.0  # the latencies of all questions
        self.spans: deque[tuple[float, float]] = deque(maxlen=100_000)  # of time.monotonic(), when each came and went
        self.last_request: Request | None = None
        self.last_headers: dict[str, str] = {}
        self._prefixes: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None
        self._restarts: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> ReplayServer:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._loop.run_forever, name="replay-server", daemon=True)
        self._thread.start()
        self._on_loop(self._listen())
        if self.fault is Fault.REFUSED:
            self._on_loop(self._close())

    def stop(self) -> None:
        self._on_loop(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join()
        self._loop.close()

    def restart(self) -> None:
        """Goes, with all that is under way, and comes back after ``down_s``."""
        self._on_loop(self._restart())

    def _on_loop(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    # ------------------------------------------------------------ on its loop

    async def _listen(self) -> None:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_get("/health", self._health)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.0, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner is not None:
            runner, self._runner = self._runner, None
            for connection in runner.server.connections if runner.server is not None else []:
                if connection.transport is not None:
                    connection.transport.abort()
            await runner.cleanup()

    async def _end(self) -> None:
        await asyncio.gather(*self._restarts)
        await self._close()

    async def _restart(self) -> None:
        await self._close()
        await asyncio.sleep(self.down_s)
        await self._listen()

    async def _health(self, request: web.Request) -> web.StreamResponse:
        return web.Response()

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self._count_connections()
        fault = self._fault_now(counted=False) if self.fault is not Fault.RESTART else None
        answer = {"object": "list", "data": [{"id": MODEL, "object": "model"}]}
        return await self._over_http(request, fault, json.dumps(answer).encode())

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        begun = time.monotonic()
        self.questions += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self._count_connections()
        try:
            body = await request.json()
            self.last_request, self.last_headers = body, dict(request.headers)
            fault = self._fault_now()
            while self.held:
                await asyncio.sleep(0.01)
            latency_s = self.latency() if callable(self.latency) else self.latency
            self.slept_s += latency_s
            await asyncio.sleep(latency_s)
            return await self._over_http(request, fault, json.dumps(self._completion(body, fault)).encode())
        finally:
            self.at_once -= 1
            self.spans.append((begun, time.monotonic()))

    def _count_connections(self) -> None:
        if self._runner is not None and self._runner.server is not None:
            self.connections = len(self._runner.server.connections)

    def _fault_now(self, *, counted: bool = True) -> Fault | None:
        if self.fault is None or (self.times is not None and self.faults >= self.times):
            return None
        self.faults += counted
        return self.fault

    def _completion(self, body: Request, fault: Fault | None) -> dict[str, Any]:
        prompt = "\n".join(str(message["content"]) for message in body["messages"])
        text = self._text(body, prompt, fault)
        tokens = len(prompt) // 4
        first = prompt[:512]
        cached = min(tokens, 128) if first in self._prefixes else 0
        if len(self._prefixes) < 1000:
            self._prefixes.add(first)
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if fault is Fault.DECLINED:
            message = {"role": "assistant", "content": None, "refusal": "I can't help with that."}
        if fault is Fault.CUT_OFF:
            message["content"] = text[: len(text) // 2]
        return {
            "id": f"chatcmpl-{self.questions}",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [
                {"index": 0, "message": message, "finish_reason": "length" if fault is Fault.CUT_OFF else "stop"}
            ],
            "usage": {
                "prompt_tokens": tokens,
                "completion_tokens": len(text) // 4,
                "total_tokens": tokens + len(text) // 4,
                "prompt_tokens_details": {"cached_tokens": cached},
            },
        }

    def _text(self, body: Request, prompt: str, fault: Fault | None) -> str:
        good = self.answer(body)
        if isinstance(good, str):
            return good
        match fault:
            case Fault.TRUNCATED:
                return json.dumps(good)[:-7]
            case Fault.WRONG_SCHEMA:
                return json.dumps({"line": "two", "why": []})
            case Fault.NONSENSE:
                return json.dumps({"statement": 0, "correction": "colourless green ideas", "reason": "sleep furiously"})
            case Fault.OUT_OF_RANGE:
                return json.dumps(good | {"statement": 10**6})
            case Fault.ECHO:
                return prompt
            case Fault.SPECIAL_CASE:
                return json.dumps(good | {"correction": self.special_case(body)})
            case Fault.HOSTILE:
                return json.dumps(good | {"correction": self.hostile})
        return json.dumps(good)

    async def _over_http(self, request: web.Request, fault: Fault | None, body: bytes) -> web.StreamResponse:
        match fault:
            case Fault.REFUSED:  # set while it runs: as good as nobody there
                return await self._hang_up(request)
            case Fault.ERROR_500:
                return web.json_response({"error": {"message": "the engine died"}}, status=500)
            case Fault.BUSY:
                return web.json_response(
                    {"error": {"message": "busy"}}, status=429, headers={"Retry-After": self.retry_after}
                )
            case Fault.UNAUTHORIZED:
                said = request.headers.get("Authorization", "")
                return web.json_response({"error": {"message": f"Incorrect API key provided: {said}"}}, status=401)
            case Fault.TOO_LONG:
                return web.json_response({"error": {"message": "maximum context length"}}, status=400)
            case Fault.REDIRECT:
                return web.Response(status=307, headers={"Location": "/v1/elsewhere"})
            case Fault.GARBAGE:
                return web.Response(text="<html>Service</html>", content_type="text/html")
            case Fault.HANG:
                await asyncio.Event().wait()
            case Fault.DRIP:
                return await self._stream(request, body, pause_s=0.05, pieces=len(body))
            case Fault.HUGE:
                return await self._stream(request, b" " * HUGE_BYTES, pause_s=0.0, pieces=800)
            case Fault.GZIP_BOMB:
                return await self._bomb(request)
            case Fault.HALF_BODY:
                response = web.StreamResponse(headers={"Content-Length": str(len(body))})
                await response.prepare(request)
                await response.write(body[: len(body) // 2])
                return await self._hang_up(request)
            case Fault.RESTART:
                if all(restart.done() for restart in self._restarts):  # it goes once for all who came together
                    self._restarts.add(asyncio.get_running_loop().create_task(self._restart()))
                await asyncio.Event().wait()
        return web.Response(body=body, content_type="application/json")

    async def _hang_up(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _stream(self, request: web.Request, body: bytes, *, pause_s: float, pieces: int) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        size = max(1, len(body) // pieces)
        for start in range(0, len(body), size):
            await response.write(body[start : start + size])
            await asyncio.sleep(pause_s)
        await response.write_eof()
        return response

    async def _bomb(self, request: web.Request) -> web.StreamResponse:
        packed = gzip.compress(b" " * HUGE_BYTES)  # 50 kB
        response = web.StreamResponse(headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(packed)
        await response.write_eof()
        return response


def main() -> None:
    parser = argparse.ArgumentParser(description="A replay server that prints its URL, and then its counts as it ends.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="median, in seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fault", choices=[str(fault) for fault in Fault])
    parser.add_argument("--times", type=int, help="the first so many requests only")
    parser.add_argument("--answer", default='{"statement": 1, "correction": null, "reason": "as recorded"}')
    chosen = parser.parse_args()
    latency = realistic(chosen.latency, chosen.seed) if chosen.latency else 0.0
    answer = json.loads(chosen.answer)
    with ReplayServer(lambda _: answer, chosen.fault, latency, times=chosen.times, port=chosen.port) as server:
        print(server.url, flush=True)
        sys.stdin.read()
        counts = {"questions": server.questions, "slept_s": server.slept_s, "spans": list(server.spans)}
        print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main()
