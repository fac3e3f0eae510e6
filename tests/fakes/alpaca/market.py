"""The exchange's time at the fake Alpaca: it stands still until it is moved, or runs with the machine's."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
OPENS, CLOSES = time_of_day(9, 30), time_of_day(16, 0)
MONDAY_ELEVEN = datetime(2020, 3, 9, 15, 0, tzinfo=UTC)


class ExchangeTime:
    """A `Clock` too: who sleeps on it lets the exchange's time pass.

    `early` has days that close early; `holidays` are no sessions. `always_open` is for rehearsals
    at night: every minute belongs to a session.
    """

    def __init__(
        self,
        now: datetime = MONDAY_ELEVEN,
        *,
        is_running: bool = False,
        always_open: bool = False,
        holidays: frozenset[date] = frozenset(),
    ) -> None:
        self._base = now
        self._started = time.monotonic()
        self._elapsed = 0.0
        self.is_running = is_running
        self.always_open = always_open
        self.holidays = holidays
        self.early: dict[date, time_of_day] = {}
        self.sleeps: list[float] = []

    # --- a clock ---------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self._base + timedelta(seconds=self._run())

    def monotonic(self) -> float:
        return self._elapsed + self._run()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    def advance(self, step: timedelta) -> None:
        """Let time pass."""
        self._base += step
        self._elapsed += step.total_seconds()

    def set(self, now: datetime) -> None:
        """Put the exchange at an instant."""
        self._base, self._started = now, time.monotonic()

    def _run(self) -> float:
        return time.monotonic() - self._started if self.is_running else 0.0

    # --- sessions --------------------------------------------------------------------------------

    def session_on(self, day: date) -> tuple[datetime, datetime] | None:
        """When the exchange opens and closes on a day; None on a day without a session."""
        if self.always_open:
            start = datetime.combine(day, time_of_day(), NEW_YORK)
            return start, start + timedelta(days=1, microseconds=-1)
        if day.weekday() >= 5 or day in self.holidays:
            return None
        closes = self.early.get(day, CLOSES)
        return datetime.combine(day, OPENS, NEW_YORK), datetime.combine(day, closes, NEW_YORK)

    def current_or_next(self) -> tuple[datetime, datetime]:
        """The session that is open, or else the next one."""
        now = self.now()
        day = now.astimezone(NEW_YORK).date()
        while (session := self.session_on(day)) is None or session[1] <= now:
            day += timedelta(days=1)
        return session

    def session_after(self, day: date) -> date:
        """The next day with a session."""
        following = day + timedelta(days=1)
        while self.session_on(following) is None:
            following += timedelta(days=1)
        return following

    def today(self) -> date:
        """The exchange's date."""
        return self.now().astimezone(NEW_YORK).date()

    @property
    def is_open(self) -> bool:
        opens, closes = self.current_or_next()
        return opens <= self.now() < closes

    @property
    def next_open(self) -> datetime:
        opens, _ = self.current_or_next()
        if opens > self.now():
            return opens
        session = self.session_on(self.session_after(self.today()))
        assert session is not None
        return session[0]

    @property
    def next_close(self) -> datetime:
        return self.current_or_next()[1]
