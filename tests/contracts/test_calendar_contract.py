"""What every calendar must do, whatever it knows its days from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from core.adapters.calendars.nyse import NyseCalendar
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.history import load_history
from core.domain.refusals import EndOfHistory
from core.domain.session import NEW_YORK
from core.ports.calendar import Calendar

FIRST, LAST = date(2014, 1, 2), date(2022, 12, 28)
NOBODY_KNOWS = date(2035, 1, 2)

CALENDARS: dict[str, Callable[[], Calendar]] = {
    "nyse": lambda: NyseCalendar(FIRST, LAST),
    "replay": lambda: ReplayCalendar(load_history().sessions),
}


@pytest.fixture(params=CALENDARS, scope="module")
def calendar(request: pytest.FixtureRequest) -> Calendar:
    return CALENDARS[request.param]()


def new_york(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)


def test_a_session_opens_and_closes_in_new_york_hours_told_in_utc(calendar: Calendar) -> None:
    session = calendar.session_on(date(2020, 3, 16))
    assert session is not None
    assert session.opens_at == datetime(2020, 3, 16, 13, 30, tzinfo=UTC)
    assert session.closes_at == datetime(2020, 3, 16, 20, 0, tzinfo=UTC)
    assert session.opens_at.tzinfo is UTC


@pytest.mark.fault(66)
@pytest.mark.parametrize(
    ("day", "opens_utc"),
    [
        (date(2020, 3, 6), 14),
        (date(2020, 3, 9), 13),
        (date(2020, 10, 30), 13),
        (date(2020, 11, 2), 14),
    ],
    ids=["winter", "summer begins", "summer", "winter again"],
)
def test_summer_time_moves_the_utc_hours(calendar: Calendar, day: date, opens_utc: int) -> None:
    session = calendar.session_on(day)
    assert session is not None
    assert session.opens_at == datetime(day.year, day.month, day.day, opens_utc, 30, tzinfo=UTC)


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    "day", [date(2020, 3, 14), date(2020, 3, 15), date(2020, 12, 25), date(2018, 12, 5)]
)
def test_weekends_holidays_and_mourning_are_no_sessions(calendar: Calendar, day: date) -> None:
    assert calendar.session_on(day) is None


def test_the_open_belongs_to_the_session_and_the_close_to_the_next(calendar: Calendar) -> None:
    at_open, at_close = new_york(2020, 3, 13, 9, 30), new_york(2020, 3, 13, 16)
    assert calendar.current_or_next(at_open).date == date(2020, 3, 13)
    assert calendar.current_or_next(at_close - timedelta(microseconds=1)).date == date(2020, 3, 13)
    assert calendar.current_or_next(at_close).date == date(2020, 3, 16)


def test_a_night_and_a_weekend_belong_to_the_next_session(calendar: Calendar) -> None:
    assert calendar.current_or_next(new_york(2020, 3, 12, 23)).date == date(2020, 3, 13)
    assert calendar.current_or_next(new_york(2020, 3, 15, 12)).date == date(2020, 3, 16)


def test_next_after_skips_the_day_itself_and_days_without_session(calendar: Calendar) -> None:
    assert calendar.next_after(date(2020, 3, 13)).date == date(2020, 3, 16)
    assert calendar.next_after(date(2020, 3, 14)).date == date(2020, 3, 16)


def test_between_has_both_ends_in_order(calendar: Calendar) -> None:
    days = [s.date.day for s in calendar.between(date(2020, 3, 12), date(2020, 3, 17))]
    assert days == [12, 13, 16, 17]
    assert list(calendar.between(date(2020, 3, 14), date(2020, 3, 15))) == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.session_on(NOBODY_KNOWS),
        lambda c: c.session_on(date(1999, 1, 4)),
        lambda c: c.next_after(LAST),
        lambda c: c.next_after(NOBODY_KNOWS),
        lambda c: c.current_or_next(new_york(2035, 1, 2, 12)),
        lambda c: c.current_or_next(new_york(1999, 1, 4, 12)),
        lambda c: c.current_or_next(new_york(2022, 12, 28, 16)),
        lambda c: c.between(date(2020, 1, 2), NOBODY_KNOWS),
    ],
)
def test_outside_its_range_it_says_so(
    calendar: Calendar, ask: Callable[[Calendar], object]
) -> None:
    with pytest.raises(EndOfHistory):
        ask(calendar)


def test_the_sessions_up_to_a_day_are_the_last_ones(calendar: Calendar) -> None:
    monday, friday = date(2020, 3, 16), date(2020, 3, 13)
    assert [each.date for each in calendar.up_to(monday, 2)] == [friday, monday]
    assert [each.date for each in calendar.up_to(date(2020, 3, 15), 1)] == [friday]
    assert calendar.up_to(monday, 0) == ()
    assert [each.date for each in calendar.up_to(FIRST, 99)] == [FIRST]
    with pytest.raises(EndOfHistory):
        calendar.up_to(NOBODY_KNOWS, 1)
