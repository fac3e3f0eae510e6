"""Sessions: trading days, the slots in them at which portfolios are checked, and dates that fall due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.domain.ids import CheckId, PortfolioId
from core.domain.policy import CalendarRule

NEW_YORK = ZoneInfo("America/New_York")
LAST_HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, order=True)
class Session:
    """One trading day: its date, and when it opens and closes (aware UTC)."""

    date: date
    opens_at: datetime
    closes_at: datetime

    def is_open_at(self, instant: datetime) -> bool:
        """Whether the exchange is open at an instant; the close itself is closed."""
        return self.opens_at <= instant < self.closes_at

    def slot_at(self, slot: time, zone: ZoneInfo = NEW_YORK) -> datetime:
        """When a slot falls due in this session; on a half day never after the last half hour has begun."""
        due = datetime.combine(self.date, slot, zone)
        return min(max(due, self.opens_at), self.closes_at - LAST_HALF_HOUR)


@dataclass(frozen=True, slots=True)
class DueCheck:
    """One scheduled look at a portfolio: unique by portfolio, session and slot."""

    id: CheckId
    portfolio_id: PortfolioId
    session: date
    slot: str
    due_at: datetime


def slot_name(slot: time) -> str:
    """The name under which a slot is stored, such as ``11:00``."""
    return slot.strftime("%H:%M")


def period_of(rule: CalendarRule, day: date) -> tuple[int, int] | None:
    """The calendar period that a day belongs to under a rule; None where the rule is off."""
    match rule:
        case CalendarRule.OFF:
            return None
        case CalendarRule.WEEKLY:
            iso = day.isocalendar()
            return (iso.year, iso.week)
        case CalendarRule.MONTHLY:
            return (day.year, day.month)
        case CalendarRule.QUARTERLY:
            return (day.year, (day.month - 1) // 3)
        case CalendarRule.SEMIANNUAL:
            return (day.year, (day.month - 1) // 6)
        case CalendarRule.ANNUAL:
            return (day.year, 0)


def is_date_due(rule: CalendarRule, session: date, previous: date | None) -> bool:
    """Whether this session is the first one looked at in a new period of the rule.

    ``previous`` is the last session checked before; a portfolio never checked waits for the next period.
    """
    if previous is None:
        return False
    return period_of(rule, session) != period_of(rule, previous)
