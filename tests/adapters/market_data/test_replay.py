"""The replay shows the price of the market's instant, and never one of the future."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.history import load_history
from core.adapters.market_data.replay import ReplayMarketData
from core.domain.ids import Symbol
from core.domain.quote import PriceFaultKind, Quote
from core.domain.session import NEW_YORK
from tests.fakes.clock import FakeMarketClock

QUAL = Symbol("QUAL")
HISTORY = load_history()


def new_york(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)


def close_of(day: date) -> Decimal:
    return HISTORY.closes[QUAL][HISTORY.sessions.index(day)]


def replay_at(instant: datetime) -> ReplayMarketData:
    return ReplayMarketData(HISTORY, ReplayCalendar(HISTORY.sessions), FakeMarketClock(instant))


async def quote_at(instant: datetime) -> Quote:
    return (await replay_at(instant).quotes([QUAL])).quotes[QUAL]


async def test_during_a_session_the_price_is_of_this_moment() -> None:
    instant = new_york(2020, 3, 13, 11)
    quote = await quote_at(instant)
    assert (quote.price, quote.at) == (close_of(date(2020, 3, 13)), instant)


@pytest.mark.parametrize(
    "instant",
    [
        new_york(2020, 3, 13, 16),
        new_york(2020, 3, 13, 23, 59),
        new_york(2020, 3, 15, 12),
        new_york(2020, 3, 16, 9, 29),
    ],
    ids=["at the close", "at night", "on Sunday", "before Monday's open"],
)
async def test_between_sessions_it_is_the_last_close_with_its_time(instant: datetime) -> None:
    quote = await quote_at(instant)
    assert quote.price == close_of(date(2020, 3, 13))
    assert quote.at == new_york(2020, 3, 13, 16)


async def test_a_new_price_comes_with_the_open() -> None:
    assert (await quote_at(new_york(2020, 3, 16, 9, 30))).price == close_of(date(2020, 3, 16))


async def test_before_the_first_day_nothing_has_a_price() -> None:
    batch = await replay_at(new_york(2014, 1, 2, 9)).quotes([QUAL])
    assert dict(batch.quotes) == {}
    assert [fault.kind for fault in batch.faults] == [PriceFaultKind.MISSING]
    assert "2014-01-02" in batch.faults[0].detail


async def test_after_the_last_day_its_close_stays() -> None:
    quote = await quote_at(new_york(2023, 5, 1, 12))
    assert quote.at == new_york(2022, 12, 28, 16)


@given(minutes=st.integers(min_value=60 * 24, max_value=60 * 24 * 365 * 8))
async def test_no_quote_is_ever_from_the_future_or_another_day(minutes: int) -> None:
    instant = new_york(2014, 1, 2, 16) + timedelta(minutes=minutes)
    quote = await quote_at(instant)
    assert quote.at <= instant
    assert quote.price == close_of(quote.at.astimezone(NEW_YORK).date())


INDEX = Symbol("^GSPC")


async def test_the_index_has_a_price_but_is_nothing_to_buy() -> None:
    replay = replay_at(new_york(2020, 3, 13, 11))
    assert (await replay.quotes([INDEX])).quotes[INDEX].price == Decimal("2711.020")
    known = await replay.known_symbols()
    assert known is not None
    assert INDEX not in known


async def test_a_session_has_no_close_before_it_is_over() -> None:
    days = (date(2020, 3, 12), date(2020, 3, 13), date(2020, 3, 16))
    during = await replay_at(new_york(2020, 3, 13, 15, 59)).history([QUAL], days)
    assert during.closes == {QUAL: {days[0]: close_of(days[0])}}
    after = await replay_at(new_york(2020, 3, 13, 16)).history([QUAL], days)
    assert after.closes == {QUAL: {day: close_of(day) for day in days[:2]}}
