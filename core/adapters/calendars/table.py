"""A calendar over a list of sessions that somebody has made."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, datetime

from core.domain.refusals import EndOfHistory
from core.domain.session import NEW_YORK, Session


class SessionTable:
    """Sessions in order, complete from the day `first` to the day `last`, both included."""

    def __init__(self, sessions: Sequence[Session], first: date, last: date) -> None:
        self._sessions = tuple(sessions)
        self._dates = [session.date for session in self._sessions]
        self._closes = [session.closes_at for session in self._sessions]
        self._first = first
        self._last = last

    def session_on(self, day: date) -> Session | None:
        """The session of a day, or None on a day without one."""
        self._require(day)
        place = bisect_left(self._dates, day)
        is_session = place < len(self._dates) and self._dates[place] == day
        return self._sessions[place] if is_session else None

    def current_or_next(self, instant: datetime) -> Session:
        """The session that is open at an instant, or else the next to open."""
        self._require(instant.astimezone(NEW_YORK).date())
        return self._at(bisect_right(self._closes, instant))

    def next_after(self, day: date) -> Session:
        """The first session after a day."""
        self._require(day)
        return self._at(bisect_right(self._dates, day))

    def between(self, first: date, last: date) -> Sequence[Session]:
        """The sessions from a day to a day, both included."""
        self._require(first)
        self._require(last)
        return self._sessions[bisect_left(self._dates, first) : bisect_right(self._dates, last)]

    def up_to(self, day: date, count: int) -> Sequence[Session]:
        """The last sessions up to a day, itself included, at most so many; fewer where the table begins later."""
        self._require(day)
        end = bisect_right(self._dates, day)
        return self._sessions[max(end - count, 0) : end]

    def _require(self, day: date) -> None:
        if not self._first <= day <= self._last:
            raise EndOfHistory

    def _at(self, place: int) -> Session:
        if place >= len(self._sessions):
            raise EndOfHistory
        return self._sessions[place]
