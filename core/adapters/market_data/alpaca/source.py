"""The Alpaca source: the snapshots of all symbols in one request."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from alpaca.data.enums import DataFeed

from core.adapters.alpaca_api import (
    AlpacaFault,
    Keys,
    Line,
    Pace,
    PricesClient,
    Refused,
    TooMany,
    require_origin,
)
from core.adapters.alpaca_api.exact import record_of
from core.adapters.alpaca_api.line import LIMIT_SECONDS
from core.adapters.market_data.alpaca.snapshots import read_snapshot
from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind, Quote, QuoteBatch
from core.domain.refusals import PriceSourceDown
from core.ports.clock import Clock

SOURCE = "alpaca"
RETRY_AFTER_SECONDS = 60.0
"""The limit is one of requests a minute."""
BAD_REQUEST = 400
BAD_SYMBOLS = 3
"""So many symbols that Alpaca cannot even read are taken out of a batch, one after the other."""


class AlpacaMarketData:
    """Alpaca's data service at one origin; ``feed`` ``iex`` is the one that every account has."""

    def __init__(
        self,
        key: str,
        secret: str,
        origin: str,
        clock: Clock,
        *,
        feed: str = "iex",
        seconds: float = LIMIT_SECONDS,
    ) -> None:
        self._origin = require_origin(origin)
        self._feed = DataFeed(feed)
        pace = Pace(clock)
        self._client = PricesClient(Keys(key, secret), self._origin, pace)
        self._line = Line(pace, seconds=seconds)

    def __repr__(self) -> str:
        """The origin, and nothing of the keys."""
        return f"AlpacaMarketData({self._origin})"

    async def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    @property
    def name(self) -> str:
        """Always ``alpaca``."""
        return SOURCE

    @property
    def max_age(self) -> timedelta:
        """One minute: these are real-time prices that orders are made from."""
        return timedelta(seconds=60)

    async def known_symbols(self) -> frozenset[Symbol] | None:
        """Alpaca has prices of more symbols than it lists as assets."""
        return None

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        """Ask once for all symbols; raises PriceSourceDown."""
        asked = list(dict.fromkeys(symbols))
        if not asked:
            return QuoteBatch({})
        try:
            snapshots, unreadable = await self._snapshots(asked)
        except TooMany as fault:
            raise PriceSourceDown(SOURCE, str(fault), RETRY_AFTER_SECONDS) from None
        except AlpacaFault as fault:
            raise PriceSourceDown(SOURCE, str(fault)) from None
        found = [
            PriceFault(symbol, PriceFaultKind.MISSING, detail="Alpaca does not take this symbol")
            if symbol in unreadable
            else read_snapshot(symbol, snapshots.get(symbol), SOURCE)
            for symbol in asked
        ]
        return QuoteBatch(
            {answer.symbol: answer for answer in found if isinstance(answer, Quote)},
            tuple(answer for answer in found if isinstance(answer, PriceFault)),
        )

    async def _snapshots(self, symbols: list[Symbol]) -> tuple[Mapping[str, Any], set[Symbol]]:
        """What Alpaca answers, and the symbols that it could not read and that were taken out."""
        unreadable: set[Symbol] = set()
        while True:
            asked = [symbol for symbol in symbols if symbol not in unreadable]
            if not asked:
                return {}, unreadable
            try:
                return await self._line.ask(partial(self._ask, asked)), unreadable
            except Refused as refused:
                bad = _bad_symbol(refused)
                if bad not in asked or len(unreadable) == BAD_SYMBOLS:
                    raise
                unreadable.add(Symbol(str(bad)))

    def _ask(self, symbols: list[Symbol]) -> Mapping[str, Any]:
        asked = {"symbols": ",".join(symbols), "feed": self._feed.value}
        return record_of(self._client.get("/stocks/snapshots", asked))


def _bad_symbol(refused: Refused) -> str | None:
    """The symbol in “invalid symbol: ^TNX”."""
    if refused.status != BAD_REQUEST:
        return None
    match = re.search(r"invalid symbol:? *\"?([^\s\",]+)", refused.message)
    return match[1].rstrip(".") if match else None
