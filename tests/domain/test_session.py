"""Sessions: slots in exchange time, and the periods of a calendar rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.session import NEW_YORK, Session
from core.domain.slot import FromEdge, read_slot

DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))


def session(day: date, closes: time = time(16, 0)) -> Session:
    """A session in New York's time."""

    def at(clock: time) -> datetime:
        return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)

    return Session(day, at(time(9, 30)), at(closes))


def local(instant: datetime) -> str:
    return f"{instant.astimezone(NEW_YORK):%H:%M}"


def utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%H:%M}"


@pytest.mark.fault(66)
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2020, 3, 6), "16:00"),
        (date(2020, 3, 9), "15:00"),
        (date(2020, 10, 30), "15:00"),
        (date(2020, 11, 2), "16:00"),
        (date(2026, 10, 30), "15:00"),
        (date(2026, 11, 2), "16:00"),
    ],
)
def test_eleven_in_new_york_stays_eleven_across_both_changes(day: date, expected: str) -> None:
    due = session(day).slot_at(time(11, 0))
    assert (local(due), utc(due)) == ("11:00", expected)


@pytest.mark.fault(66)
@given(DAYS, st.times(time(9, 30), time(15, 30)))
def test_a_slot_within_the_session_is_that_minute_of_its_day(day: date, slot: time) -> None:
    due = session(day).slot_at(slot)
    there = due.astimezone(NEW_YORK)
    assert (there.date(), there.time()) == (day, slot)


@pytest.mark.fault(67)
@given(DAYS, st.times(), st.sampled_from([time(13, 0), time(16, 0)]))
def test_the_exchange_is_open_for_half_an_hour_from_any_slot_on(
    day: date, slot: time, closes: time
) -> None:
    made = session(day, closes)
    due = made.slot_at(slot)
    assert made.is_open_at(due)
    assert made.closes_at - due >= timedelta(minutes=30)


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    ("slot", "closes", "due"),
    [
        (time(11, 0), time(13, 0), "11:00"),
        (time(15, 30), time(13, 0), "12:30"),
        (time(12, 45), time(13, 0), "12:30"),
        (time(16, 0), time(16, 0), "15:30"),
        (time(23, 0), time(16, 0), "15:30"),
        (time(7, 0), time(16, 0), "09:30"),
    ],
)
def test_a_slot_outside_the_session_moves_into_it(slot: time, closes: time, due: str) -> None:
    assert local(session(date(2020, 11, 27), closes).slot_at(slot)) == due


def test_the_close_itself_is_closed() -> None:
    made = session(date(2020, 3, 9))
    assert made.is_open_at(made.opens_at)
    assert not made.is_open_at(made.opens_at - timedelta(microseconds=1))
    assert made.is_open_at(made.closes_at - timedelta(microseconds=1))
    assert not made.is_open_at(made.closes_at)


def test_a_slot_in_another_zone() -> None:
    paris = session(date(2026, 3, 10)).slot_at(time(15, 0), ZoneInfo("Europe/Paris"))
    assert local(paris) == "10:00"


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    ("slot", "closes", "due"),
    [
        ("open+15m", time(16, 0), "09:45"),
        ("open", time(16, 0), "09:30"),
        ("close-30m", time(16, 0), "15:30"),
        ("close-60m", time(13, 0), "12:00"),
        ("close-45m", time(13, 0), "12:15"),
        ("close-5m", time(16, 0), "15:30"),
        ("open+380m", time(13, 0), "12:30"),
        ("close-300m", time(13, 0), "09:30"),
    ],
)
def test_a_slot_from_the_open_or_the_close_moves_with_the_session(
    slot: str, closes: time, due: str
) -> None:
    read = read_slot(slot)
    assert isinstance(read, FromEdge)
    assert local(session(date(2020, 11, 27), closes).slot_at(read)) == due
