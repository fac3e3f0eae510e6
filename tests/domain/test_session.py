"""Sessions: slots in exchange time, and the periods of a calendar rule."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.policy import CalendarRule
from core.domain.session import NEW_YORK, Session, is_date_due, period_of, slot_name

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


def test_a_slot_is_stored_as_hours_and_minutes() -> None:
    assert slot_name(time(9, 5)) == "09:05"


@pytest.mark.parametrize(
    ("rule", "previous", "today", "is_due"),
    [
        # a week begins on Monday, across a year's end too
        ("weekly", "2020-03-06", "2020-03-09", True),
        ("weekly", "2020-03-09", "2020-03-13", False),
        ("weekly", "2018-12-31", "2019-01-02", False),
        ("weekly", "2020-12-31", "2021-01-04", True),
        ("weekly", "2019-01-02", "2020-01-02", True),
        ("monthly", "2020-01-31", "2020-02-03", True),
        ("monthly", "2020-02-03", "2020-02-28", False),
        ("monthly", "2020-12-31", "2021-01-04", True),
        ("monthly", "2020-03-02", "2021-03-02", True),
        ("quarterly", "2020-03-31", "2020-04-01", True),
        ("quarterly", "2020-01-02", "2020-03-31", False),
        ("quarterly", "2020-12-31", "2021-01-04", True),
        ("semiannual", "2020-06-30", "2020-07-01", True),
        ("semiannual", "2020-03-31", "2020-04-01", False),
        ("semiannual", "2020-12-31", "2021-01-04", True),
        ("annual", "2020-12-31", "2021-01-04", True),
        ("annual", "2020-01-02", "2020-12-31", False),
        ("off", "2020-12-31", "2021-01-04", False),
    ],
)
def test_a_date_is_due_at_the_first_session_of_a_new_period(
    rule: str, previous: str, today: str, *, is_due: bool
) -> None:
    days = date.fromisoformat(today), date.fromisoformat(previous)
    assert is_date_due(CalendarRule(rule), *days) is is_due


def test_a_portfolio_never_checked_waits_for_the_next_period() -> None:
    assert not is_date_due(CalendarRule.MONTHLY, date(2020, 3, 9), None)


@pytest.mark.parametrize(
    ("rule", "least", "most"),
    [
        ("weekly", 57, 58),
        ("monthly", 13, 14),
        ("quarterly", 4, 5),
        ("semiannual", 2, 3),
        ("annual", 1, 2),
    ],
)
@given(DAYS)
def test_a_period_is_left_and_never_returned_to(
    rule: str, least: int, most: int, first: date
) -> None:
    """Over 400 days from any day on."""
    periods = [period_of(CalendarRule(rule), first + timedelta(days=n)) for n in range(400)]
    changes = sum(before != after for before, after in itertools.pairwise(periods))
    assert len(set(periods)) == changes + 1
    assert least <= changes <= most


@given(DAYS)
def test_a_rule_that_is_off_has_no_periods(day: date) -> None:
    assert period_of(CalendarRule.OFF, day) is None
