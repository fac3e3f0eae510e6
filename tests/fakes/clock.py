"""Clocks that stand still until a test moves them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

MONDAY_ELEVEN = datetime(2020, 3, 9, 15, 0, tzinfo=UTC)
"""Monday 9 March 2020, 11:00 in New York: the exchange is open."""


class FakeClock:
    """A `Clock`: `sleep` lets the time pass at once; `sleeps` remembers what was asked."""

    def __init__(self, now: datetime = MONDAY_ELEVEN) -> None:
        self._now = now
        self._elapsed = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    def advance(self, step: timedelta) -> None:
        """Let time pass, for both the wall and durations."""
        self._now += step
        self._elapsed += step.total_seconds()

    def set(self, now: datetime) -> None:
        """Set the wall's clock, as an administrator might; durations do not notice."""
        self._now = now


class FakeMarketClock:
    """A `MarketClock` that is set by the test."""

    def __init__(self, now: datetime = MONDAY_ELEVEN) -> None:
        self.instant = now

    async def now(self) -> datetime:
        return self.instant

    def advance(self, step: timedelta) -> None:
        """Move the market on."""
        self.instant += step

    def set(self, now: datetime) -> None:
        """Set the market's instant."""
        self.instant = now
