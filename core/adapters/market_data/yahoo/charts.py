"""Reads the charts of single symbols: frames of minutes, whose last rows may be empty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
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
    price = Decimal(str(round(float(closes.iloc[-1]), PLACES)))
    at = datetime.fromtimestamp(closes.index[-1].timestamp(), UTC)
    return Quote(symbol, price, str(metadata.get("currency") or ""), at, SOURCE)
