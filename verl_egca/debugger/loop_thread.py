"""An event loop in a thread of its own, for callers that block."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Starts with the first work. ``at_end`` runs on the loop after all work has ended or was cancelled."""

    def __init__(self, name: str, at_end: Callable[[], Awaitable[None]]) -> None:
        self._name, self._at_end = name, at_end
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ending = asyncio.Event()
        self._closed = False

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T] | None:
        """The future of its result; None if the loop is closed."""
        with self._lock:  # nothing is submitted after the end
            if self._closed:
                work.close()
                return None
            if self._loop is None:
                runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
                self._loop = runner.get_loop()
                self._thread = threading.Thread(target=self._run, args=[runner], name=self._name, daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Cancel running work, and wait for its end. May be called again."""
        with self._lock:
            if not self._closed and self._loop is not None:
                self._loop.call_soon_threadsafe(self._ending.set)
            self._closed = True
        if self._thread is not None:
            self._thread.join()

    def _run(self, runner: asyncio.Runner) -> None:
        with runner:
            runner.run(self._until_closed())

    async def _until_closed(self) -> None:
        await self._ending.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._at_end()
