"""The two clocks: the wall's, and the market's."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall and monotonic time: for leases, limits and logs."""

    def now(self) -> datetime:
        """The wall's instant, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow, for durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; fakes pass the time instead."""
        ...


class MarketClock(Protocol):
    """The exchange's time: sessions, quotes' age, expiry and snooze go by it. In a replay it moves only as told."""

    async def now(self) -> datetime:
        """The market's instant, aware UTC."""
        ...
