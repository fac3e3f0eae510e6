"""The calendar of the New York Stock Exchange: holidays, half days and closures, year by year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cached_property

from core.adapters.calendars.table import SessionTable
from core.domain.session import Session


class NyseCalendar:
    """The sessions of the New York Stock Exchange from one day to another, both included.

    The table is made at first use, because the library that knows the days takes its time to load.
    Closures that nobody could foresee are missing: the broker's clock is the second witness.
    """

    def __init__(self, first: date, last: date) -> None:
        self._first = first
        self._last = last

    @cached_property
    def _table(self) -> SessionTable:
        from exchange_calendars import get_calendar

        days = get_calendar("XNYS", start=self._first, end=self._last).schedule
        sessions = [
            Session(day.date(), _utc(opens), _utc(closes))
            for day, opens, closes in zip(days.index, days["open"], days["close"], strict=True)
        ]
        return SessionTable(sessions, self._first, self._last)

    def session_on(self, day: date) -> Session | None:
        """The session of a day, or None on a day without one."""
        return self._table.session_on(day)

    def current_or_next(self, instant: datetime) -> Session:
        """The session that is open at an instant, or else the next to open."""
        return self._table.current_or_next(instant)

    def next_after(self, day: date) -> Session:
        """The first session after a day."""
        return self._table.next_after(day)

    def between(self, first: date, last: date) -> Sequence[Session]:
        """The sessions from a day to a day, both included."""
        return self._table.between(first, last)

    def up_to(self, day: date, count: int) -> Sequence[Session]:
        """The last sessions up to a day, itself included, at most so many; fewer where the table begins later."""
        return self._table.up_to(day, count)


def _utc(moment: datetime) -> datetime:
    """A plain datetime in UTC, not pandas' own kind."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)
