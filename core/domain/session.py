"""Sessions: trading days, and the slots in them at which portfolios are checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.domain.ids import CheckId, PortfolioId
from core.domain.slot import Edge, Slot

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

    def slot_at(self, slot: Slot, zone: ZoneInfo = NEW_YORK) -> datetime:
        """When a slot falls due in this session, of a half day too: never after the last half hour has begun."""
        if isinstance(slot, time):
            due = datetime.combine(self.date, slot, zone)
        elif slot.edge is Edge.OPEN:
            due = self.opens_at + timedelta(minutes=slot.minutes)
        else:
            due = self.closes_at - timedelta(minutes=slot.minutes)
        return min(max(due, self.opens_at), self.closes_at - LAST_HALF_HOUR)


@dataclass(frozen=True, slots=True)
class DueCheck:
    """One scheduled look at a portfolio: unique by portfolio, session and slot."""

    id: CheckId
    portfolio_id: PortfolioId
    session: date
    slot: str
    due_at: datetime
