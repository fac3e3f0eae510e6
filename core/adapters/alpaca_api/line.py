"""The line to Alpaca: calls that block, each in a thread of its own that can be given up."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from core.adapters.alpaca_api.deadline import within
from core.adapters.alpaca_api.faults import NoAnswer, NotSent, TooMany
from core.adapters.alpaca_api.pace import Pace, Urgency

T = TypeVar("T")

LIMIT_SECONDS = 10.0
AT_ONCE = 8
TRIES = 3


class Line:
    """Runs calls with a limit in seconds for each, at most ``AT_ONCE`` side by side.

    A call that is given up keeps its place until its thread comes back, and cannot connect any
    more: what hangs never piles up, and nothing is sent after we have stopped waiting for it.
    """

    def __init__(self, pace: Pace, *, seconds: float = LIMIT_SECONDS) -> None:
        self._pace = pace
        self._seconds = seconds
        self._places = asyncio.Semaphore(AT_ONCE)

    async def ask(self, work: Callable[[], T], urgency: Urgency = Urgency.READ) -> T:
        """Return what the work returns; raises AlpacaFault.

        A request that was turned away for the limit (429) was not looked at, so that one for an
        order is sent again when its time has come.
        """
        for _ in range(TRIES - 1):
            await self._pace.turn(urgency)
            try:
                return await self._once(work)
            except TooMany:
                if urgency is Urgency.READ:
                    raise
        await self._pace.turn(urgency)
        return await self._once(work)

    async def _once(self, work: Callable[[], T]) -> T:
        until = time.monotonic() + self._seconds
        try:
            async with asyncio.timeout(self._seconds):
                await self._places.acquire()
        except TimeoutError:
            raise NotSent(
                f"earlier requests to Alpaca are unanswered for {self._seconds:g} s"
            ) from None
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._deliver, args=(work, until, answer), daemon=True).start()
        try:
            return await asyncio.wait_for(answer, max(until - time.monotonic(), 0))
        except TimeoutError:
            raise NoAnswer(f"no answer from Alpaca within {self._seconds:g} s") from None

    def _deliver(self, work: Callable[[], T], until: float, answer: asyncio.Future[T]) -> None:
        try:
            with within(until):
                result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            failure = error
            news: Callable[[], None] = lambda: answer.set_exception(failure)  # noqa: E731
        else:
            news = lambda: answer.set_result(result)  # noqa: E731
        loop = answer.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._hand_over, answer, news)

    def _hand_over(self, answer: asyncio.Future[T], news: Callable[[], None]) -> None:
        self._places.release()
        if not answer.done():
            news()
