"""The replay's calendar: the days of a price history, each a whole trading day in New York."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from core.adapters.calendars.table import SessionTable
from core.domain.session import NEW_YORK, Session

OPENS = time(9, 30)
CLOSES = time(16, 0)


class ReplayCalendar(SessionTable):
    """Every day of a history is a session from 9:30 to 16:00 in New York; it knows no half days."""

    def __init__(self, days: Sequence[date]) -> None:
        ordered = sorted(set(days))
        super().__init__([whole_day(day) for day in ordered], ordered[0], ordered[-1])


def whole_day(day: date) -> Session:
    """A session of the usual hours."""
    return Session(day, _in_utc(day, OPENS), _in_utc(day, CLOSES))


def _in_utc(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)
