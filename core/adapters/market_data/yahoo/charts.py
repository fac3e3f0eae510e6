"""Reads the charts of single symbols: frames of minutes, whose last rows may be empty."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from core.adapters.market_data.yahoo.symbols import SOURCE
from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind, Quote

PLACES = 4
"""Charts hold 32-bit numbers: 99.43 comes as 99.43000030517578, and this many places are real."""


def read_chart(symbol: Symbol, frame: Any, metadata: Mapping[str, Any]) -> Quote | PriceFault:
    """The last price of a chart, with the time of its own row.

    Where the latest rows are not a number, the last one that is counts, as old as it is: whoever
    judges it sees its true age. Columns other than the close are not looked at.
    """
    if frame is None or frame.empty:
        return PriceFault(symbol, PriceFaultKind.MISSING, detail="Yahoo has no chart of it")
    closes = frame["Close"].dropna() if "Close" in frame.columns else None
    if closes is None or closes.empty:
        return PriceFault(symbol, PriceFaultKind.NOT_A_NUMBER, detail="Yahoo's chart has no price")
    price = exact(closes.iloc[-1])
    at = datetime.fromtimestamp(closes.index[-1].timestamp(), UTC)
    return Quote(symbol, price, str(metadata.get("currency") or ""), at, SOURCE)


def read_days(
    symbol: Symbol, frame: Any, sessions: Collection[date]
) -> Mapping[date, Decimal] | PriceFault:
    """The closes of a chart of days in these sessions; a day that has none is missing."""
    if frame is None or "Close" not in frame.columns:
        return only(symbol, {}, sessions)
    closes = frame["Close"].dropna().items()
    return only(symbol, {at.date(): exact(close) for at, close in closes}, sessions)


def only(
    symbol: Symbol, closes: Mapping[date, Decimal], sessions: Collection[date]
) -> Mapping[date, Decimal] | PriceFault:
    """The closes of these sessions, or the fault of having none."""
    wanted = {day: closes[day] for day in sessions if day in closes}
    if not wanted:
        return PriceFault(symbol, PriceFaultKind.MISSING, detail="Yahoo has no closes of it")
    return wanted


def exact(close: Decimal | float) -> Decimal:
    """The close that Yahoo means by a number of 32 bits."""
    return Decimal(str(round(float(close), PLACES)))
