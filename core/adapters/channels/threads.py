"""Work that blocks, each piece in a thread that ends with the process: a service that hangs holds up no stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """Runs work with a limit in seconds, at most so many pieces side by side.

    One that is given up keeps its place until its thread comes back, so that what hangs never piles up.
    """

    def __init__(self, at_once: int, seconds: float) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._seconds = seconds

    async def run(self, work: Callable[[], T]) -> T:
        """Return what the work returns; raises TimeoutError, or what it raises."""
        async with asyncio.timeout(self._seconds):
            await self._places.acquire()
            answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            threading.Thread(target=self._deliver, args=(work, answer), daemon=True).start()
            return await answer

    def _deliver(self, work: Callable[[], T], answer: asyncio.Future[T]) -> None:
        outcome: Callable[[], Any]
        try:
            result = work()
            outcome = lambda: answer.set_result(result)  # noqa: E731
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            failure = error
            outcome = lambda: answer.set_exception(failure)  # noqa: E731
        loop = answer.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._hand_over, answer, outcome)

    def _hand_over(self, answer: asyncio.Future[T], outcome: Callable[[], Any]) -> None:
        self._places.release()
        if not answer.done():
            outcome()
