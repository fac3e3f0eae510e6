"""Market data: last prices, and closes of the past, for many symbols in one request."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Protocol

from core.domain.closes import CloseBatch
from core.domain.ids import Symbol
from core.domain.quote import QuoteBatch


class MarketData(Protocol):
    """A source of prices.

    It reports what it got, sane or not, and each fault of its own by symbol; ``core.domain.quote.judge_quotes``
    decides what may be used. Raises PriceSourceDown when the source as a whole did not answer usably.
    """

    @property
    def name(self) -> str:
        """The source's name, such as ``yahoo``."""
        ...

    @property
    def max_age(self) -> timedelta:
        """How old this source's quotes may be during a session."""
        ...

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        """Ask once for the latest quotes of all these distinct symbols."""
        ...

    async def known_symbols(self) -> frozenset[Symbol] | None:
        """All symbols of this source where it has a closed list, otherwise None."""
        ...


class MarketHistory(MarketData, Protocol):
    """A source of prices that has closes of the past too, those of indexes such as ``^GSPC`` among them."""

    async def history(self, symbols: Collection[Symbol], sessions: Sequence[date]) -> CloseBatch:
        """Ask for the closes of these symbols in these sessions, all of which are over, the last one of late.

        In as few requests as the source allows. Closes are comparable with the quotes of now: splits are worked into
        those before them. Raises PriceSourceDown.
        """
        ...
