"""A price source that is spoken to with kept keys: opened when it is needed, and anew when they change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from core.domain.ids import Symbol
from core.domain.quote import QuoteBatch
from core.domain.refusals import PriceSourceDown
from core.ports.broker import BrokerUnavailable
from core.ports.broker_keys import BrokerKeys
from core.ports.market_data import MarketData


class Source(MarketData, Protocol):
    """A price source with connections."""

    async def close(self) -> None:
        """Let go of the connections."""
        ...


@dataclass(frozen=True, slots=True)
class _Opened:
    keys: BrokerKeys = field(repr=False)
    source: Source


class KeyedPrices:
    """A MarketData over one pair of kept keys, whichever; ``first`` are those that it begins with."""

    def __init__(
        self,
        first: BrokerKeys,
        now_kept: Callable[[], Awaitable[BrokerKeys | None]],
        open_source: Callable[[BrokerKeys], Source],
    ) -> None:
        self._now_kept = now_kept
        self._open_source = open_source
        self._opened = _Opened(first, open_source(first))
        self._retired: list[Source] = []
        self._changing = asyncio.Lock()

    def __repr__(self) -> str:
        """The source's name, and nothing of the keys."""
        return f"KeyedPrices({self.name})"

    async def close(self) -> None:
        """Let go of all connections."""
        for source in (self._opened.source, *self._retired):
            await source.close()
        self._retired.clear()

    @property
    def name(self) -> str:
        """The source's name."""
        return self._opened.source.name

    @property
    def max_age(self) -> timedelta:
        """The age that the source permits."""
        return self._opened.source.max_age

    async def known_symbols(self) -> frozenset[Symbol] | None:
        """What the source lists."""
        return await self._opened.source.known_symbols()

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        """Ask the source with the keys that are kept now; raises PriceSourceDown where there are none any more."""
        try:
            keys = await self._now_kept()
        except BrokerUnavailable as error:
            raise PriceSourceDown(self.name, str(error)) from error
        if keys is None:
            raise PriceSourceDown(self.name, "no keys are kept any more")
        async with self._changing:
            if keys != self._opened.keys:
                self._retired.append(self._opened.source)
                self._opened = _Opened(keys, self._open_source(keys))
        return await self._opened.source.quotes(symbols)
