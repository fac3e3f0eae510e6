"""Times on the reader's clock, and numbers as the reader writes them."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.drawing import drawn
from bot.telegram.screen import Screen
from bot.words import numbers, times
from bot.words.reader import EVERYBODY, Reader, reader, reader_of, reading_as
from core.domain.preferences import NumberFormat, Preferences
from tests.bot.telegram.scenes import member

D = Decimal
NOW = datetime(2026, 3, 10, 14, 5, tzinfo=UTC)
"""Tuesday, 10:05 in New York, 15:05 in Berlin: the clocks went forward there, not yet here."""
BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
GERMAN, FRENCH, SWISS, AMERICAN = (
    Reader(numbers=form)
    for form in (NumberFormat.DE, NumberFormat.FR, NumberFormat.CH, NumberFormat.US)
)


@pytest.mark.parametrize(
    ("zone", "step", "text"),
    [
        (BERLIN, timedelta(), "15:05 (10:05 ET)"),
        (BERLIN, timedelta(days=2), "Thu 15:05 (10:05 ET)"),
        (BERLIN, timedelta(hours=10), "Wed 01:05 (Tue 20:05 ET)"),
        (TOKYO, timedelta(), "23:05 (10:05 ET)"),
        (TOKYO, timedelta(hours=1), "Wed 00:05 (Tue 11:05 ET)"),
        (ZoneInfo("America/New_York"), timedelta(), "10:05 ET"),
        # another name for the exchange's clock needs nothing beside it
        (ZoneInfo("America/Toronto"), timedelta(), "10:05 ET"),
    ],
)
def test_a_time_is_on_the_reader_s_clock_with_the_exchange_s_beside_it(
    zone: ZoneInfo, step: timedelta, text: str
) -> None:
    with reading_as(Reader(zone)):
        assert times.clock_time(NOW + step, NOW) == text


def test_days_are_the_reader_s() -> None:
    late = datetime(2026, 3, 11, 2, 30, 5, tzinfo=UTC)
    assert times.day(late) == "Tue 10 Mar 2026"
    assert times.clock_time(late) == "Tue 10 Mar 22:30 ET"
    with reading_as(Reader(BERLIN, NumberFormat.DE)):
        assert times.day(late) == "Wed 11. Mar 2026"
        assert times.clock_time(late) == "Wed 11. Mar 03:30 (Tue 22:30 ET)"
        assert times.exact_time(late) == "03:30:05 (Tue 22:30:05 ET)"
        assert (times.time_of_day(late), times.clock_name()) == ("03:30", "Europe/Berlin")


@pytest.mark.parametrize(
    ("who", "text"),
    [
        (EVERYBODY, "11 Mar 2020"),
        (AMERICAN, "Mar 11, 2020"),
        (GERMAN, "11. Mar 2020"),
        (FRENCH, "11 Mar 2020"),
    ],
)
def test_a_date_is_in_the_reader_s_order(who: Reader, text: str) -> None:
    with reading_as(who):
        assert times.date_of(date(2020, 3, 11)) == text


@pytest.mark.parametrize(
    ("who", "money", "drift", "shares"),
    [
        (EVERYBODY, "−$1,234,567.80", "+6.6", "1,250.5"),
        (AMERICAN, "−$1,234,567.80", "+6.6", "1,250.5"),
        (GERMAN, "−$1.234.567,80", "+6,6", "1.250,5"),
        (FRENCH, "−$1\u00a0234\u00a0567,80", "+6,6", "1\u00a0250,5"),
        (SWISS, "−$1’234’567.80", "+6.6", "1’250.5"),
    ],
)
def test_numbers_are_marked_as_the_reader_marks_them(
    who: Reader, money: str, drift: str, shares: str
) -> None:
    with reading_as(who):
        assert numbers.money(D("-1234567.8")) == money
        assert numbers.signed(D("6.59")) == drift
        assert numbers.quantity(D("1250.5")) == shares


def test_what_can_be_typed_is_shown_as_it_is_typed() -> None:
    with reading_as(GERMAN):
        assert numbers.plain(D("12.50")) == "12.5"
        assert numbers.percent(D("0.5")) == "0.5%"
        assert numbers.share_price(D("51.1")) == "51.10"


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(list(NumberFormat)))
def test_every_format_has_the_same_digits(amount: Decimal, form: NumberFormat) -> None:
    with reading_as(Reader(numbers=form)):
        shown = numbers.money(amount)
    plain = numbers.money(amount)
    assert [c for c in shown if c.isdigit()] == [c for c in plain if c.isdigit()]
    assert len(shown) == len(plain)


def test_only_a_private_chat_follows_its_member() -> None:
    someone = member()
    assert reader_of(someone) == EVERYBODY
    set_up = Preferences(zone="Europe/Berlin", numbers=NumberFormat.DE)
    someone = type(someone)(
        someone.id, someone.user_id, someone.household_id, "Anna", preferences=set_up
    )
    assert reader_of(someone) == Reader(BERLIN, NumberFormat.DE)
    assert reader_of(someone, is_private=False) == EVERYBODY
    assert reader_of(None) == EVERYBODY


async def test_a_task_keeps_its_reader_and_so_does_a_picture() -> None:
    async def look() -> Reader:
        await asyncio.sleep(0)
        return reader()

    with reading_as(GERMAN):
        begun = asyncio.create_task(look())
        picture = drawn(lambda: Screen(reader().numbers))
        with reading_as(SWISS):
            assert await look() == SWISS
        assert (await picture).text == "de"
    assert await begun == GERMAN
    assert reader() == EVERYBODY
