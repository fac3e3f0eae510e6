"""Two price sources side by side: one is used, the other bears witness."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from core.domain.ids import Symbol
from core.domain.quote import Quote, QuoteBatch, Witness
from core.domain.refusals import PriceSourceDown
from core.ports.market_data import MarketData

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=10)
"""How long the witness is waited for: a check does not fail because it is silent."""


class WitnessedPrices:
    """A MarketData: the quotes of the ``first`` source, each with what the ``second`` says of the same moment.

    ``max_gap`` is how far the two may lie apart, in percent. A second source that does not answer, does not know a
    symbol, or whose price is of another time or currency, says nothing: then the first is used alone.
    """

    def __init__(
        self,
        first: MarketData,
        second: MarketData,
        max_gap: Decimal,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._first = first
        self._second = second
        self._max_gap = max_gap
        self._patience = patience

    @property
    def name(self) -> str:
        """The first source's name."""
        return self._first.name

    @property
    def max_age(self) -> timedelta:
        """The age that the first source permits."""
        return self._first.max_age

    async def known_symbols(self) -> frozenset[Symbol] | None:
        """What the first source lists."""
        return await self._first.known_symbols()

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        """Ask both at the same time; raises PriceSourceDown where the first does not answer."""
        batch, others = await asyncio.gather(self._first.quotes(symbols), self._heard(symbols))
        quotes = {
            symbol: self._witnessed(quote, others.quotes.get(symbol))
            for symbol, quote in batch.quotes.items()
        }
        return replace(batch, quotes=quotes)

    async def _heard(self, symbols: Collection[Symbol]) -> QuoteBatch:
        """What the second source says; nothing where it does not answer in time."""
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                return await self._second.quotes(symbols)
        except (PriceSourceDown, TimeoutError) as error:
            log.warning("%s bears no witness to prices: %s", self._second.name, error)
            return QuoteBatch({})

    def _witnessed(self, quote: Quote, other: Quote | None) -> Quote:
        if other is None or not other.price.is_finite() or other.price <= 0:
            return quote
        is_of_then = abs(other.at - quote.at) <= max(self._first.max_age, self._second.max_age)
        if not is_of_then or other.currency != quote.currency:
            return quote
        return replace(quote, witness=Witness(other.price, self._second.name, self._max_gap))
