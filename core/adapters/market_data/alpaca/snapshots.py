"""Alpaca's snapshot of a symbol as one price: the last trade, or a newer and narrow market.

On the free plan both are those of one exchange (IEX), where minutes may pass without a trade in a
quiet fund; the middle between bid and ask then says better what it costs.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core.adapters.alpaca_api.exact import instant_of, maybe_number, number_of
from core.adapters.alpaca_api.faults import Unreadable
from core.domain.ids import Symbol
from core.domain.money import ZERO
from core.domain.quote import PriceFault, PriceFaultKind, Quote

CURRENCY = "USD"
WIDEST = Decimal("0.01")
"""A market wider than this part of its middle does not say what something costs."""


def read_snapshot(symbol: Symbol, value: object, source: str) -> Quote | PriceFault:
    """The price in a snapshot, or what is wrong with it."""
    if not isinstance(value, dict):
        return PriceFault(symbol, PriceFaultKind.MISSING, detail="Alpaca has no price of it")
    try:
        found = [_trade(value.get("latestTrade")), _middle(value.get("latestQuote"))]
    except Unreadable as fault:
        return PriceFault(symbol, PriceFaultKind.SOURCE, detail=str(fault))
    prices = [price for price in found if price is not None]
    if not prices:
        return PriceFault(symbol, PriceFaultKind.MISSING, detail="Alpaca has no price of it")
    price, at = max(prices, key=lambda dated: dated[1])
    return Quote(symbol, price, CURRENCY, at, source)


def _trade(record: object) -> tuple[Decimal, datetime] | None:
    """The last trade; one that was cancelled or corrected afterwards is none."""
    if not isinstance(record, dict) or record.get("u") is not None:
        return None
    return number_of(record, "p"), instant_of(record, "t")


def _middle(record: object) -> tuple[Decimal, datetime] | None:
    """The middle of a market that has two sides close to each other; 0 means that a side is missing."""
    if not isinstance(record, dict):
        return None
    bid, ask = maybe_number(record, "bp") or ZERO, maybe_number(record, "ap") or ZERO
    if not ZERO < bid <= ask:
        return None
    middle = (bid + ask) / 2
    return (middle, instant_of(record, "t")) if ask - bid <= middle * WIDEST else None
