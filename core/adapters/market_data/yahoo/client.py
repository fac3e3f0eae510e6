"""Asks Yahoo through yfinance, and blocks while it does: cookies and crumbs are yfinance's work.

First Yahoo's list of quotes, one request for all symbols; where Yahoo refuses that list or it is
unusable, the chart of each symbol. Closes of the past the same way: first Yahoo's sparks, twenty
symbols a request, then charts of days.
"""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from core.adapters.market_data.yahoo.charts import read_chart, read_days
from core.adapters.market_data.yahoo.faults import TooMany, Unusable
from core.adapters.market_data.yahoo.quote_list import read_quote, read_quote_list
from core.adapters.market_data.yahoo.sparks import read_spark, read_sparks, shortest_range
from core.adapters.market_data.yahoo.symbols import SURE
from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind, Quote

QUOTE_LIST_URL = "https://query1.finance.yahoo.com/v7/finance/quote"
"""The list that yfinance itself asks, symbol by symbol, for `Ticker.info`."""

SPARK_URL = "https://query1.finance.yahoo.com/v7/finance/spark"
"""The small charts beside Yahoo's lists: the closes of several symbols at once."""

SPARKS_AT_ONCE = 20
"""Of more symbols than that Yahoo refuses the sparks."""

REQUEST_SECONDS = 8
CHARTS_AT_ONCE = 8
TOO_MANY = 429
FIRST_FAULT = 400
NOT_FOUND = 404

Answers = dict[Symbol, Quote | PriceFault]
Closes = dict[Symbol, Mapping[date, Decimal] | PriceFault]

logger = logging.getLogger(__name__)


class YahooClient:
    """One session with Yahoo.

    ``new_session`` makes the HTTP session (of `requests` or `curl_cffi`), by default yfinance's own.
    yfinance keeps cookies and zones in files, and unpickles them: they get a new folder of this
    process alone under ``cache_dir`` (by default the machine's folder for such), gone at its end.
    """

    def __init__(self, cache_dir: Path | None, new_session: Callable[[], Any] | None) -> None:
        self._cache_dir = cache_dir
        self._new_session = new_session

    def fetch(self, names: Mapping[Symbol, str]) -> Answers:
        """What Yahoo says of symbols, given Yahoo's name for each; SURE must be among them.

        Raises TooMany, Unusable, or OSError where Yahoo cannot be reached.
        """
        try:
            return self._from_list(names)
        except Unusable as fault:
            logger.warning("Yahoo's list of quotes cannot be used (%s): asking for charts.", fault)
        return self._from_charts(names)

    def fetch_closes(self, names: Mapping[Symbol, str], sessions: Sequence[date]) -> Closes:
        """What Yahoo says of symbols in past sessions; as `fetch`."""
        try:
            return self._from_sparks(names, sessions)
        except Unusable as fault:
            logger.warning("Yahoo's sparks cannot be used (%s): asking for charts.", fault)
        return self._closes_from_charts(names, sessions)

    @cached_property
    def _session(self) -> Any:
        """The session; with it, yfinance's caches are put where they belong."""
        import yfinance
        from yfinance._http import new_session

        yfinance.set_tz_cache_location(_own_folder(self._cache_dir))
        return (self._new_session or new_session)()

    def _ask(self, url: str, params: Mapping[str, str]) -> str:
        """The text of one answer; raises TooMany or Unusable where Yahoo refuses."""
        from yfinance.data import YfData
        from yfinance.exceptions import YFRateLimitError

        try:
            response = YfData(session=self._session).get(
                url, params=params, timeout=REQUEST_SECONDS
            )
        except YFRateLimitError as error:
            raise TooMany from error
        if response.status_code == TOO_MANY:
            raise TooMany
        if response.status_code >= FIRST_FAULT:
            raise Unusable(f"HTTP status {response.status_code}")
        return str(response.text)

    def _from_list(self, names: Mapping[Symbol, str]) -> Answers:
        params = {"symbols": ",".join(sorted(set(names.values()))), "formatted": "false"}
        records = read_quote_list(self._ask(QUOTE_LIST_URL, params))
        if names[SURE] not in records:
            raise Unusable("the list is empty")
        return {symbol: read_quote(symbol, records.get(name)) for symbol, name in names.items()}

    def _from_sparks(self, names: Mapping[Symbol, str], sessions: Sequence[date]) -> Closes:
        every = sorted(set(names.values()))
        records: dict[str, Mapping[str, Any]] = {}
        for first in range(0, len(every), SPARKS_AT_ONCE):
            asked = ",".join(every[first : first + SPARKS_AT_ONCE])
            params = {"symbols": asked, "range": shortest_range(sessions), "interval": "1d"}
            records |= read_sparks(self._ask(SPARK_URL, params))
        found = {
            symbol: read_spark(symbol, records.get(name), sessions)
            for symbol, name in names.items()
        }
        if isinstance(found[SURE], PriceFault):
            raise Unusable("the sparks are empty")
        return found

    def _closes_from_charts(self, names: Mapping[Symbol, str], sessions: Sequence[date]) -> Closes:
        from yfinance.data import YfData

        YfData.cache_get.cache_clear()
        days = partial(self._days, sessions)
        with ThreadPoolExecutor(CHARTS_AT_ONCE) as pool:
            answers = list(pool.map(days, names, names.values()))
        found = dict(zip(names, answers, strict=True))
        if isinstance(found[SURE], PriceFault):
            raise Unusable("the charts are empty")
        return found

    def _days(
        self, sessions: Sequence[date], symbol: Symbol, name: str
    ) -> Mapping[date, Decimal] | PriceFault:
        span = {"start": min(sessions), "end": max(sessions) + timedelta(days=1)}
        read = self._history(symbol, name, interval="1d", **span)
        return read if isinstance(read, PriceFault) else read_days(symbol, read[0], sessions)

    def _from_charts(self, names: Mapping[Symbol, str]) -> Answers:
        """The charts, asked anew: yfinance would keep a refused answer for as long as we run."""
        from yfinance.data import YfData

        YfData.cache_get.cache_clear()
        with ThreadPoolExecutor(CHARTS_AT_ONCE) as pool:
            answers = list(pool.map(self._chart, names, names.values()))
        found = dict(zip(names, answers, strict=True))
        if not isinstance(found[SURE], Quote):
            raise Unusable("the charts are empty")
        return found

    def _chart(self, symbol: Symbol, name: str) -> Quote | PriceFault:
        read = self._history(symbol, name, period="1d", interval="1m")
        return read if isinstance(read, PriceFault) else read_chart(symbol, *read)

    def _history(
        self, symbol: Symbol, name: str, **asked: Any
    ) -> tuple[Any, Mapping[str, Any]] | PriceFault:
        """A symbol's chart and what is said about it."""
        from yfinance import Ticker
        from yfinance.exceptions import YFRateLimitError

        ticker = Ticker(name, session=self._session)
        try:
            frame = ticker.history(
                auto_adjust=False, actions=False, keepna=True, timeout=REQUEST_SECONDS, **asked
            )
            metadata = {} if frame.empty else ticker.history_metadata
        except YFRateLimitError as error:
            raise TooMany from error
        except Exception as error:  # noqa: BLE001 - one symbol's failure, whatever it is
            return _chart_fault(symbol, error)
        return frame, metadata


def _own_folder(parent: Path | None) -> str:
    """A new folder that nobody else can read, and that goes when the process ends."""
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="yahoo-", dir=parent)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _chart_fault(symbol: Symbol, error: Exception) -> PriceFault:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == NOT_FOUND:
        return PriceFault(symbol, PriceFaultKind.MISSING, detail="Yahoo has no chart of it")
    logger.warning("Yahoo's chart of %s cannot be used: %s", symbol, type(error).__name__)
    return PriceFault(symbol, PriceFaultKind.SOURCE, detail=type(error).__name__)
