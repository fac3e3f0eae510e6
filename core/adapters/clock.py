"""The machine's clock, and the live market's, which is the same instant."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from core.ports.clock import Clock
from core.ports.store import Store


class SystemClock:
    """The wall and monotonic time of this machine."""

    def now(self) -> datetime:
        """The wall's instant, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Really wait."""
        await asyncio.sleep(seconds)


class LiveMarketClock:
    """The market's time where the market is the real one: the wall's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def now(self) -> datetime:
        """The wall's instant."""
        return self._clock.now()


class ReplayMarketClock:
    """The market's time where the market is a replay: a row in the store, moved only by a use case."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def now(self) -> datetime:
        """The instant of the row; raises LookupError before the market has been started."""
        async with self._store.read() as work:
            row = await work.log.market()
        if row is None:
            message = "the replay has not been started"
            raise LookupError(message)
        return row.instant
