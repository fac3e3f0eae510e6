"""The replay's prices: a daily history, read at the instant at which the market's clock stands."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from core.adapters.market_data.history import History
from core.domain.closes import CloseBatch
from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind, Quote, QuoteBatch
from core.domain.session import NEW_YORK, Session
from core.ports.calendar import Calendar
from core.ports.clock import MarketClock

CURRENCY = "USD"


class ReplayMarketData:
    """Prices of the past: all through a session its close, and between sessions the last one's.

    During a session the quote's time is the market's instant, because the replay's prices stand
    still from the open to the close; when the exchange is closed it is the time of the close.
    """

    def __init__(self, history: History, calendar: Calendar, market_clock: MarketClock) -> None:
        self._history = history
        self._calendar = calendar
        self._market_clock = market_clock

    @property
    def name(self) -> str:
        """Always ``replay``."""
        return "replay"

    @property
    def max_age(self) -> timedelta:
        """Its quotes have no age during a session; the allowance is for a clock that walks on."""
        return timedelta(minutes=20)

    async def known_symbols(self) -> frozenset[Symbol] | None:
        """All symbols of the history: a closed list."""
        return frozenset(Symbol(symbol) for symbol in self._history.closes)

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        """The prices at the market's instant; before the first day there are none."""
        now = await self._market_clock.now()
        place = self._last_opened(now)
        session = (
            None if place is None else self._calendar.session_on(self._history.sessions[place])
        )
        if place is None or session is None:
            detail = f"the history begins on {self._history.first_session.isoformat()}"
            return QuoteBatch({}, tuple(_missing(symbol, detail) for symbol in symbols))
        at = min(now, session.closes_at)
        return QuoteBatch(
            {
                symbol: Quote(symbol, values[place], CURRENCY, at, self.name)
                for symbol in symbols
                if (values := self._history.values(symbol)) is not None
            },
            self._strangers(symbols),
        )

    async def history(self, symbols: Collection[Symbol], sessions: Sequence[date]) -> CloseBatch:
        """The closes of sessions that are over at the market's instant; of what is still to come there are none."""
        now = await self._market_clock.now()
        places = [place for day in sessions if (place := self._over(day, now)) is not None]
        return CloseBatch(
            {
                symbol: {self._history.sessions[place]: values[place] for place in places}
                for symbol in symbols
                if (values := self._history.values(symbol)) is not None
            },
            self._strangers(symbols),
        )

    def _strangers(self, symbols: Collection[Symbol]) -> tuple[PriceFault, ...]:
        return tuple(
            _missing(symbol, "not in the history")
            for symbol in symbols
            if self._history.values(symbol) is None
        )

    def _over(self, day: date, now: datetime) -> int | None:
        """The place of a session that is over; None for any other day."""
        place = bisect_left(self._history.sessions, day)
        if place == len(self._history.sessions) or self._history.sessions[place] != day:
            return None
        session = self._calendar.session_on(day)
        return place if session is not None and session.closes_at <= now else None

    def _last_opened(self, now: datetime) -> int | None:
        """The place of the last session that has opened; None before the first."""
        place = bisect_right(self._history.sessions, now.astimezone(NEW_YORK).date()) - 1
        if place >= 0 and not self._has_opened(place, now):
            place -= 1
        return place if place >= 0 else None

    def _has_opened(self, place: int, now: datetime) -> bool:
        session: Session | None = self._calendar.session_on(self._history.sessions[place])
        return session is not None and session.opens_at <= now


def _missing(symbol: Symbol, detail: str) -> PriceFault:
    return PriceFault(symbol, PriceFaultKind.MISSING, detail=detail)
