"""Times as people read them: on the reader's clock, with the exchange's (ET) beside it; with the day unless today."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.words.reader import reader
from core.domain.session import NEW_YORK

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WHOLE_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WHOLE_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_A_WEEK = 7


def clock_time(instant: datetime, now: datetime | None = None) -> str:
    """An instant: ``10:02 ET`` today, ``Thu 16:00 ET`` in the days to come; ``17:02 (11:02 ET)`` on another clock.

    All others get their date (``Wed 11 Mar 16:00 ET``), and their year where it is another.
    Without ``now`` the date is always there.
    """
    local = instant.astimezone(reader().zone)
    clock = _with_exchange(local, "%H:%M")
    if now is None:
        return f"{_day_and_month(local)} {clock}"
    today = now.astimezone(reader().zone)
    days = (local.date() - today.date()).days
    if days == 0:
        return clock
    if 0 < days < _A_WEEK:
        return f"{_DAYS[local.weekday()]} {clock}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{_day_and_month(local)}{year} {clock}"


def _with_exchange(local: datetime, clock: str) -> str:
    """The time of day, and the exchange's beside it where that is another, with its day where that is too."""
    there = local.astimezone(NEW_YORK)
    if there.utcoffset() == local.utcoffset():
        return f"{local:{clock}} ET"
    day = "" if there.date() == local.date() else f"{_DAYS[there.weekday()]} "
    return f"{local:{clock}} ({day}{there:{clock}} ET)"


def exact_time(instant: datetime) -> str:
    """An instant of today, to the second: ``10:02:09 ET``."""
    return _with_exchange(instant.astimezone(reader().zone), "%H:%M:%S")


def time_of_day(instant: datetime) -> str:
    """The reader's time of day alone, where the day stands above: ``10:02``."""
    return f"{instant.astimezone(reader().zone):%H:%M}"


def clock_name() -> str:
    """Whose clock such times are on: ``ET``, or the zone's name."""
    zone = reader().zone
    return "ET" if zone == NEW_YORK else zone.key


def day(instant: datetime) -> str:
    """The reader's date at an instant, with its year: ``Wed 11 Mar 2020``."""
    local = instant.astimezone(reader().zone)
    return f"{_DAYS[local.weekday()]} {date_of(local.date())}"


def date_of(day: date) -> str:
    """A date with its year: ``11 Mar 2020``."""
    return reader().date(day.day, _MONTHS[day.month - 1], day.year)


def month_of(day: date) -> str:
    """The month of a day with its year: ``March 2020``."""
    return f"{_WHOLE_MONTHS[day.month - 1]} {day.year}"


def weekday(day: date) -> str:
    """A day of this week by its name: ``Tuesday``."""
    return _WHOLE_DAYS[day.weekday()]


def _day_and_month(local: datetime) -> str:
    return f"{_DAYS[local.weekday()]} {reader().day_of_month(local.day, _MONTHS[local.month - 1])}"


def age(span: timedelta) -> str:
    """How old something is, roughly: ``40 s``, ``3 min``, ``5 h``, ``4 days``."""
    seconds = max(int(span.total_seconds()), 0)
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86_400} days"
