"""A price source whose quotes are set by the test."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.domain.closes import CloseBatch
from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind, Quote, QuoteBatch
from core.ports.clock import MarketClock
from tests.fakes.clock import FakeMarketClock

Price = Decimal | int | str


class FakeMarketData:
    """A `MarketData` source: prices by symbol, each as old as the test says, and faults on demand.

    `requests` remembers every batch asked for, `histories` every one of closes.
    `failure`, where set, is raised instead.
    A closed list of symbols is what has a price; `is_open_list=True` makes it None, as Yahoo's is.
    """

    def __init__(
        self,
        prices: Mapping[str, Price] | None = None,
        clock: MarketClock | None = None,
        *,
        name: str = "fake",
        max_age: timedelta = timedelta(minutes=20),
        is_open_list: bool = False,
    ) -> None:
        self._clock = clock or FakeMarketClock()
        self._name = name
        self._max_age = max_age
        self._is_open_list = is_open_list
        self._prices: dict[Symbol, tuple[Decimal, str, datetime | None]] = {}
        self._faults: dict[Symbol, PriceFaultKind] = {}
        self._closes: dict[Symbol, dict[date, Decimal]] = {}
        self.requests: list[frozenset[Symbol]] = []
        self.histories: list[tuple[frozenset[Symbol], tuple[date, ...]]] = []
        self.failure: Exception | None = None
        self.set_prices(prices or {})

    @property
    def name(self) -> str:
        return self._name

    @property
    def max_age(self) -> timedelta:
        return self._max_age

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        self.requests.append(frozenset(symbols))
        if self.failure is not None:
            raise self.failure
        now = await self._clock.now()
        quotes = {s: self._quote(s, now) for s in symbols if s in self._prices}
        faults = tuple(
            PriceFault(symbol, self._faults.get(symbol, PriceFaultKind.MISSING))
            for symbol in symbols
            if symbol not in quotes
        )
        return QuoteBatch(quotes, faults)

    async def history(self, symbols: Collection[Symbol], sessions: Sequence[date]) -> CloseBatch:
        self.histories.append((frozenset(symbols), tuple(sessions)))
        if self.failure is not None:
            raise self.failure
        known = {symbol: self._closes[symbol] for symbol in symbols if symbol in self._closes}
        closes = {
            symbol: {day: close for day, close in by_day.items() if day in sessions}
            for symbol, by_day in known.items()
        }
        missing = (PriceFault(s, PriceFaultKind.MISSING) for s in symbols if s not in known)
        return CloseBatch(closes, tuple(missing))

    async def known_symbols(self) -> frozenset[Symbol] | None:
        return None if self._is_open_list else frozenset(self._prices)

    def _quote(self, symbol: Symbol, now: datetime) -> Quote:
        price, currency, at = self._prices[symbol]
        return Quote(symbol, price, currency, at or now, self._name)

    def set_price(
        self, symbol: str, price: Price, *, at: datetime | None = None, currency: str = "USD"
    ) -> None:
        """Set one price; without a time it is always of this very moment."""
        self._prices[Symbol(symbol)] = (Decimal(price), currency, at)
        self._faults.pop(Symbol(symbol), None)

    def set_prices(self, prices: Mapping[str, Price]) -> None:
        """Set several prices of this very moment."""
        for symbol, price in prices.items():
            self.set_price(symbol, price)

    def set_fault(self, symbol: str, kind: PriceFaultKind = PriceFaultKind.MISSING) -> None:
        """Take a symbol's price away, for the reason given."""
        self._prices.pop(Symbol(symbol), None)
        self._faults[Symbol(symbol)] = kind

    def set_closes(self, symbol: str, closes: Mapping[date, Price]) -> None:
        """Set the closes of past sessions."""
        self._closes[Symbol(symbol)] = {day: Decimal(close) for day, close in closes.items()}
