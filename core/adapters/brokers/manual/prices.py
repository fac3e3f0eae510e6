"""A price source that asks another one first, and for what that one does not know takes what people typed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from core.domain.book import TypedPrice
from core.domain.ids import Symbol
from core.domain.quote import PriceFaultKind, Quote, QuoteBatch
from core.ports.broker import BrokerError
from core.ports.market_data import MarketData

log = logging.getLogger(__name__)

SOURCE = "typed"

TypedPrices = Callable[[], Awaitable[tuple[TypedPrice, ...]]]


class PricesByHand:
    """A MarketData: typed prices stand in where the source has no quote at all, never against one it has."""

    def __init__(self, source: MarketData, typed: TypedPrices, currency: str = "USD") -> None:
        self._source = source
        self._typed = typed
        self._currency = currency

    @property
    def name(self) -> str:
        """The name of the source behind it."""
        return self._source.name

    @property
    def max_age(self) -> timedelta:
        """The age that the source behind it permits; a typed price says itself until when it may be used."""
        return self._source.max_age

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        """Ask the source, and fill the gaps."""
        batch = await self._source.quotes(symbols)
        missing = [
            symbol
            for symbol in symbols
            if symbol not in batch.quotes and batch.fault_of(symbol).kind is PriceFaultKind.MISSING
        ]
        if not missing:
            return batch
        filled = {
            typed.symbol: self._quote(typed)
            for typed in await self._words()
            if typed.symbol in missing
        }
        faults = tuple(fault for fault in batch.faults if fault.symbol not in filled)
        return QuoteBatch({**batch.quotes, **filled}, faults)

    async def known_symbols(self) -> frozenset[Symbol] | None:
        """A closed list grows by what people typed a price for."""
        known = await self._source.known_symbols()
        if known is None:
            return None
        return known | {typed.symbol for typed in await self._words()}

    async def _words(self) -> tuple[TypedPrice, ...]:
        """What people typed; nothing where that cannot be read, so that all other prices still come."""
        try:
            return await self._typed()
        except BrokerError as error:
            log.warning("Typed prices cannot be read: %s", error)
            return ()

    def _quote(self, typed: TypedPrice) -> Quote:
        return Quote(
            typed.symbol,
            typed.price,
            self._currency,
            typed.typed_at,
            SOURCE,
            good_until=typed.valid_until,
        )
