"""The Yahoo source: one batch for all symbols, in a thread, with a time limit and told-apart faults.

Prices are unadjusted last prices of the regular session, with the time that Yahoo gives for them.
Every batch has one more symbol in it that surely exists: where even that one is missing, the answer
is empty, which is Yahoo's way of failing, and nothing can be said of the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from core.adapters.market_data.yahoo.client import YahooClient
from core.adapters.market_data.yahoo.faults import TooMany, YahooFault
from core.adapters.market_data.yahoo.symbols import SOURCE, SURE, yahoo_name
from core.adapters.market_data.yahoo.worker import StillBusy, Worker
from core.domain.closes import CloseBatch
from core.domain.ids import Symbol
from core.domain.quote import PriceFault, Quote, QuoteBatch
from core.domain.refusals import PriceSourceDown

logger = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_AFTER_SECONDS = 60.0
"""Yahoo does not say how long to wait; a minute has been enough for others."""


class YahooMarketData:
    """Yahoo as a price source; ``timeout`` in seconds is for one whole batch.

    ``cache_dir`` and ``new_session`` are for yfinance: see `YahooClient`.
    """

    def __init__(
        self,
        cache_dir: Path | None = None,
        *,
        new_session: Callable[[], Any] | None = None,
        timeout: float = 20.0,
    ) -> None:
        self._client = YahooClient(cache_dir, new_session)
        self._timeout = timeout
        self._worker = Worker()

    @property
    def name(self) -> str:
        """Always ``yahoo``."""
        return SOURCE

    @property
    def max_age(self) -> timedelta:
        """Twenty minutes: some exchanges' prices reach Yahoo a quarter of an hour late."""
        return timedelta(minutes=20)

    async def known_symbols(self) -> frozenset[Symbol] | None:
        """Yahoo has no closed list."""
        return None

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        """Ask once for all symbols; raises PriceSourceDown."""
        if not symbols:
            return QuoteBatch({})
        names = {symbol: yahoo_name(symbol) for symbol in sorted({*symbols, SURE})}
        answers = await self._ask(lambda: self._client.fetch(names))
        found = [answers[symbol] for symbol in dict.fromkeys(symbols)]
        return QuoteBatch(
            {answer.symbol: answer for answer in found if isinstance(answer, Quote)},
            tuple(answer for answer in found if isinstance(answer, PriceFault)),
        )

    async def history(self, symbols: Collection[Symbol], sessions: Sequence[date]) -> CloseBatch:
        """Ask for the closes of sessions that are over, twenty symbols a request; raises PriceSourceDown."""
        if not symbols or not sessions:
            return CloseBatch({})
        names = {symbol: yahoo_name(symbol) for symbol in sorted({*symbols, SURE})}
        found = await self._ask(lambda: self._client.fetch_closes(names, sessions))
        asked = {symbol: found[symbol] for symbol in dict.fromkeys(symbols)}
        return CloseBatch(
            {symbol: each for symbol, each in asked.items() if not isinstance(each, PriceFault)},
            tuple(each for each in asked.values() if isinstance(each, PriceFault)),
        )

    async def _ask(self, work: Callable[[], T]) -> T:
        """Have something asked in the thread; quotes and closes wait for each other."""
        try:
            return await self._worker.run(work, self._timeout)
        except TooMany as fault:
            raise PriceSourceDown(SOURCE, str(fault), RETRY_AFTER_SECONDS) from fault
        except YahooFault as fault:
            raise PriceSourceDown(SOURCE, str(fault)) from fault
        except TimeoutError as error:
            raise PriceSourceDown(SOURCE, f"no answer within {self._timeout:g} seconds") from error
        except StillBusy as error:
            raise PriceSourceDown(SOURCE, "the request before is still unanswered") from error
        except Exception as error:
            logger.warning("Yahoo could not be asked.", exc_info=error)
            raise PriceSourceDown(SOURCE, f"{type(error).__name__}: {error}") from error
