"""The exchange's calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from core.domain.session import Session


class Calendar(Protocol):
    """Which days are sessions, and when they open and close. Dates outside its range raise EndOfHistory."""

    def session_on(self, day: date) -> Session | None:
        """The session of a day, or None on a day without one."""
        ...

    def current_or_next(self, instant: datetime) -> Session:
        """The session that is open at an instant, or else the next to open."""
        ...

    def next_after(self, day: date) -> Session:
        """The first session after a day."""
        ...

    def between(self, first: date, last: date) -> Sequence[Session]:
        """The sessions from a day to a day, both included."""
        ...

    def up_to(self, day: date, count: int) -> Sequence[Session]:
        """The last sessions up to a day, itself included, at most so many; fewer where the calendar begins later."""
        ...
