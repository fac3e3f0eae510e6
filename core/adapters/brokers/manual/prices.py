"""A price source that asks another one first, and for what that one does not know takes what people typed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta

from core.domain.book import TypedPrice
from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind, Quote, QuoteBatch, estimate
from core.domain.refusals import PriceSourceDown
from core.ports.broker import BrokerError
from core.ports.market_data import MarketData

log = logging.getLogger(__name__)

SOURCE = "typed"

TypedPrices = Callable[[], Awaitable[tuple[TypedPrice, ...]]]


class PricesByHand:
    """A MarketData: typed prices stand in where the source has no quote at all, never against one it has.

    One typed with a proxy moves as the source's own quote of that proxy does; what is typed is nobody's proxy.
    """

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
        words = [typed for typed in await self._words() if typed.symbol in missing]
        proxies = await self._proxies(words, batch)
        filled = {word.symbol: quote for word in words if (quote := self._quote(word, proxies))}
        lacking = {
            word.symbol: replace(
                proxies.fault_of(word.like.symbol), symbol=word.symbol, like=word.like.symbol
            )
            for word in words
            if word.like is not None and word.symbol not in filled
        }
        faults = [fault for fault in batch.faults if fault.symbol not in {*filled, *lacking}]
        return QuoteBatch({**batch.quotes, **filled}, (*faults, *lacking.values()))

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

    async def _proxies(self, words: Sequence[TypedPrice], batch: QuoteBatch) -> QuoteBatch:
        """What the source says of the proxies: from what it said already, or else asked for once."""
        wanted = {word.like.symbol for word in words if word.like is not None}
        asked = sorted(wanted - set(batch.quotes))
        if not asked:
            return batch
        try:
            more = await self._source.quotes(asked)
        except PriceSourceDown as refusal:
            faults = (
                PriceFault(each, PriceFaultKind.SOURCE, detail=refusal.detail) for each in asked
            )
            more = QuoteBatch({}, tuple(faults))
        return QuoteBatch({**batch.quotes, **more.quotes}, more.faults)

    def _quote(self, typed: TypedPrice, proxies: QuoteBatch) -> Quote | None:
        if typed.like is None:
            return self._as_typed(typed)
        proxy = proxies.quotes.get(typed.like.symbol)
        if proxy is None:
            return None
        return Quote(
            typed.symbol,
            estimate(typed.price, typed.like, proxy),
            proxy.currency,
            proxy.at,
            SOURCE,
            like=proxy.symbol,
            typed=typed.price,
        )

    def _as_typed(self, typed: TypedPrice) -> Quote:
        return Quote(
            typed.symbol,
            typed.price,
            self._currency,
            typed.typed_at,
            SOURCE,
            good_until=typed.valid_until,
        )
