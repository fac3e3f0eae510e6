"""Runs what blocks in a thread that can be given up: a hung call neither waits nor stops the exit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class StillBusy(Exception):
    """The call before this one was given up and has not come back yet."""


class Worker:
    """One call at a time; after a time-out the next ones are refused until the thread is free."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._is_busy = False

    async def run(self, work: Callable[[], T], seconds: float) -> T:
        """Return the work's result; raises TimeoutError, StillBusy, or what the work raised."""
        async with self._turn:
            if self._is_busy:
                raise StillBusy
            answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._is_busy = True
            threading.Thread(target=self._deliver, args=(work, answer), daemon=True).start()
            return await asyncio.wait_for(answer, seconds)

    def _deliver(self, work: Callable[[], T], answer: asyncio.Future[T]) -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            failure = error
            news: Callable[[], None] = lambda: answer.set_exception(failure)  # noqa: E731
        else:
            news = lambda: answer.set_result(result)  # noqa: E731
        self._is_busy = False
        loop = answer.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if answer.done() else news())
