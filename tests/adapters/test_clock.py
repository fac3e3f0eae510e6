"""The machine's clock tells aware UTC, and the live market's follows it."""

from __future__ import annotations

from datetime import UTC, timedelta

from core.adapters.clock import LiveMarketClock, SystemClock
from tests.fakes.clock import MONDAY_ELEVEN, FakeClock


async def test_system_clock_is_aware_utc_and_monotonic_never_goes_back() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before


async def test_live_market_clock_is_the_walls() -> None:
    clock = FakeClock()
    market = LiveMarketClock(clock)
    assert await market.now() == MONDAY_ELEVEN
    clock.advance(timedelta(minutes=1))
    assert await market.now() == MONDAY_ELEVEN + timedelta(minutes=1)
