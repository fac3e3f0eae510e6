"""The market as use cases see it: what things cost, what time it is there, and when it is open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.domain.ids import Symbol
from core.domain.quote import Quote, QuoteBatch, QuoteRules, judge_quotes
from core.domain.session import NEW_YORK, Session
from core.ports.calendar import Calendar
from core.ports.clock import MarketClock
from core.ports.market_data import MarketData, MarketHistory

JUMP_MEMORY = timedelta(days=7)
"""How old a remembered price may be to hold a new one against it."""


@dataclass(frozen=True, slots=True)
class Market:
    """The ports of one exchange, used together everywhere.

    ``history`` is what rules for market conditions are weighed by: no order is ever priced by it.
    """

    prices: MarketData
    clock: MarketClock
    calendar: Calendar
    history: MarketHistory

    async def moment(self) -> Moment:
        """What time it is at the exchange, and which session that is in or before."""
        now = await self.clock.now()
        return Moment(now, self.calendar.current_or_next(now))


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant at the exchange with the session that is open then, or else the next one."""

    now: datetime
    session: Session

    @property
    def is_open(self) -> bool:
        """Whether the exchange is open."""
        return self.session.is_open_at(self.now)

    @property
    def today(self) -> date:
        """The exchange's date."""
        return self.now.astimezone(NEW_YORK).date()

    @property
    def jumps_since(self) -> date:
        """From which day on a remembered price counts for the jump rule."""
        return self.today - JUMP_MEMORY


def judge(
    batch: QuoteBatch,
    symbols: Collection[Symbol],
    moment: Moment,
    *,
    max_age: timedelta,
    currency: str,
    last_closes: Mapping[Symbol, Decimal] | None = None,
) -> dict[Symbol, Quote]:
    """Hold a batch of quotes against the rules of a moment; raises PricesRefused."""
    rules = QuoteRules(max_age=max_age, currency=currency)
    return judge_quotes(batch, symbols, now=moment.now, rules=rules, last_closes=last_closes)
